"""Seven stages out of eighteen states, and what is late."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from exam.home.stages import DONE, STAGES, late, stage_of, timeline
from exam.registration.rules import Batch, BatchMove, BatchStatus

OPENS = datetime(2026, 3, 1, tzinfo=UTC)
CLOSES = datetime(2026, 4, 1, tzinfo=UTC)
FIRST, LAST = date(2026, 5, 16), date(2026, 5, 17)
DAY = timedelta(days=1)


def batch(status: BatchStatus) -> Batch:
    return Batch(
        id=UUID(int=1), code="B", name_zh="批次", name_en="Batch", organisation_ids=(), province_code="42",
        status=status, registration_opens_at=OPENS, registration_closes_at=CLOSES, first_day=FIRST, last_day=LAST,
        scheme_ids=(),
    )  # fmt: skip


def move(to: BatchStatus, at: datetime) -> BatchMove:
    return BatchMove(from_status=BatchStatus.PLANNED, to_status=to, at=at, reason="")


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        (BatchStatus.PLANNED, 0), (BatchStatus.REGISTRATION_OPEN, 0), (BatchStatus.REGISTRATION_CLOSED, 1),
        (BatchStatus.PAPERS_SEALED, 1), (BatchStatus.IN_PROGRESS, 2), (BatchStatus.SCORING, 3),
        (BatchStatus.REVIEW_WINDOW, 4), (BatchStatus.FINAL, 5), (BatchStatus.CERTIFICATES_ISSUED, 6),
        (BatchStatus.REGISTERED, DONE), (BatchStatus.ARCHIVED, DONE), (BatchStatus.CANCELLED, -1),
        (BatchStatus.POSTPONED, -1),
    ],
)  # fmt: skip
def test_each_state_belongs_to_a_stage(status: BatchStatus, stage: int) -> None:
    assert stage_of(status) == stage


def test_stages_never_go_back_along_the_road() -> None:
    found = [stage_of(status) for status in BatchStatus if stage_of(status) >= 0]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("status", "at", "is_late"),
    [
        (BatchStatus.REGISTRATION_OPEN, CLOSES, False),
        (BatchStatus.REGISTRATION_OPEN, CLOSES + DAY, True),
        (BatchStatus.ARRANGED, datetime(2026, 5, 15, 12, tzinfo=UTC), False),
        (BatchStatus.ARRANGED, datetime(2026, 5, 15, 16, tzinfo=UTC), True),  # midnight in China
        (BatchStatus.IN_PROGRESS, datetime(2026, 5, 17, 10, tzinfo=UTC), False),
        (BatchStatus.IN_PROGRESS, datetime(2026, 5, 18, 1, tzinfo=UTC), True),
        (BatchStatus.CANCELLED, datetime(2027, 1, 1, tzinfo=UTC), False),
        (BatchStatus.ARCHIVED, datetime(2027, 1, 1, tzinfo=UTC), False),
    ],
)
def test_late_is_before_a_date_that_has_passed(status: BatchStatus, at: datetime, is_late: bool) -> None:
    assert late(batch(status), at) is is_late


def test_the_timeline_has_every_stage_once() -> None:
    for status in BatchStatus:
        entries = timeline(batch(status), [], OPENS)
        assert [entry.label for entry in entries] == list(STAGES)
        for entry in entries:
            assert entry.starts is None or entry.ends is None or entry.starts <= entry.ends


def test_the_timeline_takes_the_dates_of_the_moves() -> None:
    moves = [
        move(BatchStatus.SESSIONS_DONE, datetime(2026, 5, 17, 10, tzinfo=UTC)),
        move(BatchStatus.VERIFIED, datetime(2026, 5, 25, 3, tzinfo=UTC)),
    ]
    entries = timeline(batch(BatchStatus.VERIFIED), moves, datetime(2026, 5, 26, tzinfo=UTC))
    marking, publishing, issuing = entries[3], entries[4], entries[5]
    assert (marking.state, marking.starts, marking.ends) == ("done", date(2026, 5, 17), date(2026, 5, 25))
    assert (publishing.state, publishing.starts, publishing.ends) == ("current", date(2026, 5, 25), date(2026, 6, 2))
    assert publishing.planned  # not published yet: the window of 5 working days would begin today
    assert not marking.planned
    assert (issuing.state, issuing.starts, issuing.ends, issuing.planned) == (
        "coming", date(2026, 6, 2), date(2026, 6, 3), True,
    )  # fmt: skip


def test_before_the_exam_the_later_stages_follow_by_rule() -> None:
    entries = timeline(batch(BatchStatus.REGISTRATION_OPEN), [], OPENS)
    assert [entry.planned for entry in entries] == [False, False, False, True, True, True, True]
    assert [(entry.starts, entry.ends) for entry in entries[3:]] == [
        (date(2026, 5, 17), date(2026, 6, 12)),  # 20 working days after the last exam day
        (date(2026, 6, 12), date(2026, 6, 22)),  # the review window, 5 working days; 19-21 June are off
        (date(2026, 6, 22), date(2026, 6, 23)),
        (date(2026, 6, 23), date(2026, 7, 2)),  # 7 working days after issue
    ]
    assert not any(entry.provisional for entry in entries)


def test_what_happened_takes_the_place_of_the_plan() -> None:
    moves = [
        move(BatchStatus.SESSIONS_DONE, datetime(2026, 5, 17, 10, tzinfo=UTC)),
        move(BatchStatus.VERIFIED, datetime(2026, 5, 25, 3, tzinfo=UTC)),
        move(BatchStatus.PUBLISHED, datetime(2026, 5, 27, 3, tzinfo=UTC)),
        move(BatchStatus.REVIEW_WINDOW, datetime(2026, 5, 27, 4, tzinfo=UTC)),
        move(BatchStatus.FINAL, datetime(2026, 6, 4, 3, tzinfo=UTC)),
        move(BatchStatus.CERTIFICATES_ISSUED, datetime(2026, 6, 5, 3, tzinfo=UTC)),
    ]
    review = timeline(batch(BatchStatus.REVIEW_WINDOW), moves[:4], datetime(2026, 5, 28, tzinfo=UTC))[4]
    assert (review.ends, review.planned) == (date(2026, 6, 3), True)
    entries = timeline(batch(BatchStatus.CERTIFICATES_ISSUED), moves, datetime(2026, 6, 8, tzinfo=UTC))
    assert [(entry.starts, entry.ends, entry.planned) for entry in entries[3:]] == [
        (date(2026, 5, 17), date(2026, 5, 25), False),
        (date(2026, 5, 25), date(2026, 6, 4), False),
        (date(2026, 6, 4), date(2026, 6, 5), False),
        (date(2026, 6, 5), date(2026, 6, 16), True),
    ]


def test_the_platform_is_late_after_seven_working_days() -> None:
    moves = [move(BatchStatus.CERTIFICATES_ISSUED, datetime(2026, 6, 5, 3, tzinfo=UTC))]
    issued = batch(BatchStatus.CERTIFICATES_ISSUED)
    assert not late(issued, datetime(2026, 6, 16, 10, tzinfo=UTC), moves)
    after = datetime(2026, 6, 17, 1, tzinfo=UTC)
    assert late(issued, after, moves)
    assert not late(issued, after)  # nothing is known of the issue: nothing is said
    last = timeline(issued, moves, after)[6]
    assert (last.state, last.ends, last.planned) == ("late", date(2026, 6, 17), False)


def test_a_plan_in_a_year_without_a_calendar_is_provisional() -> None:
    entries = timeline(replace(batch(BatchStatus.ANNOUNCED), last_day=date(2026, 12, 27)), [], OPENS)
    assert [entry.provisional for entry in entries] == [False, False, False, True, True, True, True]


def test_a_plan_never_lies_in_the_past() -> None:
    slow = timeline(batch(BatchStatus.SCORING), [], datetime(2026, 8, 3, 2, tzinfo=UTC))
    assert slow[3].ends == date(2026, 8, 3)
    assert all(entry.starts and entry.starts >= date(2026, 8, 3) for entry in slow[4:])


def test_a_batch_aside_plans_nothing() -> None:
    assert [entry.starts for entry in timeline(batch(BatchStatus.CANCELLED), [], OPENS)[3:]] == [None] * 4
