"""Entries of the time before the tree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from certificates.ledger.rules import LedgerEvent
from certificates.ledger.rules.chain import START, ChainedEntry, chain_failures, hash_of, salted_leaf

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)


def chain(count: int) -> list[ChainedEntry]:
    entries: list[ChainedEntry] = []
    previous = START
    for seq in range(1, count + 1):
        facts = {
            "seq": seq,
            "at": NOW + timedelta(seconds=seq),
            "event": LedgerEvent.ISSUE,
            "number": f"N{seq}",
            "version": 1,
            "sha256": f"{seq:064x}",
            "reason": "",
            "leaf": salted_leaf("salt", {"n": seq}),
            "previous": previous,
        }
        entry = ChainedEntry(**facts, certificate_id=UUID(int=seq), salt="salt", entry_sha256="")  # type: ignore[arg-type]
        previous = hash_of(entry)
        entries.append(replace(entry, entry_sha256=previous))
    return entries


def test_a_whole_chain_has_no_failure_and_neither_has_an_empty_one() -> None:
    assert chain_failures([]) == []
    assert chain_failures(chain(5)) == []


@given(st.integers(0, 4), st.sampled_from(["number", "sha256", "reason", "leaf", "version", "at", "event"]))
def test_any_altered_field_is_found(place: int, name: str) -> None:
    entries = chain(5)
    other = {"version": 9, "at": NOW, "event": LedgerEvent.REVOKE}.get(name, "other")
    entries[place] = replace(entries[place], **{name: other})  # type: ignore[arg-type]
    assert f"old entry {place + 1} was altered" in chain_failures(entries)


@given(st.integers(0, 3))
def test_a_missing_or_moved_entry_is_found(place: int) -> None:
    entries = chain(5)
    assert chain_failures(entries[:place] + entries[place + 1 :])
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    assert chain_failures(entries)


def test_a_leaf_needs_its_salt() -> None:
    record = {"holder_name": "张三"}
    assert salted_leaf("a", record) != salted_leaf("b", record)
    assert "张三" not in salted_leaf("a", record)
