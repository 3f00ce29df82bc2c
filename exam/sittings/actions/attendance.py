"""The door: identity seen, late arrival, absence, corrections of a mistaken tap, and leaving (3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.sittings.actions.authority import heads
from exam.sittings.actions.changes import change, to
from exam.sittings.rules import DONE, RoomSession, Sitting, SittingStatus, entry, require_absence, require_from

METHODS = ("ticket", "number", "name", "correction")
_HERE = frozenset({SittingStatus.CHECKED_IN, SittingStatus.STARTED})


class NotLate(Conflict):
    """Admitting somebody late needs somebody late."""

    message = N_("还没有开考，请按正常入场登记。")


class ReasonMissing(Invalid):
    """A step that is recorded with its reason needs one."""

    message = N_("请写明原因。")


class NotFinished(Conflict):
    """One leaves after handing in or being stopped."""

    message = N_("考生尚未交卷，不能登记离场。")


class HeadNeeded(Forbidden):
    """An absence is taken back by the site head only."""

    message = N_("缺考登记只能由主考更正。")
    way_out = N_("请联系主考。")


async def check_in(
    session: AsyncSession, actor: Actor, *, sitting_id: UUID, method: str = "ticket", now: datetime
) -> Sitting:
    """Record that the candidate's identity was seen at the door. Doing it twice changes nothing."""
    return (await check_in_many(session, actor, sitting_ids=[sitting_id], method=method, now=now))[0]


async def check_in_many(
    session: AsyncSession,
    actor: Actor,
    *,
    sitting_ids: Sequence[UUID],
    method: str = "ticket",
    times: Mapping[UUID, datetime] | None = None,
    now: datetime,
) -> list[Sitting]:
    """Check in several candidates by the same rule. `times`: when each was seen, where a list is entered afterwards."""
    if method not in METHODS:
        raise Invalid

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any] | None:
        if sitting.status in _HERE:
            return None
        require_from(sitting.status, SittingStatus.CHECKED_IN, SittingStatus.SCHEDULED)
        seen_at = min((times or {}).get(sitting.id, now), now)
        late = entry(sitting.starts_at, room.terms, seen_at)
        return to(SittingStatus.CHECKED_IN, checked_in_at=seen_at, check_in_method=method, late_minutes=late)

    return await change(session, actor, "check_in", sitting_ids, decide, now=now, data={"method": method})


async def admit_late(
    session: AsyncSession, actor: Actor, *, sitting_id: UUID, reason: str = "", now: datetime
) -> Sitting:
    """Let a candidate in after the start and inside the late limit; the minutes late are kept, the end stays."""

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any] | None:
        if sitting.status in _HERE:
            return None
        require_from(sitting.status, SittingStatus.CHECKED_IN, SittingStatus.SCHEDULED)
        late = entry(sitting.starts_at, room.terms, now)
        if not late:
            raise NotLate
        values = {"checked_in_at": now, "check_in_method": "number", "late_minutes": late, "reason": reason or None}
        return to(SittingStatus.CHECKED_IN, **values)

    return (await change(session, actor, "admit_late", [sitting_id], decide, now=now, data={"reason": reason}))[0]


async def mark_absent(session: AsyncSession, actor: Actor, *, sitting_id: UUID, now: datetime) -> Sitting:
    """Record an absence, once the candidate can no longer come in."""
    return (await mark_absent_many(session, actor, sitting_ids=[sitting_id], now=now))[0]


async def mark_absent_many(
    session: AsyncSession, actor: Actor, *, sitting_ids: Sequence[UUID], now: datetime
) -> list[Sitting]:
    """Record several absences by the same rule."""

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any] | None:
        if sitting.status is SittingStatus.ABSENT:
            return None
        require_absence(sitting.starts_at, room.terms, now)
        return to(SittingStatus.ABSENT, absent_at=now)

    return await change(session, actor, "mark_absent", sitting_ids, decide, now=now)


async def correct(session: AsyncSession, actor: Actor, *, sitting_id: UUID, reason: str, now: datetime) -> Sitting:
    """Take back a mistaken tap: a check-in becomes open again; an absence becomes present (site head only)."""
    if not reason.strip():
        raise ReasonMissing

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any]:
        if sitting.status is SittingStatus.ABSENT:
            if not heads(actor, room, now):
                raise HeadNeeded
            return to(SittingStatus.CHECKED_IN, absent_at=None, checked_in_at=now, check_in_method="correction",
                      late_minutes=0, reason=reason)  # fmt: skip
        return to(SittingStatus.SCHEDULED, checked_in_at=None, check_in_method=None, late_minutes=0, reason=reason)

    return (await change(session, actor, "correct", [sitting_id], decide, now=now, data={"reason": reason}))[0]


async def leave(session: AsyncSession, actor: Actor, *, sitting_id: UUID, now: datetime) -> Sitting:
    """Record when a candidate left the room."""

    def decide(sitting: Sitting, room: RoomSession) -> dict[str, Any] | None:
        if sitting.status not in DONE or sitting.status is SittingStatus.ABSENT:
            raise NotFinished
        return None if sitting.left_at else {"left_at": now}

    return (await change(session, actor, "leave", [sitting_id], decide, now=now))[0]
