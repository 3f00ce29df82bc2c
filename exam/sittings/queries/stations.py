"""Reads of a workshop: draws, stations out of order, attempts taken again, and the rotation of a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.clock import china_date
from exam.sittings.models import AttemptRow, StationDrawRow, StationStateRow
from exam.sittings.queries.places import room_session, room_sessions, sittings
from exam.sittings.rules import DONE, RoomSession, Sitting
from exam.sittings.rules.drawing import Draw


@dataclass(frozen=True)
class Outage:
    """A station out of order, and why."""

    seat_no: int
    reason: str
    by_name: str
    at: datetime


@dataclass(frozen=True)
class Attempt:
    """An attempt that was broken off by a fault and is not marked."""

    no: int
    started_at: datetime | None
    ended_at: datetime
    reason: str
    by_name: str
    second_name: str


@dataclass(frozen=True)
class Turn:
    """One round at the stations of a workshop."""

    room: RoomSession
    starts_at: datetime
    ends_at: datetime
    people: tuple[Sitting, ...]  # by station

    @property
    def waits_from(self) -> datetime:
        """Since when the candidates of this round wait."""
        return self.starts_at - timedelta(minutes=self.room.terms.entry_minutes)


@dataclass(frozen=True)
class Rotation:
    """A workshop's day as its clock shows it."""

    present: Turn | None
    next: Turn | None
    waiting: tuple[Turn, ...]  # rounds whose candidates should wait now
    changes_at: datetime | None  # when the present round ends, or the next one starts
    rest_minutes: int | None  # between the present round and the next


async def draws(session: AsyncSession, room_session_id: UUID) -> list[Draw]:
    """The draws of a session, the latest last."""
    query = select(StationDrawRow).where(StationDrawRow.room_session_id == room_session_id).order_by(StationDrawRow.no)
    return [
        Draw(row.no, row.seed, row.list_sha256, {ticket: int(seat) for ticket, seat in row.stations.items()},
             row.reason, row.by_name, row.at)
        for row in await session.scalars(query)
    ]  # fmt: skip


async def outages(session: AsyncSession, room_session_id: UUID) -> list[Outage]:
    """The stations of a session that are out of order now."""
    query = select(StationStateRow).where(StationStateRow.room_session_id == room_session_id)
    last: dict[int, StationStateRow] = {}
    for row in await session.scalars(query.order_by(StationStateRow.at, StationStateRow.id)):
        last[row.seat_no] = row
    return [Outage(seat, row.reason, row.by_name, row.at) for seat, row in sorted(last.items()) if row.out]


async def attempts(session: AsyncSession, sitting_id: UUID) -> list[Attempt]:
    """The broken-off attempts of a sitting."""
    query = select(AttemptRow).where(AttemptRow.sitting_id == sitting_id).order_by(AttemptRow.no)
    return [
        Attempt(row.no, row.started_at, row.ended_at, row.reason, row.by_name, row.second_name)
        for row in await session.scalars(query)
    ]


async def rotation(session: AsyncSession, room_session_id: UUID, now: datetime) -> Rotation:
    """Who is where now, who waits, and when it changes, over all sessions of the same room and day."""
    room = await room_session(session, room_session_id)
    day = china_date(room.starts_at)
    same = [one for one in await room_sessions(session, room_id=room.room_id) if china_date(one.starts_at) == day]
    turns: list[Turn] = []
    for one in same:
        people = await sittings(session, room_session_id=one.id)
        for window in sorted({(person.starts_at, person.ends_at) for person in people}):
            own = sorted((p for p in people if (p.starts_at, p.ends_at) == window), key=lambda p: p.seat_no)
            turns.append(Turn(one, *window, tuple(own)))
    return rotation_of(sorted(turns, key=lambda turn: (turn.starts_at, turn.room.first_seat)), now)


def rotation_of(turns: list[Turn], now: datetime) -> Rotation:
    """The rotation at one moment; without turns there is none."""
    running = [turn for turn in turns if turn.starts_at <= now and _until(turn) > now]
    ahead = [turn for turn in turns if turn.starts_at > now]
    present, following = (running[-1] if running else None), (ahead[0] if ahead else None)
    rest = None
    if present and following:
        rest = max(0, int((following.starts_at - _until(present)).total_seconds() // 60))
    return Rotation(
        present=present,
        next=following,
        waiting=tuple(turn for turn in ahead if turn.waits_from <= now),
        changes_at=_until(present) if present else following.starts_at if following else None,
        rest_minutes=rest,
    )


def _until(turn: Turn) -> datetime:
    """When a round is over: for whoever is still at work, with the time given back."""
    return max((one.until for one in turn.people if one.status not in DONE), default=turn.ends_at)
