"""Time given back to several candidates at once: their own ends move, and with them the room's.

Who may do so, and who the second person is, is decided by the folder that keeps the reason (`exam.faults`); here lie the
bounds, the clashes and the write. Marks are never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict, Problem
from exam.sittings.actions.authority import lock_room, lock_sittings
from exam.sittings.actions.changes import room_stream
from exam.sittings.actions.progress import MOST_EXTRA_MINUTES, ExtraTimeWrong
from exam.sittings.models import RoomSessionRow, SittingRow
from exam.sittings.queries.clashes import Clash, clashes
from exam.sittings.rules import DONE, RoomSession, RoomStatus, Sitting, clock_text

_CLASHES = {
    "room": N_("%(room)s 的下一场 %(starts)s 开始，补时要到 %(until)s。"),
    "candidate": N_("考生 %(who)s 下一场在 %(room)s，%(starts)s 开始，补时要到 %(until)s。"),
    "staff": N_("%(who)s 随后在 %(room)s 有职责，%(starts)s 开始，请另派人。"),
}


class ClashAhead(Conflict):
    """A longer session runs into the next one: said before anything is written."""

    message = N_("补时会与后面的场次冲突，没有保存任何更改。")
    way_out = N_("请减少分钟数，或先把后面的场次改到别的时间、别的考场。")


class NobodyLeft(Conflict):
    """Everybody has handed in: there is no time left to give back."""

    message = N_("这里已经没有尚未交卷的考生，不能补时。")
    way_out = N_("已交卷的考生受影响时，请作为特殊情况报考务管理员。")


def clash_problem(clash: Clash) -> Problem:
    """The words of one clash."""
    facts = {
        "room": clash.room,
        "who": clash.who,
        "starts": clock_text(clash.starts_at),
        "until": clock_text(clash.until),
    }
    return Problem(message=_CLASHES[clash.kind], facts=facts, field="minutes", code=f"clash_{clash.kind}")


async def extend(
    session: AsyncSession,
    actor: Actor,
    *,
    minutes: int,
    sitting_ids: Sequence[UUID] = (),
    room_session_ids: Sequence[UUID] = (),
    reason: str,
    now: datetime,
) -> list[Sitting]:
    """Give `minutes` more to these sittings and to everybody in these rooms who has not handed in.

    Rooms given whole end later, too. Raises ExtraTimeWrong, NobodyLeft, ClashAhead; a closed room is left alone.
    """
    if not 1 <= minutes <= MOST_EXTRA_MINUTES:
        raise ExtraTimeWrong(most=MOST_EXTRA_MINUTES)
    rooms, people = await _held(session, sitting_ids, room_session_ids)
    if not people:
        raise NobodyLeft
    longer = timedelta(minutes=minutes)
    until = {one.id: one.until + longer for one in people}
    in_the_way = await clashes(session, until, [room.id for room in rooms if room.id in set(room_session_ids)])
    if any(clash.refuses for clash in in_the_way):
        raise ClashAhead(problems=[clash_problem(clash) for clash in in_the_way])
    await session.execute(
        update(SittingRow)
        .where(SittingRow.id.in_(list(until)))
        .values(extra_minutes=SittingRow.extra_minutes + minutes, reason=reason)
    )
    for room in rooms:
        here = [one for one in people if one.room_session_id == room.id]
        if here:
            await _write_room(session, actor, room, here, until, minutes, room.id in set(room_session_ids), reason, now)
    return people


async def _held(
    session: AsyncSession, sitting_ids: Sequence[UUID], room_session_ids: Sequence[UUID]
) -> tuple[list[RoomSession], list[Sitting]]:
    """Lock the rooms, then whoever has not handed in: the order of opening and closing."""
    of_people = select(SittingRow.room_session_id).where(SittingRow.id.in_(list(sitting_ids))).distinct()
    ids = sorted({*room_session_ids, *await session.scalars(of_people)})
    rooms = [
        room
        for room in [await lock_room(session, one, alone=True) for one in ids]
        if room.status is not RoomStatus.CLOSED
    ]
    open_ids = [room.id for room in rooms]
    query = select(SittingRow.id).where(
        SittingRow.room_session_id.in_(open_ids),
        SittingRow.id.in_(list(sitting_ids)) | SittingRow.room_session_id.in_(list(room_session_ids)),
    )
    wanted = list(await session.scalars(query))
    return rooms, [one for one in await lock_sittings(session, wanted) if one.status not in DONE]


async def _write_room(
    session: AsyncSession,
    actor: Actor,
    room: RoomSession,
    here: Sequence[Sitting],
    until: dict[UUID, datetime],
    minutes: int,
    whole: bool,
    reason: str,
    now: datetime,
) -> None:
    if whole:
        last = max(until[one.id] for one in here)
        await session.execute(
            update(RoomSessionRow)
            .where(RoomSessionRow.id == room.id)
            .values(ends_at=func.greatest(RoomSessionRow.ends_at, last))
        )
    await audit.record(
        session, actor, "sittings.extend", subject="sitting", ids=[one.id for one in here], stream=room_stream(room.id),
        data={"extra_minutes": minutes, "whole_room": whole, "reason": reason}, now=now,
    )  # fmt: skip
