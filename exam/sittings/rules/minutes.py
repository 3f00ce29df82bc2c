"""The minute plan of a room (domain section 7): every step of the day with its time, who does it, and on which paper.

Times are minutes from the start, the late limit or the end, and each form of exam has its own plan. The paper plan follows
the one seen for judicial exams (T-20 ID at the door, rules, T-10 unseal, answer cards first, T-15 reminder, collect, count,
seal); the others are conventions [C]. A plan is data with a version; a room session keeps the version it was published with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from exam.kernel.errors import N_
from exam.sittings.rules.attendance import Headcount, Step
from exam.sittings.rules.records import RoomSession
from exam.sittings.rules.status import RoomStatus

PRESENT_VERSION = 1


class Anchor(StrEnum):
    """What the minutes of a step count from."""

    START = "start"
    LATE = "late"
    END = "end"


class Paper(StrEnum):
    """The printed form a step is written on where there is no page."""

    SIGN_IN = "sign_in_sheet"
    RECORD = "room_record"
    HANDOVER = "handover_sheet"
    INCIDENT = "incident_record"


class Who(StrEnum):
    """Who does a step."""

    INVIGILATOR = "invigilator"
    TWO = "two"
    HEAD = "head"  # handed over to the site head: two people


@dataclass(frozen=True)
class MinuteStep:
    """One step of a plan. `act`: done by what the room does itself, else somebody records it."""

    key: str
    title: str
    detail: str
    anchor: Anchor
    minutes: int  # after the anchor; before it where negative
    paper: Paper
    act: Step | None = None
    who: Who = Who.INVIGILATOR
    counts: tuple[str, ...] = ()  # papers to be counted, see COUNT_LABELS

    @property
    def two_people(self) -> bool:
        """Papers never pass through one pair of hands alone."""
        return self.who is not Who.INVIGILATOR

    def due(self, room: RoomSession) -> datetime:
        """When it is to be done in this room."""
        base = {Anchor.START: room.starts_at, Anchor.LATE: room.late_until, Anchor.END: room.ends_at}[self.anchor]
        return base + timedelta(minutes=self.minutes)


WHO_LABELS: Mapping[Who, str] = {
    Who.INVIGILATOR: N_("监考员"),
    Who.TWO: N_("两名工作人员"),
    Who.HEAD: N_("监考员与主考"),
}

COUNT_LABELS: Mapping[str, str] = {
    "received": N_("领取"),
    "used": N_("使用"),
    "blank": N_("空白"),
    "spare": N_("备用"),
    "absent": N_("缺考"),
    "submitted": N_("交卷"),
}

_START, _LATE, _END = Anchor.START, Anchor.LATE, Anchor.END
_SIGN, _RECORD, _HANDOVER = Paper.SIGN_IN, Paper.RECORD, Paper.HANDOVER

_OPEN = MinuteStep(
    "open", N_("清场，开启考场"), N_("清场、核对座位和座位号，然后开启考场。"), _START, -60, _RECORD, Step.OPEN
)
_CHECK_IN = MinuteStep(
    "check_in", N_("核验入场"), N_("在门口核对准考证、证件和本人。"), _START, -20, _SIGN, Step.CHECK_IN
)
_RULES = MinuteStep(
    "rules", N_("宣读考场规则"), N_("向全体考生宣读考场规则，手机和随身物品集中存放。"), _START, -15, _RECORD
)
_BEGIN = MinuteStep("begin", N_("宣布开考"), N_("按统一时间宣布开考。"), _START, 0, _RECORD, Step.BEGIN)
_ABSENT = MinuteStep(
    "absent", N_("登记缺考"), N_("迟到时限一过，没有到场的登记缺考。"), _LATE, 0, _RECORD, Step.MARK_ABSENT
)
_REMIND = MinuteStep("remind", N_("提醒剩余时间"), N_("向考生宣布还有 15 分钟。"), _END, -15, _RECORD)
_COLLECT = MinuteStep(
    "collect", N_("收卷"), N_("到时统一收卷；延长时间的考生到时再收。"), _END, 0, _RECORD, Step.COLLECT
)
_CLOSE = MinuteStep(
    "close", N_("清点人数，关闭考场"), N_("应到等于实到加缺考，才能关闭。"), _END, 12, _RECORD, Step.CLOSE
)

_PAPER = (
    _OPEN,
    _CHECK_IN,
    _RULES,
    MinuteStep("seal", N_("当众验封"), N_("向考生展示封条完好，两人核对袋号。"), _START, -12, _HANDOVER, who=Who.TWO),
    MinuteStep(
        "unseal", N_("启封，清点试卷"), N_("当众启封，两人清点份数，核对试卷版本。"), _START, -10, _HANDOVER,
        who=Who.TWO, counts=("received",),
    ),
    MinuteStep("cards", N_("发答题卡"), N_("先发答题卡，考生填涂，监考员核对身份信息。"), _START, -8, _RECORD),
    MinuteStep("papers", N_("发试卷"), N_("开考前 5 分钟发试卷，开考前不得作答。"), _START, -5, _RECORD),
    _BEGIN,
    _ABSENT,
    _REMIND,
    _COLLECT,
    MinuteStep(
        "count", N_("清点试卷"), N_("使用、空白、备用、缺考合计应等于领取份数。"), _END, 5, _HANDOVER,
        who=Who.TWO, counts=("used", "blank", "spare", "absent"),
    ),
    MinuteStep("bag", N_("装袋密封"), N_("两人当面装袋、密封、签名。"), _END, 10, _HANDOVER, who=Who.TWO),
    _CLOSE,
    MinuteStep("handover", N_("交回主考"), N_("逐袋清点，交接双方确认。"), _END, 20, _HANDOVER, who=Who.HEAD),
)  # fmt: skip

_COMPUTER = (
    _OPEN,
    _CHECK_IN,
    _RULES,
    MinuteStep("unseal", N_("启封密码袋"), N_("当众启封，两人核对校验码和时钟。"), _START, -10, _HANDOVER, who=Who.TWO),
    MinuteStep("begin", N_("考生开始作答"), N_("考生在自己的机位上开始。"), _START, 0, _RECORD, Step.BEGIN),
    _ABSENT,
    _REMIND,
    MinuteStep("collect", N_("到时自动交卷"), N_("由系统交卷，未开始的登记收卷。"), _END, 0, _RECORD, Step.COLLECT),
    MinuteStep(
        "count", N_("核对交卷与备份"), N_("两人核对交卷人数、上传回执和备份。"), _END, 5, _HANDOVER,
        who=Who.TWO, counts=("submitted", "absent"),
    ),
    _CLOSE,
    MinuteStep("handover", N_("交回主考"), N_("密码袋、备份和草稿纸，交接双方确认。"), _END, 20, _HANDOVER, who=Who.HEAD),
)  # fmt: skip

_PRACTICAL = (
    _OPEN,
    _CHECK_IN,
    MinuteStep("draw", N_("抽签定工位"), N_("当众抽签，考生按抽到的工位就位。"), _START, -18, _RECORD),
    MinuteStep("safety", N_("安全交底"), N_("说明设备、防护和紧急停机，检查劳保用品。"), _START, -15, _RECORD),
    MinuteStep(
        "unseal", N_("启封任务书和评分表"), N_("当众启封，两人清点份数。"), _START, -10, _HANDOVER,
        who=Who.TWO, counts=("received",),
    ),
    MinuteStep("rules", N_("宣读考场规则"), N_("宣读规则和考核要求，手机集中存放。"), _START, -5, _RECORD),
    _BEGIN,
    _ABSENT,
    _REMIND,
    MinuteStep("collect", N_("收工，停止操作"), N_("到时停止操作，工位断电，考生离场。"), _END, 0, _RECORD, Step.COLLECT),
    MinuteStep(
        "count", N_("清点任务书"), N_("使用、空白、备用、缺考合计应等于领取份数。"), _END, 5, _HANDOVER,
        who=Who.TWO, counts=("used", "blank", "spare", "absent"),
    ),
    _CLOSE,
    MinuteStep("handover", N_("交回主考"), N_("任务书和已签名的评分表，交接双方确认。"), _END, 20, _HANDOVER, who=Who.HEAD),
)  # fmt: skip

PLANS: Mapping[int, Mapping[str, tuple[MinuteStep, ...]]] = {
    1: {"paper": _PAPER, "computer": _COMPUTER, "practical": _PRACTICAL}
}
"""Version -> form -> steps in their order. A version that rooms were published with is never edited: add the next one."""


class StepState(StrEnum):
    """Where one step of a room stands."""

    DONE = "done"
    SKIPPED = "skipped"
    ASKED = "asked"  # one person has recorded it, the second has not confirmed yet
    DUE = "due"
    AHEAD = "ahead"
    LAPSED = "lapsed"  # nothing to do any more, and nobody recorded it


STATE_LABELS: Mapping[StepState, str] = {
    StepState.DONE: N_("完成"),
    StepState.SKIPPED: N_("没有做"),
    StepState.ASKED: N_("等待第二人"),
    StepState.DUE: N_("该做了"),
    StepState.AHEAD: N_("待做"),
    StepState.LAPSED: N_("没有登记"),
}


@dataclass(frozen=True)
class StepRecord:
    """What was recorded last about one step."""

    step: str
    no: int  # a correction has the next one
    state: StepState  # done, skipped or asked
    at: datetime  # when it happened
    recorded_at: datetime  # when it was entered
    by_account_id: object
    by_name: str
    second_name: str
    counts: Mapping[str, int]
    reason: str
    source: str  # page, or paper: keyed in later
    keyed_name: str = ""  # who keyed it in


@dataclass(frozen=True)
class MinuteLine:
    """One step in one room: when it is due, where it stands, what was recorded."""

    step: MinuteStep
    due_at: datetime
    state: StepState
    late_minutes: int = 0  # whole minutes after its time, while it is due
    record: StepRecord | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in (StepState.DUE, StepState.ASKED)


def plan_of(room: RoomSession) -> tuple[MinuteStep, ...]:
    """The plan a room session runs by; an unknown version falls back to the present one."""
    plans = PLANS.get(room.terms.plan_version, PLANS[PRESENT_VERSION])
    return plans["practical" if room.form.startswith("practical") else room.form]


def lines(
    room: RoomSession, count: Headcount, not_started: int, records: Mapping[str, StepRecord], now: datetime
) -> tuple[MinuteLine, ...]:
    """The whole plan of a room as it stands now."""
    return tuple(_line(step, room, count, not_started, records.get(step.key), now) for step in plan_of(room))


def _line(
    step: MinuteStep,
    room: RoomSession,
    count: Headcount,
    not_started: int,
    record: StepRecord | None,
    now: datetime,
) -> MinuteLine:
    due = step.due(room)
    state = record.state if record else StepState.AHEAD
    if record is None:
        if step.act and _happened(step.act, room, count, not_started, now):
            state = StepState.DONE
        elif _lapsed(step, room, count, now):
            state = StepState.LAPSED
        elif due <= now or _early(step, room, count):
            state = StepState.DUE
    waiting = (
        state in (StepState.DUE, StepState.ASKED) and step.act is not Step.CHECK_IN
    )  # that one lasts until the limit
    late = max(0, int((now - due).total_seconds() // 60)) if waiting else 0
    return MinuteLine(step, due, state, late, record)


def _happened(act: Step, room: RoomSession, count: Headcount, not_started: int, now: datetime) -> bool:
    """Whether the room's own facts say that a step is done."""
    opened = room.status is not RoomStatus.PLANNED
    if act is Step.OPEN:
        return opened
    if act is Step.CHECK_IN:
        return opened and (count.undecided == 0 or now > room.late_until)
    if act is Step.BEGIN:
        return opened and now >= room.starts_at and (room.form == "computer" or not not_started)
    if act is Step.MARK_ABSENT:
        return opened and count.undecided == 0 and (now > room.late_until or room.status is RoomStatus.CLOSED)
    if act is Step.COLLECT:
        return opened and now >= room.starts_at and count.undecided == 0 and count.writing == 0
    return room.status is RoomStatus.CLOSED


def _over(count: Headcount) -> bool:
    return count.undecided == 0 and count.writing == 0


def _lapsed(step: MinuteStep, room: RoomSession, count: Headcount, now: datetime) -> bool:
    """A closed room records nothing but the hand-over; a reminder needs somebody who still writes."""
    if room.status is RoomStatus.CLOSED:
        return step.who is not Who.HEAD
    return step.key == "remind" and now >= room.starts_at and _over(count)


def _early(step: MinuteStep, room: RoomSession, count: Headcount) -> bool:
    """What follows the end need not wait for it where everybody has handed in."""
    after = step.anchor is Anchor.END and step.minutes > 0
    if step.who is Who.HEAD:
        return room.status is RoomStatus.CLOSED
    return after and room.status is RoomStatus.OPEN and count.expected > 0 and _over(count)


_URGENT = (Step.WAIT, Step.OPEN, Step.BEGIN, Step.MARK_ABSENT)


def next_line(plan: Sequence[MinuteLine], step: Step, due: int) -> MinuteLine | None:
    """The one thing to do now. `step`: what the room's facts ask for (attendance.next_step); `due`: how many are due to hand in.

    What the whole room waits for comes first: opening, the start, absences after the limit, the end. Then the oldest step
    whose time has come; closing comes when nothing else is left. None: nothing to do but what goes on (check-in, watching).
    """
    by_act = {line.step.act: line for line in plan if line.step.act}
    if step in _URGENT or (step is Step.COLLECT and due):
        return by_act.get(step)
    closing = by_act.get(Step.CLOSE)
    for line in plan:
        if line.open and line.step.act is None and not (line.step.who is Who.HEAD and step is not Step.CLOSED):
            return line
    return closing if step is Step.CLOSE else None


def upcoming(plan: Sequence[MinuteLine], now: datetime) -> MinuteLine | None:
    """The next step whose time has not come."""
    ahead = [line for line in plan if line.state is StepState.AHEAD and line.due_at > now]
    return min(ahead, key=lambda line: line.due_at, default=None)
