"""The lead assessor's pages: how well the room agrees while candidates are still there, decisions, second signatures, and the
printed summary. Second signatures under veto items are given by any assessor of the room."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import EFFECT_LABELS
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import file_response, page, redirect, status_of
from exam.kernel.pdf import render_pdf
from exam.sittings import queries as sittings
from exam.sittings.rules import STATUS_LABELS, Duty
from scoring.marking import actions, documents, queries
from scoring.marking.forms import DecisionForm, ReasonForm
from scoring.marking.rules import PATH_LABELS, Path, SheetStatus

SCORE = [needs(Permission.SHEET_SCORE)]
READ = [needs(Permission.SHEET_SCORE, Permission.MARK_ENTER, Permission.MARK_VERIFY)]
DECISIONS = "/scoring/marking/decisions"


@get("/scoring/marking/decisions", guards=SCORE)
async def decisions(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show what waits: differences beyond the tolerance, corrections and veto items to countersign."""
    async with services.db.transaction() as session:
        return await _decisions_page(request, session, services.clock.now(), None)


@post("/scoring/marking/sittings/{sitting_id:uuid}/decision", guards=SCORE, status_code=200)
async def decide(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Decide a difference."""
    now = services.clock.now()
    try:
        form = await parse_form(request, DecisionForm)
        async with services.db.transaction() as session:
            await actions.decide_sheets(
                session, actor_of(request), sitting_id=sitting_id, value=form.value, reason=form.reason, now=now
            )
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _decisions_page(request, session, now, refusal)
    return redirect(request, DECISIONS, N_("已裁定。"))


@post("/scoring/marking/sheets/{sheet_id:uuid}/countersign", guards=SCORE, status_code=200)
async def countersign(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Put the second signature under a correction or a veto item."""
    now = services.clock.now()
    try:
        async with services.db.transaction() as session:
            done = await actions.countersign_sheet(session, actor_of(request), sheet_id=sheet_id, now=now)
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _decisions_page(request, session, now, refusal)
    notice = N_("更正已会签。") if done.version > 1 else N_("否决项已会签，评分表生效。")
    return redirect(request, DECISIONS, notice)


@post("/scoring/marking/sheets/{sheet_id:uuid}/decline", guards=SCORE, status_code=200)
async def decline(request: AppRequest, services: AppServices, sheet_id: FromPath[UUID]) -> Response[Any]:
    """Say why one does not sign as the second."""
    now = services.clock.now()
    try:
        form = await parse_form(request, ReasonForm)
        async with services.db.transaction() as session:
            await actions.decline_sheet(session, actor_of(request), sheet_id=sheet_id, reason=form.reason, now=now)
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await _decisions_page(request, session, now, refusal)
    return redirect(request, DECISIONS, N_("已记录您的意见；评分人会看到，评分表暂不生效。"))


@get("/scoring/marking/rooms/{room_id:uuid}/agreement", guards=SCORE)
async def agreement_page(request: AppRequest, services: AppServices, room_id: FromPath[UUID]) -> Response[Any]:
    """Show the lead of a room how well its assessors agree, now."""
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        await _require_lead(session, actor, room_id)
        view = await queries.live(session, actor, room_id)
    return page(
        request, "pages/scoring/marking/agreement.html", view=view, at=now, path_labels=PATH_LABELS, Path=Path,
        sitting_labels=STATUS_LABELS,
    )  # fmt: skip


@get("/scoring/marking/rooms/{room_id:uuid}/summary/print", guards=READ)
async def summary_print(request: AppRequest, services: AppServices, room_id: FromPath[UUID]) -> Response[Any]:
    """Give the printed summary of a room: totals, spread, path and mark of each candidate."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        room = await sittings.room_session(session, room_id)
        scheme, _ = await queries.component(session, room.component_id)
        if not queries.in_scope(actor, scheme):
            await _require_lead(session, actor, room_id)
        html = await documents.score_summary(session, room_id, actor.name, services.clock.now())
    return file_response(await render_pdf(html), "application/pdf", f"score-summary-{room_id}.pdf", inline=True)


async def _require_lead(session: AsyncSession, actor: Actor, room_id: UUID) -> None:
    """For anybody but the room's lead there is no such page."""
    duties = await queries.assessing(session, room_id)
    if not any(one.account_id == actor.account_id and one.duty is Duty.LEAD_ASSESSOR for one in duties):
        raise NotFound


async def _decisions_page(
    request: AppRequest, session: AsyncSession, now: datetime, refusal: Refusal | None
) -> Response[Any]:
    actor = actor_of(request)
    stations = await queries.stations(session, actor, now)
    leading = [one.room for one in stations if one.duty is Duty.LEAD_ASSESSOR]
    led = [one.id for one in leading]
    waiting = await queries.disagreements(session, room_session_ids=led)
    corrections = [
        one
        for one in await queries.sheets(session, room_session_ids=led)
        if one.status is SheetStatus.COUNTERSIGN and one.version > 1
    ]
    vetoes = await queries.second_signatures(session, actor, [one.room.id for one in stations])
    places = {one.id: one for one in await sittings.sittings(session, ids=[one.sitting_id for one in corrections])}
    return page(
        request, "pages/scoring/marking/decisions.html", status=200 if refusal is None else status_of(refusal),
        waiting=waiting, corrections=[(one, places[one.sitting_id]) for one in corrections], vetoes=vetoes,
        leading=leading, refusal=refusal, at=now, effect_labels=EFFECT_LABELS,
    )  # fmt: skip


ROUTES = [decisions, decide, countersign, decline, agreement_page, summary_print]
