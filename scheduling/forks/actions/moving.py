"""A session of a draft is moved by hand: checked whole, then stored as a new version of the draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from scheduling.forks import queries
from scheduling.forks.rules.records import MoveRefused, NotMoved
from scheduling.forks.rules.wishes import RecordsChanged
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.relocating import places_for, relocated
from scheduling.planning.rules.serial import problem_sha256
from scheduling.timetable import actions as timetable_actions
from scheduling.timetable import queries as timetable


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a move did."""

    plan: timetable.PlanRecord
    session_id: UUID  # in the new draft
    candidates: int
    before: object  # where and when it was, in words
    after: object


async def move(
    session: AsyncSession, actor: Actor, *, session_id: UUID, slot: str, place: str, reason: str, now: datetime
) -> Moved:
    """Move a session of a draft to another slot or room of its site; its team goes with it.

    The place is kept as a pin, so that the next proposal leaves the session there; pins that kept it where it was are
    taken back with the same reason.

    :raises NotMoved: it is there already
    :raises MoveRefused: it would break hard constraints, each of them named
    :raises RecordsChanged: other people are to be placed than the draft has
    :raises PinRefused: the place collides with another pin
    """
    found = await queries.current(session, actor, session_id)
    one, worked = found.session, found.worked
    if (slot, place) == (one.slot, one.place) or slot not in worked.problem.slot:
        raise NotMoved
    if place not in places_for(worked.problem, one):
        raise NotMoved
    material = await timetable_actions.prepare(session, actor, batch_id=found.batch.id, now=now)
    if dict(material.drafted.members) != dict(worked.members):
        raise RecordsChanged
    plan = msgspec.structs.replace(
        relocated(worked.problem, worked.plan, one.id, slot=slot, place=place),
        problem_sha256=problem_sha256(worked.problem),
    )
    broken = [each for each in check(worked.problem, plan).violations if each.h != "H1"]
    if broken:
        words = await queries.words_of(session, found.batch.id, worked.problem, plan, staff=True)
        raise MoveRefused(problems=queries.faults(broken, words))
    changed = timetable.Worked(problem=worked.problem, plan=plan, members=worked.members)
    solution = timetable_actions.taken_over(material, changed)
    made = await timetable_actions.keep(session, actor, material, solution, now=now)
    held = [each for each in await timetable.sessions(session, made.id) if each.key == one.id]
    for pin in found.pins:
        await timetable_actions.remove_pin(session, actor, pin_id=pin.id, reason=reason, now=now)
    pin = await timetable_actions.pin_session(
        session, actor, session_id=held[0].id, reason=reason, expires=None, now=now
    )  # fmt: skip
    data = {
        "version": made.version, "session": one.id, "reason": reason, "pin": pin.number,
        "from": {"slot": one.slot, "place": one.place}, "to": {"slot": slot, "place": place},
    }  # fmt: skip
    await audit.record(
        session,
        actor,
        "forks.move",
        subject="plan",
        ids=[made.id],
        stream=f"batch:{found.batch.id}",
        data=data,
        now=now,
    )
    words = await queries.words_of(session, found.batch.id, worked.problem)
    return Moved(
        plan=made,
        session_id=held[0].id,
        candidates=one.count,
        before=words.spot(one.site, one.place, one.slot),
        after=words.spot(one.site, place, slot),
    )
