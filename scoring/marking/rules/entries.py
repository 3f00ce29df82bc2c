"""Paper marks are typed twice by two different people and compared; where they differ a third decides (domain 2, 3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid

ROUNDS = (1, 2, 3)
STEP = Decimal("0.5")  # marks on paper are given in halves [C]


class EntryState(StrEnum):
    NONE = "none"
    ONCE = "once"
    AGREED = "agreed"
    DIFFERENT = "different"
    DECIDED = "decided"


ENTRY_LABELS = {
    EntryState.NONE: N_("未登分"),
    EntryState.ONCE: N_("登分一次"),
    EntryState.AGREED: N_("两次一致"),
    EntryState.DIFFERENT: N_("两次不一致"),
    EntryState.DECIDED: N_("第三人已裁定"),
}


@dataclass(frozen=True, kw_only=True)
class PaperEntry:
    """One person's reading of one paper's mark."""

    registration_id: UUID
    component_id: UUID
    round: int  # 1, 2, then 3 only after a difference
    value: Decimal
    entered_by: UUID
    entered_at: datetime


class SamePerson(Conflict):
    message = N_("同一份试卷的两次登分必须由不同的人完成。")
    way_out = N_("请由另一名登分员录入。")


class AlreadyAgreed(Conflict):
    message = N_("这份试卷的登分已经完成。")
    way_out = N_("如发现错误，请通过成绩复核更正。")


class MarkOutOfRange(Invalid):
    message = N_("分数 %(value)s 不在 0 至 %(full)s 之间，或不是 0.5 的倍数。")
    way_out = N_("请核对试卷上的得分。")


def state_of(entries: Sequence[PaperEntry]) -> EntryState:
    """Where the entries of one paper stand."""
    values = [entry.value for entry in sorted(entries, key=lambda entry: entry.round)]
    if not values:
        return EntryState.NONE
    if len(values) == 1:
        return EntryState.ONCE
    if len(values) > 2:
        return EntryState.DECIDED
    return EntryState.AGREED if values[0] == values[1] else EntryState.DIFFERENT


def agreed_value(entries: Sequence[PaperEntry]) -> Decimal | None:
    """The mark that stands: what two typed alike, or what the third decided."""
    match state_of(entries):
        case EntryState.AGREED:
            return entries[0].value
        case EntryState.DECIDED:
            return max(entries, key=lambda entry: entry.round).value
    return None


def next_round(entries: Sequence[PaperEntry], person: UUID) -> int:
    """The round this person may type now; refuses a second reading by the same eyes."""
    state = state_of(entries)
    if state in (EntryState.AGREED, EntryState.DECIDED):
        raise AlreadyAgreed()
    if any(entry.entered_by == person for entry in entries):
        raise SamePerson()
    return len(entries) + 1


def require_mark(value: Decimal, full_marks: Decimal) -> None:
    """A paper mark lies between 0 and the full marks, in steps of a half."""
    if not 0 <= value <= full_marks or value % STEP:
        raise MarkOutOfRange(value=value, full=full_marks)
