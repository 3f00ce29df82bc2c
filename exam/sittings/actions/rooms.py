"""A room session as a whole: open it, start everybody, collect, count and close."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
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


class PaperAwaited(Conflict):
    """A session that was moved to another time needs a paper of its own (H9)."""

    message = N_("本场改了时间，要用的 %(version)s 卷还没有备好，考场不能开启。")
    way_out = N_("请联系考务管理员；命题组卷员备好试卷后即可开启。")


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
    if room.awaits_paper:
        raise PaperAwaited(version=room.awaits_paper)
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


async def paper_ready(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, component_id: UUID, version: str, now: datetime
) -> list[UUID]:
    """The paper that room sessions wait for is there: they may open. Who may say so is the caller's to ask; returns them."""
    waiting = (
        select(RoomSessionRow.id)
        .where(
            RoomSessionRow.batch_id == batch_id,
            RoomSessionRow.component_id == component_id,
            RoomSessionRow.awaits_paper == version,
        )
        .order_by(RoomSessionRow.id)
        .with_for_update()
    )
    ids = list(await session.scalars(waiting))
    if ids:
        await session.execute(update(RoomSessionRow).where(RoomSessionRow.id.in_(ids)).values(awaits_paper=""))
        await audit.record(
            session, actor, "sittings.paper_ready", subject="room_session", ids=ids, stream=f"batch:{batch_id}",
            data={"component_id": component_id, "version": version}, now=now,
        )  # fmt: skip
    return ids


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
    """Hand in for everybody whose own time is over. At computers only those who never began: the others hand in by themselves."""
    room = await lock_room(session, room_session_id, alone=False)
    await require_duty(session, actor, room, now, WORK)
    everybody = await queries.sittings(session, room_session_id=room_session_id)
    first = min((person.ends_at for person in everybody), default=room.ends_at)
    if now < first:
        raise CollectTooEarly(ends=clock_text(first))
    people = [person for person in everybody if person.until <= now]
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
