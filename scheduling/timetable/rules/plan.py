"""Why a candidate goes to a site, and why somebody has no place: the words for what the planner found."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from exam.kernel.errors import N_
from scheduling.planning.rules.plan import UnplacedReason


class SiteReason(StrEnum):
    """Why a candidate goes to this site."""

    NEAREST = "nearest"
    FARTHER = "farther"  # nearer ones are full, or have no fitting slot
    PINNED = "pinned"


SITE_REASONS: Mapping[SiteReason, str] = {
    SiteReason.NEAREST: N_("%(site)s是能去的站点中最近的，距院校 %(km)s 公里。"),
    SiteReason.FARTHER: N_("更近的 %(nearer)s 个站点已排满或没有合适的时段，安排到%(site)s，距院校 %(km)s 公里。"),
    SiteReason.PINNED: N_("考务管理员指定在%(site)s，距院校 %(km)s 公里。"),
}
UNPLACED_REASONS: Mapping[UnplacedReason, str] = {
    UnplacedReason.NO_SITE: N_("没有站点获准在本批次日期内考核“%(certificate)s”%(level)s，或都超出了行程限制。"),
    UnplacedReason.CAPACITY: N_("能到的站点都已排满。"),
    UnplacedReason.TIME: N_("还有座位，但科目的先后顺序排不出合适的时段。"),
    UnplacedReason.ACCOMMODATION: N_("没有符合便利措施的考场。"),
    UnplacedReason.PINNED: N_("被固定在没有空位的站点。"),
    UnplacedReason.CLASH: N_("该考生同期另有考试，余下的时段都与之冲突。"),
    UnplacedReason.NOT_REACHED: N_("编排提前结束，未及编排到这些考生。"),
}
# The way out, said beside each reason.
UNPLACED_WAYS_OUT: Mapping[UnplacedReason, str] = {
    UnplacedReason.NO_SITE: N_("请启用站点、补办该等级的审批，或放宽行程限制后重新编排。"),
    UnplacedReason.CAPACITY: N_("请增加考期、考场，或启用分站点。"),
    UnplacedReason.TIME: N_("请增加考期，或在一天内多排一个时段。"),
    UnplacedReason.ACCOMMODATION: N_("请在站点登记一层的或可单独使用的考场。"),
    UnplacedReason.PINNED: N_("请移去固定项，或固定到有空位的站点。"),
    UnplacedReason.CLASH: N_("请增加考期，或与考生商定只保留一场。"),
    UnplacedReason.NOT_REACHED: N_("请重新编排，并让它进行到底。"),
}
