"""Pages of the timetable: batches to arrange, the proposal, calendars, rooms, why a seat, publication."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, query_string, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from scheduling.duties import queries as duties
from scheduling.sites.forms import chosen
from scheduling.timetable import actions, queries
from scheduling.timetable.forms import ProposalForm, PublishForm
from scheduling.timetable.routes.labels import LABELS, REASONS
from scheduling.timetable.routes.prints import print_scopes
from scheduling.timetable.rules.lifecycle import PlanStatus
from scheduling.timetable.rules.prints import Print

SEEDS = 2**31 - 1
PER_PAGE = 100


@get("/scheduling/plans", guards=[needs(Permission.PLAN_READ)])
async def plans_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """List the batches whose arrangement concerns the reader."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        entries = await queries.arrangements(session, actor)
        mine = await queries.published_for(session, actor)
    may_manage = actor.may(Permission.PLAN_MANAGE)
    return page(
        request, "pages/scheduling/timetable/list.html", entries=entries, mine=mine, may_manage=may_manage, **LABELS
    )


@get("/scheduling/plans/{batch_id:uuid}", guards=[needs(Permission.PLAN_READ)])
async def arrangement_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show a batch's demand and the plan that counts."""
    return await _arrangement_page(request, services, batch_id)


@post("/scheduling/plans/{batch_id:uuid}/propose", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def propose(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Ask for a draft and show how far it is; whoever presses second is shown the one under way."""
    try:
        form = await parse_form(request, ProposalForm)
        seed = form.seed if form.seed is not None else secrets.randbelow(SEEDS)
        async with services.db.transaction() as session:
            run_id, new = await actions.ask_proposal(
                session, actor_of(request), batch_id=batch_id, seed=seed % SEEDS, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _arrangement_page(request, services, batch_id, refusal=refusal)
    return redirect(request, f"/scheduling/plans/runs/{run_id}", "" if new else N_("编排已经在进行，没有另起一次。"))


@post("/scheduling/plans/{batch_id:uuid}/terms/drop", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def drop_terms(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Go by the norms again."""
    try:
        async with services.db.transaction() as session:
            await actions.drop_terms(session, actor_of(request), batch_id=batch_id, now=services.clock.now())
    except Refusal as refusal:
        return await _arrangement_page(request, services, batch_id, refusal=refusal)
    return redirect(request, f"/scheduling/plans/{batch_id}", N_("已恢复，下一次编排按编排标准进行。"))


async def _arrangement_page(
    request: AppRequest, services: Services, batch_id: UUID, *, refusal: Refusal | None = None
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.arrangement(session, actor_of(request), batch_id)
        running = await queries.proposal_under_way(session, batch_id) if view.may_manage else None
        today = china_date(services.clock.now())
        broken_pins = await queries.contradictory_pins(session, view.batch, today) if view.may_propose else ()
    return page(
        request,
        "pages/scheduling/timetable/arrangement.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        running=running,
        broken_pins=broken_pins,
        prints=list(Print),
        refusal=refusal,
        **LABELS,
    )


@get("/scheduling/plans/{batch_id:uuid}/calendar", guards=[needs(Permission.PLAN_READ)])
async def calendar_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    site: FromQuery[str] = "",
    day: FromQuery[str] = "",
) -> Response[Any]:
    """Show one site's day with its rooms as lanes."""
    async with services.db.transaction() as session:
        plan = await queries.latest(session, batch_id)
        if plan is None:
            raise NotFound
        view = await queries.plan_view(session, actor_of(request), plan.id, site_id=chosen(site), day=_day(day))
    return page(request, "pages/scheduling/timetable/calendar.html", view=view, **LABELS)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise NotFound from error


@get("/scheduling/plans/sessions/{session_id:uuid}", guards=[needs(Permission.PLAN_READ)])
async def session_page(request: AppRequest, services: AppServices, session_id: FromPath[UUID]) -> Response[Any]:
    """Show one planned session: seat plan, team, empty positions."""
    async with services.db.transaction() as session:
        view = await queries.session_view(session, actor_of(request), session_id)
    return page(request, "pages/scheduling/timetable/session.html", view=view, **LABELS)


@get("/scheduling/plans/{batch_id:uuid}/duties", guards=[needs(Permission.PLAN_READ)])
async def duties_page(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    number: Annotated[int, QueryParameter(name="page", ge=1, le=100_000)] = 1,
) -> Response[Any]:
    """Show how the duties of a plan spread over people, the busiest first, and the positions that stay empty."""
    async with services.db.transaction() as session:
        view = await queries.arrangement(session, actor_of(request), batch_id)
        loads = await duties.loads(session, view.plan.id) if view.plan and view.may_manage else []
        waiting = await queries.waiting(session, view.plan.id) if view.plan and view.may_manage else []
        institutions = {one.id: one for one in await registration.institutions(session)}
    pages = max(1, -(-len(loads) // PER_PAGE))
    number = min(number, pages)
    return page(
        request,
        "pages/scheduling/timetable/duties.html",
        view=view,
        loads=loads[(number - 1) * PER_PAGE : number * PER_PAGE],
        list_page={
            "number": number,
            "pages": pages,
            "total": len(loads),
            "href": lambda other: query_string({}, page=other),
        },
        waiting=waiting,
        institutions=institutions,
        **LABELS,
    )


@get("/scheduling/plans/{batch_id:uuid}/why/{registration_id:uuid}", guards=[needs(Permission.PLAN_MANAGE)])
async def why_page(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], registration_id: FromPath[UUID]
) -> Response[Any]:
    """Say why a person sits where they sit, or why they have no place."""
    async with services.db.transaction() as session:
        plan = await queries.latest(session, batch_id)
        if plan is None:
            raise NotFound
        view = await queries.why(session, actor_of(request), plan.id, registration_id)
        reason = await queries.person_reason(session, actor_of(request), plan, registration_id)
    return page(request, "pages/scheduling/timetable/why.html", view=view, reason=reason, **REASONS, **LABELS)


@get("/scheduling/plans/{batch_id:uuid}/publish", guards=[needs(Permission.PLAN_MANAGE)])
async def publish_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Say what publishing will do, to how many people, and ask for the reason where one is due."""
    return await _publish_page(request, services, batch_id)


@post("/scheduling/plans/{batch_id:uuid}/publish", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def publish(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Publish the draft that was shown."""
    form = await parse_form(request, PublishForm)
    try:
        async with services.db.transaction() as session:
            done = await actions.publish(
                session,
                actor_of(request),
                services.vault,
                plan_id=form.plan_id,
                gaps_reason=form.gaps_reason,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _publish_page(request, services, batch_id, refusal=refusal, gaps_reason=form.gaps_reason)
    notice = N_("安排已发布：%(people)s 人可以领取准考证，%(duties)s 项派遣已生效。")
    return redirect(request, f"/scheduling/plans/{batch_id}", notice, people=len(done.tickets), duties=done.duties)


async def _publish_page(
    request: AppRequest,
    services: Services,
    batch_id: UUID,
    *,
    refusal: Refusal | None = None,
    gaps_reason: str = "",
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.arrangement(session, actor_of(request), batch_id)
    if view.plan is None or view.plan.status not in (PlanStatus.DRAFT, PlanStatus.FILED):
        return await _arrangement_page(request, services, batch_id, refusal=refusal)
    return page(
        request,
        "pages/scheduling/timetable/publish.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        refusal=refusal,
        gaps_reason=gaps_reason,
        **LABELS,
    )


@get("/scheduling/plans/{batch_id:uuid}/own", guards=[needs(Permission.PLAN_READ)])
async def own_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show an institution its candidates' places, a site head the rooms of the site."""
    actor = actor_of(request)
    schools, site_ids = print_scopes(actor, "institution"), print_scopes(actor, "site")
    async with services.db.transaction() as session:
        batch = await registration.batch(session, batch_id)
        people = [line for school in schools for line in await queries.institution_view(session, batch_id, school)]
        rooms = [room for site_id in site_ids for room in await queries.site_view(session, batch_id, site_id)]
        counts = await sittings.headcounts(session, [room.id for room in rooms]) if rooms else {}
    if not schools and not site_ids:
        raise NotFound
    return page(
        request,
        "pages/scheduling/timetable/own.html",
        batch=batch,
        people=people,
        rooms=rooms,
        counts=counts,
        schools=schools,
        site_ids=site_ids,
        **LABELS,
    )


ROUTES = [
    plans_page,
    arrangement_page,
    propose,
    drop_terms,
    calendar_page,
    session_page,
    duties_page,
    why_page,
    publish_page,
    publish,
    own_page,
]
