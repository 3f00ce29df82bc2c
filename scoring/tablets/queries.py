"""Reads of the tablets: devices, events, the state they come to, and the ledger of a session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, Duty, SittingStatus
from scoring.marking import queries as marking
from scoring.marking.rules import SheetStatus
from scoring.tablets.models import TabletEventRow, TabletHandoutRow, TabletOddityRow, TabletRow
from scoring.tablets.rules.events import Event, Kind, SheetKey, broken_links
from scoring.tablets.rules.folding import SheetState, fold
from scoring.tablets.rules.ledger import DeviceAccount, Ledger, balance


@dataclass(frozen=True, kw_only=True)
class TabletRecord:
    """One tablet."""

    id: UUID
    site_id: UUID
    label: str
    public_key: bytes
    registered_at: datetime
    revoked_at: datetime | None
    revocation_reason: str
    seen_at: datetime | None
    last_number: int


async def tablets(
    session: AsyncSession, *, ids: Iterable[UUID] | None = None, site_id: UUID | None = None
) -> list[TabletRecord]:
    """Tablets by label; filters add up."""
    query = select(TabletRow).order_by(TabletRow.label)
    if ids is not None:
        query = query.where(TabletRow.id.in_(list(ids)))
    if site_id is not None:
        query = query.where(TabletRow.site_id == site_id)
    return [
        TabletRecord(
            id=row.id, site_id=row.site_id, label=row.label, public_key=row.public_key, registered_at=row.registered_at,
            revoked_at=row.revoked_at, revocation_reason=row.revocation_reason, seen_at=row.seen_at,
            last_number=row.last_number,
        )
        for row in await session.scalars(query)
    ]  # fmt: skip


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
) -> list[Event]:
    """Events by device and number; filters add up."""
    query = select(TabletEventRow.__table__).order_by(
        TabletEventRow.tablet_id, TabletEventRow.number, TabletEventRow.hash
    )
    if room_session_id is not None:
        query = query.where(TabletEventRow.room_session_id == room_session_id)
    if tablet_ids is not None:
        query = query.where(TabletEventRow.tablet_id.in_(list(tablet_ids)))
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


async def ledger(session: AsyncSession, room_session_id: UUID) -> Ledger:
    """The completeness ledger of a session: its tablets' chains, and a sheet of every assessor for everybody who is there."""
    given = select(TabletHandoutRow.tablet_id).where(TabletHandoutRow.room_session_id == room_session_id)
    worked = select(TabletEventRow.tablet_id).where(TabletEventRow.room_session_id == room_session_id)
    own = await tablets(session, ids=list(await session.scalars(union(given, worked))))
    chains: dict[UUID, list[Event]] = defaultdict(list)
    for one in await events(session, tablet_ids=[tablet.id for tablet in own]):
        chains[one.device_id].append(one)
    accounts = [
        DeviceAccount(
            device_id=one.id, label=one.label, numbers=await numbers(session, one.id), last=one.last_number,
            seen_at=one.seen_at, broken=_broken(chains[one.id]),
        )
        for one in own
    ]  # fmt: skip
    people = await sittings.sittings(session, room_session_id=room_session_id)
    assessors = [
        one.account_id for one in await marking.assessing(session, room_session_id) if one.duty is Duty.ASSESSOR
    ]
    wanted = [
        SheetKey(sitting_id=one.id, assessor_id=assessor)
        for one in people
        if one.status in PRESENT and one.status is not SittingStatus.VOIDED
        for assessor in assessors
    ]
    signed = await marking.sheets(session, room_session_ids=[room_session_id])
    settled = {
        SheetKey(sitting_id=one.sitting_id, assessor_id=one.assessor_id)
        for one in signed
        if one.status is SheetStatus.SIGNED
    }
    return balance(accounts, wanted, await states(session, room_session_id), settled=settled)


def _broken(chain: Sequence[Event]) -> bool:
    """A fork (two events under one number) or an event that does not follow from the one before."""
    return len({one.number for one in chain}) < len(chain) or any(True for _ in broken_links(chain))
