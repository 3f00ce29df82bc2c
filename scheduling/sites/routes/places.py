"""Pages of the places: the list of sites, a new one, one with its rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.sites import actions, queries
from scheduling.sites.forms import (
    RoomForm,
    SiteForm,
    chosen,
)
from scheduling.sites.routes.labels import LABELS
from scheduling.sites.rules import (
    STEPS,
    Approval,
    ApprovalStatus,
    Site,
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
        **LABELS,
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
        keeps_feeds = await queries.keeps_calendar(session, actor, place)
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
        keeps_feeds=keeps_feeds,
        refusal=refusal,
        sent=sent or {},
        **LABELS,
    )


ROUTES = [sites_page, new_site_page, open_site, site_page, add_room]
