"""The ledger's pages: which sessions have tablets, what each waits for, closing it, and what could not be taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect, status_of
from exam.kernel.services import Services
from exam.sittings import queries as sittings
from exam.sittings.rules import STATUS_LABELS
from scoring.tablets import actions, queries
from scoring.tablets.forms import ClosingForm, WordsForm
from scoring.tablets.queries import RoomLedger, RoomLine
from scoring.tablets.rules.authority import Place
from scoring.tablets.rules.devices import ODDNESS_LABELS
from scoring.tablets.rules.ledger import ADVICE, LACKING_LABELS, Lacking
from scoring.tablets.rules.standing import STANDING_LABELS, STANDING_TONES, Standing

ROOMS_MOST = 60
DAYS = timedelta(days=30)
LOOK = [
    needs(
        Permission.SITE_RUN, Permission.BATCH_MANAGE, Permission.SHEET_SCORE, Permission.MARK_VERIFY,
        Permission.OUTCOME_VERIFY, Permission.OUTCOME_PUBLISH,
    )
]  # fmt: skip
ACT = [needs(Permission.SITE_RUN, Permission.BATCH_MANAGE, Permission.SHEET_SCORE)]
LEDGER = "pages/scoring/tablets/ledger.html"


@get("/scoring/tablets/rooms", guards=LOOK)
async def rooms(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the sessions with tablets that the reader has to do with."""
    actor, now = actor_of(request), services.clock.now()
    async with services.db.transaction() as session:
        found = await queries.rooms_with_tablets(session, since=now - DAYS)
        own = [one for one in found if (await queries.place_of(session, actor, one)).may_look]
        lines = await queries.room_lines(session, own[:ROOMS_MOST])
        uploads = actor.may(Permission.SITE_RUN) or actor.may(Permission.BATCH_MANAGE)
    return page(
        request, "pages/scoring/tablets/rooms.html", lines=lines, open_count=_open(lines), uploads=uploads,
    )  # fmt: skip


@get("/scoring/tablets/rooms/{room_session_id:uuid}", guards=LOOK)
async def ledger_page(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Show the ledger of a session."""
    async with services.db.transaction() as session:
        return await ledger_of(request, services, session, room_session_id)


@get("/scoring/tablets/rooms/{room_session_id:uuid}/live", guards=LOOK)
async def live(
    request: AppRequest,
    services: AppServices,
    room_session_id: FromPath[UUID],
    seen: Annotated[str, QueryParameter(max_length=64)] = "",
) -> Response[Any]:
    """Show the part of the ledger that changes. `seen`: digest of the ledger that the page was opened with."""
    async with services.db.transaction() as session:
        view, place = await _view(session, services, actor_of(request), room_session_id)
    return page(request, "pages/scoring/tablets/_ledger.html", **_context(view, place), seen=seen)


@post("/scoring/tablets/rooms/{room_session_id:uuid}/closing", guards=ACT, status_code=200)
async def close(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Close a session."""
    sent = dict(await request.form())
    try:
        form = await parse_form(request, ClosingForm)
        async with services.db.transaction() as session:
            await actions.close_room(
                session, actor_of(request), room_session_id=room_session_id, seen=form.seen, reason=form.reason,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await ledger_of(request, services, session, room_session_id, refusal, str(sent.get("reason", "")))
    return redirect(request, f"/scoring/tablets/rooms/{room_session_id}", N_("本场已关闭，成绩可以复核。"))


@post("/scoring/tablets/rooms/{room_session_id:uuid}/oddities/{oddity_id:uuid}", guards=ACT, status_code=200)
async def settle(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], oddity_id: FromPath[UUID]
) -> Response[Any]:
    """Say what became of an event that could not be taken."""
    form = await parse_form(request, WordsForm)
    try:
        async with services.db.transaction() as session:
            await actions.settle_oddity(
                session, actor_of(request), room_session_id=room_session_id, oddity_id=oddity_id, words=form.words,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        async with services.db.transaction() as session:
            return await ledger_of(request, services, session, room_session_id, refusal)
    return redirect(request, f"/scoring/tablets/rooms/{room_session_id}", N_("已记下处理意见。"))


async def ledger_of(
    request: AppRequest,
    services: Services,
    session: AsyncSession,
    room_session_id: UUID,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response[Any]:
    """The page of a session, with what stands in the way."""
    view, place = await _view(session, services, actor_of(request), room_session_id)
    return page(
        request, LEDGER, status=200 if refusal is None else status_of(refusal), refusal=refusal, reason=reason,
        seen=view.ledger.digest, **_context(view, place),
    )  # fmt: skip


async def _view(
    session: AsyncSession, services: Services, actor: Actor, room_session_id: UUID
) -> tuple[RoomLedger, Place]:
    room = await sittings.room_session(session, room_session_id)
    place = await queries.place_of(session, actor, room)
    if not place.may_look:
        raise NotFound
    return await queries.room_ledger(session, room_session_id, services.clock.now()), place


def _context(view: RoomLedger, place: Place) -> dict[str, Any]:
    return {
        "view": view, "place": place, "lacking_labels": LACKING_LABELS, "advice": ADVICE, "Lacking": Lacking,
        "standing_labels": STANDING_LABELS, "standing_tones": STANDING_TONES, "Standing": Standing,
        "oddness_labels": ODDNESS_LABELS, "sitting_labels": STATUS_LABELS,
    }  # fmt: skip


def _open(lines: list[RoomLine]) -> int:
    return sum(one.closing is None for one in lines)


ROUTES = [rooms, ledger_page, live, close, settle]
