"""A batch as people picture it: seven stages out of the eighteen states of domain 3.3, and its timeline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.registration.rules import Batch, BatchMove, BatchStatus

STAGES = (N_("报名"), N_("排考"), N_("考核"), N_("评分"), N_("公布"), N_("发证"), N_("平台登记"))
DONE = len(STAGES)

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
    """One line of the timeline; without a date nobody has fixed one yet."""

    label: str  # msgid
    state: str  # done, current, late, coming
    starts: date | None
    ends: date | None
    note: str = ""


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


def late(batch: Batch, now: datetime) -> bool:
    """Say whether the batch stands before a date that has passed: registration, first day or last day."""
    today = china_date(now)
    waits_for = {0: now > batch.registration_closes_at, 1: today >= batch.first_day, 2: today > batch.last_day}
    return waits_for.get(stage_of(batch.status), False)


def timeline(batch: Batch, moves: Iterable[BatchMove], now: datetime) -> list[Entry]:
    """Return the seven stages with the dates that are known: planned ones, else those of the moves."""
    current = stage_of(batch.status)
    begun = _begun(moves)
    planned = _planned(batch)
    entries = []
    for stage, label in enumerate(STAGES):
        starts, ends = planned.get(stage, (begun.get(stage), None))
        if stage < current:
            ends = ends or _next_begin(begun, stage) or starts
            entries.append(Entry(label=label, state="done", starts=starts or ends, ends=ends))
        elif stage == current:
            state = "late" if late(batch, now) else "current"
            entries.append(
                Entry(label=label, state=state, starts=starts, ends=_not_before(starts, ends or china_date(now)))
            )
        else:
            entries.append(Entry(label=label, state="coming", starts=starts, ends=ends))
    return entries


def _planned(batch: Batch) -> dict[int, tuple[date, date]]:
    opens, closes = china_date(batch.registration_opens_at), china_date(batch.registration_closes_at)
    before = max(closes, batch.first_day - timedelta(days=1))
    return {0: (opens, closes), 1: (closes, before), 2: (batch.first_day, batch.last_day)}


def _begun(moves: Iterable[BatchMove]) -> dict[int, date]:
    found: dict[int, date] = {}
    for move in moves:
        found.setdefault(stage_of(move.to_status), china_date(move.at))
    return found


def _next_begin(begun: Mapping[int, date], stage: int) -> date | None:
    return min((day for later, day in begun.items() if later > stage), default=None)


def _not_before(first: date | None, last: date) -> date:
    return last if first is None else max(first, last)
