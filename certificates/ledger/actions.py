"""What may be written: entries at the end of the ledger."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import LedgerRow
from certificates.ledger.rules import LedgerEvent
from certificates.ledger.rules.chain import START, ChainedEntry, hash_of, salted_leaf
from exam.kernel.db import insert_many

_LEDGER_LOCK: Final = 0x6B616F77754C  # held to the end of the transaction: entries follow one another
_SALT_BYTES: Final = 16


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An entry to add: the event, the certificate, its bytes, and the record that its leaf commits to."""

    event: LedgerEvent
    certificate_id: UUID
    number: str
    version: int
    sha256: str
    commitment: Mapping[str, Any]
    reason: str = ""


async def append(session: AsyncSession, drafts: Sequence[Draft], *, now: datetime) -> None:
    """Add entries at the end of the ledger, chained. The audit record is the caller's: the ledger follows its deed."""
    if not drafts:
        return
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LEDGER_LOCK})
    last = (
        await session.execute(select(LedgerRow.seq, LedgerRow.entry_sha256).order_by(LedgerRow.seq.desc()).limit(1))
    ).one_or_none()
    seq, previous = last if last is not None else (0, START)
    rows: list[dict[str, Any]] = []
    for draft in drafts:
        seq += 1
        salt = secrets.token_hex(_SALT_BYTES)
        facts: dict[str, Any] = {
            "seq": seq,
            "at": now,
            "event": str(draft.event),
            "number": draft.number,
            "version": draft.version,
            "sha256": draft.sha256,
            "reason": draft.reason,
            "leaf": salted_leaf(salt, draft.commitment),
            "previous": previous,
        }
        facts |= {"certificate_id": draft.certificate_id, "salt": salt}
        previous = hash_of(ChainedEntry(**facts, entry_sha256=""))
        rows.append({**facts, "entry_sha256": previous})
    await insert_many(session, LedgerRow, rows)
