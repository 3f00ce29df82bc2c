"""Announcements and their receipts; signs of life, gathered in the process and written together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from exam.signals import queries
from exam.signals.models import AnnouncementReadRow, AnnouncementRow, HeartbeatRow
from exam.signals.rules import Beat, Reach, require_words
from exam.sittings import queries as sittings
from exam.sittings.queries import desk

WRITE_EVERY = timedelta(seconds=2)
AGAIN_AFTER = timedelta(seconds=20)


async def announce(
    session: AsyncSession, actor: Actor, *, reach: Reach, target_id: UUID, zh: str, en: str = "", now: datetime
) -> UUID:
    """Tell a room, all rooms of a site, or all rooms of a batch. Site heads for their site, officers for their batches."""
    require_words(zh, en)
    name = await _require_reach(session, actor, reach, target_id, now)
    made = AnnouncementRow(
        id=new_id(), reach=reach, target_id=target_id, target_name=name, text_zh=zh.strip(), text_en=en.strip(),
        made_by=actor.account_id, made_name=actor.name, made_at=now,
    )  # fmt: skip
    session.add(made)
    await session.flush()
    await audit.record(
        session, actor, "signals.announce", subject="announcement", ids=[made.id], stream=f"announcements:{target_id}",
        data={"reach": reach, "target": str(target_id)}, now=now,
    )  # fmt: skip
    return made.id


async def _require_reach(session: AsyncSession, actor: Actor, reach: Reach, target_id: UUID, now: datetime) -> str:
    """Forbidden unless the actor decides there; returns the target's name."""
    sight = await queries.sight(session, actor, now)
    match reach:
        case Reach.ROOM:
            room = await sittings.room_session(session, target_id)
            allowed = sight.runs(site_id=room.site_id, batch_ids=[room.batch_id])
            name = f"{room.site_name} {room.room_name}"
        case Reach.SITE:
            rooms = await sittings.room_sessions(session, site_id=target_id)
            if not rooms:
                raise NotFound
            allowed = sight.runs(site_id=target_id, batch_ids={room.batch_id for room in rooms})
            name = rooms[0].site_name
        case Reach.BATCH:
            allowed = sight.everywhere or sight.all_batches or target_id in sight.batches
            name = (await registration.batch(session, target_id)).code if allowed else ""
    if not allowed:
        raise Forbidden
    return name


async def acknowledge(
    session: AsyncSession, actor: Actor, *, announcement_id: UUID, room_session_id: UUID, now: datetime
) -> None:
    """Confirm an announcement for a room; confirming twice changes nothing."""
    room = await desk.require_readable(session, actor, room_session_id)
    if actor.account_id is None or announcement_id not in {
        one.id for one in await queries.for_room(session, room, now)
    }:
        raise NotFound
    statement = insert(cast(Table, AnnouncementReadRow.__table__)).values(
        announcement_id=announcement_id, room_session_id=room_session_id, account_id=actor.account_id,
        name=actor.name, at=now,
    )  # fmt: skip
    await session.execute(statement.on_conflict_do_nothing())


class Pulse:
    """Signs of life of one process, kept until they are written together: thousands of pages cost one statement.

    What is lost with the process is at most :data:`WRITE_EVERY` old and said again a minute later.
    """

    def __init__(self) -> None:
        self._waiting: dict[Beat, datetime] = {}
        self._noted: dict[Beat, datetime] = {}
        self._written: datetime | None = None

    def note(self, beat: Beat, now: datetime) -> bool:
        """Keep a beat; says whether it is time to write. The same one again within seconds is nothing new."""
        last = self._noted.get(beat)
        if last is None or not timedelta(0) <= now - last < AGAIN_AFTER:
            self._noted[beat] = self._waiting[beat] = now
        return bool(self._waiting) and (self._written is None or not timedelta(0) <= now - self._written < WRITE_EVERY)

    async def write(self, session: AsyncSession, now: datetime) -> int:
        """Write what waits and forget what has been silent for an hour; returns how many."""
        rows = [
            {"source": beat.source, "id": beat.id, "room_session_id": beat.room_session_id, "seen_at": at}
            for beat, at in sorted(self._waiting.items(), key=lambda one: (one[0].source, one[0].id, one[0].room_session_id))
        ]  # fmt: skip
        self._waiting, self._written = {}, now
        self._noted = {beat: at for beat, at in self._noted.items() if now - at < timedelta(hours=1)}
        if rows:
            statement = insert(cast(Table, HeartbeatRow.__table__))
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=["source", "id", "room_session_id"], set_={"seen_at": statement.excluded.seen_at}
                ),
                rows,
            )
        return len(rows)
