"""Duties of a period with the rooms they were in: what hours of duty are counted from."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.sittings.models import DutyRow
from exam.sittings.queries.places import room_sessions
from exam.sittings.rules import Duty, DutySpec, RoomSession


async def duties_between(
    session: AsyncSession, begin: datetime, end: datetime, account_ids: Collection[UUID] | None = None
) -> list[tuple[DutySpec, RoomSession]]:
    """Duties that start in [begin, end), of everybody or of some, by time and name."""
    query = select(DutyRow).where(DutyRow.starts_at >= begin, DutyRow.starts_at < end)
    if account_ids is not None:
        query = query.where(DutyRow.account_id.in_(list(account_ids)))
    rows = list(await session.scalars(query.order_by(DutyRow.starts_at, DutyRow.name, DutyRow.duty, DutyRow.id)))
    rooms = {room.id: room for room in await room_sessions(session, ids={row.room_session_id for row in rows})}
    return [
        (
            DutySpec(row.id, row.room_session_id, row.account_id, row.name, Duty(row.duty), row.starts_at, row.ends_at),
            rooms[row.room_session_id],
        )
        for row in rows
    ]
