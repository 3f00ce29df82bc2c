"""A repair from the question to the decision: states, what can be asked, and the refusals."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from exam.kernel.errors import N_, Conflict, Invalid, NotFound
from scheduling.planning.rules.plan import UnplacedReason


class RepairStatus(StrEnum):
    """A repair is proposed, and then accepted or set aside."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DISCARDED = "discarded"


ALLOWED: Mapping[RepairStatus, frozenset[RepairStatus]] = {
    RepairStatus.PROPOSED: frozenset({RepairStatus.ACCEPTED, RepairStatus.DISCARDED}),
    RepairStatus.ACCEPTED: frozenset(),
    RepairStatus.DISCARDED: frozenset(),
}
STATUS_LABELS: Mapping[RepairStatus, str] = {
    RepairStatus.PROPOSED: N_("待决定"),
    RepairStatus.ACCEPTED: N_("已采纳"),
    RepairStatus.DISCARDED: N_("已放弃"),
}
STATUS_TONES: Mapping[RepairStatus, str] = {
    RepairStatus.PROPOSED: "needs",
    RepairStatus.ACCEPTED: "done",
    RepairStatus.DISCARDED: "plain",
}


class What(StrEnum):
    """What has happened."""

    SITE = "site"
    ROOM = "room"
    STAFF = "staff"
    LATE = "late"


WHAT_LABELS: Mapping[What, str] = {
    What.SITE: N_("考点不能用"),
    What.ROOM: N_("考场不能用"),
    What.STAFF: N_("工作人员缺席"),
    What.LATE: N_("补报考生或便利措施变更"),
}


LEFT_REASONS: Mapping[UnplacedReason, str] = {
    UnplacedReason.NO_SITE: N_("没有站点能在这些日期接收其证书与等级。"),
    UnplacedReason.CAPACITY: N_("能到的站点都没有空座位。"),
    UnplacedReason.TIME: N_("还有座位，但与已考的科目或科目顺序排不到一起。"),
    UnplacedReason.ACCOMMODATION: N_("没有符合便利措施的考场。"),
    UnplacedReason.PINNED: N_("被固定在没有空位的站点。"),
    UnplacedReason.CLASH: N_("该考生另有考试，余下的时段都与之冲突。"),
    UnplacedReason.NOT_REACHED: N_("编排提前结束，未及编排到这些考生。"),
}


class RepairUnknown(NotFound):
    message = N_("没有这份调整方案，或它不在您的范围内。")


class NothingPublished(Conflict):
    message = N_("本批次还没有发布安排，不需要调整方案。")
    way_out = N_("发布之前可以直接重新编排。")


class ReasonMissing(Invalid):
    message = N_("请写明发生了什么，作为调整的理由。")
    way_out = N_("理由会留档，并写在考生的变动记录里。")


class LossIncomplete(Invalid):
    message = N_("没有写明失去的是什么：%(what)s。")
    way_out = N_("请选择考点、考场、人员或时段后重新提交。")


class NobodyLate(Conflict):
    message = N_("本批次已确认的考生都有座位，批准的便利措施都已落实。")
    way_out = N_("请先完成补报考生的审核与缴费确认。")


class NothingLost(Conflict):
    message = N_("所填的考点、考场或人员在这些时段没有任何安排，不需要调整。")
    way_out = N_("请核对时段；已经开始的场次不会再变动。")


class RepairStale(Conflict):
    message = N_("计算这份方案之后，安排又有变动（另一份方案已采纳，或有人换了座位），没有更改任何安排。")
    way_out = N_("请重新计算调整方案，再采纳。")


class RepairDecided(Conflict):
    message = N_("这份方案%(status)s，不能再办理。")
    way_out = N_("请从批次页面查看现行的安排。")


class RepairBroken(Conflict):
    message = N_("独立检查发现这份方案违反 %(count)s 条硬性约束（%(codes)s），没有保存。")
    way_out = N_("请把批次编号告诉管理员。")


class NoSeatLeft(Conflict):
    message = N_("%(site)s的%(room)s没有足够的空座位或工位容纳调整来的考生，没有保存。")
    way_out = N_("请检查该考场是否有人手工换过座位。")
