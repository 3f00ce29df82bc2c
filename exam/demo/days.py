"""The calendar of the demo's batches: it ends today, so that every first page has something to say.

The main batch has run its course: registration in the months before, exams on a weekend, results published, the
review window over, certificates issued today. An earlier batch left one part retained; four small ones wait between the
last paper and the certificate; one sits its exams today; two have their exams ahead; one still takes registrations. Only days are decided here; hours belong to the steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from exam.kernel.clock import CHINA
from exam.kernel.workdays import add_workdays, is_workday

_SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class BatchDays:
    """The days on which one batch does its steps, in the order of domain.md 3.3."""

    opens: date  # registration
    closes: date
    arranged: date
    tickets: date
    sealed: date
    exam: tuple[date, ...]
    marked: date
    verified: date
    published: date
    final: date
    issued: date


def weekend_before(day: date, days_count: int) -> tuple[date, ...]:
    """The last run of free days, Saturday first, that ends before ``day``; a weekend with a make-up working day is skipped."""
    saturday = day - timedelta(days=(day.weekday() - _SATURDAY) % 7)
    while True:
        run = tuple(saturday + timedelta(days=offset) for offset in range(days_count))
        if run[-1] < day and not any(is_workday(one) for one in run[:2]):
            return run
        saturday -= timedelta(days=7)


def main_batch(today: date) -> BatchDays:
    """A batch whose certificates are issued today."""
    exam = weekend_before(today - timedelta(days=18), 2)
    published = add_workdays(exam[-1], 6).on
    return _batch(exam, published=published, final=min(add_workdays(published, 6).on, today), issued=today)


def earlier_batch(today: date) -> BatchDays:
    """A small batch half a year before."""
    exam = weekend_before(today - timedelta(days=190), 2)
    published = add_workdays(exam[-1], 6).on
    final = add_workdays(published, 6).on
    return _batch(exam, published=published, final=final, issued=final)


def ready_to_issue(today: date) -> BatchDays:
    """A small batch before the main one: its results are final, its certificates wait."""
    main = main_batch(today)
    exam = _free_day(main.exam[0] - timedelta(days=1), ())
    return _batch((exam,), published=main.published, final=main.final, issued=today)


def in_scoring(today: date) -> BatchDays:
    """A small batch examined last weekend: its papers are being read."""
    exam = _free_day(today - timedelta(days=4), main_batch(today).exam)
    return _batch((exam,), published=today, final=today, issued=today)


def in_review(today: date) -> BatchDays:
    """A small batch published two working days ago, so that the window for reviews is open."""
    published = _workday_before(_workday_before(today))
    exam = _free_day(published - timedelta(days=5), (*main_batch(today).exam, *in_scoring(today).exam))
    return _batch((exam,), published=published, final=today, issued=today)


def ready_to_publish(today: date) -> BatchDays:
    """A small batch: verified yesterday, to be published today."""
    review = in_review(today).exam
    exam = _free_day(review[0], (*main_batch(today).exam, *in_scoring(today).exam, *review))
    return _batch((exam,), published=today, final=today, issued=today)


def upcoming(today: date, *, weeks: int, days_count: int) -> BatchDays:
    """A batch whose registration is closed and whose exams are that many weeks ahead; every step so far lies in the past."""
    exam = weekend_before(today + timedelta(weeks=weeks, days=7), days_count)
    return BatchDays(
        opens=today - timedelta(days=40),
        closes=today - timedelta(days=8),
        arranged=today - timedelta(days=5),
        tickets=today - timedelta(days=2),
        sealed=exam[0] - timedelta(days=4),
        exam=exam,
        marked=exam[-1] + timedelta(days=3),
        verified=exam[-1] + timedelta(days=9),
        published=exam[-1] + timedelta(days=10),
        final=exam[-1] + timedelta(days=18),
        issued=exam[-1] + timedelta(days=18),
    )


def _free_day(latest: date, taken: Sequence[date]) -> date:
    """The last day up to ``latest`` on which offices are closed and no other batch examines: rooms and people are free."""
    day = latest
    while is_workday(day) or day in taken:
        day -= timedelta(days=1)
    return day


def _workday_before(day: date) -> date:
    day -= timedelta(days=1)
    while not is_workday(day):
        day -= timedelta(days=1)
    return day


def _batch(exam: tuple[date, ...], *, published: date, final: date, issued: date) -> BatchDays:
    first = exam[0]
    return BatchDays(
        opens=first - timedelta(days=56),
        closes=first - timedelta(days=28),
        arranged=first - timedelta(days=21),
        tickets=first - timedelta(days=14),
        sealed=first - timedelta(days=4),
        exam=exam,
        marked=exam[-1] + timedelta(days=3),
        verified=published - timedelta(days=1),
        published=published,
        final=final,
        issued=issued,
    )


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant in China on that day."""
    return datetime.combine(day, time(hour, minute), CHINA)
