"""A repair is asked for, worked out in the background, and kept as a proposal. It changes nothing yet."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.ids import new_id
from scheduling.planning.rules.changes import changes
from scheduling.planning.rules.checking import Report, check
from scheduling.planning.rules.members import members_of
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import plan_bytes, problem_bytes
from scheduling.planning.solver.repair import Repaired, repair
from scheduling.repairs.actions.case import Case, read_case
from scheduling.repairs.actions.records import Answer, Question
from scheduling.repairs.actions.telling import outcome
from scheduling.repairs.models import RepairRow
from scheduling.repairs.rules.asking import Asked, Span, as_json, ill_spans, losses, with_late, with_taken, without
from scheduling.repairs.rules.papers import assigned, lacking
from scheduling.repairs.rules.parting import parted, too_far, torn
from scheduling.repairs.rules.repair import NobodyLate, NothingLost, ReasonMissing, RepairBroken, RepairStatus, What
from scheduling.repairs.rules.seating import Seated, seat
from scheduling.repairs.rules.serving import Hall, Pool, serve
from scheduling.repairs.rules.standing import as_seated
from scheduling.timetable import actions as timetable
from scheduling.timetable.rules.laying import Held
from scheduling.timetable.rules.runs import RunKind


async def ask(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, asked: Asked, reason: str, most_moved: int, now: datetime
) -> tuple[UUID, bool]:
    """Ask for a repair: its run and whether it is new. What cannot be asked is refused at once."""
    if not reason.strip():
        raise ReasonMissing
    case = await read_case(session, actor, batch_id, now)
    losses(case.worked.problem, asked)
    if asked.what is What.LATE and not case.late:
        raise NobodyLate
    data = {
        "repair": as_json(asked),
        "reason": reason.strip(),
        "most_moved": most_moved,
        "page": f"/scheduling/plans/{batch_id}",
    }
    return await timetable.ask_run(session, actor, RunKind.REPAIR, f"repair:{batch_id}", batch_id, data, now)


async def prepare(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, asked: Asked, reason: str, most_moved: int, now: datetime
) -> Question:
    """Read what a repair is worked out from."""
    case = await read_case(session, actor, batch_id, now)
    late = case.late if asked.what is What.LATE else frozenset()
    case = _placed_anew(case, late)
    grown = with_late(
        case.worked.problem,
        case.worked.members,
        case.material.drafted.problem,
        case.material.drafted.members,
        late,
        case.sat,
    )
    ground, busy = case.material.ground, case.material.busy
    account = {one.account_id: str(one.id) for one in case.material.pool}
    problem = with_taken(
        grown.problem,
        {key: busy.rooms[room.id] for key, room in ground.room.items() if room.id in busy.rooms},
        {account[id]: spans for id, spans in busy.staff.items() if id in account},
    )
    return Question(
        case=case,
        asked=asked,
        reason=reason,
        most_moved=most_moved,
        problem=problem,
        members=grown.members,
        before=case.seated,
    )


def _placed_anew(case: Case, late: frozenset[UUID]) -> Case:
    """The case without the places of those among the late who have one that does not do what they are granted (H16)."""
    anew = late & {one.registration_id for one in case.standing.seats}
    if not anew:
        return case
    left = without(case.worked.problem, case.worked.members, anew)
    worked = replace(case.worked, problem=left.problem, members=left.members)
    return replace(case, worked=worked, seated=as_seated(left.problem, worked.plan, left.members, case.standing))


def compute(question: Question) -> Answer:
    """Work a repair out. Needs no database.

    :raises NothingLost: nothing would change
    :raises RepairBroken: the independent check finds more wrong than before
    """
    asked = question.asked
    question, done = _worked_out(question)
    answer = laid(question, done.problem, done.plan)
    if not answer.seated.coming and not answer.seated.leaving and not answer.served.gone and not answer.served.new:
        raise NobodyPlaced if asked.what is What.LATE else NothingLost
    _require_sound(question, done, answer.report)
    return answer


def _worked_out(question: Question) -> tuple[Question, Repaired]:
    """The repair; who has sat a part and lost the next keeps that part, and gets another place for the rest."""
    done = _repaired(question)
    people = torn(question.before, done.unplaced, question.members, question.case.past)
    if not people:
        return question, done
    first = with_parted(question, people)
    done = _repaired(first)
    late = too_far(first.before, done.plan, done.problem)
    if not late:
        return first, done
    again = with_parted(question, people, next_day=late)
    return again, _repaired(again)


def with_parted(question: Question, people: Collection[UUID], *, next_day: Collection[str] = ()) -> Question:
    """The question with these candidates in groups of their own."""
    found = parted(question.problem, question.before, question.members, people, question.case.past, next_day=next_day)
    return replace(question, problem=found.problem, before=found.plan, members=dict(found.members))


def _repaired(question: Question) -> Repaired:
    return repair(
        question.problem,
        question.before,
        losses=losses(question.problem, question.asked),
        past=question.case.past,
        most_moved=question.most_moved,
    )


class NobodyPlaced(NothingLost):
    """Late candidates, and no seat for any of them."""


def laid(question: Question, problem: Problem, plan: Plan) -> Answer:
    """A repaired plan as the exam day knows it: the same for the same question, whenever it is asked."""
    case = question.case
    plan = assigned(problem, case.worked.plan, plan, case.sealed)
    count = iter(range(1, 1_000_000))
    placed = {one.registration_id for one in case.standing.seats}
    seated = seat(
        problem,
        plan,
        question.members,
        case.standing,
        case.material.ground.halls,
        before=case.seated,
        past=case.past,
        make_id=lambda: uuid5(case.plan.id, f"{case.standing.sha256} {next(count)}"),
        anew=placed - {id for ids in case.worked.members.values() for id in ids},
    )
    served = serve(
        [_hall(question, seated, one, plan) for one in seated.held],
        case.standing.services,
        {room.id: room.key for room in case.standing.rooms.values()},
        case.seated,
        plan,
        _pool(question),
    )
    report = check(problem, plan, previous=question.before, moved_at_most=question.most_moved)
    return Answer(
        question=question,
        problem=problem,
        plan=plan,
        seated=seated,
        served=served,
        report=report,
        others_moved=changes(members_of(problem, plan), question.before).candidates_who_stood,
        lacking=lacking(problem, case.worked.plan, plan, case.sealed, case.awaited),
    )


def _require_sound(question: Question, done: Repaired, report: Report) -> None:
    """What was wrong before (a seat changed by hand, a site without approval) is not the repair's."""
    case = question.case
    known = {(one.h, one.where) for one in check(case.worked.problem, case.seated).violations}
    broken = [one for one in report.violations if one.h != "H1" and (one.h, one.where) not in known]
    if broken:
        raise RepairBroken(count=len(broken), codes="、".join(sorted({one.h for one in broken})))


def _hall(question: Question, seated: Seated, held: Held, plan: Plan) -> Hall:
    case, ground = question.case, question.case.material.ground
    session = plan.session.get(held.key) or case.seated.session[held.key]
    room_session_id, site_id = seated.room_id[held.key, held.round_no], ground.site[held.site].id
    post = ground.post(held, question.members, session_id=room_session_id, site_id=site_id)
    return Hall(post=post, key=held.key, round_no=held.round_no, fixed=session.slot in case.past)


def _pool(question: Question) -> Pool:
    case = question.case
    taken: dict[UUID, list[Span]] = defaultdict(list)
    for id, spans in case.material.busy.staff.items():
        if id in case.accounts:
            taken[case.accounts[id].id] += list(spans)
    return Pool(
        people={one.id: one for one in case.material.pool},
        taken=taken,
        ill=ill_spans(question.problem, question.asked),
    )


async def keep(session: AsyncSession, actor: Actor, question: Question, answer: Answer, *, now: datetime) -> UUID:
    """Store the proposal."""
    question, case = answer.question, question.case
    row = RepairRow(
        id=new_id(),
        batch_id=case.plan.batch_id,
        plan_id=case.plan.id,
        status=RepairStatus.PROPOSED,
        asked=as_json(question.asked),
        reason=question.reason,
        most_moved=question.most_moved,
        truth_sha256=case.standing.sha256,
        outcome=outcome(question, answer),
        problem=zlib.compress(problem_bytes(answer.problem)),
        plan=zlib.compress(plan_bytes(answer.plan)),
        members={group: [str(id) for id in ids] for group, ids in question.members.items()},
        made_at=now,
        made_by=actor.name,
        decided_at=None,
        decided_by="",
        version=None,
    )
    session.add(row)
    await session.flush()
    await note(session, actor, "repairs.propose", row, {"reason": row.reason}, now)
    return row.id


async def note(
    session: AsyncSession, actor: Actor, action: str, row: RepairRow, data: Mapping[str, object], now: datetime
) -> None:
    """The audit record of a repair."""
    await audit.record(
        session, actor, action, subject="repair", ids=[row.id], stream=f"batch:{row.batch_id}", data=dict(data), now=now
    )
