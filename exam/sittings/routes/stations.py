"""A workshop's stations: the draw and its proof, stations out of order, an attempt taken again, and the rotation clock."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.errors import N_
from exam.kernel.forms import parse_form
from exam.kernel.ids import token
from exam.kernel.pages import page, redirect
from exam.sittings.actions import stations as actions
from exam.sittings.forms import DrawForm, ReasonForm, RerunForm
from exam.sittings.queries import desk
from exam.sittings.queries.stations import draws, rotation
from exam.sittings.routes.rooms import READERS, TONES
from exam.sittings.routes.steps import WORK, SecondUnproved, proved
from exam.sittings.rules import STATUS_LABELS, SittingStatus, covers
from exam.sittings.rules.drawing import SEED_BITS

ROOM = "/exam/sittings/rooms/{room_session_id:uuid}"
VIEWERS = (*READERS, Permission.SHEET_SCORE)


@get(ROOM + "/stations", guards=[needs(*VIEWERS)])
async def stations_page(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Show who has which station, how it was drawn, and which stations are out of order."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        await desk.require_people(session, actor, room, now)
        found = await desk.room_desk(session, room_session_id, now)
        drawn = await draws(session, room_session_id)
    begun = [row for row in found.rows if row.sitting.started_at]
    return page(
        request, "pages/exam/sittings/stations.html", desk=found, room=room, draws=drawn, begun=begun, at=now,
        acting=covers(room.starts_at, room.ends_at, room.terms, now) and any(actor.may(one) for one in WORK),
        keeping=actor.may(Permission.ROOM_RUN), status_labels=STATUS_LABELS, tones=TONES,
    )  # fmt: skip


@post(ROOM + "/stations/draw", guards=[needs(*WORK)])
async def draw(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Draw the stations by lot."""
    form = await parse_form(request, DrawForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        made = await actions.draw_stations(
            session, actor, room_session_id=room_session_id, seed=form.seed or token(SEED_BITS), reason=form.reason, now=now
        )  # fmt: skip
    return _here(request, room_session_id, N_("已抽签，%(n)s 人的工位已确定。"), n=len(made.stations))


@post(ROOM + "/stations/{seat_no:int}/out", guards=[needs(Permission.ROOM_RUN)])
async def station_out(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], seat_no: FromPath[int]
) -> Response[Any]:
    """Put a station out of order; whoever holds it goes to a spare one."""
    form = await parse_form(request, ReasonForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        moved = await actions.station_out(
            session, actor, room_session_id=room_session_id, seat_no=seat_no, reason=form.reason, now=now
        )
    if moved is None:
        return _here(request, room_session_id, N_("%(a)s 号工位已停用。"), a=seat_no)
    return _here(
        request, room_session_id, N_("%(a)s 号工位已停用，考生换到 %(b)s 号备用工位。"), a=seat_no, b=moved.seat_no
    )


@post(ROOM + "/stations/{seat_no:int}/back", guards=[needs(Permission.ROOM_RUN)])
async def station_back(
    request: AppRequest, services: AppServices, room_session_id: FromPath[UUID], seat_no: FromPath[int]
) -> Response[Any]:
    """A station works again."""
    form = await parse_form(request, ReasonForm)
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        await actions.station_back(
            session, actor, room_session_id=room_session_id, seat_no=seat_no, reason=form.reason, now=now
        )
    return _here(request, room_session_id, N_("%(a)s 号工位已恢复使用。"), a=seat_no)


@post("/exam/sittings/candidates/{sitting_id:uuid}/rerun", guards=[needs(*WORK)])
async def rerun(request: AppRequest, services: AppServices, sitting_id: FromPath[UUID]) -> Response[Any]:
    """Let a candidate take the attempt again after a fault."""
    form = await parse_form(request, RerunForm)
    now, actor = services.clock.now(), actor_of(request)
    second = await proved(services, form.second, form.password, now)
    if second is None:
        raise SecondUnproved
    async with services.db.transaction() as session:
        sitting = await actions.rerun(
            session, actor, sitting_id=sitting_id, reason=form.reason, second_account_id=second, now=now
        )
    return redirect(
        request, f"/exam/sittings/candidates/{sitting_id}", N_("可以重新开始，补足时间 %(n)s 分钟；前一次不计分。"),
        n=sitting.extra_minutes,
    )  # fmt: skip


@get(ROOM + "/clock", guards=[needs(*VIEWERS)])
async def clock_page(request: AppRequest, services: AppServices, room_session_id: FromPath[UUID]) -> Response[Any]:
    """Show the rotation to the whole workshop: who is where now, who waits, when it changes. No names stand on it."""
    now, actor = services.clock.now(), actor_of(request)
    async with services.db.transaction() as session:
        room = await desk.require_readable(session, actor, room_session_id)
        await desk.require_people(session, actor, room, now)
        found = await rotation(session, room_session_id, now)
    return page(
        request, "pages/exam/sittings/clock.html", room=room, rotation=found, at=now, status_labels=STATUS_LABELS,
        tones=TONES, statuses=SittingStatus,
    )  # fmt: skip


def _here(request: AppRequest, room_session_id: UUID, notice: str, **facts: object) -> Response[Any]:
    return redirect(request, f"/exam/sittings/rooms/{room_session_id}/stations", notice, **facts)


ROUTES = [stations_page, draw, station_out, station_back, rerun, clock_page]
