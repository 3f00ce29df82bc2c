"""Certificates held against the ledger's entries: each version has its beginning, each end its event, nothing stands alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from certificates.ledger.rules.entries import BEGINNINGS, BadEntry, LedgerEntry, LedgerEvent, commitment, read_entry


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of one version of a certificate outside the ledger."""

    id: UUID
    number: str
    version: int
    begun: bool  # its entry has to be there
    ended: bool  # revoked, or its number given up: the entry `revoke` has to be there, if it was begun
    record: Mapping[str, Any] | None = field(
        default=None, repr=False
    )  # what its entries commit to; None: not looked at


def differences(entries: Iterable[LedgerEntry], known: Iterable[Known], *, committing: frozenset[int]) -> list[str]:
    """What one side has and the other has not, by number and entry; `committing`: indexes whose commitments can be opened."""
    found: list[str] = []
    of: dict[UUID, list[LedgerEntry]] = {}
    for entry in entries:
        of.setdefault(entry.certificate_id, []).append(entry)
    for one in known:
        own = of.pop(one.id, [])
        found += _missing(one, own)
        for entry in own:
            if (entry.number, entry.version) != (one.number, one.version):
                found.append(f"entry {entry.index} names {entry.number}/{entry.version} for {one.number}/{one.version}")
            if entry.event is LedgerEvent.REPRINT:  # commits to the sheet, not to the certificate's record
                continue
            if one.record is not None and entry.index in committing and not commits(entry, one.record):
                found.append(f"entry {entry.index} commits to another record than {one.number}/{one.version}")
    for left in of.values():
        found += [
            f"entry {one.index} names {one.number}/{one.version}, and there is no such certificate" for one in left
        ]
    return found


def _missing(one: Known, own: list[LedgerEntry]) -> list[str]:
    label = f"{one.number}/{one.version}"
    begun = sum(entry.event in BEGINNINGS for entry in own)
    ended = sum(entry.event is LedgerEvent.REVOKE for entry in own)
    found = []
    if one.begun and begun == 0:
        found.append(f"{label} is not in the ledger")
    if begun > 1:
        found.append(f"{label} begins {begun} times in the ledger")
    if one.ended and begun and not ended:
        found.append(f"{label} has ended, and the ledger does not say so")
    if ended and not one.ended:
        found.append(f"the ledger says that {label} has ended, and it stands")
    return found


def present(entry: LedgerEntry) -> bool:
    """Whether an entry has the present format; an old one commits in another way, and one that is none is found elsewhere."""
    try:
        read_entry(entry.entry)
    except BadEntry:
        return False
    return True


def commits(entry: LedgerEntry, record: Mapping[str, Any]) -> bool:
    """Say whether an entry of the present format is the commitment to a record; without its salt nobody can tell."""
    if entry.salt is None:
        return True
    try:
        said = read_entry(entry.entry)["commitment"]
    except BadEntry:
        return False
    own = commitment(bytes.fromhex(entry.salt), event=entry.event, at=entry.at, record=record, reason=entry.reason)
    return own == said
