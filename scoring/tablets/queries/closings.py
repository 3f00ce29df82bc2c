"""Reads of closed sessions: with what they were closed, and what has arrived since."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from scoring.marking.queries import ScoreSheet
from scoring.tablets.models import RoomClosingRow, TabletEventRow
from scoring.tablets.queries.chains import events
from scoring.tablets.queries.ledgers import kept_photos
from scoring.tablets.rules.events import Kind
from scoring.tablets.rules.ledger import Gap, read_gap


@dataclass(frozen=True, kw_only=True)
class Closing:
    """How a session was closed."""

    id: UUID
    room_session_id: UUID
    gaps: tuple[Gap, ...]
    ledger_sha256: str
    events_expected: int
    events_confirmed: int
    sheets_expected: int
    sheets_signed: int
    reason: str
    closed_name: str
    closed_at: datetime


async def closings(session: AsyncSession, room_session_ids: Collection[UUID]) -> dict[UUID, Closing]:
    """Of these sessions the closed ones."""
    query = select(RoomClosingRow).where(RoomClosingRow.room_session_id.in_(list(room_session_ids)))
    return {
        row.room_session_id: Closing(
            id=row.id, room_session_id=row.room_session_id, gaps=tuple(read_gap(one) for one in row.gaps),
            ledger_sha256=row.ledger_sha256, events_expected=row.events_expected, events_confirmed=row.events_confirmed,
            sheets_expected=row.sheets_expected, sheets_signed=row.sheets_signed, reason=row.reason,
            closed_name=row.closed_name, closed_at=row.closed_at,
        )
        for row in await session.scalars(query)
    }  # fmt: skip


async def later_events(session: AsyncSession, closing: Closing) -> dict[UUID, int]:
    """By tablet how many events of a session came after it was closed."""
    query = (
        select(TabletEventRow.tablet_id, func.count())
        .where(
            TabletEventRow.room_session_id == closing.room_session_id, TabletEventRow.received_at > closing.closed_at
        )
        .group_by(TabletEventRow.tablet_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photo that an assessor's events speak of."""

    sha256: str
    row: str
    kept: bool  # it arrived


async def sheet_photos(session: AsyncSession, sheet: ScoreSheet) -> list[Photo]:
    """The photos of one assessor's sheet of a candidate, in the order they were spoken of; every version's."""
    found: dict[str, str] = {}
    for one in await events(session, sitting_ids=[sheet.sitting_id]):
        if one.kind is Kind.EVIDENCE and one.sheet.assessor_id == sheet.assessor_id:
            found.setdefault(one.data["sha256"], one.data["row"])
    here = await kept_photos(session, found)
    return [Photo(sha256=sha256, row=row, kept=sha256 in here) for sha256, row in found.items()]
