"""Entries at the end of the ledger: a leaf each, and the roots of the tiles that they complete."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import ChainRow, LeafRow, NodeRow
from certificates.ledger.queries.entries import size
from certificates.ledger.queries.tree import hashes
from certificates.ledger.rules import Draft, LedgerEvent
from certificates.ledger.rules.chain import ChainedEntry, adopted
from certificates.ledger.rules.entries import SALT_BYTES, commitment, entry_bytes
from certificates.ledger.rules.merkle import fold, leaf_hash
from certificates.ledger.rules.tiles import WIDTH
from exam.kernel.db import insert_many

_LEDGER_LOCK: Final = 0x6B616F77754C  # held to the end of the transaction: indexes have no gap


async def append(session: AsyncSession, drafts: Sequence[Draft], *, now: datetime) -> list[int]:
    """Add entries at the end and return their indexes. The audit record is the caller's: the ledger follows its deed.

    Until the caller's transaction ends, nobody else can append: do it last.
    """
    if not drafts:
        return []
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LEDGER_LOCK})
    start = await size(session) or await _adopt(session)
    rows = [_row(start + at, draft, now) for at, draft in enumerate(drafts)]
    await _add(session, start, rows)
    return [row["index"] for row in rows]


def _row(index: int, draft: Draft, now: datetime) -> dict[str, Any]:
    salt = secrets.token_bytes(SALT_BYTES)
    committed = commitment(salt, event=draft.event, at=now, record=draft.record, reason=draft.reason)
    entry = entry_bytes(event=draft.event, at=now, committed=committed)
    return {
        "index": index,
        "at": now,
        "event": str(draft.event),
        "certificate_id": draft.certificate_id,
        "number": draft.number,
        "version": draft.version,
        "reason": draft.reason,
        "entry": entry,
        "leaf_hash": leaf_hash(entry),
        "salt": salt.hex(),
    }


async def _adopt(session: AsyncSession) -> int:
    """Make the entries of the time before the tree its first leaves, once, under the lock; returns how many."""
    rows = [
        {
            "index": old.seq - 1,
            "at": old.at,
            "event": old.event,
            "certificate_id": old.certificate_id,
            "number": old.number,
            "version": old.version,
            "reason": old.reason,
            "entry": entry,
            "leaf_hash": leaf_hash(entry),
            "salt": old.salt,
        }
        for old, entry in await _old_entries(session)
    ]
    await _add(session, 0, rows)
    return len(rows)


async def _old_entries(session: AsyncSession) -> list[tuple[ChainRow, bytes]]:
    names = [column.name for column in ChainRow.__table__.columns]
    found = (await session.scalars(select(ChainRow).order_by(ChainRow.seq))).all()
    facts = [{name: getattr(row, name) for name in names} | {"event": LedgerEvent(row.event)} for row in found]
    return [(row, adopted(ChainedEntry(**one))) for row, one in zip(found, facts, strict=True)]


async def _add(session: AsyncSession, start: int, rows: Sequence[dict[str, Any]]) -> None:
    """Insert leaves, and the root of each tile that they make full, level by level."""
    await insert_many(session, LeafRow, rows)
    fresh = [row["leaf_hash"] for row in rows]
    level = 0
    while (start + len(fresh)) // WIDTH > start // WIDTH:
        begin = start - start % WIDTH
        row = [*await hashes(session, level, begin, start), *fresh]
        full = len(row) - len(row) % WIDTH
        fresh = [fold(row[at : at + WIDTH]) for at in range(0, full, WIDTH)]
        level, start = level + 1, begin // WIDTH
        nodes = [{"level": level, "index": start + at, "hash": one} for at, one in enumerate(fresh)]
        await insert_many(session, NodeRow, nodes)
