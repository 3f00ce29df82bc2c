"""Pages of the sites: coverage, list, one site, application, review, waiver, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import FORM_LABELS, LEVEL_LABELS, Certificate, Level
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.sites import actions, queries
from scheduling.sites.forms import (
    ApplicationForm,
    ConditionsForm,
    RoomForm,
    SiteForm,
    StandingForm,
    StepForm,
    WaiverForm,
    chosen,
)
from scheduling.sites.rules import (
    COVERAGE_LABELS,
    NEEDS_REASON,
    PARTY_LABELS,
    STANDING_LABELS,
    STATUS_LABELS,
    STATUS_TONES,
    STEP_LABELS,
    STEPS,
    Approval,
    ApprovalStatus,
    CoverageState,
    Party,
    Site,
)

_LABELS: Mapping[str, Any] = {
    "form_labels": FORM_LABELS,
    "level_labels": LEVEL_LABELS,
    "status_labels": STATUS_LABELS,
    "status_tones": STATUS_TONES,
    "standing_labels": STANDING_LABELS,
    "step_labels": STEP_LABELS,
    "party_labels": PARTY_LABELS,
    "coverage_labels": COVERAGE_LABELS,
}
_TONES = {CoverageState.COVERED: "done", CoverageState.WAIVED: "warning", CoverageState.MISSING: "stopped"}
_ROAD = tuple(
    status for status in ApprovalStatus if status not in (ApprovalStatus.RETURNED, *list(ApprovalStatus)[-3:])
)


@get("/scheduling/coverage", guards=[needs(Permission.SITE_READ)])
async def coverage_page(
    request: AppRequest,
    services: AppServices,
    certificate: FromQuery[str] = "",
    prefecture: FromQuery[str] = "",
    coverage: FromQuery[str] = "",
) -> Response[Any]:
    """Show which prefectures have a site, by certificate, and the gaps by name."""
    async with services.db.transaction() as session:
        view = await queries.coverage_view(session, china_date(services.clock.now()), chosen(certificate))
    lines = [
        line for line in view.lines if prefecture in ("", line.prefecture.code) and coverage in ("", str(line.state))
    ]
    return page(
        request,
        "pages/scheduling/sites/coverage.html",
        view=view,
        lines=lines,
        prefecture=prefecture,
        state=coverage,
        tones=_TONES,
        may_waive=actor_of(request).may(Permission.COVERAGE_WAIVE),
        **_LABELS,
    )


@get("/scheduling/coverage/waive", guards=[needs(Permission.COVERAGE_WAIVE)])
async def waive_page(
    request: AppRequest, services: AppServices, certificate: FromQuery[UUID], prefecture: FromQuery[str]
) -> Response[Any]:
    """Ask for the reason why a prefecture goes without a site."""
    return await _waive_page(request, services, certificate, prefecture)


@post("/scheduling/coverage/waive", guards=[needs(Permission.COVERAGE_WAIVE)], status_code=200)
async def waive(request: AppRequest, services: AppServices) -> Response[Any]:
    """Record the reason."""
    form = await parse_form(request, WaiverForm)
    try:
        async with services.db.transaction() as session:
            await actions.waive(
                session,
                actor_of(request),
                certificate_id=form.certificate_id,
                prefecture_code=form.prefecture_code,
                reason=form.reason,
                valid_from=form.valid_from,
                valid_to=form.valid_to,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _waive_page(request, services, form.certificate_id, form.prefecture_code, form, refusal)
    return redirect(request, "/scheduling/coverage", N_("理由已记录，覆盖情况已更新。"))


async def _waive_page(
    request: AppRequest,
    services: Services,
    certificate_id: UUID,
    prefecture_code: str,
    form: WaiverForm | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    today = china_date(services.clock.now())
    async with services.db.transaction() as session:
        certificate = await _certificate(session, certificate_id)
        prefectures = {one.code: one for one in await registration.prefectures(session)}
    if prefecture_code not in prefectures:
        raise NotFound
    return page(
        request,
        "pages/scheduling/sites/waive.html",
        status=status_of(refusal) if refusal else 200,
        certificate=certificate,
        prefecture=prefectures[prefecture_code],
        valid_from=form.valid_from if form else today,
        valid_to=form.valid_to if form else date(today.year, 12, 31),
        reason=form.reason if form else "",
        refusal=refusal,
    )


@get("/scheduling/sites", guards=[needs(Permission.SITE_READ)])
async def sites_page(
    request: AppRequest,
    services: AppServices,
    certificate: FromQuery[str] = "",
    prefecture: FromQuery[str] = "",
    waiting: FromQuery[bool] = False,
) -> Response[Any]:
    """List the sites with what they are approved for; ``waiting`` shows what the reader has to deal with."""
    actor, wanted = actor_of(request), chosen(certificate)
    async with services.db.transaction() as session:
        places = {one.id: one for one in await queries.sites(session)}
        approvals = await queries.visible_approvals(session, actor)
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        prefectures = {one.code: one for one in await registration.prefectures(session)}
    own = actor.scope_ids(Permission.SITE_APPLY, "institution")
    rows = []
    for place in places.values():
        held = [one for one in approvals if one.site_id == place.id and wanted in (None, one.certificate_id)]
        mine = [one for one in held if STEPS[one.status] and _my_turn(actor, one, place)]
        hidden = not held and (wanted is not None or str(place.institution_id) not in (own or ()))
        if prefecture not in ("", place.prefecture_code) or hidden or (waiting and not mine):
            continue
        rows.append({"site": place, "approvals": held, "mine": {one.id for one in mine}})
    return page(
        request,
        "pages/scheduling/sites/list.html",
        rows=rows,
        certificates=certificates,
        prefectures=prefectures,
        certificate=certificate,
        prefecture=prefecture,
        waiting=waiting,
        may_apply=bool(own),
        may_agree=actor.may(Permission.SITE_AGREE),
        **_LABELS,
    )


def _my_turn(actor: Actor, approval: Approval, place: Site) -> bool:
    parties = queries.parties_of(actor, approval, place)
    ordinary = {to for to, party in STEPS[approval.status].items() if party in parties}
    return approval.status not in (ApprovalStatus.ACTIVE, ApprovalStatus.SUSPENDED) and bool(ordinary)


@get("/scheduling/sites/new", guards=[needs(Permission.SITE_APPLY)])
async def new_site_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the form for a new site of the own institution."""
    return await _new_site_page(request, services, SiteForm(name_zh="", address_zh=""))


@post("/scheduling/sites/new", guards=[needs(Permission.SITE_APPLY)], status_code=200)
async def open_site(request: AppRequest, services: AppServices) -> Response[Any]:
    """Describe a new site."""
    form = SiteForm(name_zh="", address_zh="")
    try:
        form = await parse_form(request, SiteForm)
        async with services.db.transaction() as session:
            site_id = await actions.open_site(
                session,
                actor_of(request),
                institution_id=_own_institution(actor_of(request)),
                name_zh=form.name_zh,
                address_zh=form.address_zh,
                name_en=form.name_en,
                address_en=form.address_en,
                route_zh=form.route_zh,
                route_en=form.route_en,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _new_site_page(request, services, form, refusal)
    return redirect(request, f"/scheduling/sites/{site_id}", N_("站点已登记，请继续登记考场，再提交申请。"))


async def _new_site_page(
    request: AppRequest, services: Services, form: SiteForm, refusal: Refusal | None = None
) -> Response[Any]:
    async with services.db.transaction() as session:
        institution = await registration.institution(session, _own_institution(actor_of(request)))
    return page(
        request,
        "pages/scheduling/sites/new.html",
        status=status_of(refusal) if refusal else 200,
        form=form,
        institution=institution,
        refusal=refusal,
    )


def _own_institution(actor: Actor) -> UUID:
    own = actor.scope_ids(Permission.SITE_APPLY, "institution")
    if not own:
        raise NotFound
    return UUID(min(own))


@get("/scheduling/sites/{site_id:uuid}", guards=[needs(Permission.SITE_READ)])
async def site_page(request: AppRequest, services: AppServices, site_id: FromPath[UUID]) -> Response[Any]:
    """Show a site with its rooms and approvals."""
    return await _site_page(request, services, site_id)


@post("/scheduling/sites/{site_id:uuid}/rooms", guards=[needs(Permission.SITE_APPLY)], status_code=200)
async def add_room(request: AppRequest, services: AppServices, site_id: FromPath[UUID]) -> Response[Any]:
    """Add a room."""
    try:
        form = await parse_form(request, RoomForm)
        async with services.db.transaction() as session:
            await actions.add_room(
                session,
                actor_of(request),
                site_id=site_id,
                code=form.code,
                name_zh=form.name_zh,
                name_en=form.name_en,
                form=form.form,
                seats=form.seats,
                spares=form.spares,
                columns=form.columns,
                floor=form.floor,
                cameras=form.cameras,
                certificate_ids=form.certificate_ids,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        sent = dict(await request.form())
        return await _site_page(request, services, site_id, refusal=refusal, sent=sent)
    return redirect(request, f"/scheduling/sites/{site_id}#rooms", N_("考场已登记。"))


async def _site_page(
    request: AppRequest,
    services: Services,
    site_id: UUID,
    *,
    refusal: Refusal | None = None,
    sent: Mapping[str, Any] | None = None,
) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        place = await queries.site(session, site_id)
        approvals = await queries.visible_approvals(session, actor, site_id)
        certificates = {one.id: one for one in await catalogue.certificates(session)}
        prefectures = {one.code: one for one in await registration.prefectures(session)}
        institution = await registration.institution(session, place.institution_id)
    own = actor.within(Permission.SITE_APPLY, institution_id=place.institution_id)
    return page(
        request,
        "pages/scheduling/sites/site.html",
        status=status_of(refusal) if refusal else 200,
        site=place,
        institution=institution,
        approvals=approvals,
        certificates=certificates,
        prefecture=prefectures.get(place.prefecture_code),
        own=own,
        refusal=refusal,
        sent=sent or {},
        **_LABELS,
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
        **_LABELS,
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
        **_LABELS,
    )


def _waiting_for(status: ApprovalStatus) -> Party | None:
    onward = [party for to, party in STEPS[status].items() if to is not ApprovalStatus.RETURNED]
    return onward[0] if onward and status is not ApprovalStatus.ACTIVE else None


@get("/scheduling/conditions/{certificate_id:uuid}", guards=[needs(Permission.SITE_READ)])
async def conditions_page(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Show the published site conditions of a certificate."""
    return await _conditions_page(request, services, certificate_id)


@post("/scheduling/conditions/{certificate_id:uuid}", guards=[needs(Permission.SITE_AGREE)], status_code=200)
async def publish_conditions(
    request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]
) -> Response[Any]:
    """Publish the next version of the conditions."""
    sent = await request.form()
    try:
        form = await parse_form(request, ConditionsForm)
        async with services.db.transaction() as session:
            version = await actions.publish_conditions(
                session,
                actor_of(request),
                certificate_id=certificate_id,
                body=form.body,
                minimum=form.minimum(),
                now=services.clock.now(),
            )
    except Refusal as refusal:
        return await _conditions_page(request, services, certificate_id, refusal=refusal, sent=dict(sent))
    path = f"/scheduling/conditions/{certificate_id}"
    return redirect(request, path, N_("站点条件第 %(version)s 版已公布。"), version=version)


async def _conditions_page(
    request: AppRequest,
    services: Services,
    certificate_id: UUID,
    *,
    refusal: Refusal | None = None,
    sent: Mapping[str, Any] | None = None,
) -> Response[Any]:
    actor = actor_of(request)
    async with services.db.transaction() as session:
        certificate = await _certificate(session, certificate_id)
        known = await queries.conditions(session, certificate_id)
    return page(
        request,
        "pages/scheduling/sites/conditions.html",
        status=status_of(refusal) if refusal else 200,
        certificate=certificate,
        conditions=known,
        may_publish=actor.within(Permission.SITE_AGREE, organisation_id=certificate.organisation_id),
        refusal=refusal,
        sent=sent or {},
        **_LABELS,
    )


async def _certificate(session: AsyncSession, certificate_id: UUID) -> Certificate:
    for one in await catalogue.certificates(session):
        if one.id == certificate_id:
            return one
    raise NotFound


ROUTES = [
    coverage_page,
    waive_page,
    waive,
    sites_page,
    new_site_page,
    open_site,
    site_page,
    add_room,
    apply_page,
    apply,
    approval_page,
    move_approval,
    set_standing,
    conditions_page,
    publish_conditions,
]
