"""The rules of faults: kinds, the clock, who is told after how many minutes, and how many people stand for more time.

The 30-minute rule: under the first limit of the ladder the room extends by itself; over it the fault goes up, to the site
head, then to the organisation, then to the province. The limits are data of a batch [C]. Lost time is repaid in time,
never in marks: nothing here knows a mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Forbidden, Invalid


class Scope(StrEnum):
    """Whom a fault or a time credit concerns."""

    PERSON = "person"
    ROOM = "room"
    SITE = "site"


class FaultKind(StrEnum):
    """What is wrong."""

    POWER = "power"
    NETWORK = "network"
    COMPUTER = "computer"
    TABLET = "tablet"
    STATION = "station"
    PAPER = "paper"
    STAFF = "staff"
    PLACE = "place"
    HEALTH = "health"
    OTHER = "other"


class FaultStatus(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    SOLVED = "solved"
    WITHDRAWN = "withdrawn"


class StepKind(StrEnum):
    """One entry of a ticket's history."""

    REPORTED = "reported"
    RAISED = "raised"
    ANSWERED = "answered"
    CREDITED = "credited"
    SOLVED = "solved"
    WITHDRAWN = "withdrawn"


class Level(IntEnum):
    """How far up a fault has gone."""

    ROOM = 0
    SITE = 1
    ORGANISATION = 2
    PROVINCE = 3


class CreditStatus(StrEnum):
    """Where a time credit stands: one person proposed it, the second applied or refused it."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    REFUSED = "refused"


SCOPE_LABELS: Mapping[Scope, str] = {
    Scope.PERSON: N_("一名考生"), Scope.ROOM: N_("本考场"), Scope.SITE: N_("全站点"),
}  # fmt: skip
KIND_LABELS: Mapping[FaultKind, str] = {
    FaultKind.POWER: N_("停电"), FaultKind.NETWORK: N_("断网"), FaultKind.COMPUTER: N_("考试机故障"),
    FaultKind.TABLET: N_("平板故障"), FaultKind.STATION: N_("工位或设备故障"), FaultKind.PAPER: N_("试卷不符或缺损"),
    FaultKind.STAFF: N_("工作人员未到"), FaultKind.PLACE: N_("考场环境（噪声、漏水、消防等）"),
    FaultKind.HEALTH: N_("考生身体不适"), FaultKind.OTHER: N_("其他故障"),
}  # fmt: skip
FAULT_LABELS: Mapping[FaultStatus, str] = {
    FaultStatus.OPEN: N_("处理中"), FaultStatus.SOLVED: N_("已排除"), FaultStatus.WITHDRAWN: N_("已撤回"),
}  # fmt: skip
STEP_LABELS: Mapping[StepKind, str] = {
    StepKind.REPORTED: N_("报告"), StepKind.RAISED: N_("上报一级"), StepKind.ANSWERED: N_("答复"),
    StepKind.CREDITED: N_("补时"), StepKind.SOLVED: N_("排除"), StepKind.WITHDRAWN: N_("撤回登记"),
}  # fmt: skip
LEVEL_LABELS: Mapping[Level, str] = {
    Level.ROOM: N_("考场处理"), Level.SITE: N_("已报主考"), Level.ORGANISATION: N_("已报培训评价组织"),
    Level.PROVINCE: N_("已报省级"),
}  # fmt: skip
CREDIT_LABELS: Mapping[CreditStatus, str] = {
    CreditStatus.PROPOSED: N_("待第二人确认"), CreditStatus.APPLIED: N_("已补时"), CreditStatus.REFUSED: N_("未同意"),
}  # fmt: skip
MOST_HOURS_BACK = 12
"""A fault is written down on its day."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """After how many minutes a fault is whose affair. Data of a batch, by version; these are the default [C]."""

    site_minutes: int = 30
    organisation_minutes: int = 45
    province_minutes: int = 60


DEFAULT_LADDER = Ladder()


class LadderWrong(Invalid):
    """Whoever stands higher is told later."""

    message = N_("分钟数须从小到大：主考、组织、省级，每项 1 至 240 分钟。")


class FactsMissing(Invalid):
    """A ticket says what happened."""

    message = N_("请写明发生了什么。")


class SinceWrong(Invalid):
    """A fault began in the past, on this day."""

    message = N_("故障开始的时间须在过去 12 小时以内，不能晚于现在。")


class AlreadyClosed(Conflict):
    """A ticket that is solved or withdrawn stays as it is."""

    message = N_("这张故障单已经结束。")
    way_out = N_("故障再次出现时，请另报一张。")


class CreditDecided(Conflict):
    """A credit is applied or refused once."""

    message = N_("这次补时已经处理过，没有重复执行。")


class SamePerson(Forbidden):
    """Two persons are two."""

    message = N_("补时由两人负责：提出的人不能自己确认。")
    way_out = N_("请由本考场另一名监考员、主考或考务管理员登录后确认。")


class HigherNeeded(Forbidden):
    """Over the limit the room alone does not decide."""

    message = N_("超过 %(minutes)s 分钟的补时，须有%(level)s参与。")
    way_out = N_("请上报，由上一级登录后确认。")


def lost_minutes(since: datetime, until: datetime) -> int:
    """Whole minutes of a fault, begun ones counted: the candidate loses nothing by rounding. Never below zero."""
    return max(0, -((since - until) // timedelta(minutes=1)))


def level_after(ladder: Ladder, minutes: int, scope: Scope, raised: Level = Level.ROOM) -> Level:
    """How far up a fault stands after so many minutes; a fault of the whole site begins with its head."""
    reached = Level.SITE if scope is Scope.SITE else Level.ROOM
    for level, limit in (
        (Level.SITE, ladder.site_minutes),
        (Level.ORGANISATION, ladder.organisation_minutes),
        (Level.PROVINCE, ladder.province_minutes),
    ):
        if minutes >= limit:
            reached = max(reached, level)
    return max(reached, raised)


def next_limit(ladder: Ladder, level: Level) -> int | None:
    """After how many minutes the fault goes one higher; None at the top."""
    limits = {Level.ROOM: ladder.site_minutes, Level.SITE: ladder.organisation_minutes}
    return {**limits, Level.ORGANISATION: ladder.province_minutes}.get(level)


def level_needed(ladder: Ladder, minutes: int) -> Level:
    """Who has to be among the two for a credit of so many minutes: under the first limit the room, over it the site head,
    over the organisation's limit an exam officer. The province oversees and grants nothing."""
    if minutes >= ladder.organisation_minutes:
        return Level.ORGANISATION
    return Level.SITE if minutes >= ladder.site_minutes else Level.ROOM


def require_ladder(ladder: Ladder) -> None:
    """Refuse limits out of order or out of bounds."""
    limits = (ladder.site_minutes, ladder.organisation_minutes, ladder.province_minutes)
    if not (1 <= limits[0] <= limits[1] <= limits[2] <= 240):
        raise LadderWrong


def require_report(facts: str, since: datetime, now: datetime) -> None:
    """Refuse a ticket without words, from the future or from another day."""
    if not facts.strip():
        raise FactsMissing
    if not now - timedelta(hours=MOST_HOURS_BACK) <= since <= now:
        raise SinceWrong


def require_second(first: UUID | None, second: UUID | None) -> None:
    """Refuse one and the same account as both persons."""
    if first is None or second is None or first == second:
        raise SamePerson
