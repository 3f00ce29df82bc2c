"""The ledger's arithmetic: salted leaves and the chain.

An entry commits to a certificate without naming anybody: its leaf is a salted hash of the record, so that the ledger
may be shown to anyone and a person disappears from it with the salt. Each entry holds the hash of the one before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from exam.kernel.errors import N_

START: Final = "0" * 64


class LedgerEvent(StrEnum):
    """What the ledger can say about a certificate."""

    ISSUE = "issue"
    CORRECT = "correct"
    REPLACE = "replace"
    REVOKE = "revoke"


EVENT_LABELS: Final[Mapping[LedgerEvent, str]] = MappingProxyType(
    {
        LedgerEvent.ISSUE: N_("颁发"),
        LedgerEvent.CORRECT: N_("更正"),
        LedgerEvent.REPLACE: N_("补发"),
        LedgerEvent.REVOKE: N_("撤销"),
    }
)


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One line of the register."""

    seq: int
    at: datetime
    event: LedgerEvent
    certificate_id: UUID
    number: str
    version: int
    sha256: str  # of the PDF
    reason: str
    salt: str
    leaf: str
    previous: str
    entry_sha256: str


def leaf_hash(salt: str, record: Mapping[str, Any]) -> str:
    """The salted commitment to a certificate's record."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(b"\x00" + salt.encode() + b"\x00" + text.encode()).hexdigest()


def entry_hash(
    *, seq: int, at: datetime, event: str, number: str, version: int, sha256: str, reason: str, leaf: str, previous: str
) -> str:
    """SHA-256 over the canonical form of an entry and the hash of the entry before it."""
    body = {
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "event": str(event),
        "number": number,
        "version": version,
        "sha256": sha256,
        "reason": reason,
        "leaf": leaf,
        "previous": previous,
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"\x01" + text.encode()).hexdigest()


def chain_failures(entries: list[LedgerEntry]) -> list[str]:
    """Each break of the chain by name; empty for a whole chain and for an empty one."""
    failures: list[str] = []
    previous, seq = START, 0
    for entry in entries:
        if entry.seq != seq + 1:
            failures.append(f"ledger #{seq + 1} is missing before #{entry.seq}")
        if entry.previous != previous:
            failures.append(f"ledger #{entry.seq} does not follow the entry before it")
        if entry.entry_sha256 != hash_of(entry):
            failures.append(f"ledger #{entry.seq} was altered")
        previous, seq = entry.entry_sha256, entry.seq
    return failures


def hash_of(entry: LedgerEntry) -> str:
    return entry_hash(
        seq=entry.seq,
        at=entry.at,
        event=entry.event,
        number=entry.number,
        version=entry.version,
        sha256=entry.sha256,
        reason=entry.reason,
        leaf=entry.leaf,
        previous=entry.previous,
    )
