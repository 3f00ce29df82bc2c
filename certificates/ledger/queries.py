"""Reads of the ledger: its entries, and what must hold of them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import LedgerRow
from certificates.ledger.rules import LedgerEvent
from certificates.ledger.rules.chain import ChainedEntry, chain_failures


async def entries(session: AsyncSession, *, certificate_ids: Sequence[UUID] | None = None) -> list[ChainedEntry]:
    """The entries in order; of these certificates only, when asked."""
    query = select(LedgerRow).order_by(LedgerRow.seq)
    if certificate_ids is not None:
        query = query.where(LedgerRow.certificate_id.in_(certificate_ids))
    return [_entry(row) for row in (await session.scalars(query)).all()]


async def entries_of_file(session: AsyncSession, sha256: str) -> list[ChainedEntry]:
    """The entries that name these bytes."""
    query = select(LedgerRow).where(LedgerRow.sha256 == sha256).order_by(LedgerRow.seq)
    return [_entry(row) for row in (await session.scalars(query)).all()]


async def issued(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Every certificate version that the ledger says was issued: its id and number."""
    query = (
        select(LedgerRow.certificate_id, LedgerRow.number)
        .where(LedgerRow.event != str(LedgerEvent.REVOKE))
        .order_by(LedgerRow.seq)
    )
    return [(row.certificate_id, row.number) for row in (await session.execute(query)).all()]


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold: the chain is whole."""
    return chain_failures(await entries(session))


def _entry(row: LedgerRow) -> ChainedEntry:
    return ChainedEntry(
        seq=row.seq,
        at=row.at,
        event=LedgerEvent(row.event),
        certificate_id=row.certificate_id,
        number=row.number,
        version=row.version,
        sha256=row.sha256,
        reason=row.reason,
        salt=row.salt,
        leaf=row.leaf,
        previous=row.previous,
        entry_sha256=row.entry_sha256,
    )
