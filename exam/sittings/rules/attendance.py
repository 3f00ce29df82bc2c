"""The rules of the door: who may come in, who is absent, when a room can be closed (3.5; late limits are data [C])."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from exam.kernel.errors import N_, Conflict
from exam.sittings.rules.records import RoomSession, Terms
from exam.sittings.rules.status import DONE, PRESENT, RoomStatus, SittingStatus
from exam.sittings.rules.windows import clock_text


class EntryTooEarly(Conflict):
    """The door is not open yet."""

    message = N_("入场尚未开始，%(opens)s 起可以入场。")
    way_out = N_("请考生在候考区等候。")


class EntryTooLate(Conflict):
    """The late limit has passed."""

    message = N_("开考已超过 %(limit)s 分钟，不能入场。")
    way_out = N_("请登记为缺考，并向考生说明规定。")


class AbsenceTooEarly(Conflict):
    """Inside the late limit the candidate may still come."""

    message = N_("%(until)s 以前考生仍可入场，还不能登记缺考。")
    way_out = N_("请在迟到时限过后登记。")


class NotStarted(Conflict):
    """Nobody begins before the start."""

    message = N_("%(starts)s 开考，现在还不能开始。")
    way_out = N_("请在座位上等候，到时自动可以开始。")


class TimeOver(Conflict):
    """The planned end has passed."""

    message = N_("本场考试已于 %(ends)s 结束，不能再开始。")
    way_out = N_("如有疑问，请联系监考员。")


class LeaveTooEarly(Conflict):
    """The component's earliest leave has not come."""

    message = N_("%(since)s 以后才可以交卷离场。")
    way_out = N_("请考生继续作答或检查。")


class RoomUndecided(Conflict):
    """A room closes only when expected = present + absent and nobody is still writing."""

    message = N_("还有 %(undecided)s 人未登记到场或缺考，%(writing)s 人未交卷，考场不能关闭。")
    way_out = N_("请先逐一办理这些考生。")


@dataclass(frozen=True)
class Headcount:
    """应到 = 实到 + 缺考 + undecided."""

    expected: int
    present: int
    absent: int
    undecided: int
    writing: int  # present, but neither submitted nor stopped
    finished: int

    @property
    def balanced(self) -> bool:
        """Everybody is decided and the three numbers agree."""
        return self.undecided == 0 and self.expected == self.present + self.absent


class Step(StrEnum):
    """The next thing to do in a room, one at a time."""

    WAIT = "wait"
    OPEN = "open"
    CHECK_IN = "check_in"
    BEGIN = "begin"
    MARK_ABSENT = "mark_absent"
    INVIGILATE = "invigilate"
    COLLECT = "collect"
    CLOSE = "close"
    CLOSED = "closed"


def minutes_late(starts_at: datetime, now: datetime) -> int:
    """Whole minutes after the start, rounded up: one second late is one minute late; 0 when in time."""
    late = (now - starts_at).total_seconds()
    return max(0, -int(-late // 60))


def entry(starts_at: datetime, terms: Terms, now: datetime) -> int:
    """Let a candidate in at `now` and return the minutes late; refuse before the door opens and after the late limit."""
    opens = starts_at - timedelta(minutes=terms.entry_minutes)
    if now < opens:
        raise EntryTooEarly(opens=clock_text(opens))
    if now > starts_at + timedelta(minutes=terms.late_limit_minutes):
        raise EntryTooLate(limit=terms.late_limit_minutes)
    return minutes_late(starts_at, now)


def require_absence(starts_at: datetime, terms: Terms, now: datetime) -> None:
    """Absence is a fact only after the last instant at which the candidate could have come in."""
    until = starts_at + timedelta(minutes=terms.late_limit_minutes)
    if now <= until:
        raise AbsenceTooEarly(until=clock_text(until))


def require_begin(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Work begins inside the window: at the start, not before; before the end, not at it."""
    if now < starts_at:
        raise NotStarted(starts=clock_text(starts_at))
    if now >= ends_at:
        raise TimeOver(ends=clock_text(ends_at))


def require_leave(starts_at: datetime, ends_at: datetime, terms: Terms, now: datetime) -> None:
    """Nobody hands in before the earliest leave; at the planned end everybody may."""
    earliest = min(starts_at + timedelta(minutes=terms.earliest_leave_minutes), ends_at)
    if now < earliest:
        raise LeaveTooEarly(since=clock_text(earliest))


def headcount(statuses: Iterable[SittingStatus]) -> Headcount:
    """Count a room. A room without sittings is balanced at zero."""
    counts = Counter(statuses)
    present = sum(n for status, n in counts.items() if status in PRESENT)
    finished = sum(n for status, n in counts.items() if status in DONE and status is not SittingStatus.ABSENT)
    return Headcount(
        expected=counts.total(),
        present=present,
        absent=counts[SittingStatus.ABSENT],
        undecided=counts[SittingStatus.SCHEDULED],
        writing=present - finished,
        finished=finished,
    )


def require_close(count: Headcount) -> None:
    """Refuse to close a room in which somebody is undecided or still writing."""
    if not count.balanced or count.writing:
        raise RoomUndecided(undecided=count.undecided, writing=count.writing)


def next_step(room: RoomSession, count: Headcount, not_started: int, now: datetime, due: int | None = None) -> Step:
    """The one large button of the room. `not_started`: how many have checked in and not begun; `due`: how many still write
    though their own time is over (None: nobody has another end than the room)."""
    if room.status is RoomStatus.CLOSED:
        return Step.CLOSED
    if room.status is RoomStatus.PLANNED:
        opens = room.starts_at - timedelta(minutes=room.terms.entry_minutes)
        return Step.WAIT if now < opens else Step.OPEN
    if now < room.starts_at:
        return Step.CHECK_IN
    if not_started and room.form != "computer" and now < room.ends_at:
        return Step.BEGIN
    if count.undecided:
        return Step.MARK_ABSENT if now > room.late_until else Step.CHECK_IN
    if count.writing:
        return Step.COLLECT if (now >= room.ends_at if due is None else due) else Step.INVIGILATE
    return Step.CLOSE
