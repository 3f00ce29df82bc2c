"""The states of a sitting and of a room session, and the only changes between them (domain 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from exam.kernel.errors import N_, Conflict


class SittingStatus(StrEnum):
    """Where one candidate's attempt at one component stands (3.5)."""

    SCHEDULED = "scheduled"
    CHECKED_IN = "checked_in"
    STARTED = "started"
    SUBMITTED = "submitted"
    AUTO_SUBMITTED = "auto_submitted"
    INTERRUPTED = "interrupted"
    ABSENT = "absent"
    STOPPED = "stopped"
    VOIDED = "voided"


class RoomStatus(StrEnum):
    """Where a room session stands: nobody in it yet, running, or counted and closed."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"


_S = SittingStatus

# Three ways lead back, recorded with their reason: a check-in taken back, a candidate marked absent who sat there all the
# time (both mistaken taps), and an attempt that a fault broke off and that is taken again by two people's word.
ALLOWED: Mapping[SittingStatus, frozenset[SittingStatus]] = {
    _S.SCHEDULED: frozenset({_S.CHECKED_IN, _S.ABSENT, _S.STOPPED}),
    _S.CHECKED_IN: frozenset({_S.STARTED, _S.AUTO_SUBMITTED, _S.STOPPED, _S.SCHEDULED}),
    _S.STARTED: frozenset({_S.SUBMITTED, _S.AUTO_SUBMITTED, _S.INTERRUPTED, _S.STOPPED}),
    _S.INTERRUPTED: frozenset({_S.STARTED, _S.AUTO_SUBMITTED, _S.STOPPED, _S.CHECKED_IN}),
    _S.SUBMITTED: frozenset({_S.VOIDED}),
    _S.AUTO_SUBMITTED: frozenset({_S.VOIDED}),
    _S.STOPPED: frozenset({_S.VOIDED}),
    _S.ABSENT: frozenset({_S.CHECKED_IN}),
    _S.VOIDED: frozenset(),
}

ROOM_ALLOWED: Mapping[RoomStatus, frozenset[RoomStatus]] = {
    RoomStatus.PLANNED: frozenset({RoomStatus.OPEN}),
    RoomStatus.OPEN: frozenset({RoomStatus.CLOSED}),
    RoomStatus.CLOSED: frozenset(),
}

PRESENT: frozenset[SittingStatus] = frozenset(
    {_S.CHECKED_IN, _S.STARTED, _S.SUBMITTED, _S.AUTO_SUBMITTED, _S.INTERRUPTED, _S.STOPPED, _S.VOIDED}
)
DONE: frozenset[SittingStatus] = frozenset({_S.SUBMITTED, _S.AUTO_SUBMITTED, _S.ABSENT, _S.STOPPED, _S.VOIDED})

STATUS_LABELS: Mapping[SittingStatus, str] = {
    _S.SCHEDULED: N_("待入场"),
    _S.CHECKED_IN: N_("已入场"),
    _S.STARTED: N_("考试中"),
    _S.SUBMITTED: N_("已交卷"),
    _S.AUTO_SUBMITTED: N_("到时自动交卷"),
    _S.INTERRUPTED: N_("中断"),
    _S.ABSENT: N_("缺考"),
    _S.STOPPED: N_("终止"),
    _S.VOIDED: N_("作废"),
}

ROOM_LABELS: Mapping[RoomStatus, str] = {
    RoomStatus.PLANNED: N_("未开启"),
    RoomStatus.OPEN: N_("已开启"),
    RoomStatus.CLOSED: N_("已关闭"),
}

DUTY_LABELS: Mapping[str, str] = {
    "invigilator": N_("监考员"),
    "assessor": N_("考评员"),
    "lead_assessor": N_("考评组长"),
    "site_head": N_("主考"),
}


class StatusRefused(Conflict):
    """The status table has no such change."""

    message = N_("考次现为“%(present)s”，不能改为“%(wanted)s”。")
    way_out = N_("请刷新页面，按最新状态办理。")


class RoomStatusRefused(Conflict):
    """The room session is in another state than the step needs."""

    message = N_("考场现为“%(present)s”，不能改为“%(wanted)s”。")
    way_out = N_("请刷新页面，按最新状态办理。")


def require_change(present: SittingStatus, wanted: SittingStatus) -> None:
    """Refuse a change that the table of 3.5 does not know."""
    if wanted not in ALLOWED[present]:
        raise StatusRefused(present=STATUS_LABELS[present], wanted=STATUS_LABELS[wanted])


def require_from(present: SittingStatus, wanted: SittingStatus, *sources: SittingStatus) -> None:
    """Refuse a change the table knows, but from another state than this step starts from."""
    if present not in sources:
        raise StatusRefused(present=STATUS_LABELS[present], wanted=STATUS_LABELS[wanted])


def require_room_change(present: RoomStatus, wanted: RoomStatus) -> None:
    """Refuse a room session's change out of order."""
    if wanted not in ROOM_ALLOWED[present]:
        raise RoomStatusRefused(present=ROOM_LABELS[present], wanted=ROOM_LABELS[wanted])
