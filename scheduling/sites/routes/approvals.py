"""Pages of applications: the form of the institution, the review of organisation and province."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Level
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.sites import actions, queries
from scheduling.sites.forms import (
    ApplicationForm,
    StandingForm,
    StepForm,
    chosen,
)
from scheduling.sites.routes.labels import LABELS
from scheduling.sites.rules import (
    NEEDS_REASON,
    STATUS_LABELS,
    STEPS,
    ApprovalStatus,
    Party,
)

_ROAD = tuple(
    status for status in ApprovalStatus if status not in (ApprovalStatus.RETURNED, *list(ApprovalStatus)[-3:])
)


@get("/scheduling/sites/{site_id:uuid}/apply", guards=[needs(Permission.SITE_APPLY)])
async def apply_page(
    request: AppRequest, services: AppServices, site_id: FromPath[UUID], certificate: FromQuery[str] = ""
) -> Response[Any]:
    """Show the application form with the published conditions."""
    return await _apply_page(request, services, site_id, chosen(certificate))


@post("/scheduling/sites/{site_id:uuid}/apply", guards=[needs(Permission.SITE_APPLY)], status_code=200)
async def apply(request: AppRequest, services: AppServices, site_id: FromPath[UUID]) -> Response[Any]:
    """Draft the application and submit it at once; a refused submission leaves nothing behind."""
    sent = await request.form()
    try:
        form = await parse_form(request, ApplicationForm)
        async with services.db.transaction() as session:
            now = services.clock.now()
            approval_id = await actions.apply(
                session,
                actor_of(request),
                site_id=site_id,
                certificate_id=form.certificate_id,
                levels=form.levels,
                valid_from=form.valid_from,
                valid_to=form.valid_to,
                standing=form.standing,
                standing_reason=form.standing_reason,
                now=now,
            )
            await actions.move(
                session, actor_of(request), approval_id=approval_id, to=ApprovalStatus.SUBMITTED, now=now
            )
    except Refusal as refusal:
        return await _apply_page(request, services, site_id, None, refusal=refusal, sent=dict(sent))
    return redirect(request, f"/scheduling/approvals/{approval_id}", N_("申请已提交，等待培训评价组织审核。"))


async def _apply_page(
    request: AppRequest,
    services: Services,
    site_id: UUID,
    certificate_id: UUID | None,
    *,
    refusal: Refusal | None = None,
    sent: Mapping[str, Any] | None = None,
) -> Response[Any]:
    actor, today = actor_of(request), china_date(services.clock.now())
    async with services.db.transaction() as session:
        place = await queries.site(session, site_id)
        actor.require(Permission.SITE_APPLY, institution_id=place.institution_id)
        mine = await registration.pilots(session, today.year, place.institution_id)
        wanted = {pilot.certificate_id for pilot in mine}
        taken = {
            one.certificate_id
            for one in await queries.approvals(session, site_id=site_id)
            if one.status not in (ApprovalStatus.REVOKED, ApprovalStatus.EXPIRED)
        }
        offered = [one for one in await catalogue.certificates(session) if one.id in wanted - taken]
        conditions = {one.id: await queries.conditions(session, one.id) for one in offered}
    return page(
        request,
        "pages/scheduling/sites/apply.html",
        status=status_of(refusal) if refusal else 200,
        site=place,
        certificates=offered,
        conditions=conditions,
        certificate=certificate_id,
        levels=list(Level),
        valid_from=today,
        valid_to=date(today.year, 12, 31),
        refusal=refusal,
        sent=sent or {},
        **LABELS,
    )


@get("/scheduling/approvals/{approval_id:uuid}", guards=[needs(Permission.SITE_READ)])
async def approval_page(request: AppRequest, services: AppServices, approval_id: FromPath[UUID]) -> Response[Any]:
    """Show an application: what is asked, how far it is, what the reader may do."""
    return await _approval_page(request, services, approval_id)


@post(
    "/scheduling/approvals/{approval_id:uuid}",
    guards=[needs(Permission.SITE_APPLY, Permission.SITE_AGREE, Permission.SITE_FILE)],
    status_code=200,
)
async def move_approval(request: AppRequest, services: AppServices, approval_id: FromPath[UUID]) -> Response[Any]:
    """Take one step of an application."""
    form = await parse_form(request, StepForm)
    try:
        async with services.db.transaction() as session:
            moved = await actions.move(
                session,
                actor_of(request),
                approval_id=approval_id,
                to=form.to,
                reason=form.reason,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _approval_page(request, services, approval_id, refusal=refusal, tried=form)
    notice = N_("已办理，申请现为“%(status)s”。")
    return redirect(request, f"/scheduling/approvals/{approval_id}", notice, status=STATUS_LABELS[moved.status])


@post(
    "/scheduling/approvals/{approval_id:uuid}/standing",
    guards=[needs(Permission.SITE_APPLY, Permission.SITE_AGREE)],
    status_code=200,
)
async def set_standing(request: AppRequest, services: AppServices, approval_id: FromPath[UUID]) -> Response[Any]:
    """Say which of the prefecture's sites this one is."""
    form = await parse_form(request, StandingForm)
    try:
        async with services.db.transaction() as session:
            await actions.set_standing(
                session,
                actor_of(request),
                approval_id=approval_id,
                standing=form.standing,
                reason=form.reason,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _approval_page(request, services, approval_id, refusal=refusal)
    return redirect(request, f"/scheduling/approvals/{approval_id}", N_("站点类别已更改。"))


async def _approval_page(
    request: AppRequest,
    services: Services,
    approval_id: UUID,
    *,
    refusal: Refusal | None = None,
    tried: StepForm | None = None,
) -> Response[Any]:
    async with services.db.transaction() as session:
        view = await queries.approval_view(session, actor_of(request), approval_id)
    may_standing = Party.ORGANISATION in view.parties or (
        Party.INSTITUTION in view.parties and view.approval.status in (ApprovalStatus.DRAFT, ApprovalStatus.RETURNED)
    )
    road = [status for status in _ROAD if status is not ApprovalStatus.DRAFT]
    return page(
        request,
        "pages/scheduling/sites/approval.html",
        status=status_of(refusal) if refusal else 200,
        view=view,
        road=road,
        current=road.index(view.approval.status) if view.approval.status in road else -1,
        waiting_for=_waiting_for(view.approval.status),
        needs_reason=NEEDS_REASON,
        may_standing=may_standing,
        refusal=refusal,
        tried=tried,
        **LABELS,
    )


def _waiting_for(status: ApprovalStatus) -> Party | None:
    onward = [party for to, party in STEPS[status].items() if to is not ApprovalStatus.RETURNED]
    return onward[0] if onward and status is not ApprovalStatus.ACTIVE else None


ROUTES = [apply_page, apply, approval_page, move_approval, set_standing]
