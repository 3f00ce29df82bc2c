"""The day in one reading: every room with its counts, signs of life, tablets, sheets and faults, and one copy of it per process.

All readers share the copy (:class:`Watch`): it is read again at most every two seconds and only while somebody looks, so a
hundred officers cost the database what one does. When the database does not answer, the last copy stays, marked with its age.
The statements read other folders' tables straight, one each: they only count, a thousand rooms at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.command.board import Board, board
from exam.command.rules import FaultFacts, RoomFacts, Snapshot, troubles
from exam.faults import queries as faults
from exam.faults.queries import Fault
from exam.faults.rules import KIND_LABELS, LEVEL_LABELS, Level
from exam.kernel.clock import CHINA, china_date
from exam.kernel.db import Database
from exam.kernel.errors import Unavailable
from exam.registration import queries as registration
from exam.registration.rules import Prefecture
from exam.rehearsal import queries as rehearsals
from exam.signals import queries as signals
from exam.signals.rules import Sight
from exam.sittings.rules import DONE, PRESENT, SittingStatus

READ_EVERY_SECONDS = 2.0
COUNT_EVENTS_EVERY_SECONDS = 30.0
SILENT_SECONDS = 300
SIGHT_SECONDS = 15.0
OLD_ENOUGH = 3
"""A copy older than this many times :data:`READ_EVERY_SECONDS` is not shown: whoever comes first waits for a new one."""

_ROOMS = text(
    "SELECT id, batch_id, site_id, site_code, site_name, site_name_en, prefecture_code, room_name, room_name_en, form,"
    " starts_at, ends_at, status, opened_at, (terms->>'late_limit_minutes')::int AS late_minutes FROM exam.room_sessions"
    " WHERE starts_at >= :begin AND starts_at < :end"
    " AND NOT EXISTS (SELECT FROM exam.rehearsals r WHERE r.id = batch_id) ORDER BY starts_at, site_code, room_name, id"
)
_COUNTS = text(
    "SELECT room_session_id, status, count(*) FROM exam.sittings WHERE room_session_id = ANY(:rooms) GROUP BY 1, 2"
)
_PAGES = text(
    "SELECT room_session_id, max(seen_at) FROM exam.heartbeats WHERE source = 'page' AND room_session_id = ANY(:rooms)"
    " GROUP BY 1"
)
_COMPUTERS = text(
    "SELECT h.room_session_id, count(*), count(*) FILTER (WHERE h.seen_at < :cutoff) FROM exam.heartbeats h"
    " JOIN exam.sittings s ON s.id = h.id AND s.status = 'started'"
    " WHERE h.source = 'computer' AND h.room_session_id = ANY(:rooms) GROUP BY 1"
)
_STAFF = text(
    "SELECT d.room_session_id, count(*), count(h.id) FROM exam.duties d LEFT JOIN exam.heartbeats h ON h.source = 'page'"
    " AND h.id = d.account_id AND h.room_session_id = d.room_session_id"
    " WHERE d.duty = 'invigilator' AND d.room_session_id = ANY(:rooms) GROUP BY 1"
)
_TABLETS = text(
    "SELECT g.room_session_id, t.id, t.seen_at, t.last_number FROM scoring.tablet_handouts g"
    " JOIN scoring.tablets t ON t.id = g.tablet_id"
    " WHERE g.room_session_id = ANY(:rooms) AND g.unused_reason = '' AND t.revoked_at IS NULL"
)
_EVENTS = text(
    "SELECT tablet_id, count(DISTINCT number) FROM (SELECT tablet_id, number FROM scoring.tablet_events"
    " WHERE tablet_id = ANY(:tablets) UNION ALL SELECT tablet_id, number FROM scoring.tablet_oddities"
    " WHERE tablet_id = ANY(:tablets)) AS arrived GROUP BY 1"
)
_SHEETS = text(
    "SELECT room_session_id, count(*) FROM scoring.score_sheets WHERE status = 'signed' AND room_session_id = ANY(:rooms)"
    " GROUP BY 1"
)
_CLOSED = text("SELECT DISTINCT room_session_id FROM scoring.room_closings WHERE room_session_id = ANY(:rooms)")


@dataclass
class Arrived:
    """How many events of each tablet have arrived, counted again only for those heard of since."""

    counts: dict[UUID, tuple[datetime | None, int]]
    counted_at: float = 0.0


async def read(session: AsyncSession, now: datetime, arrived: Arrived) -> Snapshot:
    """Read the day (China's calendar) that is now."""
    begin = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    found = await session.execute(_ROOMS, {"begin": begin, "end": begin + timedelta(days=1)})
    rooms: list[Mapping[str, Any]] = [row._asdict() for row in found]
    ids = {"rooms": [room["id"] for room in rooms]}
    cutoff = now - timedelta(seconds=SILENT_SECONDS)
    counts: dict[UUID, list[tuple[SittingStatus, int]]] = defaultdict(list)
    for room_id, status, count in await session.execute(_COUNTS, ids):
        counts[room_id].append((SittingStatus(status), count))
    opened = await faults.faults(session, now, only_open=True, whole=False)
    tablets = await _tablets(session, ids, cutoff, arrived)
    parts: dict[str, Mapping[UUID, Sequence[Any]]] = {
        "pages": {row[0]: row[1:] for row in await session.execute(_PAGES, ids)},
        "computers": {row[0]: row[1:] for row in await session.execute(_COMPUTERS, {**ids, "cutoff": cutoff})},
        "staff": {row[0]: row[1:] for row in await session.execute(_STAFF, ids)},
        "sheets": {row[0]: row[1:] for row in await session.execute(_SHEETS, ids)},
        "tablets": tablets,
    }
    closed = set((await session.execute(_CLOSED, ids)).scalars())
    made = tuple(
        _facts(room, counts.get(room["id"], ()), parts, room["id"] in closed, _of_room(opened, room)) for room in rooms
    )
    ready = await rehearsals.ready_sites(session, {room.site_id for room in made}, china_date(now)) if made else {}
    return Snapshot(
        at=now, rooms=made, found={room.id: tuple(troubles(room, now)) for room in made}, ready=frozenset(ready)
    )


async def _tablets(
    session: AsyncSession, ids: Mapping[str, Any], cutoff: datetime, arrived: Arrived
) -> dict[UUID, tuple[int, int, int]]:
    """Per room: tablets given out, silent ones, events that have not arrived."""
    rows = (await session.execute(_TABLETS, ids)).all()
    if rows and time.monotonic() - arrived.counted_at >= COUNT_EVENTS_EVERY_SECONDS:
        heard = {row.id: row.seen_at for row in rows}
        asked = [id for id, at in heard.items() if arrived.counts.get(id, (None, 0))[0] != at]
        found = {row[0]: row[1] for row in await session.execute(_EVENTS, {"tablets": asked})} if asked else {}
        arrived.counts = {
            id: (at, found.get(id, 0)) if id in asked else arrived.counts.get(id, (None, 0)) for id, at in heard.items()
        }
        arrived.counted_at = time.monotonic()
    found_rooms: dict[UUID, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for room_id, id, seen_at, last in rows:
        count, lost, missing = found_rooms[room_id]
        there = arrived.counts.get(id, (None, last))[1]
        found_rooms[room_id] = (count + 1, lost + (seen_at is None or seen_at < cutoff), missing + max(0, last - there))
    return found_rooms


def _of_room(opened: Sequence[Fault], room: Mapping[str, Any]) -> tuple[FaultFacts, ...]:
    return tuple(
        FaultFacts(
            id=one.id, kind=KIND_LABELS[one.kind], minutes=one.minutes, level=LEVEL_LABELS[one.level],
            high=one.level >= Level.ORGANISATION,
        )
        for one in opened
        if one.room_session_id == room["id"] or (one.room_session_id is None and one.site_id == room["site_id"])
    )  # fmt: skip


def _facts(
    room: Mapping[str, Any],
    counts: Sequence[tuple[SittingStatus, int]],
    parts: Mapping[str, Mapping[UUID, Sequence[Any]]],
    ledger_closed: bool,
    opened: tuple[FaultFacts, ...],
) -> RoomFacts:
    id = room["id"]
    computers, silent_computers = parts["computers"].get(id, (0, 0))
    tablets, silent_tablets, missing = parts["tablets"].get(id, (0, 0, 0))
    staff, seen = parts["staff"].get(id, (0, 0))
    return RoomFacts(
        **{name: value for name, value in room.items() if name != "late_minutes"},
        late_until=room["starts_at"] + timedelta(minutes=room["late_minutes"]),
        expected=sum(count for _, count in counts),
        present=sum(count for status, count in counts if status in PRESENT),
        absent=sum(count for status, count in counts if status is SittingStatus.ABSENT),
        writing=sum(count for status, count in counts if status in PRESENT - DONE),
        finished=sum(count for status, count in counts if status in PRESENT & DONE),
        invigilators=staff, invigilators_seen=seen, page_seen_at=parts["pages"].get(id, (None,))[0],
        computers=computers, computers_silent=silent_computers, tablets=tablets, tablets_silent=silent_tablets,
        events_missing=missing, ledger_closed=ledger_closed, sheets_signed=parts["sheets"].get(id, (0,))[0], faults=opened,
    )  # fmt: skip


class Watch:
    """The shared copy of one process."""

    def __init__(self, db: Database, *, every: float = READ_EVERY_SECONDS) -> None:
        self.every = every
        self._db = db
        self._lock = asyncio.Lock()
        self._last: Snapshot | None = None
        self._read_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._arrived = Arrived(counts={})
        self._boards: dict[tuple[Sight, str, UUID | None], Board] = {}
        self._prefectures: dict[str, Prefecture] = {}
        self._sights: dict[Actor, tuple[float, Sight]] = {}
        self._drawn: dict[tuple[str, ...], str] = {}

    async def latest(self, now: datetime) -> Snapshot:
        """The newest copy, read again where it is too old; the one before, marked stale, while the database is away.

        Raises Unavailable only where there never was a copy.
        """
        age = time.monotonic() - self._read_at
        if self._last is not None and self.every <= age < OLD_ENOUGH * self.every:
            if self._task is None or self._task.done():  # nobody waits while others look
                self._task = asyncio.create_task(self._renew(now))
        elif self._last is None or age >= self.every:
            await self._renew(now)
        if self._last is None:
            raise Unavailable
        return self._last

    def board(self, snapshot: Snapshot, view: Sight, prefecture: str = "", site_id: UUID | None = None) -> Board:
        """What somebody sees of a copy; everybody of one scope shares it."""
        if snapshot is not self._last:
            return board(snapshot, view, self._prefectures, prefecture, site_id)
        key = (view, prefecture, site_id)
        if key not in self._boards:
            self._boards[key] = board(snapshot, view, self._prefectures, prefecture, site_id)
        return self._boards[key]

    async def sight(self, actor: Actor, now: datetime) -> Sight:
        """What concerns a reader, asked again after some seconds: a page that renews itself asks far more often."""
        asked, view = self._sights.get(actor, (0.0, None))
        if view is None or time.monotonic() - asked >= SIGHT_SECONDS:
            async with self._db.transaction() as session:
                view = await signals.sight(session, actor, now)
            self._sights = {who: one for who, one in self._sights.items() if time.monotonic() - one[0] < SIGHT_SECONDS}
            self._sights[actor] = time.monotonic(), view
        return view

    def drawn(self, key: tuple[str, ...], draw: Callable[[], str]) -> str:
        """A part of a page that everybody of one scope shares, drawn once for a copy of the day."""
        if key not in self._drawn:
            self._drawn[key] = draw()
        return self._drawn[key]

    async def _renew(self, now: datetime) -> None:
        async with self._lock:
            if self._last is None or time.monotonic() - self._read_at >= self.every:
                await self._read(now)

    async def _read(self, now: datetime) -> None:
        self._read_at = time.monotonic()
        try:
            async with self._db.transaction() as session:
                self._last = await read(session, now, self._arrived)
                self._boards, self._drawn = {}, {}
                if not self._prefectures:
                    self._prefectures = {one.code: one for one in await registration.prefectures(session)}
        except (DBAPIError, OSError):
            if self._last is not None:
                self._last = replace(self._last, stale=True)
