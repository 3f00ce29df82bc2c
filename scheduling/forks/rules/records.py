"""A what-if that was computed, as pages show it, and its refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exam.kernel.errors import N_, Conflict, NotFound
from scheduling.forks.rules.comparing import Comparison
from scheduling.forks.rules.wishes import ADOPTABLE, Wish
from scheduling.planning.rules.plan import Status

STATUS_LABELS: Mapping[Status, str] = {
    Status.OPTIMAL: N_("已证明最优"),
    Status.FEASIBLE: N_("可行"),
    Status.STOPPED: N_("未算完，取当时最好的结果"),
}


@dataclass(frozen=True, kw_only=True)
class Fork:
    """A what-if: the question, the draft it starts from, what comes of it."""

    id: UUID
    batch_id: UUID
    plan_id: UUID  # of the draft it starts from
    plan_version: int
    wish: Wish
    seed: int
    status: Status
    records_sha256: str
    comparison: Comparison
    made_at: datetime
    made_by: str
    adopted_version: int | None

    @property
    def may_be_adopted(self) -> bool:
        """Whether it stands for the records as they are."""
        return self.wish.variant in ADOPTABLE


class ForkUnknown(NotFound):
    message = N_("没有这次试算，或者它已被删除。")
    way_out = N_("请从批次的“如果……会怎样”页面重新进入。")


class NoDraft(Conflict):
    message = N_("本批次现在没有草案，无从比较。")
    way_out = N_("请先编排一份草案；发布以后的变动请用修复办理。")


class ForkBroken(Conflict):
    message = N_("独立检查发现试算的结果违反 %(count)s 条硬性约束（%(codes)s），没有保存。")
    way_out = N_("请把批次编号和种子 %(seed)s 告诉管理员。")


class SessionUnknown(NotFound):
    message = N_("草案里没有这一场。")
    way_out = N_("草案可能已被替代；请从考点日历重新打开。")


class DraftFiled(Conflict):
    message = N_("草案已报备，不能改动。")
    way_out = N_("请先撤回报备，再采用试算或移动场次。")


class NoLongerDraft(Conflict):
    message = N_("这份安排已不是草案，不能移动它的场次。")
    way_out = N_("请打开最新的草案；发布以后的变动请用修复办理。")


class MoveRefused(Conflict):
    message = N_("移到那里会违反硬性约束，没有移动。")
    way_out = N_("请换一个时段或考场。")


class NotMoved(Conflict):
    message = N_("这一场已经在那里。")
    way_out = N_("请选择另一个时段或考场。")
