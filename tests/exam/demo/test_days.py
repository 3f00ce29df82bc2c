"""The demo's calendar: in order whatever the day, exams on free days."""

from datetime import date, timedelta

import pytest

from exam.demo.days import (
    earlier_batch,
    in_review,
    in_scoring,
    main_batch,
    ready_to_issue,
    ready_to_publish,
    weekend_before,
)
from exam.kernel.workdays import is_workday
from scoring.reviews.rules import window_over

DAYS = [date(2025, 11, 1) + timedelta(days=3 * step) for step in range(140)]


@pytest.mark.parametrize("today", DAYS[::4])
def test_the_steps_stand_in_order_and_end_today(today: date) -> None:
    days = main_batch(today)
    order = [
        days.opens,
        days.closes,
        days.arranged,
        days.tickets,
        days.sealed,
        *days.exam,
        days.marked,
        days.verified,
        days.published,
        days.final,
        days.issued,
    ]
    assert order == sorted(order)
    assert days.issued == today
    assert earlier_batch(today).final < days.opens or earlier_batch(today).published < days.closes


def test_exams_are_on_free_days() -> None:
    for today in DAYS:
        assert not any(is_workday(day) for day in main_batch(today).exam)


def test_a_weekend_with_a_make_up_day_is_skipped() -> None:
    # 2026-05-09 is a Saturday on which offices work.
    assert weekend_before(date(2026, 5, 12), 2) == (date(2026, 5, 2), date(2026, 5, 3))


@pytest.mark.parametrize("today", DAYS[::3])
def test_the_small_batches_wait_where_they_should(today: date) -> None:
    issue, review, publish, scoring = (
        ready_to_issue(today),
        in_review(today),
        ready_to_publish(today),
        in_scoring(today),
    )
    days = [main_batch(today).exam, issue.exam, review.exam, publish.exam, scoring.exam]
    every = [day for exam in days for day in exam]
    assert len(set(every)) == len(every), "rooms and examiners are needed once a day"
    assert not any(is_workday(day) for day in every)
    assert issue.final <= today
    assert review.exam[0] < review.marked < review.published < today
    assert not window_over(review.published, today)
    assert publish.exam[0] < publish.marked <= publish.verified < today
    assert scoring.exam[0] < scoring.marked < today
