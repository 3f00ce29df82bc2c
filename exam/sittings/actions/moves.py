"""The only way a published place changes: another seat or room, with its reason. The database decides who was first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.kernel.ids import new_id
from exam.registration.rules import Measures
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.actions.authority import heads, lock_room, lock_sittings, require_duty, require_officer
from exam.sittings.actions.changes import room_stream
from exam.sittings.models import MoveRow, SittingRow
from exam.sittings.queries import sitting as sitting_of
from exam.sittings.queries.stations import outages
from exam.sittings.rules import PRESENT, RoomSession, RoomStatus, Sitting, SittingStatus
from exam.sittings.rules.drawing import StationOut

_MOVABLE = frozenset(
    {SittingStatus.SCHEDULED, SittingStatus.CHECKED_IN, SittingStatus.STARTED, SittingStatus.INTERRUPTED}
)


class SeatTaken(Conflict):
    """Two people cannot have one seat; whoever was first has it."""

    message = N_("%(room)s 的 %(seat)s 号座位已有人。")
    way_out = N_("请另选一个空座位。")


class TimeTaken(Conflict):
    """The candidate has another exam at the time of the new room."""

    message = N_("考生在该场次的时间内另有考试。")
    way_out = N_("请选择另一个场次。")


class NoSuchSeat(Invalid):
    """A session has seats of its own in the room."""

    message = N_("%(room)s 没有 %(seat)s 号座位。")
    way_out = N_("请选择 %(least)s 至 %(most)s 号。")


class NotMovable(Conflict):
    """Who has handed in, is absent or was stopped keeps the place."""

    message = N_("该考生已交卷、缺考或终止，不能再调整座位。")


class HeadNeeded(Forbidden):
    """Another room is the site head's or the officer's matter."""

    message = N_("调整到其他考场须由主考或考务管理员办理。")
    way_out = N_("请联系主考。")


class OtherPart(Conflict):
    """A move stays within the component and the batch."""

    message = N_("只能调整到同一批次、同一科目且未关闭的场次；考生已入场的，目标考场须已开启。")
    way_out = N_("请选择其他场次。")


class ExtraTimeLost(Conflict):
    """The other room ends too early for who is granted extra time."""

    message = N_("考生有 %(minutes)s 分钟延长时间，%(room)s 的场次结束得太早。")
    way_out = N_("请选择结束不早于该考生时间的场次。")


class OwnRoomLost(Conflict):
    """Somebody would not be alone any more."""

    message = N_("有考生须单独使用考场，%(room)s 不能安排两人。")
    way_out = N_("请选择另一个考场。")


async def move(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_id: UUID,
    seat_no: int,
    reason: str,
    room_session_id: UUID | None = None,
    now: datetime,
) -> Sitting:
    """Give a candidate another seat: an invigilator inside the own room, a site head or officer also another room."""
    if not reason.strip():
        raise ReasonMissing
    before = await sitting_of(session, sitting_id)
    target_id = room_session_id or before.room_session_id
    rooms = {room_id: await lock_room(session, room_id, alone=False)
             for room_id in sorted({before.room_session_id, target_id})}  # fmt: skip
    [sitting] = await lock_sittings(session, [sitting_id])
    source, target = rooms[before.room_session_id], rooms[target_id]
    await _require_right(session, actor, source, target, now)
    _require_place(sitting, source, target, seat_no)
    await _require_measures(session, sitting, source, target)
    if (target.id, seat_no) == (sitting.room_session_id, sitting.seat_no):
        return sitting
    if seat_no in {one.seat_no for one in await outages(session, target.id)}:
        raise StationOut(seat=seat_no)
    paper = await _paper_of(session, target) if target.starts_at != source.starts_at else None
    moved = _moved(sitting, source, target, seat_no, reason, paper or sitting.paper_version)
    await _write(session, moved, target)
    session.add(_row(actor, sitting, moved, reason, now))
    await audit.record(
        session, actor, "sittings.move", subject="sitting", ids=[sitting_id], stream=room_stream(target.id), now=now,
        data={"from": [sitting.room_session_id, sitting.seat_no], "to": [target.id, seat_no], "reason": reason},
    )  # fmt: skip
    return moved


async def _require_right(
    session: AsyncSession, actor: Actor, source: RoomSession, target: RoomSession, now: datetime
) -> None:
    if actor.may(Permission.PLAN_MANAGE):
        await require_officer(session, actor, Permission.PLAN_MANAGE, source.batch_id)
        return
    if source.id != target.id and not (heads(actor, source, now) and heads(actor, target, now)):
        raise HeadNeeded
    await require_duty(session, actor, source, now)


def _require_place(sitting: Sitting, source: RoomSession, target: RoomSession, seat_no: int) -> None:
    if sitting.status not in _MOVABLE:
        raise NotMovable
    elsewhere = (target.batch_id, target.component_id) != (source.batch_id, source.component_id)
    unready = sitting.status in PRESENT and target.status is not RoomStatus.OPEN
    if elsewhere or unready or target.status is RoomStatus.CLOSED:
        raise OtherPart
    if seat_no not in target.seat_numbers:
        first, last = target.seat_numbers[0], target.seat_numbers[-1]
        raise NoSuchSeat(room=target.room_name, seat=seat_no, least=first, most=last)


async def _require_measures(session: AsyncSession, sitting: Sitting, source: RoomSession, target: RoomSession) -> None:
    """What is granted to anybody holds in the other room too (H16)."""
    if source.id == target.id:
        return
    if sitting.granted_minutes and sitting.ends_at + (target.starts_at - source.starts_at) > target.ends_at:
        raise ExtraTimeLost(room=target.room_name, minutes=sitting.granted_minutes)
    there = (await session.scalars(select(SittingRow.measures).where(SittingRow.room_session_id == target.id))).all()
    alone = any(Measures.parse(measures).own_room for measures in there)
    if alone or (sitting.needs.own_room and there):
        raise OwnRoomLost(room=target.room_name)


async def _paper_of(session: AsyncSession, room: RoomSession) -> str | None:
    """The paper of whoever sits there: at another time another paper is used (H9); None where nobody sits."""
    query = select(SittingRow.paper_version).where(SittingRow.room_session_id == room.id)
    return await session.scalar(query.order_by(SittingRow.seat_no).limit(1))


def _moved(
    sitting: Sitting, source: RoomSession, target: RoomSession, seat_no: int, reason: str, paper_version: str
) -> Sitting:
    """The sitting at its new place: in another session it keeps its distance from the session's start."""
    shift = target.starts_at - source.starts_at
    return replace(
        sitting,
        room_session_id=target.id,
        seat_no=seat_no,
        starts_at=sitting.starts_at + shift,
        ends_at=min(sitting.ends_at + shift, target.ends_at),
        moves_count=sitting.moves_count + 1,
        paper_version=paper_version,
        reason=reason,
    )


async def _write(session: AsyncSession, moved: Sitting, target: RoomSession) -> None:
    names = ("room_session_id", "seat_no", "starts_at", "ends_at", "moves_count", "paper_version", "reason")
    try:
        async with session.begin_nested():
            await session.execute(
                update(SittingRow).where(SittingRow.id == moved.id).values({n: getattr(moved, n) for n in names})
            )
    except IntegrityError as error:
        if "uq_sittings_room_session_id_seat_no" in str(error.orig):
            raise SeatTaken(room=target.room_name, seat=moved.seat_no) from error
        if "ex_sittings_person" in str(error.orig):
            raise TimeTaken from error
        raise


def _row(actor: Actor, before: Sitting, after: Sitting, reason: str, now: datetime) -> MoveRow:
    return MoveRow(
        id=new_id(),
        sitting_id=before.id,
        from_room_session_id=before.room_session_id,
        from_seat_no=before.seat_no,
        to_room_session_id=after.room_session_id,
        to_seat_no=after.seat_no,
        reason=reason,
        by_account_id=actor.account_id,
        by_name=actor.name,
        at=now,
    )
