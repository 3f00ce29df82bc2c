"""Sessions whose marks wait: while more may come (a tablet is out, its events have not all arrived), nothing is verified.

Whoever hands tablets out holds the session; whoever closes its ledger lets it go (scoring.tablets).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from scoring.marking.models import RoomHoldRow


async def hold_rooms(session: AsyncSession, room_session_ids: Collection[UUID], now: datetime) -> None:
    """Let the marks of these sessions wait. Holding twice is once; a session that was let go is not held again."""
    for id in sorted(room_session_ids, key=str):
        held = insert(RoomHoldRow).values(room_session_id=id, held_at=now, released_at=None)
        await session.execute(held.on_conflict_do_nothing())


async def release_room(session: AsyncSession, room_session_id: UUID, now: datetime) -> None:
    """Let the marks of a session go on."""
    query = update(RoomHoldRow).where(RoomHoldRow.room_session_id == room_session_id, RoomHoldRow.released_at.is_(None))
    await session.execute(query.values(released_at=now))


async def drop_hold(session: AsyncSession, room_session_id: UUID) -> None:
    """Forget that a session's marks wait: nothing that could come is left. It may be held again."""
    query = delete(RoomHoldRow).where(RoomHoldRow.room_session_id == room_session_id, RoomHoldRow.released_at.is_(None))
    await session.execute(query)
