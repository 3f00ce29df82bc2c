"""Due dates by the official calendar, states, urgency, records of the platform."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from certificates.platform.rules import (
    PLATFORM_ALLOWED,
    PLATFORM_LABELS,
    PLATFORM_TONES,
    Deed,
    PlatformMoveRefused,
    PlatformRecord,
    PlatformStatus,
    Receipt,
    Urgency,
    believed,
    due_date,
    next_try,
    platform_move,
    record_digest,
    record_key,
    record_problems,
    urgency,
    urgent_until,
)
from exam.kernel.workdays import workdays_between

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


def test_a_warning_from_day_3_an_alarm_from_day_5_overdue_from_day_8() -> None:
    issued, due = date(2026, 9, 30), date(2026, 10, 15)  # the holiday ends on the 7th, the 10th is a make-up Saturday
    days = {day: urgency(PlatformStatus.QUEUED, due, date(2026, 10, day)) for day in range(1, 17)}
    assert workdays_between(issued, due) == 7
    assert {day for day, one in days.items() if one is Urgency.IN_TIME} == set(
        range(1, 10)
    )  # day 1: the 8th, day 2: the 9th
    assert [day for day, one in days.items() if one is Urgency.WARNING] == [10, 11, 12]  # day 3: a make-up Saturday
    assert [day for day, one in days.items() if one is Urgency.ALARM] == [13, 14, 15]
    assert days[16] is Urgency.OVERDUE
    assert urgency(PlatformStatus.ROW_REJECTED, due, date(2026, 10, 14)) is Urgency.ALARM
    assert urgency(PlatformStatus.ACCEPTED, due, date(2027, 1, 1)) is Urgency.DONE
    assert urgent_until(Urgency.ALARM, date(2026, 10, 13)) == due
    assert urgent_until(Urgency.WARNING, date(2026, 10, 10)) == due


def test_pauses_double_and_end_at_two_hours_unless_the_platform_wishes_more() -> None:
    now = datetime(2026, 5, 16, tzinfo=UTC)
    pauses = [(next_try(now, attempts) - now).total_seconds() / 60 for attempts in (0, 1, 2, 3, 6, 900)]
    assert pauses == [5, 5, 10, 20, 120, 120]
    assert next_try(now, 1, 3600) - now == timedelta(hours=1)
    assert next_try(now, 1, 10**9) - now == timedelta(days=1)
    assert next_try(now, 1, -5) - now == timedelta(minutes=5)


def test_only_named_moves_are_allowed_and_every_status_has_words() -> None:
    for present, wanted in itertools.product(PlatformStatus, PlatformStatus):
        if wanted in PLATFORM_ALLOWED[present]:
            assert platform_move("N", present, wanted) is wanted
        else:
            with pytest.raises(PlatformMoveRefused):
                platform_move("N", present, wanted)
    assert set(PLATFORM_ALLOWED) == set(PLATFORM_LABELS) == set(PLATFORM_TONES) == set(PlatformStatus)


def test_nothing_is_accepted_without_having_been_submitted() -> None:
    assert {one for one in PlatformStatus if PlatformStatus.ACCEPTED in PLATFORM_ALLOWED[one]} == {
        PlatformStatus.SUBMITTED,
        PlatformStatus.VERIFIED_PUBLIC,  # was accepted before
    }


def test_a_record_goes_through_data_whole_and_its_gaps_are_named() -> None:
    assert PlatformRecord.from_data(RECORD.as_data()) == RECORD
    assert RECORD.key == record_key("N1", 1) == "N1/1"
    assert record_problems(RECORD) == []
    assert [one.field for one in record_problems(replace(RECORD, holder_name=" ", id_number=""))] == [
        "holder_name",
        "id_number",
    ]
    assert "9999" not in repr(RECORD)


def accepted(**changes: object) -> Receipt:
    given: dict[str, object] = {
        "key": "N1/1", "deed": Deed.REGISTER, "accepted": True, "platform_id": "R1", "record_sha256": record_digest(RECORD),
    }  # fmt: skip
    return Receipt(**{**given, **changes})  # type: ignore[arg-type]


def test_only_answers_that_hold_are_believed() -> None:
    digests = {"N1/1": record_digest(RECORD)}
    one = accepted()
    assert believed([], digests) == []
    assert believed([one, one, accepted(at="later")], digests) == [one]
    assert believed([accepted(key="N2/1")], digests) == []
    assert believed([accepted(platform_id="")], digests) == []
    assert believed([accepted(record_sha256="0" * 64)], digests) == []
    assert believed([one, accepted(accepted=False)], digests) == []
    assert believed([one, accepted(platform_id="R2")], digests) == []
    refused = accepted(accepted=False, platform_id="", record_sha256="")
    assert believed([refused], digests) == [refused]


@pytest.mark.parametrize(
    "row",
    [{}, {"key": 1}, {"key": "N", "deed": "x", "accepted": True}, {"key": "N", "deed": "register", "accepted": 1}],
)
def test_a_receipt_that_is_none_is_nonsense(row: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Receipt.from_data(row)
