"""Due dates by the official calendar, states, urgency, records of the platform."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import pytest

from certificates.platform.rules import (
    PLATFORM_ALLOWED,
    PLATFORM_LABELS,
    PLATFORM_TONES,
    PlatformMoveRefused,
    PlatformRecord,
    PlatformStatus,
    Urgency,
    due_date,
    platform_move,
    record_key,
    record_problems,
    urgency,
)

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
