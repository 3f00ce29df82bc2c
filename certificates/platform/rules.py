"""What is registered on the platform: the record, due dates, the states of a registration (E02, domain.md 3.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from exam.kernel.errors import N_, Conflict, Problem
from exam.kernel.workdays import Due, add_workdays, workdays_between

PLATFORM_WORKDAYS: Final = 7
"""E02: certificate data enter the platform within 7 working days of issue."""
SOON_WORKDAYS: Final = 2


@dataclass(frozen=True, kw_only=True)
class PlatformRecord:
    """What the platform is told of one certificate (domain.md section 8); personal data, sealed where it waits."""

    number: str
    version: int
    holder_name: str
    id_type: str
    id_number: str = field(repr=False)
    certificate_code: str
    certificate_name: str
    level: str
    organisation_code: str
    organisation_name: str
    institution_name: str
    batch_code: str
    issued_on: date
    sha256: str

    @property
    def key(self) -> str:
        return record_key(self.number, self.version)

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "issued_on": self.issued_on.isoformat()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> PlatformRecord:
        return cls(**{**data, "issued_on": date.fromisoformat(data["issued_on"])})


def record_key(number: str, version: int) -> str:
    """The idempotency key of a registration (domain.md 3.8): the same certificate is never there twice."""
    return f"{number}/{version}"


def due_date(issued_on: date) -> Due:
    """The last day on which registration on the platform is in time; day 0 is the day of issue."""
    return add_workdays(issued_on, PLATFORM_WORKDAYS)


class PlatformStatus(StrEnum):
    """Where a registration on the platform stands (domain.md 3.8)."""

    QUEUED = "queued"
    SUBMITTED = "submitted"  # sent, the answer is not here
    ACCEPTED = "accepted"  # the receipt is stored: only now it counts
    ROW_REJECTED = "row_rejected"
    CORRECTION_PENDING = "correction_pending"  # accepted, and the next version is on its way
    WITHDRAWAL_PENDING = "withdrawal_pending"  # revoked here, not yet there
    WITHDRAWN = "withdrawn"


P = PlatformStatus
PLATFORM_ALLOWED: Final[Mapping[PlatformStatus, frozenset[PlatformStatus]]] = MappingProxyType(
    {
        P.QUEUED: frozenset({P.SUBMITTED, P.WITHDRAWN}),
        P.SUBMITTED: frozenset({P.ACCEPTED, P.ROW_REJECTED, P.QUEUED, P.WITHDRAWAL_PENDING}),
        P.ROW_REJECTED: frozenset({P.QUEUED, P.WITHDRAWN}),
        P.ACCEPTED: frozenset({P.CORRECTION_PENDING, P.WITHDRAWAL_PENDING}),
        P.CORRECTION_PENDING: frozenset({P.WITHDRAWN, P.WITHDRAWAL_PENDING}),
        P.WITHDRAWAL_PENDING: frozenset({P.WITHDRAWN}),
        P.WITHDRAWN: frozenset(),
    }
)
PLATFORM_LABELS: Final[Mapping[PlatformStatus, str]] = MappingProxyType(
    {
        P.QUEUED: N_("待上报"),
        P.SUBMITTED: N_("已上报，待回执"),
        P.ACCEPTED: N_("已入库"),
        P.ROW_REJECTED: N_("被退回"),
        P.CORRECTION_PENDING: N_("更正中"),
        P.WITHDRAWAL_PENDING: N_("待撤销"),
        P.WITHDRAWN: N_("已撤下"),
    }
)
PLATFORM_TONES: Final[Mapping[PlatformStatus, str]] = MappingProxyType(
    {
        P.QUEUED: "needs",
        P.SUBMITTED: "needs",
        P.ACCEPTED: "done",
        P.ROW_REJECTED: "stopped",
        P.CORRECTION_PENDING: "needs",
        P.WITHDRAWAL_PENDING: "warning",
        P.WITHDRAWN: "warning",
    }
)
OPEN: Final = (P.QUEUED, P.SUBMITTED, P.ROW_REJECTED)
"""Not registered yet: the clock runs."""
TO_SEND: Final = (P.QUEUED, P.SUBMITTED, P.WITHDRAWAL_PENDING)
"""What the register job works on."""


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
    SOON = "soon"
    OVERDUE = "overdue"


def urgency(status: PlatformStatus, due_on: date, today: date) -> Urgency:
    """The overdue flag stands from the day after the due date; `SOON` two working days before it."""
    if status not in OPEN:
        return Urgency.DONE
    if today > due_on:
        return Urgency.OVERDUE
    return Urgency.SOON if workdays_between(today, due_on) <= SOON_WORKDAYS else Urgency.IN_TIME


def record_problems(record: PlatformRecord) -> list[Problem]:
    """What a platform refuses in one record: a missing field, by its name."""
    required = (
        "number",
        "holder_name",
        "id_type",
        "id_number",
        "certificate_name",
        "level",
        "organisation_name",
        "sha256",
    )
    return [
        Problem(message=N_("缺少“%(field)s”。"), facts={"field": name}, field=name, code="missing")
        for name in required
        if not str(getattr(record, name)).strip()
    ]
