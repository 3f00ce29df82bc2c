"""Entries say nothing about a person, and open only with the right salt and record."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from certificates.ledger.rules import LedgerEvent, LedgerProof
from certificates.ledger.rules.entries import BadEntry, commitment, entry_bytes, open_record, read_entry, record_file

AT = datetime(2026, 5, 16, 1, 2, 3, tzinfo=UTC)
SALT = bytes(range(32))
RECORD: dict[str, Any] = {"number": "N1", "version": 1, "face": {"holder_name": "阿卜杜拉·买买提"}, "id_number": "65"}
COMMITTED = commitment(SALT, event=LedgerEvent.ISSUE, at=AT, record=RECORD)
ENTRY = entry_bytes(event=LedgerEvent.ISSUE, at=AT, committed=COMMITTED)
PROOF = LedgerProof(index=0, size=1, entry=ENTRY, salt=SALT.hex(), text="")


def test_the_commitment_is_an_hmac_over_canonical_json() -> None:
    facts = (
        '{"at":"2026-05-16T01:02:03.000000Z","event":"issue","record":{"face":{"holder_name":"阿卜杜拉·买买提"},'
        '"id_number":"65","number":"N1","version":1}}'
    )
    assert hmac.new(SALT, facts.encode(), "sha256").hexdigest() == COMMITTED
    assert ENTRY.decode() == (
        '{"at":"2026-05-16T01:02:03.000000Z","commitment":"'
        + COMMITTED
        + '","event":"issue","format":"kaowu-ledger-entry/1"}'
    )
    assert read_entry(ENTRY)["commitment"] == COMMITTED


def test_only_a_revocation_commits_to_its_reason() -> None:
    ends = [commitment(SALT, event=LedgerEvent.REVOKE, at=AT, record=RECORD, reason=one) for one in ("", "冒名")]
    begins = [commitment(SALT, event=LedgerEvent.CORRECT, at=AT, record=RECORD, reason=one) for one in ("", "冒名")]
    assert ends[0] != ends[1]
    assert begins[0] == begins[1]
    assert len({COMMITTED, *ends, *begins}) == 4


def test_the_record_file_opens_its_entry() -> None:
    assert open_record(record_file(PROOF, RECORD)) == (ENTRY, RECORD)


@pytest.mark.parametrize("change", [
    {"salt": "00" * 32}, {"record": {**RECORD, "version": 2}}, {"format": "kaowu-ledger-record/2"}, {"entry": "AAAA"},
    {"salt": "xy"}, {"record": "text"}, {"salt": None},
])  # fmt: skip
def test_any_change_of_it_is_refused(change: dict[str, object]) -> None:
    data = json.dumps({**json.loads(record_file(PROOF, RECORD)), **change}).encode()
    with pytest.raises(BadEntry):
        open_record(data)


@pytest.mark.parametrize("entry", [
    b"", b"{}", b"[]", ENTRY + b" ", ENTRY.replace(b"issue", b"other"), ENTRY.replace(b"entry/1", b"entry/2"),
    ENTRY.replace(b'"event"', b'"Event"'), b"\xff",
])  # fmt: skip
def test_what_is_no_entry_is_refused(entry: bytes) -> None:
    with pytest.raises(BadEntry):
        read_entry(entry)
