"""Where a session of a draft could go by hand: every slot and room of its site, with what each would break, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.catalogue.rules import Component
from exam.kernel.errors import Problem as Fault
from exam.registration import queries as registration
from exam.registration.rules import Batch
from scheduling.forks.queries.words import Words, words_of
from scheduling.forks.rules.records import DraftFiled, NoLongerDraft, SessionUnknown
from scheduling.planning.rules.checking import Violation
from scheduling.planning.rules.plan import Session
from scheduling.planning.rules.relocating import options, seats_in
from scheduling.sites.rules import Room, Site
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules.lifecycle import PlanStatus
from scheduling.timetable.rules.pins import PinLevel, PinRecord, numbers_of


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A slot and a room that the session could go to."""

    slot: str
    place: str
    when: object
    room: Room | None
    seats: int
    faults: tuple[Fault, ...]  # what it would break; empty: it can go there

    @property
    def value(self) -> str:
        """Of the form's field."""
        return f"{self.slot}@{self.place}"


@dataclass(frozen=True, kw_only=True)
class Current:
    """A session of a draft as the planner knows it."""

    batch: Batch
    plan: timetable.PlanRecord
    worked: timetable.Worked  # its problem without the pins that keep the session where it is
    session: Session
    pins: tuple[PinRecord, ...]  # those


@dataclass(frozen=True, kw_only=True)
class MoveView:
    """A session and where it could go."""

    batch: Batch
    plan: timetable.PlanRecord
    session_id: UUID
    session: Session
    site: Site
    exam: object
    component: Component
    when: object
    where: object
    pins: tuple[PinRecord, ...]  # that keep it where it is; a move takes them back
    possible: tuple[Choice, ...]
    impossible: tuple[Choice, ...]


async def current(session: AsyncSession, actor: Actor, session_id: UUID) -> Current:
    """A planned session of a draft that the actor arranges.

    :raises SessionUnknown: there is no such session any more
    :raises DraftFiled: its plan was handed in and must be taken back first
    :raises NoLongerDraft: its plan is published or superseded
    """
    planned = await timetable.planned_session(session, session_id)
    if planned is None:
        raise SessionUnknown
    plan = await timetable.plan(session, planned.plan_id)
    batch = await registration.batch(session, plan.batch_id)
    timetable.require_manage(actor, batch)
    if plan.status is not PlanStatus.DRAFT:
        raise DraftFiled if plan.status is PlanStatus.FILED else NoLongerDraft
    worked = await timetable.worked(session, plan.id)
    one = worked.plan.session[planned.key]
    here = one.site, one.component, one.slot, one.place
    pins = tuple(
        pin
        for pin in await timetable.pins(session, batch.id)
        if pin.level is PinLevel.SESSION
        and pin.removed_at is None
        and (pin.site, pin.component, pin.slot, pin.room) == here
    )
    numbers = {pin.number for pin in pins}
    free = msgspec.structs.replace(
        worked.problem, pins=tuple(pin for pin in worked.problem.pins if numbers_of(pin.id) not in numbers)
    )
    return Current(batch=batch, plan=plan, worked=replace(worked, problem=free), session=one, pins=pins)


async def move_view(session: AsyncSession, actor: Actor, session_id: UUID) -> MoveView:
    """A session with every place it could go to."""
    found = await current(session, actor, session_id)
    one, worked = found.session, found.worked
    words = await words_of(session, found.batch.id, worked.problem, worked.plan, staff=True)
    choices = [
        Choice(
            slot=option.slot,
            place=option.place,
            when=words.slot(option.slot),
            room=words.room(one.site, option.place),
            seats=seats_in(worked.problem, one.site, option.place),
            faults=faults(option.violations, words),
        )
        for option in options(worked.problem, worked.plan, one.id)
    ]
    return MoveView(
        batch=found.batch,
        plan=found.plan,
        session_id=session_id,
        session=one,
        site=words.site[one.site],
        exam=words.exam(one.certificate, one.level.value),
        component=words.component(one.certificate, one.level.value, one.component),
        when=words.slot(one.slot),
        where=words.place(one.site, one.place),
        pins=found.pins,
        possible=tuple(choice for choice in choices if not choice.faults),
        impossible=tuple(choice for choice in choices if choice.faults),
    )


def faults(violations: Iterable[Violation], words: Words) -> tuple[Fault, ...]:
    """Violations in words: the number of the constraint, who, when."""
    return tuple(Fault(message=one.what, facts=words.said(one.facts), code=one.h) for one in violations)
