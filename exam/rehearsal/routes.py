"""Rehearsals: which sites are ready, one site with the form for another rehearsal, one rehearsal up to its record."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel.clock import CHINA, china_date
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import use_locale
from exam.kernel.pages import file_response, locale_of, page, redirect, status_of
from exam.rehearsal import actions, documents, queries
from exam.rehearsal.forms import RehearseForm, SignForm, TickForm
from exam.rehearsal.rules import DRILL_LABELS, VALID_DAYS
from exam.signals import queries as signals
from exam.sittings import queries as sittings
from exam.sittings.rules import ROOM_LABELS
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site

READERS = (Permission.SITE_RUN, Permission.PLAN_MANAGE, Permission.SITE_FILE)
PARTS = (*READERS, Permission.ROOM_RUN, Permission.SHEET_SCORE)
AHEAD = timedelta(days=60)
"""Sites with a session within this time are asked whether they are ready."""


@get("/exam/rehearsal", guards=[needs(*READERS)])
async def overview(request: AppRequest, services: AppServices) -> Response[Any]:
    """Say of each site with sessions ahead, and of the own ones, whether it is ready."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        view = await signals.sight(session, actor, now)
        ahead: dict[UUID, Any] = {}
        for room in await sittings.rooms_between(session, now, now + AHEAD):
            if view.sees(site_id=room.site_id, prefecture_code=room.prefecture_code, batch_ids=[room.batch_id]):
                ahead.setdefault(room.site_id, room.starts_at)
        ids = sorted({*ahead, *view.sites})
        known = await sites.sites(session, ids) if ids else []
        ready = {
            one.id: await queries.ready_sites(session, [one.id], china_date(ahead.get(one.id, now))) for one in known
        }
    lines = sorted(
        ((one, ahead.get(one.id), ready[one.id].get(one.id)) for one in known),
        key=lambda line: (line[2] is not None, line[1] or now + 10 * AHEAD, line[0].code),
    )
    return page(request, "pages/exam/rehearsal/overview.html", lines=lines, at=now)


@get("/exam/rehearsal/sites/{site_id:uuid}", guards=[needs(*READERS)])
async def site_page(request: AppRequest, services: AppServices, site_id: FromPath[UUID]) -> Response[Any]:
    """Show a site's rehearsals and the form for another."""
    return await _site(request, services, site_id)


async def _site(
    request: AppRequest,
    services: AppServices,
    site_id: UUID,
    *,
    refusal: Refusal | None = None,
    sent: dict[str, Any] | None = None,
) -> Response[Any]:
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        place = await _readable(session, actor, site_id, now)
        held = await queries.of_site(session, site_id)
        ready = (await queries.ready_sites(session, [site_id], china_date(now))).get(site_id)
        subjects = [(one, part) for one in await catalogue.schemes(session) for part in one.components]
    return page(
        request, "pages/exam/rehearsal/site.html", status=status_of(refusal) if refusal else 200, place=place, held=held,
        ready=ready, subjects=subjects, acting=actor.within(Permission.SITE_RUN, site_id=site_id), refusal=refusal,
        sent=sent or {}, at=now, proposed=f"{(now + timedelta(hours=1)).astimezone(CHINA):%Y-%m-%dT%H:00}",
    )  # fmt: skip


async def _readable(session: AsyncSession, actor: Actor, site_id: UUID, now: Any) -> Site:
    """The site, or NotFound for whom it does not concern."""
    place = await sites.site(session, site_id)
    view = await signals.sight(session, actor, now)
    batches = {room.batch_id for room in await sittings.room_sessions(session, site_id=site_id)}
    if not view.sees(site_id=site_id, prefecture_code=place.prefecture_code, batch_ids=batches):
        raise NotFound
    return place


@post("/exam/rehearsal/sites/{site_id:uuid}", guards=[needs(Permission.SITE_RUN)])
async def rehearse(request: AppRequest, services: AppServices, site_id: FromPath[UUID]) -> Response[Any]:
    """Begin a rehearsal."""
    form = await parse_form(request, RehearseForm)
    logins = re.split(r"[\s,，、;；]+", form.logins.strip())
    at = form.starts_at if form.starts_at.tzinfo else form.starts_at.replace(tzinfo=CHINA)
    try:
        async with services.db.transaction() as session:
            made = await actions.rehearse(
                session, actor_of(request), site_id=site_id, component_id=form.component, room_ids=form.rooms,
                candidates=form.candidates, starts_at=at, invigilators=logins, now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        sent = {"component": form.component, "rooms": form.rooms, "candidates": form.candidates, "logins": form.logins,
                "starts_at": f"{at.astimezone(CHINA):%Y-%m-%dT%H:%M}"}  # fmt: skip
        return await _site(request, services, site_id, refusal=refusal, sent=sent)
    return redirect(request, f"/exam/rehearsal/{made}", N_("演练已安排，考场页面已经可用。"))


@get("/exam/rehearsal/{rehearsal_id:uuid}", guards=[needs(*PARTS)])
async def rehearsal_page(request: AppRequest, services: AppServices, rehearsal_id: FromPath[UUID]) -> Response[Any]:
    """Show a rehearsal: its rooms, its drills, its signatures."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        found = await queries.rehearsal(session, rehearsal_id)
        place = await _part(session, actor, found, now)
    mine = actor.account_id in {duty.account_id for duty in found.duties}
    return page(
        request, "pages/exam/rehearsal/rehearsal.html", found=found, place=place, drill_labels=DRILL_LABELS, at=now,
        room_labels=ROOM_LABELS, heads=actor.within(Permission.SITE_RUN, site_id=found.site_id), mine=mine,
        officer=actor.may(Permission.PLAN_MANAGE), valid_days=VALID_DAYS,
    )  # fmt: skip


async def _part(session: AsyncSession, actor: Actor, found: queries.Rehearsal, now: Any) -> Site:
    if actor.account_id in {duty.account_id for duty in found.duties}:
        return await sites.site(session, found.site_id)
    return await _readable(session, actor, found.site_id, now)


@post("/exam/rehearsal/{rehearsal_id:uuid}/drills", guards=[needs(*PARTS)])
async def tick(request: AppRequest, services: AppServices, rehearsal_id: FromPath[UUID]) -> Response[Any]:
    """Note a drill."""
    form = await parse_form(request, TickForm)
    async with services.db.transaction() as session:
        await actions.tick(
            session,
            actor_of(request),
            rehearsal_id=rehearsal_id,
            drill=form.drill,
            seen=form.seen,
            now=services.clock.now(),
        )
    return redirect(request, f"/exam/rehearsal/{rehearsal_id}", N_("演练情况已登记。"))


@post("/exam/rehearsal/{rehearsal_id:uuid}/sign", guards=[needs(*PARTS)])
async def sign(request: AppRequest, services: AppServices, rehearsal_id: FromPath[UUID]) -> Response[Any]:
    """Sign readiness."""
    form = await parse_form(request, SignForm)
    async with services.db.transaction() as session:
        await actions.sign(
            session,
            actor_of(request),
            rehearsal_id=rehearsal_id,
            days=form.days,
            note=form.note,
            now=services.clock.now(),
        )
    return redirect(request, f"/exam/rehearsal/{rehearsal_id}", N_("已签署。"))


@get("/exam/rehearsal/{rehearsal_id:uuid}/record.pdf", guards=[needs(*PARTS)])
async def record(request: AppRequest, services: AppServices, rehearsal_id: FromPath[UUID]) -> Response[bytes]:
    """Print the readiness record."""
    now, actor, locale = services.clock.now(), actor_of(request), locale_of(request)
    async with services.db.transaction() as session:
        found = await queries.rehearsal(session, rehearsal_id)
        place = await _part(session, actor, found, now)
    with use_locale(locale):
        data = await documents.readiness_record(
            found, place, printed_by=actor.name, now=now, locale=locale, home=services.settings.home
        )
    return file_response(data, "application/pdf", f"JX-{place.code}.pdf", inline=True)


ROUTES = [overview, site_page, rehearse, rehearsal_page, tick, sign, record]
