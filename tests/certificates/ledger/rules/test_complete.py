"""Certificates and entries held against each other."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from certificates.ledger.rules import LedgerEntry, LedgerEvent
from certificates.ledger.rules.complete import Known, differences
from certificates.ledger.rules.entries import commitment, entry_bytes
from tests.certificates.ledger.rules.test_entries import AT, RECORD, SALT

ONE = Known(id=UUID(int=1), number="N1", version=1, begun=True, ended=False, record=RECORD)
ALL = frozenset(range(10))


def entry(index: int, event: LedgerEvent, *, id: int = 1, reason: str = "") -> LedgerEntry:
    record = {"paper": "A0002"} if event is LedgerEvent.REPRINT else RECORD
    committed = commitment(SALT, event=event, at=AT, record=record, reason=reason)
    return LedgerEntry(index=index, at=AT, event=event, certificate_id=UUID(int=id), number="N1", version=1, reason=reason,
                       entry=entry_bytes(event=event, at=AT, committed=committed), salt=SALT.hex())  # fmt: skip


ISSUE, REVOKE = entry(0, LedgerEvent.ISSUE), entry(1, LedgerEvent.REVOKE, reason="冒名")


@pytest.mark.parametrize(("entries", "known", "expected"), [
    ([], [], []),
    ([ISSUE], [ONE], []),
    ([ISSUE, REVOKE], [replace(ONE, ended=True)], []),
    ([ISSUE, entry(2, LedgerEvent.REPRINT), entry(3, LedgerEvent.REPRINT)], [ONE], []),
    ([], [replace(ONE, begun=False)], []),
    ([replace(ISSUE, salt=None)], [replace(ONE, record={})], []),
    ([], [ONE], ["N1/1 is not in the ledger"]),
    ([ISSUE, entry(1, LedgerEvent.CORRECT)], [ONE], ["N1/1 begins 2 times in the ledger"]),
    ([ISSUE], [replace(ONE, ended=True)], ["N1/1 has ended, and the ledger does not say so"]),
    ([ISSUE, REVOKE], [ONE], ["the ledger says that N1/1 has ended, and it stands"]),
    ([ISSUE], [], ["entry 0 names N1/1, and there is no such certificate"]),
    ([replace(ISSUE, number="N2")], [ONE], ["entry 0 names N2/1 for N1/1"]),
    ([ISSUE], [replace(ONE, record={**RECORD, "version": 2})], ["entry 0 commits to another record than N1/1"]),
    ([ISSUE, replace(REVOKE, reason="")], [replace(ONE, ended=True)], ["entry 1 commits to another record than N1/1"]),
    ([replace(ISSUE, salt="00" * 32)], [ONE], ["entry 0 commits to another record than N1/1"]),
    ([replace(ISSUE, entry=b"{}")], [ONE], ["entry 0 commits to another record than N1/1"]),
])  # fmt: skip
def test_each_difference_is_named(entries: list[LedgerEntry], known: list[Known], expected: list[str]) -> None:
    assert differences(entries, known, committing=ALL) == expected


def test_old_entries_are_not_opened() -> None:
    assert differences([replace(ISSUE, entry=b"old")], [ONE], committing=frozenset()) == []
