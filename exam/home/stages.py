"""A batch as people picture it: seven stages out of the eighteen states of domain 3.3, and its timeline.

A date is what happened (the batch's moves), else what is fixed (registration window, exam days), else what follows by rule:
results 20 working days after the last exam day (a convention of ours [C]: no notice names one); the review window of 5
working days (3.10 [C]); certificates on the working day after it (3.3); the platform within 7 working days of issue (E02).
What follows by rule is marked as planned, and as provisional where a year's official calendar is not out yet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from certificates.platform.rules import due_date
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.workdays import add_workdays
from exam.registration.rules import Batch, BatchMove, BatchStatus
from scoring.reviews.rules import window

STAGES = (N_("报名"), N_("排考"), N_("考核"), N_("评分"), N_("公布"), N_("发证"), N_("平台登记"))
DONE = len(STAGES)
REGISTRATION, ARRANGING, EXAM, MARKING, RESULTS, ISSUING, PLATFORM = range(DONE)
RESULTS_WORKDAYS = 20

_B = BatchStatus
_ENTERS: Mapping[BatchStatus, int] = {
    _B.PLANNED: 0,
    _B.REGISTRATION_CLOSED: 1,
    _B.IN_PROGRESS: 2,
    _B.SESSIONS_DONE: 3,
    _B.VERIFIED: 4,
    _B.FINAL: 5,
    _B.CERTIFICATES_ISSUED: 6,
    _B.REGISTERED: DONE,
}
"""The state with which each stage begins; the states after it belong to the same stage."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timeline; without a date nobody can know one yet."""

    label: str  # msgid
    state: str  # done, current, late, coming
    starts: date | None
    ends: date | None
    planned: bool = False  # the end, or both, follow by rule: nobody has fixed them
    provisional: bool = False  # the calendar of that year is not out yet


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days of one stage as far as they are known or follow by rule."""

    starts: date
    ends: date
    planned: bool = False
    provisional: bool = False


def stage_of(status: BatchStatus) -> int:
    """Return the index of the stage a batch is in; a postponed or cancelled one is before the first."""
    stage = -1 if status in (_B.POSTPONED, _B.CANCELLED) else 0
    for other in BatchStatus:
        if stage < 0:
            break
        stage = _ENTERS.get(other, stage)
        if other is status:
            break
    return stage


def late(batch: Batch, now: datetime, moves: Iterable[BatchMove] = ()) -> bool:
    """Say whether the batch stands before a date that has passed: registration, exam days, platform (E02)."""
    today, stage = china_date(now), stage_of(batch.status)
    if stage == PLATFORM:
        issued = _begun(moves).get(PLATFORM)
        return issued is not None and today > due_date(issued).on
    waits_for = {
        REGISTRATION: now > batch.registration_closes_at,
        ARRANGING: today >= batch.first_day,
        EXAM: today > batch.last_day,
    }
    return waits_for.get(stage, False)


def timeline(batch: Batch, moves: Iterable[BatchMove], now: datetime) -> list[Entry]:
    """Return the seven stages with what happened, what is fixed, and what follows by rule."""
    moves = list(moves)
    current, begun = stage_of(batch.status), _begun(moves)
    fixed = _fixed(batch)
    spans = fixed | (_by_rule(batch, moves, china_date(now)) if current >= 0 else {})
    entries = []
    for stage, label in enumerate(STAGES):
        span = spans.get(stage)
        if stage < current:
            entries.append(_past(label, span if stage in fixed else None, begun, stage))
        elif stage == current:
            entries.append(_present(label, span, late(batch, now, moves), china_date(now), stage in fixed))
        else:
            entries.append(
                Entry(
                    label=label,
                    state="coming",
                    starts=span.starts if span else None,
                    ends=span.ends if span else None,
                    planned=span is not None and span.planned,
                    provisional=span is not None and span.provisional,
                )
            )
    return entries


def _past(label: str, span: Span | None, begun: Mapping[int, date], stage: int) -> Entry:
    """A stage that is over: its fixed days, else those of the moves."""
    starts = span.starts if span else begun.get(stage)
    ends = (span.ends if span else None) or _next_begin(begun, stage) or starts
    return Entry(label=label, state="done", starts=starts or ends, ends=ends)


def _present(label: str, span: Span | None, is_late: bool, today: date, fixed: bool) -> Entry:
    """The stage under way: until its planned end, or until today where that has passed."""
    if span is None:
        return Entry(label=label, state="late" if is_late else "current", starts=None, ends=today)
    planned = span.planned and span.ends >= today
    return Entry(
        label=label,
        state="late" if is_late else "current",
        starts=span.starts,
        ends=max(span.starts, span.ends if fixed else max(span.ends, today)),
        planned=planned,
        provisional=planned and span.provisional,
    )


def _fixed(batch: Batch) -> dict[int, Span]:
    """What the batch itself says: the registration window and the exam days."""
    opens, closes = china_date(batch.registration_opens_at), china_date(batch.registration_closes_at)
    before = max(closes, batch.first_day - timedelta(days=1))
    return {
        REGISTRATION: Span(starts=opens, ends=closes),
        ARRANGING: Span(starts=closes, ends=before),
        EXAM: Span(starts=batch.first_day, ends=batch.last_day),
    }


def _by_rule(batch: Batch, moves: Iterable[BatchMove], today: date) -> dict[int, Span]:
    """The later stages: each begins when the one before it ends, and no plan lies in the past."""
    begun = _begun(moves)
    published = next((china_date(move.at) for move in moves if move.to_status is _B.PUBLISHED), None)
    marking = begun.get(MARKING, batch.last_day)
    results = add_workdays(marking, RESULTS_WORKDAYS)
    results_on = begun.get(RESULTS) or max(results.on, today)
    review = window(published or max(results_on, today if RESULTS in begun else results_on))
    final_on = begun.get(ISSUING) or max(review.on, today)
    issue = add_workdays(final_on, 1)
    issued_on = begun.get(PLATFORM) or max(issue.on, today)
    due = due_date(issued_on)
    unsure = False  # once a calendar is missing, whatever follows is unsure, too
    found: dict[int, Span] = {}
    for stage, starts, ends, doubtful in (
        (MARKING, marking, results_on, results.provisional),
        (RESULTS, results_on, final_on, review.provisional),
        (ISSUING, final_on, issued_on, issue.provisional),
        (PLATFORM, issued_on, due.on, due.provisional),
    ):
        if stage + 1 not in begun:
            unsure = unsure or doubtful
        found[stage] = Span(starts=starts, ends=ends, planned=stage + 1 not in begun, provisional=unsure)
    return found


def _begun(moves: Iterable[BatchMove]) -> dict[int, date]:
    found: dict[int, date] = {}
    for move in moves:
        found.setdefault(stage_of(move.to_status), china_date(move.at))
    return found


def _next_begin(begun: Mapping[int, date], stage: int) -> date | None:
    return min((day for later, day in begun.items() if later > stage), default=None)
