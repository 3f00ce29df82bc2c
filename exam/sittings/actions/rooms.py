"""A room session as a whole: open it, start everybody, collect, count and close."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict
from exam.sittings import queries
from exam.sittings.actions.authority import WORK, lock_room, require_duty
from exam.sittings.actions.changes import room_stream
from exam.sittings.actions.progress import begin_many, finish_many
from exam.sittings.models import RoomSessionRow
from exam.sittings.rules import (
    Headcount,
    RoomSession,
    RoomStatus,
    Sitting,
    SittingStatus,
    clock_text,
    headcount,
    require_close,
    require_room_change,
)

COMPUTER = "computer"


class RoomTooEarly(Conflict):
    """A room opens when its door does."""

    message = N_("考场 %(opens)s 起可以开启。")
    way_out = N_("请届时再操作。")


class BeginsItself(Conflict):
    """At computers each candidate starts alone."""

    message = N_("机考由考生在自己的机位上开始，不需要统一开考。")


class CollectTooEarly(Conflict):
    """A room is collected at the end; earlier, each candidate hands in alone."""

    message = N_("%(ends)s 以前不能统一收卷。")
    way_out = N_("提前交卷的考生请逐个登记。")


async def open_room(session: AsyncSession, actor: Actor, *, room_session_id: UUID, now: datetime) -> RoomSession:
    """Open a room for its candidates. Opening an open room changes nothing."""
    room = await lock_room(session, room_session_id, alone=True)
    await require_duty(session, actor, room, now)
    if room.status is RoomStatus.OPEN:
        return room
    require_room_change(room.status, RoomStatus.OPEN)
    opens = room.starts_at - timedelta(minutes=room.terms.entry_minutes)
    if now < opens:
        raise RoomTooEarly(opens=clock_text(opens))
    await session.execute(
        update(RoomSessionRow).where(RoomSessionRow.id == room.id).values(status=RoomStatus.OPEN, opened_at=now)
    )
    await audit.record(
        session, actor, "sittings.open_room", subject="room_session", ids=[room.id],
        stream=room_stream(room.id), now=now,
    )  # fmt: skip
    return await queries.room_session(session, room.id)


async def begin_room(session: AsyncSession, actor: Actor, *, room_session_id: UUID, now: datetime) -> list[Sitting]:
    """Start everybody who has checked in (paper and practical rooms)."""
    room = await lock_room(session, room_session_id, alone=False)
    if room.form == COMPUTER:
        raise BeginsItself
    await require_duty(session, actor, room, now, WORK)
    people = await queries.sittings(session, room_session_id=room_session_id)
    ready = [person.id for person in people if person.status is SittingStatus.CHECKED_IN]
    return await begin_many(session, actor, sitting_ids=ready, now=now)


async def collect(session: AsyncSession, actor: Actor, *, room_session_id: UUID, now: datetime) -> list[Sitting]:
    """Hand in for everybody at the end. At computers only those who never began: the others hand in by themselves."""
    room = await lock_room(session, room_session_id, alone=False)
    await require_duty(session, actor, room, now, WORK)
    if now < room.ends_at:
        raise CollectTooEarly(ends=clock_text(room.ends_at))
    people = await queries.sittings(session, room_session_id=room_session_id)
    started = [person.id for person in people if person.status is SittingStatus.STARTED]
    unfinished = [p.id for p in people if p.status in (SittingStatus.CHECKED_IN, SittingStatus.INTERRUPTED)]
    if room.form == COMPUTER:
        idle = [p.id for p in people if p.status is SittingStatus.CHECKED_IN]
        return await finish_many(session, actor, sitting_ids=idle, auto=True, now=now)
    return [
        *await finish_many(session, actor, sitting_ids=started, now=now),
        *await finish_many(session, actor, sitting_ids=unfinished, auto=True, now=now),
    ]


async def close_room(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, note: str = "", now: datetime
) -> Headcount:
    """Count and close a room: expected = present + absent, nobody undecided, nobody writing."""
    room = await lock_room(session, room_session_id, alone=True)
    await require_duty(session, actor, room, now)
    require_room_change(room.status, RoomStatus.CLOSED)
    people = await queries.sittings(session, room_session_id=room_session_id)
    count = headcount(person.status for person in people)
    require_close(count)
    await session.execute(
        update(RoomSessionRow)
        .where(RoomSessionRow.id == room.id)
        .values(status=RoomStatus.CLOSED, closed_at=now, expected=count.expected, present=count.present,
                absent=count.absent, note=note or None)
    )  # fmt: skip
    await audit.record(
        session, actor, "sittings.close_room", subject="room_session", ids=[room.id], stream=room_stream(room.id),
        data={"expected": count.expected, "present": count.present, "absent": count.absent}, now=now,
    )  # fmt: skip
    return count
