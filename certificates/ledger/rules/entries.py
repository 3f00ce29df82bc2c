"""What the ledger hashes and publishes: events with salted commitments, and the file that opens one.

An entry names nobody: it holds what happened, when, and an HMAC over the certificate's record under 32 random bytes. Whoever
has the record and the salt (they are in the certificate's PDF) can open it; without the salt nobody can, so that a person
disappears from the ledger with the salt while every hash stays.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from exam.kernel.canonical import canonical
from exam.kernel.errors import N_

ENTRY: Final = "kaowu-ledger-entry/1"
RECORD: Final = "kaowu-ledger-record/1"
SALT_BYTES: Final = 32


class LedgerEvent(StrEnum):
    """What the ledger can say about a certificate."""

    ISSUE = "issue"
    CORRECT = "correct"
    REPLACE = "replace"
    REVOKE = "revoke"
    REPRINT = "reprint"


BEGINNINGS: Final = (LedgerEvent.ISSUE, LedgerEvent.CORRECT, LedgerEvent.REPLACE)
"""Each version of a certificate begins with exactly one of these."""
EVENT_LABELS: Final[Mapping[LedgerEvent, str]] = MappingProxyType(
    {
        LedgerEvent.ISSUE: N_("颁发"),
        LedgerEvent.CORRECT: N_("更正"),
        LedgerEvent.REPLACE: N_("补发"),
        LedgerEvent.REVOKE: N_("撤销"),
        LedgerEvent.REPRINT: N_("补印"),
    }
)


class ErasureStatus(StrEnum):
    """Where the wish stands that a certificate's salts go."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


class BadEntry(ValueError):
    """An entry or the file that opens it is not what it should be; its text says how."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An entry to add: the event, the certificate, and the record that its leaf commits to."""

    event: LedgerEvent
    certificate_id: UUID
    number: str
    version: int
    record: Mapping[str, Any] = field(repr=False)
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One line of the ledger as this installation keeps it."""

    index: int
    at: datetime
    event: LedgerEvent
    certificate_id: UUID
    number: str
    version: int
    reason: str
    entry: bytes  # what is hashed and published
    salt: str | None = field(repr=False)  # hexadecimal; None once it was erased


@dataclass(frozen=True, kw_only=True)
class LedgerProof:
    """What shows that an entry stands in the ledger."""

    index: int
    size: int  # of the tree that the proof is about
    entry: bytes
    salt: str = field(repr=False)  # hexadecimal; empty once it was erased
    text: str  # C2SP tlog-proof@v1, with the checkpoint


def moment(at: datetime) -> str:
    """A time as entries write it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def commitment(salt: bytes, *, event: LedgerEvent, at: datetime, record: Mapping[str, Any], reason: str = "") -> str:
    """HMAC-SHA-256 under the salt over the canonical JSON of event, time and record; a revocation's reason too."""
    facts: dict[str, Any] = {"event": str(event), "at": moment(at), "record": dict(record)}
    if event is LedgerEvent.REVOKE:
        facts["reason"] = reason
    return hmac.new(salt, canonical(facts), hashlib.sha256).hexdigest()


def entry_bytes(*, event: LedgerEvent, at: datetime, committed: str) -> bytes:
    """What is hashed into the tree and published."""
    return canonical({"format": ENTRY, "event": str(event), "at": moment(at), "commitment": committed})


def read_entry(entry: bytes) -> dict[str, str]:
    """The members of an entry of the present format; raises `BadEntry`."""
    try:
        found = json.loads(entry)
    except ValueError as error:
        raise BadEntry("no JSON") from error
    names = {"format", "event", "at", "commitment"}
    if not isinstance(found, dict) or set(found) != names or not all(isinstance(one, str) for one in found.values()):
        raise BadEntry("other members than format, event, at, commitment")
    if found["format"] != ENTRY or found["event"] not in set(LedgerEvent) or canonical(found) != entry:
        raise BadEntry("another format, event or spelling")
    return {name: found[name] for name in sorted(names)}


def record_file(proof: LedgerProof, record: Mapping[str, Any]) -> bytes:
    """``ledger-record.json``: what opens the commitment, for the certificate's PDF."""
    entry = base64.b64encode(proof.entry).decode()
    return canonical({"format": RECORD, "entry": entry, "salt": proof.salt, "record": dict(record)})


def open_record(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """The entry and the record of a ``ledger-record.json``; raises `BadEntry` unless the entry commits to the record."""
    try:
        found = json.loads(data)
        entry = base64.b64decode(found["entry"], validate=True)
        salt, record = bytes.fromhex(found["salt"]), found["record"]
        known = found["format"] == RECORD and isinstance(record, dict)
    except (ValueError, KeyError, TypeError) as error:
        raise BadEntry("no ledger record") from error
    if not known:
        raise BadEntry("another format of ledger record")
    said = read_entry(entry)
    opened = commitment(
        salt, event=LedgerEvent(said["event"]), at=datetime.fromisoformat(said["at"]), record=record,
    )  # fmt: skip
    if not hmac.compare_digest(opened, said["commitment"]):
        raise BadEntry("the entry commits to another record")
    return entry, record
