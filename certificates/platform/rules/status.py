"""Where a registration stands (domain.md 3.8), when it is due, and how urgent it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from exam.kernel.errors import N_, Conflict
from exam.kernel.workdays import Due, add_workdays, workdays_between

PLATFORM_WORKDAYS: Final = 7
"""E02: certificate data enter the platform within 7 working days of issue."""
WARNING_WORKDAY: Final = 3
ALARM_WORKDAY: Final = 5
"""The working day after issue on which an open registration becomes a warning, an alarm."""
_FIRST_PAUSE: Final = timedelta(minutes=5)
_LONGEST_PAUSE: Final = timedelta(hours=2)


def due_date(issued_on: date) -> Due:
    """The last day on which registration on the platform is in time; day 0 is the day of issue."""
    return add_workdays(issued_on, PLATFORM_WORKDAYS)


def next_try(now: datetime, attempts: int, wished_seconds: int | None = None) -> datetime:
    """When to try again after so many attempts: 5 minutes, doubling up to 2 hours; longer where the platform wishes it,
    up to a day."""
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(max(attempts - 1, 0), 8)))
    if wished_seconds is not None and wished_seconds > 0:
        pause = max(pause, timedelta(seconds=min(wished_seconds, 86_400)))
    return now + pause


class PlatformStatus(StrEnum):
    """Where a registration on the platform stands (domain.md 3.8). `due` and `queued` are one moment here."""

    QUEUED = "queued"
    EXPORTED = "exported"  # in a batch file that is not handed in yet
    SUBMITTED = "submitted"  # sent or handed in, the answer is not here
    ACCEPTED = "accepted"  # the receipt is stored: only now it counts
    ROW_REJECTED = "row_rejected"
    FIXED = "fixed"  # what was wrong is put right; goes out with the next batch
    VERIFIED_PUBLIC = "verified_public"  # the platform's own query returns the same fields
    CORRECTION_PENDING = "correction_pending"  # accepted, and the next version is on its way
    WITHDRAWAL_PENDING = "withdrawal_pending"  # revoked here, not yet there
    WITHDRAWN = "withdrawn"


P = PlatformStatus
PLATFORM_ALLOWED: Final[Mapping[PlatformStatus, frozenset[PlatformStatus]]] = MappingProxyType(
    {
        P.QUEUED: frozenset({P.EXPORTED, P.SUBMITTED, P.WITHDRAWN}),
        P.EXPORTED: frozenset({P.SUBMITTED, P.QUEUED, P.WITHDRAWAL_PENDING}),
        P.SUBMITTED: frozenset({P.ACCEPTED, P.ROW_REJECTED, P.WITHDRAWAL_PENDING}),
        P.ROW_REJECTED: frozenset({P.FIXED, P.WITHDRAWN}),
        P.FIXED: frozenset({P.EXPORTED, P.SUBMITTED, P.WITHDRAWN}),
        P.ACCEPTED: frozenset({P.VERIFIED_PUBLIC, P.CORRECTION_PENDING, P.WITHDRAWAL_PENDING}),
        P.VERIFIED_PUBLIC: frozenset({P.ACCEPTED, P.CORRECTION_PENDING, P.WITHDRAWAL_PENDING}),
        P.CORRECTION_PENDING: frozenset({P.WITHDRAWN, P.WITHDRAWAL_PENDING}),
        P.WITHDRAWAL_PENDING: frozenset({P.WITHDRAWN}),
        P.WITHDRAWN: frozenset(),
    }
)
PLATFORM_LABELS: Final[Mapping[PlatformStatus, str]] = MappingProxyType(
    {
        P.QUEUED: N_("待上报"),
        P.EXPORTED: N_("已导出，待提交"),
        P.SUBMITTED: N_("已上报，待回执"),
        P.ACCEPTED: N_("已入库"),
        P.ROW_REJECTED: N_("被退回"),
        P.FIXED: N_("已修正，待重报"),
        P.VERIFIED_PUBLIC: N_("已入库，查询一致"),
        P.CORRECTION_PENDING: N_("更正中"),
        P.WITHDRAWAL_PENDING: N_("待撤销"),
        P.WITHDRAWN: N_("已撤下"),
    }
)
PLATFORM_TONES: Final[Mapping[PlatformStatus, str]] = MappingProxyType(
    {
        P.QUEUED: "needs",
        P.EXPORTED: "needs",
        P.SUBMITTED: "needs",
        P.ACCEPTED: "done",
        P.ROW_REJECTED: "stopped",
        P.FIXED: "needs",
        P.VERIFIED_PUBLIC: "done",
        P.CORRECTION_PENDING: "needs",
        P.WITHDRAWAL_PENDING: "warning",
        P.WITHDRAWN: "warning",
    }
)
OPEN: Final = (P.QUEUED, P.EXPORTED, P.SUBMITTED, P.ROW_REJECTED, P.FIXED)
"""Not registered yet: the clock runs."""
WAITING: Final = (P.QUEUED, P.FIXED)
"""Ready to go out, by line or by file."""
TO_SEND: Final = (P.QUEUED, P.FIXED, P.SUBMITTED, P.WITHDRAWAL_PENDING)
"""What the register job works on."""
THERE: Final = (P.ACCEPTED, P.VERIFIED_PUBLIC, P.CORRECTION_PENDING)
"""Registered: the platform has it, and the receipt is here."""
GOING: Final = (P.WITHDRAWAL_PENDING, P.WITHDRAWN)


class PlatformMoveRefused(Conflict):
    """The registration does not stand where this step begins."""

    message = N_("%(number)s 的平台登记现在是“%(status)s”，这一步没有执行。")
    way_out = N_("请刷新页面，查看最新状态。")


def platform_move(number: str, present: PlatformStatus, wanted: PlatformStatus) -> PlatformStatus:
    """The next status, or `PlatformMoveRefused`."""
    if wanted not in PLATFORM_ALLOWED[present]:
        raise PlatformMoveRefused(number=number, status=PLATFORM_LABELS[present])
    return wanted


class Urgency(StrEnum):
    """How a registration stands to its due date."""

    DONE = "done"
    IN_TIME = "in_time"
    WARNING = "warning"
    ALARM = "alarm"
    OVERDUE = "overdue"


def urgency(status: PlatformStatus, due_on: date, today: date) -> Urgency:
    """Warning from the 3rd working day after issue, alarm from the 5th, overdue from the day after the due date (the 7th).

    Counted back from the due date, so that a day means the same whichever calendar the date was computed with.
    """
    if status not in OPEN:
        return Urgency.DONE
    if today > due_on:
        return Urgency.OVERDUE
    left = workdays_between(today, due_on)
    if left <= PLATFORM_WORKDAYS - ALARM_WORKDAY:
        return Urgency.ALARM
    return Urgency.WARNING if left <= PLATFORM_WORKDAYS - WARNING_WORKDAY else Urgency.IN_TIME


def urgent_until(kind: Urgency, today: date) -> date:
    """The last due date that is a warning (or worse), an alarm (or worse), seen from today."""
    day = today
    stop = (Urgency.IN_TIME,) if kind is Urgency.WARNING else (Urgency.IN_TIME, Urgency.WARNING)
    while urgency(P.QUEUED, day + timedelta(days=1), today) not in stop:
        day += timedelta(days=1)
    return day
