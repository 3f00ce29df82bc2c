"""Entries of the time before the tree: a chain in which each holds the hash of the one before.

They are kept and still checked. Each became a leaf whose bytes name the old entry by its hash, so that the tree covers them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from certificates.ledger.rules.entries import LedgerEvent, moment
from exam.kernel.canonical import canonical

START: Final = "0" * 64
CHAINED: Final = "kaowu-ledger-chain/1"


@dataclass(frozen=True, kw_only=True)
class ChainedEntry:
    """One line of the old register."""

    seq: int
    at: datetime
    event: LedgerEvent
    certificate_id: UUID
    number: str
    version: int
    sha256: str  # of the PDF
    reason: str
    salt: str | None
    leaf: str  # SHA-256(00 || salt || 00 || record)
    previous: str
    entry_sha256: str


def salted_leaf(salt: str, record: Mapping[str, Any]) -> str:
    """The salted commitment to a certificate's record."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(b"\x00" + salt.encode() + b"\x00" + text.encode()).hexdigest()


def hash_of(entry: ChainedEntry) -> str:
    """SHA-256 over the canonical form of an entry and the hash of the entry before it."""
    body = {
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "event": str(entry.event),
        "number": entry.number,
        "version": entry.version,
        "sha256": entry.sha256,
        "reason": entry.reason,
        "leaf": entry.leaf,
        "previous": entry.previous,
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"\x01" + text.encode()).hexdigest()


def adopted(entry: ChainedEntry) -> bytes:
    """The bytes under which an old entry stands in the tree: its own hash, and nothing that names anybody."""
    return canonical(
        {
            "format": CHAINED,
            "event": str(entry.event),
            "at": moment(entry.at),
            "commitment": entry.leaf,
            "entry_sha256": entry.entry_sha256,
        }
    )


def chain_failures(entries: Sequence[ChainedEntry]) -> list[str]:
    """Each break of the chain by name; empty for a whole chain and for an empty one."""
    failures: list[str] = []
    previous, seq = START, 0
    for entry in entries:
        if entry.seq != seq + 1:
            failures.append(f"old entry {seq + 1} is missing before {entry.seq}")
        if entry.previous != previous:
            failures.append(f"old entry {entry.seq} does not follow the entry before it")
        if entry.entry_sha256 != hash_of(entry):
            failures.append(f"old entry {entry.seq} was altered")
        previous, seq = entry.entry_sha256, entry.seq
    return failures
