"""Reads of events: what came of each device's chain, and the state of sheets that it comes to."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from scoring.tablets.models import TabletEventRow, TabletOddityRow
from scoring.tablets.rules.events import Event, Kind, SheetKey
from scoring.tablets.rules.folding import SheetState, fold


async def stored_hashes(session: AsyncSession, tablet_id: UUID, numbers: Collection[int]) -> frozenset[str]:
    """The hashes of what came under these numbers, kept aside or not."""
    if not numbers:
        return frozenset()
    taken = select(TabletEventRow.hash).where(TabletEventRow.tablet_id == tablet_id, TabletEventRow.number.in_(numbers))
    aside = select(TabletOddityRow.hash).where(
        TabletOddityRow.tablet_id == tablet_id, TabletOddityRow.number.in_(numbers)
    )
    return frozenset(await session.scalars(union(taken, aside)))


async def numbers(session: AsyncSession, tablet_id: UUID) -> list[int]:
    """The numbers of a tablet's chain that arrived, kept aside or not."""
    taken = select(TabletEventRow.number).where(TabletEventRow.tablet_id == tablet_id)
    aside = select(TabletOddityRow.number).where(TabletOddityRow.tablet_id == tablet_id)
    return sorted(await session.scalars(union(taken, aside)))


async def events(
    session: AsyncSession,
    *,
    room_session_id: UUID | None = None,
    tablet_ids: Collection[UUID] | None = None,
    sheets: Collection[SheetKey] | None = None,
    sitting_ids: Collection[UUID] | None = None,
) -> list[Event]:
    """Events by device and number; filters add up."""
    query = select(TabletEventRow.__table__).order_by(
        TabletEventRow.tablet_id, TabletEventRow.number, TabletEventRow.hash
    )
    if room_session_id is not None:
        query = query.where(TabletEventRow.room_session_id == room_session_id)
    if tablet_ids is not None:
        query = query.where(TabletEventRow.tablet_id.in_(list(tablet_ids)))
    if sitting_ids is not None:
        query = query.where(TabletEventRow.sitting_id.in_(list(sitting_ids)))
    if sheets is not None:
        query = query.where(TabletEventRow.sitting_id.in_({one.sitting_id for one in sheets}))
    found = [
        Event(
            device_id=row.tablet_id, number=row.number, previous=row.previous, id=row.id, counter=row.counter,
            kind=Kind(row.kind), said_at=row.said_at, data=row.data,
            sheet=SheetKey(sitting_id=row.sitting_id, assessor_id=row.assessor_id, version=row.version),
        )
        for row in await session.execute(query)
    ]  # fmt: skip
    return found if sheets is None else [one for one in found if one.sheet in set(sheets)]


async def states(session: AsyncSession, room_session_id: UUID) -> dict[SheetKey, SheetState]:
    """What the events of a session come to."""
    return fold(await events(session, room_session_id=room_session_id))
