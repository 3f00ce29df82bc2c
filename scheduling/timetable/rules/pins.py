"""Pins (H17): what an officer decides by hand for a batch, on four levels, with reason, perhaps an expiry, and who.

A pin outlives the plans: it names things by their codes (group, site, room, slot), and somebody who stands alone in a
group by the registration, because the planner's key of that group changes with the records. When the records have changed
under a pin it is contradictory, not gone: it says what is missing, and no proposal is made until it is removed or the
records are mended.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from exam.kernel.errors import N_, Conflict, NotFound, Problem
from scheduling.planning.rules.contradictions import contradictions
from scheduling.planning.rules.problem import Duty, Pin
from scheduling.planning.rules.problem import Problem as Planning

REMOVE: Final = N_("请撤销这一固定项，或先更正记录。")


class PinLevel(StrEnum):
    """What a pin holds."""

    GROUP = "group"
    PART = "part"
    SESSION = "session"
    PERSON = "person"


class PinState(StrEnum):
    """How a pin stands now."""

    IN_FORCE = "in_force"
    CONTRADICTORY = "contradictory"
    EXPIRED = "expired"
    REMOVED = "removed"


LEVEL_LABELS: Final[Mapping[PinLevel, str]] = {
    PinLevel.GROUP: N_("一组考生去哪个考点"),
    PinLevel.PART: N_("一组考生的科目在哪个时段"),
    PinLevel.SESSION: N_("一个场次保持不动"),
    PinLevel.PERSON: N_("一名工作人员在哪里执勤"),
}
LEVEL_NOTES: Final[Mapping[PinLevel, str]] = {
    PinLevel.GROUP: N_("全组，或至少若干人。同组考生条件相同，固定的是人数，不能指定其中哪几个人。"),
    PinLevel.PART: N_("科目、时段，还可以指定考场。指定考场时，这个考场在这个时段不再排别的科目。"),
    PinLevel.SESSION: N_("考场、时段和场内各组的人数保持不变；座位仍由种子抽定，工作人员请另行固定。"),
    PinLevel.PERSON: N_(
        "到场次里执勤；如果那时那里没有场次，或本人要回避，这一项就不起作用。考点主考和实操考场的监考员不能固定。"
    ),
}
STATE_LABELS: Final[Mapping[PinState, str]] = {
    PinState.IN_FORCE: N_("有效"),
    PinState.CONTRADICTORY: N_("矛盾"),
    PinState.EXPIRED: N_("已到期"),
    PinState.REMOVED: N_("已撤销"),
}
STATE_TONES: Final[Mapping[PinState, str]] = {
    PinState.IN_FORCE: "done",
    PinState.CONTRADICTORY: "stopped",
    PinState.EXPIRED: "plain",
    PinState.REMOVED: "plain",
}
PLACE_LABELS: Final[Mapping[Duty, str]] = {
    Duty.HEAD_INVIGILATOR: N_("监考员"),
    Duty.INVIGILATOR: N_("监考员"),
    Duty.LEAD_ASSESSOR: N_("考评组长"),
    Duty.ASSESSOR: N_("考评员"),
}


PICKED_DUTIES: Final = (Duty.INVIGILATOR, Duty.LEAD_ASSESSOR, Duty.ASSESSOR)
"""The duties that a pin may name; without one, any of the team."""


class PinUnknown(NotFound):
    message = N_("没有这个固定项，或它不在您的范围内。")


class PinRefused(Conflict):
    message = N_("这一固定项不能成立，没有添加。")
    way_out = N_("请改换考点、时段或人数，或先撤销与它冲突的固定项。")


class PinRemoved(Conflict):
    message = N_("这个固定项已经撤销。")
    way_out = N_("请刷新页面查看。")


class PinsContradict(Conflict):
    message = N_("固定项 %(pins)s 互相矛盾，或与现在的记录不符，没有编排。")
    way_out = N_("请打开固定项页面，撤销或更正其中一项，再重新编排。")


@dataclass(frozen=True, kw_only=True)
class PinPart:
    """Members of a group that a pin holds; `count` None: all of them."""

    group: str
    count: int | None = None
    registration_id: UUID | None = None  # of somebody who stands alone in a group


@dataclass(frozen=True, kw_only=True)
class NewPin:
    """What somebody asks for."""

    level: PinLevel
    parts: tuple[PinPart, ...] = ()
    site: str
    component: str | None = None
    slot: str | None = None
    room: str | None = None
    examiner_id: UUID | None = None
    duty: Duty | None = None
    reason: str
    expires: date | None = None


@dataclass(frozen=True, kw_only=True)
class PinRecord(NewPin):
    """One pin: what was asked for, and what has become of it."""

    id: UUID
    batch_id: UUID
    number: int  # within the batch, as people call it
    made_at: datetime
    made_by: str
    removed_at: datetime | None = None
    removed_by: str = ""
    removal_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The pins of a batch against its records: the problem with those in force, and what is wrong with which."""

    problem: Planning
    faults: Mapping[int, tuple[Problem, ...]]  # by number of the pin; a fault of two stands with both


def numbers_of(pin_id: str) -> int:
    """The number of the pin that a planner's pin stands for: "3" and "3.2" are of the third."""
    return int(pin_id.partition(".")[0])


def incomplete(wish: NewPin, today: date) -> tuple[Problem, ...]:
    """What a wish lacks, field by field."""
    found = []
    if not wish.reason.strip():
        found.append(Problem(field="reason", message=N_("请写明为什么固定：日后撤销时要能看懂。"), code="reason"))
    if wish.expires is not None and wish.expires < today:
        found.append(
            Problem(
                field="expires", message=N_("到期日已经过去。"), way_out=N_("请改为今天或以后，或留空。"), code="past"
            )
        )
    if wish.level is PinLevel.PERSON and wish.examiner_id is None:
        found.append(Problem(field="examiner", message=N_("请选择工作人员。"), code="missing"))
    if wish.level is not PinLevel.PERSON and not any(part.group for part in wish.parts):
        found.append(Problem(field="group", message=N_("请选择考生组。"), code="missing"))
    if wish.level is PinLevel.PERSON and wish.slot is None:
        found.append(Problem(field="slot", message=N_("请选择时段。"), code="missing"))
    if wish.level is PinLevel.PART and wish.component is None:
        found.append(Problem(field="component", message=N_("请选择科目。"), code="missing"))
    if wish.level is PinLevel.PART and wish.slot is None:
        found.append(Problem(field="slot", message=N_("请选择时段。"), code="missing"))
    if any(part.count is not None and part.count < 1 for part in wish.parts):
        found.append(Problem(field="count", message=N_("人数至少为 1；留空则固定全组。"), code="count"))
    return tuple(found)


def state(record: PinRecord, today: date | None, faults: Mapping[int, Sequence[Problem]]) -> PinState:
    """How a pin stands today; without a day, nothing has expired."""
    if record.removed_at is not None:
        return PinState.REMOVED
    if record.expires is not None and today is not None and record.expires < today:
        return PinState.EXPIRED
    return PinState.CONTRADICTORY if record.number in faults else PinState.IN_FORCE


def stand(
    problem: Planning, members: Mapping[str, Sequence[UUID]], records: Iterable[PinRecord], today: date | None
) -> Standing:
    """Put the pins that are in force into the problem; name what they lack and where they collide."""
    alone = {own[0]: group for group, own in members.items() if problem.group[group].person is not None}
    found: list[Pin] = []
    faults: dict[int, list[Problem]] = defaultdict(list)
    for record in sorted(records, key=lambda one: one.number):
        if state(record, today, {}) is not PinState.IN_FORCE:
            continue
        missing = list(_missing(problem, record, alone))
        faults[record.number] += missing
        if not missing:
            found += planner_pins(record, alone)
    pinned = msgspec.structs.replace(problem, pins=tuple(found))
    for fault in contradictions(pinned):
        for number in _concerned(fault, pinned):
            faults[number].append(fault)
    return Standing(problem=pinned, faults={number: tuple(own) for number, own in sorted(faults.items()) if own})


def planner_pins(record: PinRecord, alone: Mapping[UUID, str]) -> tuple[Pin, ...]:
    """A pin as the planner has it: one for each group of a session, else one."""
    several = len(record.parts) > 1
    shared = {
        "author": record.made_by or "—",
        "reason": record.reason,
        "expires": record.expires,
        "site": record.site,
        "slot": record.slot,
        "room": record.room,
        "component": record.component,
    }
    if record.level is PinLevel.PERSON:
        person = str(record.examiner_id)
        return (msgspec.convert({"id": str(record.number), "person": person, "duty": record.duty, **shared}, Pin),)
    return tuple(
        msgspec.convert(
            {
                "id": f"{record.number}.{at}" if several else str(record.number),
                "group": group_of(part, alone),
                "count": part.count,
                **shared,
            },
            Pin,
        )
        for at, part in enumerate(record.parts, start=1)
    )


def group_of(part: PinPart, alone: Mapping[UUID, str]) -> str:
    """The planner's key of the group that a part means now."""
    return alone.get(part.registration_id, part.group) if part.registration_id is not None else part.group


def _missing(problem: Planning, record: PinRecord, alone: Mapping[UUID, str]) -> Iterable[Problem]:
    """What a pin names that the records do not have any more."""
    site = problem.site.get(record.site)
    if site is None:
        yield _gone(record, N_("固定项 %(pin)s（%(author)s：%(reason)s）的考点现在没有资格承办这一批次。"))
    elif record.room is not None and record.room not in {one.id for one in site.places}:
        yield _gone(record, N_("固定项 %(pin)s（%(author)s：%(reason)s）的考场现在不在这个考点，或不能再用。"))
    if record.slot is not None and record.slot not in problem.slot:
        yield _gone(record, N_("固定项 %(pin)s（%(author)s：%(reason)s）的时段现在不在考期内。"))
    if record.examiner_id is not None and str(record.examiner_id) not in problem.person:
        yield _gone(record, N_("固定项 %(pin)s（%(author)s：%(reason)s）的工作人员现在不在人员库中。"))
    for part in record.parts:
        group = problem.group.get(group_of(part, alone))
        if group is None or (part.registration_id is not None and part.registration_id not in alone):
            yield _gone(record, N_("固定项 %(pin)s（%(author)s：%(reason)s）的考生组现在没有考生。"), group=part.group)
        elif record.component is not None and record.component not in group.components:
            yield _gone(
                record,
                N_("固定项 %(pin)s（%(author)s：%(reason)s）：组 %(group)s 现在不考这个科目。"),
                group=group.id,
            )


def _gone(record: PinRecord, message: str, **facts: object) -> Problem:
    named = {"pin": str(record.number), "author": record.made_by, "reason": record.reason}
    return Problem(message=message, facts=named | facts, way_out=REMOVE, code="gone")


def _concerned(fault: Problem, problem: Planning) -> tuple[int, ...]:
    """The numbers of the pins that a contradiction names."""
    ids = [str(fault.facts[name]) for name in ("pin", "one", "other") if name in fault.facts]
    if "pins" in fault.facts:
        known = {pin.id for pin in problem.pins}
        ids += [id for id in re.findall(r"(?:^|、)(\d+(?:\.\d+)?)（", str(fault.facts["pins"])) if id in known]
    return tuple(sorted({numbers_of(id) for id in ids}))
