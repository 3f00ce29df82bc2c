"""Reads of pins: those of a batch, how they stand against its records, what can be picked for a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import Problem
from exam.registration import queries as registration
from exam.registration.rules import Batch
from scheduling.planning.rules.demand import approved_slots, distances
from scheduling.planning.rules.keeping_away import places_of
from scheduling.planning.rules.problem import Duty, Group
from scheduling.planning.rules.problem import Problem as Planning
from scheduling.timetable.models import PinRow
from scheduling.timetable.queries.drafting import Drafted, drafted
from scheduling.timetable.queries.kept import NOTHING, Shelf, records
from scheduling.timetable.queries.scope import require_manage
from scheduling.timetable.queries.wording import Words, words_of
from scheduling.timetable.rules.pins import (
    PICKED_DUTIES,
    PLACE_LABELS,
    PinLevel,
    PinPart,
    PinRecord,
    PinsContradict,
    PinState,
    PinUnknown,
    Standing,
    group_of,
    stand,
    state,
)

Option = tuple[str, object]
"""A value and the words for it."""


@dataclass(frozen=True, kw_only=True)
class PinLine:
    """One pin in words."""

    pin: PinRecord
    state: PinState
    groups: tuple[tuple[object, int | None], ...]  # with how many; None: all
    person: object | None
    duty: str | None  # msgid
    site: object
    room: object | None
    component: object | None
    slot: object | None
    faults: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How far somebody has come in choosing a pin: the keys of what is chosen, blank where nothing is."""

    level: PinLevel = PinLevel.GROUP
    group: str = ""
    examiner: str = ""
    site: str = ""
    component: str = ""
    slot: str = ""
    room: str = ""


@dataclass(frozen=True, kw_only=True)
class Pickers:
    """What may be chosen next; only what fits what is chosen already."""

    groups: tuple[Option, ...] = ()
    people: tuple[Option, ...] = ()
    sites: tuple[Option, ...] = ()
    components: tuple[Option, ...] = ()
    slots: tuple[Option, ...] = ()
    rooms: tuple[Option, ...] = ()
    duties: tuple[Option, ...] = ()
    most: int = 0  # members of the group
    complete: bool = False  # enough is chosen to ask for the reason


@dataclass(frozen=True, kw_only=True)
class PinsView:
    """The pins of a batch, and the form for one more."""

    batch: Batch
    lines: tuple[PinLine, ...]  # those that stand, then the others, the newest first
    choice: Choice
    pickers: Pickers

    @property
    def contradictory(self) -> int:
        """How many keep a proposal away."""
        return sum(line.state is PinState.CONTRADICTORY for line in self.lines)


async def pins(session: AsyncSession, batch_id: UUID) -> list[PinRecord]:
    """The pins of a batch by number, removed ones too."""
    rows = await session.scalars(select(PinRow).where(PinRow.batch_id == batch_id).order_by(PinRow.number))
    return [pin_record(row) for row in rows]


async def pin(session: AsyncSession, pin_id: UUID) -> PinRecord:
    """One pin, or :class:`PinUnknown`."""
    row = await session.get(PinRow, pin_id)
    if row is None:
        raise PinUnknown
    return pin_record(row)


async def has_pins(session: AsyncSession, batch_id: UUID) -> bool:
    """Whether a batch has pins that nobody removed."""
    query = select(func.count()).where(PinRow.batch_id == batch_id, PinRow.removed_at.is_(None))
    return bool(await session.scalar(query))


async def with_pins(session: AsyncSession, batch: Batch, found: Drafted, today: date | None) -> Drafted:
    """The batch's problem with its pins; :class:`PinsContradict` names those that cannot hold."""
    if not await has_pins(session, batch.id):
        return found
    standing = stand(found.problem, found.members, await pins(session, batch.id), today)
    if standing.faults:
        words = await words_of(session, standing.problem, found.members, by_name=True)
        problems = dict.fromkeys(id(fault) for own in standing.faults.values() for fault in own)
        told = {id(fault): words.worded(fault) for own in standing.faults.values() for fault in own}
        numbers = "、".join(map(str, standing.faults))
        raise PinsContradict(pins=numbers, problems=[told[one] for one in problems])
    return replace(found, problem=standing.problem)


async def require_sound_pins(session: AsyncSession, batch: Batch, today: date) -> None:
    """Refuse a proposal while pins contradict each other or the records; free of charge without pins."""
    if await has_pins(session, batch.id):
        await with_pins(session, batch, await drafted(session, batch), today)


async def contradictory_pins(session: AsyncSession, batch: Batch, today: date) -> tuple[int, ...]:
    """The numbers of the pins that keep a proposal away, for the board."""
    if not await has_pins(session, batch.id):
        return ()
    found = await _drafted_lately(session, batch)
    return tuple(stand(found.problem, found.members, await pins(session, batch.id), today).faults)


async def pins_view(session: AsyncSession, actor: Actor, batch_id: UUID, *, choice: Choice, today: date) -> PinsView:
    """The pins of a batch with their state, for those who arrange it."""
    batch = await registration.batch(session, batch_id)
    require_manage(actor, batch)
    found = await _drafted_lately(session, batch)
    known = await pins(session, batch_id)
    # When the exam is over nobody is left to be placed, and nothing to contradict.
    standing = stand(found.problem, found.members, known if found.problem.groups else (), today)
    words = await words_of(session, standing.problem, found.members, by_name=True)
    alone = alone_in(found)
    lines = [_line(one, standing, words, alone, today) for one in known]
    order = {PinState.CONTRADICTORY: 0, PinState.IN_FORCE: 1, PinState.EXPIRED: 2, PinState.REMOVED: 2}
    return PinsView(
        batch=batch,
        lines=tuple(sorted(lines, key=lambda line: (order[line.state], -line.pin.number))),
        choice=choice,
        pickers=_pickers(found.problem, words, choice),
    )


_drafts: Final = Shelf[tuple[UUID, str], Drafted](4)


async def _drafted_lately(session: AsyncSession, batch: Batch) -> Drafted:
    """The batch as a problem, for pages: what was drafted since the last record is the same."""
    state = await records(session)
    if state == NOTHING:
        return await drafted(session, batch)
    return await _drafts.get((batch.id, state), lambda: drafted(session, batch))


def alone_in(found: Drafted) -> Mapping[UUID, str]:
    """Registration -> group, of those who stand alone in one."""
    return {own[0]: group for group, own in found.members.items() if found.problem.group[group].person is not None}


def part_of(found: Drafted, group: str, count: int | None) -> PinPart:
    """Members of a group as a pin keeps them: who stands alone by the registration."""
    is_alone = group in found.problem.group and found.problem.group[group].person is not None
    return PinPart(group=group, count=count, registration_id=found.members[group][0] if is_alone else None)


def pin_record(row: PinRow) -> PinRecord:
    """The record of a row."""
    return PinRecord(
        id=row.id,
        batch_id=row.batch_id,
        number=row.number,
        level=PinLevel(row.level),
        parts=tuple(
            PinPart(
                group=part["group"],
                count=part["count"],
                registration_id=UUID(part["registration_id"]) if part["registration_id"] else None,
            )
            for part in row.parts
        ),
        site=row.site,
        component=row.component,
        slot=row.slot,
        room=row.room,
        examiner_id=row.examiner_id,
        duty=Duty(row.duty) if row.duty else None,
        reason=row.reason,
        expires=row.expires,
        made_at=row.made_at,
        made_by=row.made_by,
        removed_at=row.removed_at,
        removed_by=row.removed_by,
        removal_reason=row.removal_reason,
    )


def _line(record: PinRecord, standing: Standing, words: Words, alone: Mapping[UUID, str], today: date) -> PinLine:
    groups = [(group_of(part, alone), part.count) for part in record.parts]
    first = standing.problem.group.get(groups[0][0]) if groups else None
    component: object | None = record.component
    if record.component is not None and first is not None:
        component = words.component(first, record.component)
    return PinLine(
        pin=record,
        state=state(record, today, standing.faults),
        groups=tuple((words.group(id), count) for id, count in groups),
        person=words.person(str(record.examiner_id)) if record.examiner_id else None,
        duty=PLACE_LABELS[record.duty] if record.duty else None,
        site=words.site(record.site),
        room=words.place(record.site, record.room) if record.room else None,
        component=component,
        slot=words.slot(record.slot) if record.slot else None,
        faults=tuple(words.worded(fault) for fault in standing.faults.get(record.number, ())),
    )


def _pickers(problem: Planning, words: Words, choice: Choice) -> Pickers:
    if choice.level is PinLevel.PERSON:
        return _for_person(problem, words, choice)
    if choice.level is PinLevel.SESSION:
        return Pickers()
    groups = tuple((one.id, words.group(one.id)) for one in problem.groups)
    group = problem.group.get(choice.group)
    if group is None:
        return Pickers(groups=groups)
    sites = _sites_for(problem, words, group)
    if choice.level is PinLevel.GROUP:
        return Pickers(groups=groups, sites=sites, most=group.count, complete=True)
    components = tuple((part.id, words.component(group, part.id)) for part in problem.parts_of(group))
    part = next((one for one in problem.parts_of(group) if one.id == choice.component), None)
    site = problem.site.get(choice.site)
    if site is None or part is None:
        return Pickers(groups=groups, sites=sites, components=components, most=group.count)
    mask = approved_slots(problem, site, group.certificate, group.level, part.form)
    return Pickers(
        groups=groups,
        sites=sites,
        components=components,
        slots=tuple(
            (slot.id, words.slot(slot.id))
            for number, slot in enumerate(problem.slots)
            if mask >> number & 1 and slot.id not in site.closed and slot.minutes >= part.minutes
        ),
        rooms=tuple((one.id, words.place(site.id, one.id)) for one in places_of(site, group, part)),
        most=group.count,
        complete=True,
    )


def _for_person(problem: Planning, words: Words, choice: Choice) -> Pickers:
    people = sorted(((one.id, words.person(one.id)) for one in problem.staff), key=lambda one: (str(one[1]), one[0]))
    sites = tuple((one.id, words.site(one.id)) for one in problem.sites)
    person, site = problem.person.get(choice.examiner), problem.site.get(choice.site)
    if person is None or site is None:
        return Pickers(people=tuple(people), sites=sites)
    free = problem.slot_number if person.available is None else frozenset(person.available)
    return Pickers(
        people=tuple(people),
        sites=sites,
        slots=tuple(
            (one.id, words.slot(one.id)) for one in problem.slots if one.id in free and one.id not in site.closed
        ),
        rooms=tuple((one.id, words.place(site.id, one.id)) for one in site.places),
        duties=tuple((duty.value, PLACE_LABELS[duty]) for duty in PICKED_DUTIES if duty in person.duties),
        complete=True,
    )


def _sites_for(problem: Planning, words: Words, group: Group) -> tuple[Option, ...]:
    """The sites that are approved for the certificate, the nearest first, with the distance."""
    home = next(at for at, one in enumerate(problem.institutions) if one.id == group.institution)
    km = distances(problem)[home]
    near = sorted(
        (float(km[at]), site.id)
        for at, site in enumerate(problem.sites)
        if any(one.certificate == group.certificate for one in site.approvals)
    )
    return tuple((id, _Far(words.site(id), far)) for far, id in near)


@dataclass(frozen=True)
class _Far:
    site: object
    km: float

    def __str__(self) -> str:
        return f"{self.site} · {self.km:.1f} km"
