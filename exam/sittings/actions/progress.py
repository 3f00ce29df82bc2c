"""Work: begin, hand in, interruption with extra time recorded by two persons, and stopping (3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import N_, Invalid
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.actions.authority import WORK
from exam.sittings.actions.changes import change, to
from exam.sittings.rules import RoomSession, Sitting, SittingStatus, require_begin, require_from, require_leave

_FINISHED = frozenset({SittingStatus.SUBMITTED, SittingStatus.AUTO_SUBMITTED})
MOST_EXTRA_MINUTES = 120


class SecondPersonMissing(Invalid):
    """Extra time is recorded by two persons (3.5)."""

    message = N_("补时须由两人登记，请填写另一名工作人员的姓名。")


class ExtraTimeWrong(Invalid):
    """Extra time has a bound."""

    message = N_("补时须在 0 至 %(most)s 分钟之间。")


async def begin(session: AsyncSession, actor: Actor, *, sitting_id: UUID, now: datetime) -> Sitting:
    """Start one candidate's work; candidates may start their own at a computer."""
    return (await begin_many(session, actor, sitting_ids=[sitting_id], now=now))[0]


async def begin_many(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_ids: Sequence[UUID],
    times: Mapping[UUID, datetime] | None = None,
    now: datetime,
) -> list[Sitting]:
    """Start several by the same rule. Late arrival does not move the end."""

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any] | None:
        if sitting.status is SittingStatus.STARTED:
            return None
        require_from(sitting.status, SittingStatus.STARTED, SittingStatus.CHECKED_IN)
        at = min((times or {}).get(sitting.id, now), now)
        require_begin(sitting.starts_at, sitting.ends_at + timedelta(minutes=sitting.extra_minutes), at)
        return to(SittingStatus.STARTED, started_at=sitting.started_at or at)

    return await change(session, actor, "begin", sitting_ids, decide, now=now, kinds=WORK, own=True)


async def finish(
    session: AsyncSession, actor: Actor, *, sitting_id: UUID, auto: bool = False, now: datetime
) -> Sitting:
    """Hand in one candidate's work; `auto` when the time is up."""
    return (await finish_many(session, actor, sitting_ids=[sitting_id], auto=auto, now=now))[0]


async def finish_many(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_ids: Sequence[UUID],
    auto: bool = False,
    times: Mapping[UUID, datetime] | None = None,
    now: datetime,
) -> list[Sitting]:
    """Hand in several by the same rule: not before the earliest leave; by itself only after the end."""

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any] | None:
        if sitting.status in _FINISHED:
            return None
        at = min((times or {}).get(sitting.id, now), now)
        require_leave(sitting.starts_at, sitting.ends_at, room.terms, at)
        status = SittingStatus.AUTO_SUBMITTED if auto else SittingStatus.SUBMITTED
        return to(status, finished_at=at)

    data = {"auto": auto}
    return await change(session, actor, "finish", sitting_ids, decide, now=now, kinds=WORK, own=True, data=data)


async def interrupt(session: AsyncSession, actor: Actor, *, sitting_id: UUID, reason: str, now: datetime) -> Sitting:
    """Record a fault that keeps the candidate from working."""
    if not reason.strip():
        raise ReasonMissing

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any]:
        return to(SittingStatus.INTERRUPTED, reason=reason)

    data = {"reason": reason}
    return (await change(session, actor, "interrupt", [sitting_id], decide, now=now, kinds=WORK, data=data))[0]


async def resume(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_id: UUID,
    extra_minutes: int,
    second_person: str,
    reason: str,
    now: datetime,
) -> Sitting:
    """Let the candidate go on, with extra time that two persons stand for."""
    if not reason.strip():
        raise ReasonMissing
    if not second_person.strip() or second_person.strip() == actor.name:
        raise SecondPersonMissing
    if not 0 <= extra_minutes <= MOST_EXTRA_MINUTES:
        raise ExtraTimeWrong(most=MOST_EXTRA_MINUTES)

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any]:
        require_from(sitting.status, SittingStatus.STARTED, SittingStatus.INTERRUPTED)
        extra = sitting.extra_minutes + extra_minutes
        return to(SittingStatus.STARTED, extra_minutes=extra, reason=f"{reason}（{actor.name}、{second_person}）")

    data = {"extra_minutes": extra_minutes, "reason": reason, "two_persons": True}
    return (await change(session, actor, "resume", [sitting_id], decide, now=now, data=data))[0]


async def stop(session: AsyncSession, actor: Actor, *, sitting_id: UUID, reason: str, now: datetime) -> Sitting:
    """End a candidate's work for safety or discipline."""
    if not reason.strip():
        raise ReasonMissing

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any]:
        return to(SittingStatus.STOPPED, finished_at=now, reason=reason)

    return (await change(session, actor, "stop", [sitting_id], decide, now=now, kinds=WORK, data={"reason": reason}))[0]
