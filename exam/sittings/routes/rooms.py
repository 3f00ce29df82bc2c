"""The invigilator's room: the next action as one large button, the count beside it, the exceptions, then everybody."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect
from exam.sittings import actions, documents
from exam.sittings.forms import CloseForm
from exam.sittings.queries import desk
from exam.sittings.queries.minutes import colleagues
from exam.sittings.queries.unseated import unseated, unseated_count
from exam.sittings.rules import DUTY_LABELS, ROOM_LABELS, STATUS_LABELS, SittingStatus, Step, covers
from exam.sittings.rules.minutes import COUNT_LABELS, STATE_LABELS, WHO_LABELS, Paper, StepState

TONES = {
    SittingStatus.SCHEDULED: "plain",
    SittingStatus.CHECKED_IN: "needs",
    SittingStatus.STARTED: "needs",
    SittingStatus.SUBMITTED: "done",
    SittingStatus.AUTO_SUBMITTED: "done",
    SittingStatus.INTERRUPTED: "warning",
    SittingStatus.ABSENT: "stopped",
    SittingStatus.STOPPED: "stopped",
    SittingStatus.VOIDED: "stopped",
}
ROOM_TONES = {"planned": "plain", "open": "needs", "closed": "done"}
STATE_TONES = {
    StepState.DONE: "done",
    StepState.SKIPPED: "warning",
    StepState.ASKED: "needs",
    StepState.DUE: "needs",
    StepState.AHEAD: "plain",
    StepState.LAPSED: "warning",
}
PAPER_LABELS = {paper: title for paper, (_, title) in documents.TITLES.items()}
READERS = (Permission.ROOM_RUN, Permission.SITE_RUN, Permission.INCIDENT_DECIDE, Permission.PLAN_MANAGE)
COUNTERS = (*READERS, Permission.PLAN_READ)  # counts only, for whoever oversees the province


@get("/exam/sittings", guards=[needs(*READERS)])
async def rooms_page(
    request: AppRequest, services: AppServices, day: Annotated[str, QueryParameter(max_length=10)] = ""
) -> Response[Any]:
    """Show the rooms the reader runs on one day."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        shown = await desk.room_day(session, actor, _day(day), now)
        incidents = await desk.visible_count(session, actor)
        batches = {line.room.batch_id for line in shown.lines} if _oversees(actor) else set()
        seatless = await unseated_count(session, batches, prefecture_code=_prefecture(actor, shown)) if batches else 0
    return page(
        request,
        "pages/exam/sittings/rooms.html",
        shown=shown,
        at=now,
        incidents=incidents,
        seatless=seatless,
        room_labels=ROOM_LABELS,
        room_tones=ROOM_TONES,
    )


def _oversees(actor: Actor) -> bool:
    return actor.may(Permission.SITE_RUN) or actor.may(Permission.PLAN_MANAGE)


def _prefecture(actor: Actor, shown: desk.RoomDay) -> str:
    """A site head looks at the own prefecture, an officer at all."""
    codes = sorted({line.room.prefecture_code for line in shown.lines})
    return "" if actor.may(Permission.PLAN_MANAGE) or len(codes) != 1 else codes[0]


@get("/exam/sittings/unseated", guards=[needs(Permission.SITE_RUN, Permission.PLAN_MANAGE)])
async def unseated_page(
    request: AppRequest, services: AppServices, day: Annotated[str, QueryParameter(max_length=10)] = ""
) -> Response[Any]:
    """List who lacks a seat in the batches of a day's rooms."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        shown = await desk.room_day(session, actor, _day(day), now)
        batches = sorted({line.room.batch_id for line in shown.lines}, key=str)
        found = await unseated(session, batches, prefecture_code=_prefecture(actor, shown))
    return page(
        request, "pages/exam/sittings/unseated.html", found=found, room=None, day=shown.day, q="",
        manages=actor.may(Permission.PLAN_MANAGE), batches=batches,
    )  # fmt: skip


@get("/exam/sittings/rooms/{room_session_id:uuid}/unseated", guards=[needs(*READERS)])
async def room_unseated(
    request: AppRequest,
    services: AppServices,
    room_session_id: FromPath[UUID],
    q: Annotated[str, QueryParameter(max_length=80)] = "",
) -> Response[Any]:
    """List who lacks a seat for what this room examines, for somebody who stands at the door and is on no list."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        await desk.require_people(session, actor, room, now)
        found = await unseated(
            session, [room.batch_id], prefecture_code=room.prefecture_code, component_id=room.component_id
        )
    words = q.strip()
    if words:
        found = [one for one in found if words in one.person.name or one.person.id_masked.endswith(words)]
    return page(
        request, "pages/exam/sittings/unseated.html", found=found, room=room, day=None, q=words,
        manages=actor.may(Permission.PLAN_MANAGE), batches=[room.batch_id],
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@get("/exam/sittings/rooms/{room_session_id:uuid}", guards=[needs(*COUNTERS)])
async def room_page(
    request: AppRequest,
    services: AppServices,
    room_session_id: FromPath[UUID],
    q: Annotated[str, QueryParameter(max_length=80)] = "",
    view: Annotated[str, QueryParameter(max_length=8)] = "list",
) -> Response[Any]:
    """Show one room now; `q` looks for a ticket, a number or a name, `view=plan` shows the seats."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        found = await desk.room_desk(session, room_session_id, now)
        people = await desk.may_see_people(session, actor, room, now)
        others = [one for one in await colleagues(session, room) if one.account_id != actor.account_id]
        seatless = await unseated_count(
            session, [room.batch_id], prefecture_code=room.prefecture_code, component_id=room.component_id
        )
    in_time = covers(room.starts_at, room.ends_at, room.terms, now)
    words = ticket_in(q)
    return page(
        request,
        "pages/exam/sittings/room.html",
        desk=found,
        room=room,
        count=found.view.count,
        step=found.view.step,
        steps=Step,
        found=[row for row in found.rows if row.found_by(words)] if words else [],
        q=q,
        view=view,
        people=people,
        acting=in_time and actor.may(Permission.ROOM_RUN),
        at=now,
        status_labels=STATUS_LABELS,
        tones=TONES,
        room_labels=ROOM_LABELS,
        room_tones=ROOM_TONES,
        statuses=SittingStatus,
        minutes=minutes,
        others=others,
        seatless=seatless,
        papers=Paper,
        **step_words(),
    )


def step_words() -> dict[str, Any]:
    """What the templates of steps need besides the room."""
    return {
        "step_labels": STATE_LABELS, "step_tones": STATE_TONES, "step_states": StepState, "who_labels": WHO_LABELS,
        "count_labels": COUNT_LABELS, "paper_labels": PAPER_LABELS, "duty_labels": DUTY_LABELS,
    }  # fmt: skip


@post("/exam/sittings/rooms/{room_session_id:uuid}/open", guards=[needs(Permission.ROOM_RUN)])
async def open_room(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Open the room for its candidates."""
    async with services.db.transaction() as session:
        await actions.open_room(session, actor_of(request), room_session_id=room_session_id, now=services.clock.now())
    return back(request, room_session_id, N_("考场已开启，可以核验入场。"))


@post("/exam/sittings/rooms/{room_session_id:uuid}/begin", guards=[needs(Permission.ROOM_RUN, Permission.SHEET_SCORE)])
async def begin_room(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Start everybody who has checked in."""
    async with services.db.transaction() as session:
        begun = await actions.begin_room(
            session, actor_of(request), room_session_id=room_session_id, now=services.clock.now()
        )
    return back(request, room_session_id, N_("已开考，%(n)s 人开始作答。"), n=len(begun))


@post("/exam/sittings/rooms/{room_session_id:uuid}/absent", guards=[needs(Permission.ROOM_RUN)])
async def mark_absent(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Record everybody who has not come as absent."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.room_desk(session, room_session_id, now)
        missing = [row.sitting.id for row in room.by(SittingStatus.SCHEDULED)]
        marked = await actions.mark_absent_many(session, actor, sitting_ids=missing, now=now)
    return back(request, room_session_id, N_("已登记 %(n)s 人缺考。"), n=len(marked))


@post(
    "/exam/sittings/rooms/{room_session_id:uuid}/collect", guards=[needs(Permission.ROOM_RUN, Permission.SHEET_SCORE)]
)
async def collect(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Hand in for everybody at the end."""
    async with services.db.transaction() as session:
        done = await actions.collect(
            session, actor_of(request), room_session_id=room_session_id, now=services.clock.now()
        )
    return back(request, room_session_id, N_("已收卷 %(n)s 份。"), n=len(done))


@post("/exam/sittings/rooms/{room_session_id:uuid}/close", guards=[needs(Permission.ROOM_RUN)])
async def close_room(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Count and close the room."""
    form = await parse_form(request, CloseForm)
    async with services.db.transaction() as session:
        count = await actions.close_room(
            session, actor_of(request), room_session_id=room_session_id, note=form.note, now=services.clock.now()
        )
    return back(
        request, room_session_id, N_("考场已关闭：应到 %(expected)s，实到 %(present)s，缺考 %(absent)s。"),
        expected=count.expected, present=count.present, absent=count.absent,
    )  # fmt: skip


def back(request: AppRequest, room_session_id: UUID, notice: str, **facts: object) -> Response[Any]:
    """Return to the room and say what was done."""
    return redirect(request, f"/exam/sittings/rooms/{room_session_id}", notice, **facts)


def keeps(actor: Actor, site_id: UUID) -> bool:
    """Whether the page offers to key in paper: heads of the site and officers; the action looks closer."""
    return actor.within(Permission.SITE_RUN, site_id=site_id) or actor.may(Permission.PLAN_MANAGE)


def minutes(count: int) -> timedelta:
    """A span of minutes, for templates that add one to an instant."""
    return timedelta(minutes=count)


def ticket_in(words: str) -> str:
    """The ticket number in what a scanner typed: the last part of `ZK:…` or of an address, or the words themselves."""
    return re.split(r"[/=:]", words.strip().rstrip("/"))[-1]


ROUTES = [rooms_page, unseated_page, room_page, room_unseated, open_room, begin_room, mark_absent, collect, close_room]
