"""What counts as trouble in a room now, and how bad it is. Pure: a room's facts and the clock in, troubles out.

The limits are conventions [C] of this module's table; a room without candidates, staff or devices is never in trouble.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from exam.kernel.errors import N_
from exam.signals.rules import silent

OPEN_BEFORE = timedelta(minutes=20)
"""A room is open this long before its start (domain section 7: identity at the door at T-20)."""
STAFF_BEFORE = timedelta(minutes=30)
CLOSE_AFTER = timedelta(minutes=30)
BALANCE_AFTER = timedelta(minutes=30)
BEHIND = ((timedelta(minutes=10), 0.5), (timedelta(0), 0.8))
"""How long before the start which share of the expected should be in."""


class Trouble(StrEnum):
    """One kind of problem."""

    FAULT = "fault"
    LATE = "late"
    STAFF = "staff"
    SILENT = "silent"
    DEVICES = "devices"
    BEHIND = "behind"
    OVERDUE = "overdue"
    UNBALANCED = "unbalanced"


class Weight(IntEnum):
    """How bad: the order on the page."""

    STOPPED = 0
    WARNING = 1


TROUBLE_LABELS: Mapping[Trouble, str] = {
    Trouble.FAULT: N_("故障"), Trouble.LATE: N_("未按时开启"), Trouble.STAFF: N_("监考员未到岗"),
    Trouble.SILENT: N_("失去联系"), Trouble.DEVICES: N_("设备失去联系"), Trouble.BEHIND: N_("入场偏慢"),
    Trouble.OVERDUE: N_("未按时关闭"), Trouble.UNBALANCED: N_("数据未对平"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FaultFacts:
    """An open fault of a room or its site."""

    id: UUID
    kind: str  # msgid
    minutes: int
    level: str  # msgid
    high: bool  # beyond the site


@dataclass(frozen=True, kw_only=True)
class RoomFacts:
    """One room session as the command centre sees it."""

    id: UUID
    batch_id: UUID
    site_id: UUID
    site_code: str
    site_name: str
    site_name_en: str
    prefecture_code: str
    room_name: str
    room_name_en: str
    form: str
    starts_at: datetime
    ends_at: datetime
    late_until: datetime
    status: str
    opened_at: datetime | None = None
    expected: int = 0
    present: int = 0
    absent: int = 0
    writing: int = 0
    finished: int = 0
    invigilators: int = 0
    invigilators_seen: int = 0
    page_seen_at: datetime | None = None
    computers: int = 0  # candidates at work at a computer
    computers_silent: int = 0
    tablets: int = 0
    tablets_silent: int = 0
    events_missing: int = 0
    ledger_closed: bool = False
    sheets_signed: int = 0
    faults: tuple[FaultFacts, ...] = ()

    @property
    def undecided(self) -> int:
        """Neither here nor absent yet."""
        return self.expected - self.present - self.absent

    @property
    def site_name_zh(self) -> str:
        """For ``bilingual``."""
        return self.site_name

    @property
    def room_name_zh(self) -> str:
        """For ``bilingual``."""
        return self.room_name


@dataclass(frozen=True, kw_only=True)
class Found:
    """One problem of a room, with its words."""

    kind: Trouble
    weight: Weight
    message: str  # msgid
    facts: Mapping[str, object] = field(default_factory=dict)
    minutes: int = 0
    href: str = ""

    @property
    def tone(self) -> str:
        """As colour and sign."""
        return "stopped" if self.weight is Weight.STOPPED else "warning"


def troubles(room: RoomFacts, now: datetime) -> list[Found]:
    """Everything that is wrong in a room now, the worst first."""
    found = [*_faults(room), *_planned(room, now), *_open(room, now), *_ended(room, now)]
    return sorted(found, key=lambda one: (one.weight, list(Trouble).index(one.kind), -one.minutes))


def _faults(room: RoomFacts) -> Iterable[Found]:
    for one in room.faults:
        yield Found(
            kind=Trouble.FAULT, weight=Weight.STOPPED if one.high else Weight.WARNING, minutes=one.minutes,
            message=N_("%(kind)s %(n)s 分钟，%(level)s"), facts={"kind": one.kind, "n": one.minutes, "level": one.level},
            href=f"/exam/faults/{one.id}",
        )  # fmt: skip


def _planned(room: RoomFacts, now: datetime) -> Iterable[Found]:
    if room.status != "planned" or now > room.ends_at:
        return
    if now >= room.starts_at:
        late = _minutes(room.starts_at, now)
        yield Found(kind=Trouble.LATE, weight=Weight.STOPPED, minutes=late, message=N_("过了开考时间 %(n)s 分钟还没有开启"),
                    facts={"n": late})  # fmt: skip
    elif now >= room.starts_at - OPEN_BEFORE:
        left = _minutes(now, room.starts_at)
        yield Found(
            kind=Trouble.LATE, weight=Weight.WARNING, message=N_("离开考 %(n)s 分钟还没有开启"), facts={"n": left}
        )
    if room.invigilators and not room.invigilators_seen and now >= room.starts_at - STAFF_BEFORE:
        yield Found(kind=Trouble.STAFF, weight=Weight.WARNING, message=N_("%(n)s 名监考员都没有打开过考场页面"),
                    facts={"n": room.invigilators})  # fmt: skip


def _open(room: RoomFacts, now: datetime) -> Iterable[Found]:
    if room.status != "open":
        return
    since = room.opened_at or room.starts_at
    if silent(room.page_seen_at, since, now):
        minutes = _minutes(max(room.page_seen_at or since, since), now)
        yield Found(kind=Trouble.SILENT, weight=Weight.WARNING, minutes=minutes, message=N_("考场 %(n)s 分钟没有消息"),
                    facts={"n": minutes})  # fmt: skip
    lost = room.computers_silent + room.tablets_silent
    if lost and now <= room.ends_at:
        yield Found(kind=Trouble.DEVICES, weight=Weight.WARNING, minutes=lost, facts={"n": lost, "all": room.computers + room.tablets},
                    message=N_("%(n)s 台设备超过 5 分钟没有消息（共 %(all)s 台）"))  # fmt: skip
    if _behind(room, now):
        yield Found(kind=Trouble.BEHIND, weight=Weight.WARNING, message=N_("应到 %(expected)s 人，入场 %(present)s 人"),
                    facts={"expected": room.expected, "present": room.present}, minutes=room.undecided)  # fmt: skip


def _behind(room: RoomFacts, now: datetime) -> bool:
    if not room.expected or now > room.late_until:
        return False
    wanted = max((share for before, share in BEHIND if now >= room.starts_at - before), default=0.0)
    return room.present + room.absent < wanted * room.expected


def _ended(room: RoomFacts, now: datetime) -> Iterable[Found]:
    if room.status == "open" and now > room.ends_at + CLOSE_AFTER:
        late = _minutes(room.ends_at, now)
        yield Found(kind=Trouble.OVERDUE, weight=Weight.WARNING, minutes=late, message=N_("结束 %(n)s 分钟还没有清点关闭"),
                    facts={"n": late})  # fmt: skip
    if room.tablets and not room.ledger_closed and now > room.ends_at + BALANCE_AFTER:
        missing = room.events_missing
        yield Found(
            kind=Trouble.UNBALANCED, weight=Weight.STOPPED if missing else Weight.WARNING, minutes=missing,
            message=N_("平板数据还差 %(n)s 条") if missing else N_("平板数据还没有对平签收"), facts={"n": missing} if missing else {},
        )  # fmt: skip


def _minutes(earlier: datetime, later: datetime) -> int:
    return max(0, int((later - earlier).total_seconds() // 60))


def tone_of(room: RoomFacts, found: Sequence[Found]) -> str:
    """How a room is shown: its worst problem, else how far it is."""
    if found:
        return found[0].tone
    return {"closed": "done", "open": "needs"}.get(room.status, "plain")


def worst(tones: Iterable[str]) -> str:
    """The worst of several tones; nothing is plain."""
    order = ("stopped", "warning", "needs", "done", "plain")
    return min(tones, key=order.index, default="plain")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The day's rooms at one moment, with what is wrong in each."""

    at: datetime
    rooms: tuple[RoomFacts, ...]
    found: Mapping[UUID, tuple[Found, ...]]
    ready: frozenset[UUID] = frozenset()  # sites with a readiness record that holds today
    stale: bool = False  # the database has not answered since


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Live counts of several rooms."""

    rooms: int = 0
    open: int = 0
    closed: int = 0
    expected: int = 0
    present: int = 0
    absent: int = 0
    writing: int = 0
    finished: int = 0
    devices: int = 0
    devices_silent: int = 0
    sheets_signed: int = 0
    in_trouble: int = 0


def totals(rooms: Sequence[RoomFacts], in_trouble: int) -> Totals:
    """Add up. No rooms are zero everywhere."""
    return Totals(
        rooms=len(rooms),
        open=sum(room.status == "open" for room in rooms),
        closed=sum(room.status == "closed" for room in rooms),
        expected=sum(room.expected for room in rooms),
        present=sum(room.present for room in rooms),
        absent=sum(room.absent for room in rooms),
        writing=sum(room.writing for room in rooms),
        finished=sum(room.finished for room in rooms),
        devices=sum(room.computers + room.tablets for room in rooms),
        devices_silent=sum(room.computers_silent + room.tablets_silent for room in rooms),
        sheets_signed=sum(room.sheets_signed for room in rooms),
        in_trouble=in_trouble,
    )
