"""Pages of the timetable: batches to arrange, the proposal, calendars, rooms, why a seat, publication, prints."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import FORM_LABELS, LEVEL_LABELS
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, locale_of, page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS
from exam.sittings import queries as sittings
from exam.sittings.rules import DUTY_LABELS
from scheduling.duties import queries as duties
from scheduling.duties.rules import GAP_REASONS, GAP_WAYS_OUT
from scheduling.sites.forms import chosen
from scheduling.timetable import actions, documents, queries
from scheduling.timetable.forms import ProposalForm, PublishForm
from scheduling.timetable.rules.lifecycle import PLAN_LABELS, PlanStatus

SEEDS = 2**31 - 1
_LABELS: Mapping[str, Any] = {
    "form_labels": FORM_LABELS,
    "level_labels": LEVEL_LABELS,
    "batch_labels": BATCH_STATUS_LABELS,
    "plan_labels": PLAN_LABELS,
    "duty_labels": DUTY_LABELS,
    "gap_reasons": GAP_REASONS,
    "gap_ways_out": GAP_WAYS_OUT,
}


@get("/scheduling/plans", guards=[needs(Permission.PLAN_READ)])
async def plans_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """List the batches whose arrangement concerns the reader."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        entries = await queries.arrangements(session, actor)
        mine = await queries.published_for(session, actor)
    return page(request, "pages/scheduling/timetable/list.html", entries=entries, mine=mine, **_LABELS)


@get("/scheduling/plans/{batch_id:uuid}", guards=[needs(Permission.PLAN_READ)])
async def arrangement_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show a batch's demand and the plan that counts."""
    return await _arrangement_page(request, services, batch_id)


@post("/scheduling/plans/{batch_id:uuid}/propose", guards=[needs(Permission.PLAN_MANAGE)], status_code=200)
async def propose(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Make a draft; a batch of a few thousand takes a second or two, so it is made at once."""
    try:
        form = await parse_form(request, ProposalForm)
        seed = form.seed if form.seed is not None else secrets.randbelow(SEEDS)
        async with services.db.transaction() as session:
            plan = await actions.propose(
                session, actor_of(request), batch_id=batch_id, seed=seed % SEEDS, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _arrangement_page(request, services, batch_id, refusal=refusal)
    notice = N_("草案第 %(version)s 版已编排：安排 %(placed)s 人，未安排 %(unplaced)s 人，岗位空缺 %(unfilled)s 个。")
    facts = {name: plan.figures.get(name, 0) for name in ("placed", "unplaced", "unfilled")}
    return redirect(request, f"/scheduling/plans/{batch_id}", notice, version=plan.version, **facts)


async def _arrangement_page(
    request: AppRequest, services: Services, batch_id: UUID, *, refusal: Refusal | None = None
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.arrangement(session, actor_of(request), batch_id)
    return page(
        request,
        "pages/scheduling/timetable/arrangement.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        refusal=refusal,
        **_LABELS,
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
    return page(request, "pages/scheduling/timetable/calendar.html", view=view, **_LABELS)


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
    return page(request, "pages/scheduling/timetable/session.html", view=view, **_LABELS)


@get("/scheduling/plans/{batch_id:uuid}/duties", guards=[needs(Permission.PLAN_READ)])
async def duties_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show how the duties of a plan spread over people, and the positions that stay empty."""
    async with services.db.transaction() as session:
        view = await queries.arrangement(session, actor_of(request), batch_id)
        loads = await duties.loads(session, view.plan.id) if view.plan else []
        institutions = {one.id: one for one in await registration.institutions(session)}
    return page(
        request,
        "pages/scheduling/timetable/duties.html",
        view=view,
        loads=loads,
        institutions=institutions,
        **_LABELS,
    )


@get("/scheduling/plans/{batch_id:uuid}/why/{registration_id:uuid}", guards=[needs(Permission.PLAN_READ)])
async def why_page(
    request: AppRequest, services: AppServices, batch_id: FromPath[UUID], registration_id: FromPath[UUID]
) -> Response[Any]:
    """Say why a person sits where they sit, or why they have no place."""
    async with services.db.transaction() as session:
        plan = await queries.latest(session, batch_id)
        if plan is None:
            raise NotFound
        view = await queries.why(session, actor_of(request), plan.id, registration_id)
    return page(request, "pages/scheduling/timetable/why.html", view=view, **_LABELS)


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
    if view.plan is None or view.plan.status is not PlanStatus.DRAFT:
        return await _arrangement_page(request, services, batch_id, refusal=refusal)
    return page(
        request,
        "pages/scheduling/timetable/publish.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        refusal=refusal,
        gaps_reason=gaps_reason,
        **_LABELS,
    )


@get("/scheduling/plans/{batch_id:uuid}/own", guards=[needs(Permission.PLAN_READ)])
async def own_page(request: AppRequest, services: AppServices, batch_id: FromPath[UUID]) -> Response[Any]:
    """Show an institution its candidates' places, a site head the rooms of the site."""
    actor = actor_of(request)
    schools, site_ids = _scopes(actor, "institution"), _scopes(actor, "site")
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
        **_LABELS,
    )


def _scopes(actor: Actor, kind: str) -> list[UUID]:
    return [UUID(id) for id in sorted(actor.scope_ids(Permission.PRINT_SET, kind) or ())]


@get("/scheduling/plans/{batch_id:uuid}/tickets.pdf", guards=[needs(Permission.PRINT_SET, Permission.OWN_READ)])
async def tickets_file(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    institution: FromQuery[str] = "",
    registration_id: FromQuery[str] = "",
) -> Response[Any]:
    """Print the tickets of an institution, of one person, or of the batch."""
    actor, now = actor_of(request), services.clock.now()
    schools = _scopes(actor, "institution")
    async with services.db.transaction() as session:
        cards = await queries.tickets(
            session,
            actor,
            services.vault,
            batch_id=batch_id,
            institution_id=chosen(institution) or (schools[0] if schools else None),
            registration_ids=[one] if (one := chosen(registration_id)) else None,
        )
    data = await documents.tickets(
        cards,
        photos=_photos(services),
        base_url=services.settings.base_url,
        printed_by=actor.name,
        now=now,
        locale=locale_of(request),
        home=services.settings.home,
    )
    return _pdf(data, f"准考证-{cards[0].batch.code}-{len(cards)}.pdf")


@get("/scheduling/plans/{batch_id:uuid}/rooms.pdf", guards=[needs(Permission.PRINT_SET)])
async def rooms_file(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    site: FromQuery[str] = "",
    room_session: FromQuery[str] = "",
    sheet: FromQuery[str] = "pack",
) -> Response[Any]:
    """Print the sheets of room sessions: the pack of four, or one kind."""
    actor, now = actor_of(request), services.clock.now()
    own = _scopes(actor, "site")
    async with services.db.transaction() as session:
        packs = await queries.room_packs(
            session,
            actor,
            batch_id=batch_id,
            site_id=chosen(site) or (own[0] if own else None),
            room_session_ids=[one] if (one := chosen(room_session)) else None,
        )
    given: dict[str, Any] = {
        "printed_by": actor.name,
        "now": now,
        "locale": locale_of(request),
        "home": services.settings.home,
    }
    match sheet:
        case "door":
            data, name = await documents.door_lists(packs, **given), "门贴"
        case "seats":
            data, name = await documents.seat_plans(packs, photos=_photos(services), **given), "座位表"
        case "sign-in":
            data, name = await documents.sign_in_sheets(packs, photos=_photos(services), **given), "签到表"
        case "record":
            data, name = await documents.room_records(packs, **given), "考场情况记录单"
        case _:
            data, name = await documents.room_pack(packs, photos=_photos(services), **given), "考场资料"
    return _pdf(data, f"{name}-{packs[0].batch.code}-{packs[0].room.site_code}.pdf")


@get(
    "/scheduling/plans/{batch_id:uuid}/letters.pdf",
    guards=[needs(Permission.PRINT_SET, Permission.ROOM_RUN, Permission.SHEET_SCORE)],
)
async def letters_file(
    request: AppRequest,
    services: AppServices,
    batch_id: FromPath[UUID],
    site: FromQuery[str] = "",
    own: FromQuery[bool] = False,
) -> Response[Any]:
    """Print duty letters: of the batch, of a site, or the reader's own."""
    actor, now = actor_of(request), services.clock.now()
    alone = own or not actor.may(Permission.PRINT_SET)
    places = _scopes(actor, "site")
    async with services.db.transaction() as session:
        letters = await queries.letters(
            session,
            actor,
            batch_id=batch_id,
            account_id=actor.account_id if alone else None,
            site_id=None if alone else chosen(site) or (places[0] if places else None),
        )
    data = await documents.duty_letters(
        letters, printed_by=actor.name, now=now, locale=locale_of(request), home=services.settings.home
    )
    return _pdf(data, f"派遣单-{letters[0].batch.code}-{len(letters)}.pdf")


def _photos(services: Services) -> documents.Photos:
    def photo(sha256: str) -> bytes | None:
        return services.files.get(sha256) if services.files.exists(sha256) else None

    return photo


def _pdf(data: bytes, name: str) -> Response[Any]:
    return file_response(data, "application/pdf", name, inline=True)


ROUTES = [
    plans_page,
    arrangement_page,
    propose,
    calendar_page,
    session_page,
    duties_page,
    why_page,
    publish_page,
    publish,
    own_page,
    tickets_file,
    rooms_file,
    letters_file,
]
