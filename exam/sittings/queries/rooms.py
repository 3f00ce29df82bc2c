"""One room as its invigilator sees it, read at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.sittings.queries.incidents import Incident, incidents
from exam.sittings.queries.minutes import step_records
from exam.sittings.queries.places import duties, moves, room_session, sittings
from exam.sittings.queries.stations import Outage, outages
from exam.sittings.rules import (
    DONE,
    PRESENT,
    DutySpec,
    Headcount,
    Move,
    RoomSession,
    Sitting,
    SittingStatus,
    Step,
    headcount,
    next_step,
)
from exam.sittings.rules.minutes import MinuteLine, lines, next_line, upcoming


@dataclass(frozen=True)
class RoomView:
    """One room as its invigilator sees it."""

    room: RoomSession
    sittings: tuple[Sitting, ...]  # by seat
    count: Headcount
    step: Step
    moves: tuple[Move, ...]
    incidents: tuple[Incident, ...]
    duties: tuple[DutySpec, ...]
    due: int = 0  # still writing though their own time is over
    plan: tuple[MinuteLine, ...] = ()  # the minute plan as it stands
    next: MinuteLine | None = None  # the one thing to do now
    upcoming: MinuteLine | None = None  # the next step whose time has not come
    outages: tuple[Outage, ...] = ()  # stations out of order

    @property
    def late(self) -> tuple[Sitting, ...]:
        """Who came after the start."""
        return tuple(sitting for sitting in self.sittings if sitting.late_minutes)

    @property
    def missing(self) -> tuple[Sitting, ...]:
        """Who is neither here nor absent yet."""
        return tuple(sitting for sitting in self.sittings if sitting.status is SittingStatus.SCHEDULED)


async def room_view(session: AsyncSession, room_session_id: UUID, now: datetime) -> RoomView:
    """Everything the room's page shows, read at one moment."""
    room = await room_session(session, room_session_id)
    people = await sittings(session, room_session_id=room_session_id)
    count = headcount(person.status for person in people)
    not_started = sum(person.status is SittingStatus.CHECKED_IN for person in people)
    due = sum(person.status in PRESENT - DONE and person.until <= now for person in people)
    step = next_step(room, count, not_started, now, due)
    plan = lines(room, count, not_started, await step_records(session, room_session_id), now)
    return RoomView(
        room=room,
        sittings=tuple(people),
        count=count,
        step=step,
        moves=tuple(await moves(session, room_session_id=room_session_id)),
        incidents=tuple(await incidents(session, room_session_id=room_session_id)),
        duties=tuple(await duties(session, room_session_id=room_session_id)),
        due=due,
        plan=plan,
        next=next_line(plan, step, due),
        upcoming=upcoming(plan, now),
        outages=tuple(await outages(session, room_session_id)),
    )
