"""The ledger's arithmetic: chain, leaves, due dates by the official calendar, states, urgency."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.ledger.rules import (
    PLATFORM_ALLOWED,
    PLATFORM_LABELS,
    PLATFORM_TONES,
    START,
    LedgerEntry,
    LedgerEvent,
    PlatformMoveRefused,
    PlatformRecord,
    PlatformStatus,
    Urgency,
    chain_failures,
    due_date,
    entry_hash,
    leaf_hash,
    platform_move,
    record_key,
    record_problems,
    urgency,
)

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)
RECORD = PlatformRecord(
    number="N1",
    version=1,
    holder_name="张三",
    id_type="居民身份证",
    id_number="999900200001010018",
    certificate_code="WLG",
    certificate_name="物流管理",
    level="初级",
    organisation_code="WL01",
    organisation_name="样本",
    institution_name="样本学院",
    batch_code="B",
    issued_on=date(2026, 5, 16),
    sha256="0" * 64,
)


def chain(count: int) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
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
            "leaf": leaf_hash("salt", {"n": seq}),
            "previous": previous,
        }
        previous = entry_hash(**facts)  # type: ignore[arg-type]
        entries.append(LedgerEntry(**facts, certificate_id=UUID(int=seq), salt="salt", entry_sha256=previous))  # type: ignore[arg-type]
    return entries


def test_a_whole_chain_has_no_failure_and_neither_has_an_empty_one() -> None:
    assert chain_failures([]) == []
    assert chain_failures(chain(5)) == []


@given(st.integers(0, 4), st.sampled_from(["number", "sha256", "reason", "leaf", "version", "at", "event"]))
def test_any_altered_field_is_found(place: int, name: str) -> None:
    entries = chain(5)
    other = {"version": 9, "at": NOW, "event": LedgerEvent.REVOKE}.get(name, "other")
    entries[place] = replace(entries[place], **{name: other})  # type: ignore[arg-type]
    assert f"ledger #{place + 1} was altered" in chain_failures(entries)


@given(st.integers(0, 3))
def test_a_missing_or_moved_entry_is_found(place: int) -> None:
    entries = chain(5)
    assert chain_failures(entries[:place] + entries[place + 1 :])
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    assert chain_failures(entries)


def test_a_leaf_needs_its_salt() -> None:
    assert leaf_hash("a", RECORD.as_data()) != leaf_hash("b", RECORD.as_data())
    assert "张三" not in leaf_hash("a", RECORD.as_data())


@pytest.mark.parametrize(
    ("issued", "due", "provisional"),
    [("2026-09-30", "2026-10-15", False), ("2026-02-13", "2026-03-02", False), ("2026-12-30", "2027-01-11", True)],
)
def test_due_dates_follow_the_official_calendar(issued: str, due: str, provisional: bool) -> None:
    found = due_date(date.fromisoformat(issued))
    assert found.provisional is provisional
    if not provisional:
        assert found.on == date.fromisoformat(due)


def test_urgency_counts_working_days_and_overdue_begins_the_day_after() -> None:
    due = date(2026, 10, 15)  # Thursday
    assert urgency(PlatformStatus.QUEUED, due, date(2026, 9, 30)) is Urgency.IN_TIME
    assert urgency(PlatformStatus.QUEUED, due, date(2026, 10, 12)) is Urgency.IN_TIME
    assert urgency(PlatformStatus.QUEUED, due, date(2026, 10, 13)) is Urgency.SOON
    assert urgency(PlatformStatus.QUEUED, due, due) is Urgency.SOON
    assert urgency(PlatformStatus.SUBMITTED, due, date(2026, 10, 16)) is Urgency.OVERDUE
    assert urgency(PlatformStatus.ACCEPTED, due, date(2027, 1, 1)) is Urgency.DONE


def test_only_named_moves_are_allowed_and_every_status_has_words() -> None:
    for present, wanted in itertools.product(PlatformStatus, PlatformStatus):
        if wanted in PLATFORM_ALLOWED[present]:
            assert platform_move("N", present, wanted) is wanted
        else:
            with pytest.raises(PlatformMoveRefused):
                platform_move("N", present, wanted)
    assert set(PLATFORM_ALLOWED) == set(PLATFORM_LABELS) == set(PLATFORM_TONES) == set(PlatformStatus)


def test_nothing_is_accepted_without_having_been_submitted() -> None:
    assert [one for one in PlatformStatus if PlatformStatus.ACCEPTED in PLATFORM_ALLOWED[one]] == [
        PlatformStatus.SUBMITTED
    ]


def test_a_record_goes_through_data_whole_and_its_gaps_are_named() -> None:
    assert PlatformRecord.from_data(RECORD.as_data()) == RECORD
    assert RECORD.key == record_key("N1", 1) == "N1/1"
    assert record_problems(RECORD) == []
    assert [one.field for one in record_problems(replace(RECORD, holder_name=" ", id_number=""))] == [
        "holder_name",
        "id_number",
    ]
    assert "9999" not in repr(RECORD)
