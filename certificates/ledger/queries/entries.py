"""What the ledger says about certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import ErasureRow, LeafRow
from certificates.ledger.rules import ErasureStatus, LedgerEntry, LedgerEvent
from certificates.ledger.rules.entries import BEGINNINGS


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """A wish that the salts of a certificate go, and what became of it."""

    id: UUID
    certificate_id: UUID
    organisation_id: UUID
    number: str
    version: int
    status: ErasureStatus
    reason: str
    asked_by: UUID
    asked_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


async def size(session: AsyncSession) -> int:
    """How many leaves the tree has."""
    return int(await session.scalar(select(func.coalesce(func.max(LeafRow.index) + 1, 0))) or 0)


async def entries(
    session: AsyncSession,
    *,
    certificate_ids: Sequence[UUID] | None = None,
    start: int = 0,
    end: int | None = None,
) -> list[LedgerEntry]:
    """The entries in order; of these certificates only, or of these indexes only, when asked."""
    query = select(LeafRow).where(LeafRow.index >= start).order_by(LeafRow.index)
    if end is not None:
        query = query.where(LeafRow.index < end)
    if certificate_ids is not None:
        query = query.where(LeafRow.certificate_id.in_(certificate_ids))
    return [entry_of(row) for row in (await session.scalars(query)).all()]


async def issued(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Every certificate version whose beginning stands in the ledger: its id and number."""
    query = (
        select(LeafRow.certificate_id, LeafRow.number)
        .where(LeafRow.event.in_([str(one) for one in BEGINNINGS]))
        .order_by(LeafRow.index)
    )
    return [(row.certificate_id, row.number) for row in (await session.execute(query)).all()]


async def erasures(session: AsyncSession, *, number: str = "") -> list[Erasure]:
    """The wishes for erasure, the newest first."""
    query = select(ErasureRow).order_by(ErasureRow.asked_at.desc(), ErasureRow.id)
    if number:
        query = query.where(ErasureRow.number == number)
    return [
        Erasure(
            id=row.id,
            certificate_id=row.certificate_id,
            organisation_id=row.organisation_id,
            number=row.number,
            version=row.version,
            status=ErasureStatus(row.status),
            reason=row.reason,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
        )
        for row in await session.scalars(query)
    ]


def entry_of(row: LeafRow) -> LedgerEntry:
    """A row as others see it."""
    return LedgerEntry(
        index=row.index,
        at=row.at,
        event=LedgerEvent(row.event),
        certificate_id=row.certificate_id,
        number=row.number,
        version=row.version,
        reason=row.reason,
        entry=row.entry,
        salt=row.salt,
    )
