"""Norms: what a timetable is arranged by where no source fixes it (domain section 9: configuration, never "the rule").

Every number has a default that ships with the product (:data:`BASE`), which an organisation may replace for all of its
certificates, and for one certificate again. A decision is a version with a reason and the first exam day that it holds for;
versions are never changed, and a plan stores the norms it was made by. The order of the objectives (fewest unplaced, then
fewest changes, then travel ...) is not among them: it is lexicographic and has no weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid, Problem

BASE: Final = "2026-1"
"""The version of the defaults below."""


class Unit(StrEnum):
    """What a number counts; it says how the number is asked for and shown."""

    CLOCK = "clock"  # minutes since midnight
    MINUTES = "minutes"
    PEOPLE = "people"
    POSITIONS = "positions"
    KM = "km"
    SPEED = "speed"
    YES_NO = "yes_no"


@dataclass(frozen=True, kw_only=True)
class Norms:
    """All norms, with the defaults. Times of the day in minutes, lengths in minutes, distances in km."""

    version: str = BASE
    opens: int = 8 * 60 + 30
    lunch_from: int = 12 * 60
    lunch_to: int = 13 * 60 + 30
    closes: int = 18 * 60
    room_turnaround_minutes: int = 30
    travel_minutes: int = 120
    speed_km_per_hour: int = 60
    day_minutes_limit: int = 510
    positions_per_standby: int = 10
    overnight_km: int = 100
    gap_minutes: int = 30
    station_turnaround_minutes: int = 10
    invigilators_per_room: int = 2
    candidates_per_invigilator: int = 30
    assessors_minimum: int = 2
    candidates_per_assessor: int = 10
    travel_limit_km: int = 3000
    other_province: int = 1


@dataclass(frozen=True, kw_only=True)
class Norm:
    """One number: what it is called, what it may be, and whether it may differ between certificates."""

    label: str
    unit: Unit
    least: int
    most: int
    hint: str
    own: bool = False
    """Whether a certificate may have its own; else it belongs to the day that all certificates of a batch share."""
    strict: str = "max"
    """Which of two organisations' numbers holds in a batch that both examine in: the larger or the smaller one."""


DESCRIBED: Final[Mapping[str, Norm]] = MappingProxyType(
    {
        "opens": Norm(label=N_("上午开考"), unit=Unit.CLOCK, least=6 * 60, most=12 * 60, hint=N_("最早的场次从这时开始。")),
        "lunch_from": Norm(
            label=N_("午休开始"), unit=Unit.CLOCK, least=10 * 60, most=15 * 60, hint=N_("上午的场次到这时为止。"), strict="min"
        ),
        "lunch_to": Norm(label=N_("午休结束"), unit=Unit.CLOCK, least=10 * 60, most=16 * 60, hint=N_("下午的场次从这时开始。")),
        "closes": Norm(
            label=N_("全天结束"), unit=Unit.CLOCK, least=12 * 60, most=23 * 60, hint=N_("最晚的场次到这时为止。"), strict="min"
        ),
        "room_turnaround_minutes": Norm(
            label=N_("考场两场之间"), unit=Unit.MINUTES, least=0, most=180, hint=N_("清场、清点、封存、张贴下一场名单。")
        ),
        "travel_minutes": Norm(
            label=N_("与另一批次考试之间"), unit=Unit.MINUTES, least=0, most=1440, hint=N_("考生同日还有另一批次的考试时。")
        ),
        "speed_km_per_hour": Norm(
            label=N_("路途速度"), unit=Unit.SPEED, least=10, most=350, hint=N_("计算同日两个考点之间的路程用时。"),
            strict="min",
        ),
        "day_minutes_limit": Norm(
            label=N_("每人每天任务"), unit=Unit.MINUTES, least=60, most=900, hint=N_("一名工作人员一天最多的任务时间。"),
            strict="min",
        ),
        "positions_per_standby": Norm(
            label=N_("每多少岗位备 1 人"), unit=Unit.POSITIONS, least=1, most=1000, hint=N_("每个考点每天的备用人员。"), strict="min"
        ),
        "overnight_km": Norm(
            label=N_("超过多远算住宿"), unit=Unit.KM, least=10, most=3000, hint=N_("更远的考生分两天考试时，要在外过夜。"), strict="min"
        ),
        "gap_minutes": Norm(
            label=N_("同一考生两科之间"), unit=Unit.MINUTES, least=0, most=600, hint=N_("休息和换场。"), own=True
        ),
        "station_turnaround_minutes": Norm(
            label=N_("工位两名考生之间"), unit=Unit.MINUTES, least=0, most=180, hint=N_("复位、换料、清理。"), own=True
        ),
        "invigilators_per_room": Norm(
            label=N_("每个考场监考员"), unit=Unit.PEOPLE, least=1, most=20, hint=N_("其中一人负责。"), own=True
        ),
        "candidates_per_invigilator": Norm(
            label=N_("每名监考员最多考生"), unit=Unit.PEOPLE, least=1, most=200, hint=N_("考生更多时增加监考员。"), own=True,
            strict="min",
        ),
        "assessors_minimum": Norm(
            label=N_("每场实操考评员至少"), unit=Unit.PEOPLE, least=1, most=20, hint=N_("其中一人任组长。"), own=True
        ),
        "candidates_per_assessor": Norm(
            label=N_("每名考评员同时考评"), unit=Unit.PEOPLE, least=1, most=200, hint=N_("同时在工位上的考生更多时增加考评员。"),
            own=True, strict="min",
        ),
        "travel_limit_km": Norm(
            label=N_("考生最远去"), unit=Unit.KM, least=1, most=6000, hint=N_("直线距离；更远的考点不用。"), own=True, strict="min"
        ),
        "other_province": Norm(
            label=N_("可以安排到外省"), unit=Unit.YES_NO, least=0, most=1, hint=N_("外省的考点近时，可以用。"), own=True, strict="min"
        ),
    }
)  # fmt: skip

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        N_("考试日"): ("opens", "lunch_from", "lunch_to", "closes"),
        N_("间隔"): ("gap_minutes", "station_turnaround_minutes", "room_turnaround_minutes", "travel_minutes"),
        N_("人员"): (
            "invigilators_per_room", "candidates_per_invigilator", "assessors_minimum", "candidates_per_assessor",
            "positions_per_standby", "day_minutes_limit",
        ),
        N_("路途"): ("travel_limit_km", "other_province", "overnight_km", "speed_km_per_hour"),
    }
)  # fmt: skip
"""How a page groups them."""

BATCH_WIDE: Final = tuple(code for code, one in DESCRIBED.items() if not one.own)
OF_CERTIFICATES: Final = tuple(code for code, one in DESCRIBED.items() if one.own)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One version of an organisation's norms, for all of its certificates (None) or for one."""

    id: UUID
    organisation_id: UUID
    certificate_id: UUID | None
    version: int
    effective_on: date  # the first exam day
    values: Mapping[str, int]  # what differs from the defaults (from the organisation's own, for a certificate)
    reason: str
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, kw_only=True)
class NormSet:
    """The norms of a batch: what its certificates share, and those of the ones that differ (by code)."""

    common: Norms = Norms()
    own: Mapping[str, Norms] = field(default_factory=dict)

    def of(self, certificate: str) -> Norms:
        """The norms of a certificate, by its code."""
        return self.own.get(certificate, self.common)

    def stored(self) -> dict[str, Any]:
        """As a plan keeps it (JSON)."""
        return {"common": asdict(self.common), "own": {code: asdict(one) for code, one in sorted(self.own.items())}}

    @staticmethod
    def restored(kept: Mapping[str, Any]) -> NormSet:
        """From what a plan kept; numbers that it does not know have their defaults."""
        return NormSet(
            common=_read(kept.get("common", {})), own={code: _read(one) for code, one in kept.get("own", {}).items()}
        )


class OutOfDate(Conflict):
    """Two officers at once."""

    message = N_("这些标准刚由%(name)s改为第 %(n)s 版，您的修改没有保存。")
    way_out = N_("请看过新的一版，再决定是否修改。")


class NothingDiffers(Conflict):
    """A version that would say what holds already."""

    message = N_("填写的内容与现行标准相同，没有新建版本。")
    way_out = N_("请修改至少一项，或不必保存。")


def in_force(
    decisions: Iterable[Decision], organisation_id: UUID, certificate_id: UUID | None, on: date
) -> Decision | None:
    """The version that holds on an exam day: the last one decided among those that have begun."""
    begun = [
        one
        for one in decisions
        if one.organisation_id == organisation_id and one.certificate_id == certificate_id and one.effective_on <= on
    ]
    return max(begun, key=lambda one: one.version, default=None)


def resolve(*decisions: Decision | None) -> Norms:
    """The defaults with the decisions laid over them in turn: the organisation's, then the certificate's."""
    found = Norms()
    for one in decisions:
        if one is not None:
            found = replace(_with(found, one.values), version=f"{found.version}+{one.version}")
    return found


def together(several: Sequence[Norms]) -> Norms:
    """What holds in a batch of several organisations: of every number the stricter one; the defaults without any."""
    if len(several) <= 1:
        return several[0] if several else Norms()
    pick = {"max": max, "min": min}
    values = {code: pick[norm.strict](getattr(one, code) for one in several) for code, norm in DESCRIBED.items()}
    return _with(Norms(version="/".join(one.version for one in several)), values)


def norm_set(decisions: Sequence[Decision], certificates: Mapping[UUID, tuple[str, UUID]], on: date) -> NormSet:
    """The norms of a batch that begins `on` a day. `certificates`: id -> (code, organisation).

    The day is shared: what is not a certificate's own is the same for all of them.
    """
    general = {
        organisation: resolve(in_force(decisions, organisation, None, on))
        for organisation in sorted({owner for _, owner in certificates.values()}, key=str)
    }
    common = together(list(general.values()))
    shared = {code: getattr(common, code) for code in BATCH_WIDE}
    own: dict[str, Norms] = {}
    for id, (code, owner) in certificates.items():
        found = resolve(in_force(decisions, owner, None, on), in_force(decisions, owner, id, on))
        norms = _with(found, shared)
        if norms != common:
            own[code] = norms
    return NormSet(common=common, own=own)


def problems(values: Mapping[str, int], *, before: Norms) -> Iterator[Problem]:
    """What is wrong with new numbers laid over the ones that hold otherwise: each by its field."""
    for code, value in values.items():
        norm = DESCRIBED[code]
        if not norm.least <= value <= norm.most:
            facts = {"least": shown(norm.unit, norm.least), "most": shown(norm.unit, norm.most)}
            yield Problem(field=code, code="range", message=N_("应在 %(least)s 到 %(most)s 之间。"), facts=facts)
    day = _with(before, values)
    for earlier, later in (("opens", "lunch_from"), ("lunch_from", "lunch_to"), ("lunch_to", "closes")):
        if getattr(day, later) < getattr(day, earlier):
            facts = {"other": DESCRIBED[earlier].label}
            yield Problem(field=later, code="order", message=N_("不能早于“%(other)s”。"), facts=facts)
    if day.lunch_from - day.opens < _HALF_DAY and day.closes - day.lunch_to < _HALF_DAY:
        yield Problem(field="closes", code="short", message=N_("上午和下午都不足 60 分钟，排不进任何一科。"))


_HALF_DAY: Final = 60


def check(values: Mapping[str, int], *, before: Norms, certificate: bool) -> None:
    """Refuse numbers that cannot hold, all of them at once."""
    found = list(problems(values, before=before))
    if certificate:
        found += [
            Problem(field=code, code="shared", message=N_("这一项由同批次的全部证书共用，不能只为一个证书规定。"))
            for code in values
            if not DESCRIBED[code].own
        ]
    if found:
        raise Invalid(problems=found)


def shown(unit: Unit, value: int) -> str:
    """A number as a person writes it."""
    return f"{value // 60:02d}:{value % 60:02d}" if unit is Unit.CLOCK else str(value)


def read(unit: Unit, text: str) -> int:
    """A number as a person wrote it; raises ValueError."""
    if unit is not Unit.CLOCK:
        return int(text)
    hours, minutes = text.split(":")[:2]
    if not (0 <= int(hours) < 24 and 0 <= int(minutes) < 60):
        raise ValueError(text)
    return int(hours) * 60 + int(minutes)


def _with(norms: Norms, values: Mapping[str, int]) -> Norms:
    changes: dict[str, Any] = {code: value for code, value in values.items() if code in DESCRIBED}
    return replace(norms, **changes)


def _read(kept: Mapping[str, Any]) -> Norms:
    known = {one.name for one in fields(Norms)}
    return Norms(**{code: value for code, value in kept.items() if code in known})
