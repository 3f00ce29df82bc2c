"""What stands in the way of more time: the room's next session, a candidate's next exam, and who is expected elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from exam.sittings.models import DutyRow, RoomSessionRow, SittingRow
from exam.sittings.rules import DONE, Duty


@dataclass(frozen=True)
class Clash:
    """One thing that begins before the longer time would be over."""

    kind: str  # room, candidate, staff
    who: str  # ticket number or name; empty for a room
    room: str
    starts_at: datetime
    until: datetime  # when the longer time would end

    @property
    def refuses(self) -> bool:
        """A room and a candidate cannot be in two exams; of the staff somebody else may go."""
        return self.kind != "staff"


async def clashes(session: AsyncSession, until: dict[UUID, datetime], rooms: Sequence[UUID]) -> list[Clash]:
    """Find what begins too early, by time: `until` says when each sitting (by id) would end; `rooms` are those held longer.

    Empty input clashes with nothing.
    """
    found = [*await _people(session, until), *await _rooms(session, until, rooms)]
    return sorted(found, key=lambda one: (one.starts_at, one.kind, one.room, one.who))


async def _people(session: AsyncSession, until: dict[UUID, datetime]) -> list[Clash]:
    own, other = aliased(SittingRow), aliased(SittingRow)
    query = (
        select(own.id, own.ticket_no, other.starts_at, RoomSessionRow.room_name)
        .join(other, (other.person_id == own.person_id) & (other.id != own.id) & (other.starts_at >= own.ends_at))
        .join(RoomSessionRow, RoomSessionRow.id == other.room_session_id)
        .where(own.id.in_(list(until)), other.status.not_in(list(DONE)))
    )
    return [
        Clash("candidate", row.ticket_no, row.room_name, row.starts_at, until[row.id])
        for row in await session.execute(query)
        if row.starts_at < until[row.id]
    ]


async def _rooms(session: AsyncSession, until: dict[UUID, datetime], rooms: Sequence[UUID]) -> list[Clash]:
    query = (
        select(SittingRow.room_session_id, SittingRow.id)
        .where(SittingRow.id.in_(list(until)), SittingRow.room_session_id.in_(list(rooms)))
    )  # fmt: skip
    ends: dict[UUID, datetime] = {}
    for room_id, sitting_id in await session.execute(query):
        ends[room_id] = max(ends.get(room_id, until[sitting_id]), until[sitting_id])
    found = []
    for own in await session.scalars(select(RoomSessionRow).where(RoomSessionRow.id.in_(list(ends)))):
        following = select(RoomSessionRow).where(
            RoomSessionRow.room_id == own.room_id,
            RoomSessionRow.id != own.id,
            RoomSessionRow.starts_at >= own.ends_at,
            RoomSessionRow.starts_at < ends[own.id],
            RoomSessionRow.first_seat < own.first_seat + own.seats_count,
            RoomSessionRow.first_seat + RoomSessionRow.seats_count > own.first_seat,
        )
        found += [
            Clash("room", "", one.room_name, one.starts_at, ends[own.id]) for one in await session.scalars(following)
        ]
        found += await _staff(session, own, ends[own.id])
    return found


async def _staff(session: AsyncSession, own: RoomSessionRow, until: datetime) -> list[Clash]:
    here = select(DutyRow.account_id).where(DutyRow.room_session_id == own.id, DutyRow.duty != Duty.SITE_HEAD)
    query = (
        select(DutyRow.name, DutyRow.starts_at, RoomSessionRow.room_name)
        .join(RoomSessionRow, RoomSessionRow.id == DutyRow.room_session_id)
        .where(
            DutyRow.account_id.in_(here),
            DutyRow.room_session_id != own.id,
            DutyRow.duty != Duty.SITE_HEAD,
            DutyRow.starts_at >= own.ends_at,
            DutyRow.starts_at < until,
        )
        .distinct()
    )
    return [Clash("staff", name, room, starts_at, until) for name, starts_at, room in await session.execute(query)]
