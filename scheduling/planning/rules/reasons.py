"""Why somebody has no place, as the sentence an officer reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exam.kernel.errors import N_
from scheduling.planning.rules.plan import UnplacedReason

SENTENCES: Final[Mapping[UnplacedReason, str]] = {
    UnplacedReason.NO_SITE: N_("路程上限之内没有站点具备该证书、等级和形式的资格和场地。"),
    UnplacedReason.CAPACITY: N_("路程上限之内的站点都已满。"),
    UnplacedReason.TIME: N_("站点还有座位，但排不出符合次序和间隔的时段。"),
    UnplacedReason.ACCOMMODATION: N_("没有符合便利条件的考场。"),
    UnplacedReason.PINNED: N_("固定项占住了位置，或把考生固定在不可用的站点。"),
    UnplacedReason.CLASH: N_("考生的另一场考试没有留出时段。"),
}
