"""The site head's page of tablets: enrol one, give several out for a session, take one back, revoke one."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_, Forbidden, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import Name
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.printing import qr_svg
from scoring.tablets import actions, queries
from scoring.tablets.actions import Code
from scoring.tablets.forms import HandoutForm, LabelForm, ReasonForm, ReturnForm
from scoring.tablets.rules.enrolling import qr_text
from scoring.tablets.rules.fleet import STATE_LABELS, STATE_TONES

RUN = [needs(Permission.SITE_RUN)]
HREF = "/scoring/tablets"
SITE = QueryParameter(max_length=36)


@get("/scoring/tablets", guards=RUN)
async def tablets_page(request: AppRequest, services: AppServices, site: Annotated[str, SITE] = "") -> Response[Any]:
    """Show the tablets of a site, and its practical sessions with those that are out for them."""
    async with services.db.transaction() as session:
        return await _page(request, services, session, site)


@post("/scoring/tablets/codes", guards=RUN, status_code=200)
async def code(request: AppRequest, services: AppServices) -> Response[Any]:
    """Make a one-time code and show it this once."""
    chosen = ""
    try:
        form = await parse_form(request, LabelForm)
        chosen = str(form.site_id)
        async with services.db.transaction() as session:
            made = await actions.make_code(
                session,
                services.vault,
                actor_of(request),
                site_id=form.site_id,
                label=form.label,
                now=services.clock.now(),
            )
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _page(request, services, session, chosen, refusal=refusal)
    async with services.db.transaction() as session:
        return await _page(request, services, session, chosen, made=made)


@post("/scoring/tablets/handouts", guards=RUN, status_code=200)
async def give_out(request: AppRequest, services: AppServices) -> Response[Any]:
    """Give several tablets out for one session."""
    form = await parse_form(request, HandoutForm)
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        for tablet_id in form.tablet_id:
            await actions.give_out(
                session, actor, tablet_id=tablet_id, room_session_id=form.room_session_id, now=now
            )  # fmt: skip
        site_id = await queries.site_of_room(session, form.room_session_id)
    if not form.tablet_id:
        return redirect(request, f"{HREF}?site={site_id}", N_("没有选择平板，没有领出。"))
    return redirect(request, f"{HREF}?site={site_id}", N_("已领出 %(n)s 台平板。"), n=len(form.tablet_id))


@post("/scoring/tablets/{tablet_id:uuid}/returns", guards=RUN, status_code=200)
async def take_back(request: AppRequest, services: AppServices, tablet_id: FromPath[UUID]) -> Response[Any]:
    """Take a tablet back from a session."""
    form = await parse_form(request, ReturnForm)
    async with services.db.transaction() as session:
        site_id = await queries.site_of_room(session, form.room_session_id)
        try:
            async with session.begin_nested():
                await actions.take_back(
                    session, actor_of(request), tablet_id=tablet_id, room_session_id=form.room_session_id,
                    unused_reason=form.unused_reason, now=services.clock.now(),
                )  # fmt: skip
        except Refusal as refusal:
            return await _page(request, services, session, str(site_id), refusal=refusal)
    return redirect(request, f"{HREF}?site={site_id}", N_("平板已收回。"))


@post("/scoring/tablets/{tablet_id:uuid}/revocation", guards=RUN, status_code=200)
async def revoke(request: AppRequest, services: AppServices, tablet_id: FromPath[UUID]) -> Response[Any]:
    """Revoke a tablet's key."""
    form = await parse_form(request, ReasonForm)
    async with services.db.transaction() as session:
        await actions.revoke(
            session, actor_of(request), tablet_id=tablet_id, reason=form.reason, now=services.clock.now()
        )
        (tablet,) = await queries.tablets(session, ids=[tablet_id])
    return redirect(
        request, f"{HREF}?site={tablet.site_id}", N_("平板 %(label)s 已停用，不再接收它的记录。"), label=tablet.label
    )


@post("/scoring/tablets/rooms/{room_session_id:uuid}/entry", guards=RUN, status_code=200)
async def enter_again(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Try again to enter what tablets signed in a session: attendance or a signature may have been put right."""
    async with services.db.transaction() as session:
        site_id = await queries.site_of_room(session, room_session_id)
        actor_of(request).require(Permission.SITE_RUN, site_id=site_id)
        pairs = await queries.pending(session, room_session_id, again=True)
        await actions.project(session, room_session_id=room_session_id, pairs=pairs, now=services.clock.now())
        left = len(await queries.settlements(session, room_session_ids=[room_session_id], open_only=True))
    return redirect(
        request, f"{HREF}/rooms/{room_session_id}", N_("已重新入账，还有 %(n)s 份不能入账。") if left else N_("已全部入账。"), n=left
    )  # fmt: skip


async def chosen_site(session: AsyncSession, actor: Actor, site: str) -> tuple[list[tuple[UUID, Name]], UUID | None]:
    """The sites the actor runs, and which of them is meant: the named one, else the first. Forbidden for another's."""
    own = await queries.sites_of(session, actor)
    if site:
        found = next((id for id, _ in own if str(id) == site), None)
        if found is None:
            raise Forbidden
        return own, found
    return own, own[0][0] if own else None


async def _page(
    request: AppRequest,
    services: AppServices,
    session: AsyncSession,
    site: str,
    *,
    made: Code | None = None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    now = services.clock.now()
    own, site_id = await chosen_site(session, actor_of(request), site)
    names = dict(own)
    shown = await queries.site_tablets(session, site_id, names[site_id], now) if site_id else None
    return page(
        request, "pages/scoring/tablets/tablets.html", status=200 if refusal is None else status_of(refusal), at=now,
        sites=own, shown=shown, made=made, refusal=refusal, labels=STATE_LABELS, tones=STATE_TONES, qr_svg=qr_svg,
        qr=qr_text(made.code) if made else "", address=f"{services.settings.base_url}/scoring/tablet",
    )  # fmt: skip


ROUTES = [tablets_page, code, give_out, take_back, revoke, enter_again]
