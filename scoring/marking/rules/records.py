"""What a mark is: its six states, where it came from, and how far it is (domain 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from exam.kernel.errors import N_, Conflict


class PartState(StrEnum):
    """Six different things; none of them is a zero. A zero is SCORED with the value 0."""

    SCORED = "scored"
    ABSENT = "absent"
    VOID = "void"
    EXEMPT = "exempt"
    RETAINED = "retained"
    MISSING = "missing"

    @property
    def valued(self) -> bool:
        """Whether a number belongs to this state."""
        return self in (PartState.SCORED, PartState.RETAINED)


class MarkSource(StrEnum):
    """Who or what a mark comes from."""

    COMPUTER = "computer"  # marked by key (X01)
    DOUBLE_ENTRY = "double_entry"  # two people typed the same
    THIRD_ENTRY = "third_entry"  # two differed, a third decided
    SHEETS = "sheets"  # signed sheets agree within the tolerance
    LEAD = "lead"  # they did not; the lead assessor decided
    ATTENDANCE = "attendance"  # absent
    INCIDENT = "incident"  # void by a final decision
    EXEMPTION = "exemption"  # D12
    RETENTION = "retention"  # a passed part of an earlier attempt
    CORRECTION = "correction"  # a recheck changed it


class MarkStatus(StrEnum):
    ENTERED = "entered"
    VERIFIED = "verified"


class SheetStatus(StrEnum):
    """A sheet is open until it is signed; a correction is a new sheet that needs a second signature, and a veto item may."""

    DRAFT = "draft"
    COUNTERSIGN = "countersign"  # signed by its assessor; a correction or a veto item waits for the second signature
    SIGNED = "signed"


MARK_ALLOWED: Mapping[MarkStatus, frozenset[MarkStatus]] = {
    MarkStatus.ENTERED: frozenset({MarkStatus.VERIFIED}),
    MarkStatus.VERIFIED: frozenset(),
}
SHEET_ALLOWED: Mapping[SheetStatus, frozenset[SheetStatus]] = {
    SheetStatus.DRAFT: frozenset({SheetStatus.COUNTERSIGN, SheetStatus.SIGNED}),
    SheetStatus.COUNTERSIGN: frozenset({SheetStatus.SIGNED}),
    SheetStatus.SIGNED: frozenset(),
}
STATE_LABELS: Mapping[PartState, str] = {
    PartState.SCORED: N_("有成绩"),
    PartState.ABSENT: N_("缺考"),
    PartState.VOID: N_("成绩无效"),
    PartState.EXEMPT: N_("免试"),
    PartState.RETAINED: N_("成绩保留"),
    PartState.MISSING: N_("缺成绩"),
}
SOURCE_LABELS: Mapping[MarkSource, str] = {
    MarkSource.COMPUTER: N_("计算机阅卷"),
    MarkSource.DOUBLE_ENTRY: N_("两次登分一致"),
    MarkSource.THIRD_ENTRY: N_("第三人裁定"),
    MarkSource.SHEETS: N_("考评员评分表"),
    MarkSource.LEAD: N_("考评组长裁定"),
    MarkSource.ATTENDANCE: N_("缺考登记"),
    MarkSource.INCIDENT: N_("违纪处理决定"),
    MarkSource.EXEMPTION: N_("免试批准"),
    MarkSource.RETENTION: N_("保留成绩"),
    MarkSource.CORRECTION: N_("复核更正"),
}
MARK_LABELS: Mapping[MarkStatus, str] = {
    MarkStatus.ENTERED: N_("已登分"),
    MarkStatus.VERIFIED: N_("已复核"),
}
SHEET_LABELS: Mapping[SheetStatus, str] = {
    SheetStatus.DRAFT: N_("评分中"),
    SheetStatus.COUNTERSIGN: N_("待第二人签名"),
    SheetStatus.SIGNED: N_("已签名"),
}


class SheetSigned(Conflict):
    message = N_("评分表已签名，不能再修改。")
    way_out = N_("如确有错误，请发起更正：写明理由，由考评员和组长两人签名。")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The one live mark of a registration in a component."""

    id: UUID
    batch_id: UUID
    registration_id: UUID
    component_id: UUID
    sitting_id: UUID | None
    state: PartState
    value: Decimal | None  # only where state.valued
    source: MarkSource
    status: MarkStatus
    version: int
    entered_by: tuple[UUID, ...]  # every person whose entry is in it; empty for the system
    entered_at: datetime
    verified_by: UUID | None
    verified_at: datetime | None
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)  # item, row or entry marks behind the value


def require_sheet_change(present: SheetStatus, wanted: SheetStatus) -> None:
    """Refuse a step the table does not know: a signed sheet never changes."""
    if wanted not in SHEET_ALLOWED[present]:
        raise SheetSigned()
