"""The rules of a rehearsal: which drills there are, what must be done before readiness is signed, and how long it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.sittings.rules.records import PRACTICE

TICKET = PRACTICE
"""What an invented candidate's ticket number begins with: no real one begins with letters."""
SUFFIX = "（演练）"
SUFFIX_EN = " (rehearsal)"
MOST_CANDIDATES = 60
VALID_DAYS = 180
MOST_VALID_DAYS = 366


class Drill(StrEnum):
    """What must go wrong once before it may go wrong in earnest."""

    LINE = "line"
    TABLET = "tablet"
    ASSESSOR = "assessor"
    PAPER = "paper"


DRILL_LABELS: Mapping[Drill, str] = {
    Drill.LINE: N_("断网：拔掉网线 5 分钟，继续考试，恢复后核对数据"),
    Drill.TABLET: N_("平板损坏：一台平板关机，换备用平板继续"),
    Drill.ASSESSOR: N_("考评员缺席：由备用人员接替并登记"),
    Drill.PAPER: N_("试卷不符：发现错卷，两人核对并启用备用卷"),
}


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """A drill that was done: what was seen, by whom."""

    drill: Drill
    seen: str
    by_name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """A signed readiness record."""

    id: UUID
    rehearsal_id: UUID
    site_id: UUID
    valid_from: date
    valid_to: date
    head_name: str
    head_at: datetime
    second_name: str
    second_at: datetime | None
    note: str

    @property
    def signed(self) -> bool:
        """Whether both have signed."""
        return self.second_at is not None

    def holds(self, on: date) -> bool:
        """Whether the site is ready on a day."""
        return self.signed and self.valid_from <= on <= self.valid_to


class NothingChosen(Invalid):
    """A rehearsal has rooms, a time ahead and candidates."""

    message = N_("请选择考场、以后的开始时间和每个考场的人数（1 至 %(most)s 人，且不超过座位数）。")


class SeenMissing(Invalid):
    """A drill is ticked with what was seen."""

    message = N_("请写明演练时看到了什么。")


class NotReady(Conflict):
    """Readiness is signed when the whole day was gone through."""

    message = N_("还不能签署：%(rooms)s 个考场没有清点关闭，%(drills)s 项演练没有做。")
    way_out = N_("请把每个演练考场走完，把每项演练的情况登记后再签署。")


class AlreadySigned(Conflict):
    """A record is signed once by each."""

    message = N_("就绪记录已经签署，不再更改。")


class SamePerson(Forbidden):
    """The head of the site and somebody else."""

    message = N_("就绪记录须由主考和另一名参加演练的人员分别签署。")


class ValidityWrong(Invalid):
    """How long it holds is chosen, within a year."""

    message = N_("有效期须为 1 至 %(most)s 天。")


def missing_drills(done: Iterable[Ticked]) -> list[Drill]:
    """The drills that were not done, in their order."""
    ticked = {one.drill for one in done}
    return [drill for drill in Drill if drill not in ticked]


def require_complete(room_statuses: Collection[str], done: Iterable[Ticked]) -> None:
    """Refuse while a room is not closed or a drill not done; a rehearsal without rooms was none."""
    waiting = sum(status != "closed" for status in room_statuses)
    left = missing_drills(done)
    if waiting or left or not room_statuses:
        raise NotReady(rooms=waiting, drills=len(left))
