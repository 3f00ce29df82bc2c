"""A repair is accepted, in one transaction with the exam day and the new version of the plan; or it is set aside."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.ids import new_id
from exam.registration import actions as registration_actions
from exam.sittings import actions as sittings
from exam.sittings.rules import DutySpec, RoomSession, SittingSpec
from scheduling.duties.rules import DUTY_OF, Assignment, Gap, GapReason, Roster, gap_of
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.repairs.actions.computing import laid, note, prepare, with_parted
from scheduling.repairs.actions.records import Answer, Question
from scheduling.repairs.actions.telling import papers
from scheduling.repairs.models import NoticeRow, RepairRow
from scheduling.repairs.queries.stored import known_tickets
from scheduling.repairs.rules.asking import read
from scheduling.repairs.rules.papers import PapersLacking
from scheduling.repairs.rules.parting import of_parted
from scheduling.repairs.rules.repair import (
    STATUS_LABELS,
    NothingPublished,
    RepairDecided,
    RepairStale,
    RepairStatus,
    RepairUnknown,
)
from scheduling.repairs.rules.tickets import numbered
from scheduling.timetable import actions as timetable
from scheduling.timetable.queries import PlanRecord, Worked
from scheduling.timetable.rules.laying import Held
from scheduling.timetable.rules.lengthened import measures_of
from scheduling.timetable.rules.lifecycle import TicketScheme


async def discard(session: AsyncSession, actor: Actor, *, repair_id: UUID, now: datetime) -> None:
    """Set a proposal aside."""
    row = await _lock(session, actor, repair_id)
    row.status, row.decided_at, row.decided_by = RepairStatus.DISCARDED, now, actor.name
    await session.flush()
    await note(session, actor, "repairs.discard", row, {}, now)


async def accept(
    session: AsyncSession, actor: Actor, vault: Vault, *, repair_id: UUID, ask_papers: bool = False, now: datetime
) -> PlanRecord:
    """Make a proposal fact: places, rooms, duties, tickets of late candidates, the new version of the plan, who is told.

    Sessions at new starts get papers that are at hand; `ask_papers`: those that are not become a task of the item author.

    :raises RepairStale: anything published has changed since it was worked out
    :raises PapersLacking: papers have to be prepared, and nobody said that they shall be
    """
    row = await _lock(session, actor, repair_id)
    try:
        question = await prepare(
            session,
            actor,
            batch_id=row.batch_id,
            asked=read(row.asked),
            reason=row.reason,
            most_moved=row.most_moved,
            now=now,
        )
    except NothingPublished as error:
        raise RepairStale from error
    if question.case.plan.id != row.plan_id or question.case.standing.sha256 != row.truth_sha256:
        raise RepairStale
    question = _as_asked(question, row)
    answer = laid(question, *_stored(row))
    if answer.lacking and not ask_papers:
        raise PapersLacking(n=len(answer.lacking))
    tickets = await _tickets(session, question, answer)
    after = await _supersede(session, actor, question, answer, tickets, now)
    await sittings.rearrange(session, actor, change=_change(question, answer, after, tickets), now=now)
    await _admit_late(session, actor, vault, question, answer, tickets, now)
    row.status, row.decided_at, row.decided_by = RepairStatus.ACCEPTED, now, actor.name
    row.version = after.version
    row.outcome = {**row.outcome, "papers": papers(question, answer)}
    await session.flush()
    await insert_many(session, NoticeRow, _notices(row, now))
    data = {"version": after.version, "sha256": after.sha256, "papers_asked": len(answer.lacking)}
    await note(session, actor, "repairs.accept", row, data, now)
    return after


async def _lock(session: AsyncSession, actor: Actor, repair_id: UUID) -> RepairRow:
    query = select(RepairRow).where(RepairRow.id == repair_id).with_for_update()
    row = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise RepairUnknown
    await timetable.hold(session, actor, row.batch_id)
    status = RepairStatus(row.status)
    if status is not RepairStatus.PROPOSED:
        raise RepairDecided(status=STATUS_LABELS[status])
    return row


def _as_asked(question: Question, row: RepairRow) -> Question:
    """With the members that the proposal numbers, whoever has come since, and parted as they were."""
    members = {group: tuple(UUID(id) for id in ids) for group, ids in row.members.items()}
    return replace(with_parted(question, of_parted(members, question.members)), members=members)


def _stored(row: RepairRow) -> tuple[Problem, Plan]:
    return (
        msgspec.json.decode(zlib.decompress(row.problem), type=Problem),
        msgspec.json.decode(zlib.decompress(row.plan), type=Plan),
    )


async def _tickets(session: AsyncSession, question: Question, answer: Answer) -> dict[UUID, str]:
    """Everybody's number: the one they have, also of an earlier version; else the next one."""
    batch_id = question.case.plan.batch_id
    known = await known_tickets(session, batch_id)
    first: dict[UUID, tuple[datetime, str, int]] = {}
    for held in answer.seated.held:
        for group, at, seat_no in held.seats:
            id = question.members[group][at]
            first[id] = min(first.get(id, (held.starts_at, held.site, seat_no)), (held.starts_at, held.site, seat_no))
    prefix = await timetable.ticket_prefix(session, question.case.material.batch)
    fresh = {id: (site, seat_no) for id, (_, site, seat_no) in first.items() if id not in known}
    return {id: known[id] for id in first if id in known} | numbered(TicketScheme(), prefix, known.values(), fresh)


async def _supersede(
    session: AsyncSession,
    actor: Actor,
    question: Question,
    answer: Answer,
    tickets: Mapping[UUID, str],
    now: datetime,
) -> PlanRecord:
    worked = Worked(problem=answer.problem, plan=answer.plan, members=question.members)
    solution = timetable.Solution(worked=worked, held=answer.seated.held, roster=_roster(answer), report=answer.report)
    return await timetable.supersede(
        session,
        actor,
        question.case.material,
        solution,
        plan_id=question.case.plan.id,
        tickets=tickets,
        room_sessions=answer.seated.room_id,
        reason=question.reason,
        now=now,
    )


def _roster(answer: Answer) -> Roster:
    """Who serves, by the names that the solution gives its sessions."""
    name = {id: _named(key, number) for (key, number), id in answer.seated.room_id.items()}
    first: dict[str, int] = {}
    for key, number in answer.seated.room_id:
        first[key] = min(first.get(key, number), number)
    counted: dict[tuple[str, Any, GapReason], int] = {}
    for one in answer.plan.open_positions:
        if one.session in first:
            group = one.session, DUTY_OF[one.duty], gap_of(one.reason)
            counted[group] = counted.get(group, 0) + 1
    return Roster(
        assignments=tuple(
            Assignment(session_id=name[id], examiner_id=examiner, duty=duty)
            for id, people in sorted(answer.served.serving.items())
            for examiner, duty in people
        ),
        gaps=(
            *(
                Gap(session_id=_named(key, first[key]), duty=duty, missing=missing, reason=reason)
                for (key, duty, reason), missing in counted.items()
            ),
            *(
                Gap(session_id=name[gap.session_id], duty=gap.duty, missing=gap.missing, reason=gap.reason)
                for gap in answer.served.missing
            ),
        ),
    )


def _named(key: str, number: int) -> UUID:
    return timetable.name_of(key, number)


def _change(
    question: Question, answer: Answer, after: PlanRecord, tickets: Mapping[UUID, str]
) -> sittings.Rearrangement:
    """The repair as the exam day takes it over."""
    case, seated = question.case, answer.seated
    held = {seated.room_id[one.key, one.round_no]: one for one in seated.held}
    people = {one.id: one for one in case.material.pool}
    comers = [one for one in seated.coming if one.sitting_id is None]
    return sittings.Rearrangement(
        batch_id=case.plan.batch_id,
        plan_id=after.id,
        plan_version=after.version,
        reason=question.reason,
        sessions=tuple(_room_session(question, answer, held[id], id) for id in sorted(seated.fresh)),
        closed=seated.closed,
        trimmed=seated.trimmed,
        lengthened=seated.lengthened,
        moves=tuple(
            sittings.NewPlace(
                sitting_id=one.sitting_id,
                room_session_id=one.room_id,
                seat_no=one.seat_no,
                starts_at=held[one.room_id].starts_at,
                ends_at=held[one.room_id].end_of(one.group),
                paper_version=held[one.room_id].paper,
                granted_minutes=held[one.room_id].more(one.group),
                measures=measures_of(answer.problem.group[one.group]).key,
            )
            for one in seated.coming
            if one.sitting_id is not None
        ),
        removed=tuple(one.id for one in seated.leaving),
        added=tuple(
            SittingSpec(
                id=new_id(),
                registration_id=one.registration_id,
                person_id=case.material.ground.person[one.registration_id].person_id,
                component_id=case.material.ground.component_id(
                    held[one.room_id].certificate, held[one.room_id].level, one.component
                ),
                session_id=one.room_id,
                seat_no=one.seat_no,
                starts_at=held[one.room_id].starts_at,
                ends_at=held[one.room_id].end_of(one.group),
                paper_version=held[one.room_id].paper,
                granted_minutes=held[one.room_id].more(one.group),
                measures=measures_of(answer.problem.group[one.group]).key,
            )
            for one in comers
        ),
        tickets={one.registration_id: tickets[one.registration_id] for one in comers},
        duties_gone=tuple(one.id for one in answer.served.gone),
        duties=tuple(
            DutySpec(
                id=new_id(),
                session_id=id,
                account_id=people[examiner].account_id,
                name=people[examiner].name,
                duty=duty,
                starts_at=held[id].starts_at,
                ends_at=held[id].ends_at,
            )
            for id, examiner, duty in answer.served.new
        ),
    )


def _room_session(question: Question, answer: Answer, held: Held, id: UUID) -> RoomSession:
    ground = question.case.material.ground
    room = ground.room[held.site, held.room]
    made = timetable.room_session(
        held,
        ground.site[held.site],
        room,
        id=id,
        batch_id=question.case.plan.batch_id,
        component_id=ground.component_id(held.certificate, held.level, held.component),
        form=str(room.form),
    )
    waits = ((held.certificate, str(held.level), held.component), held.paper) in answer.lacking
    return replace(made, awaits_paper=held.paper) if waits else made


async def _admit_late(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    question: Question,
    answer: Answer,
    tickets: Mapping[UUID, str],
    now: datetime,
) -> None:
    """Who has a first place is seated, and may sign in with the ticket."""
    had = {one.registration_id for one in question.case.standing.seats}
    fresh = sorted({one.registration_id for one in answer.seated.coming} - had)
    if not fresh:
        return
    people = question.case.material.ground.person
    await registration_actions.mark_seated(session, actor, registration_ids=fresh, now=now)
    await timetable.open_access(session, actor, vault, [people[id] for id in fresh], tickets, now)


def _notices(row: RepairRow, now: datetime) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "id": uuid5(row.id, one["registration_id"]),
            "repair_id": row.id,
            "registration_id": UUID(one["registration_id"]),
            "account_id": None,
            "changes": one["lines"],
            "at": now,
        }
        for one in row.outcome["people"]
        if one["lines"]
    ]
    found += [
        {
            "id": uuid5(row.id, one["account_id"]),
            "repair_id": row.id,
            "registration_id": None,
            "account_id": UUID(one["account_id"]),
            "changes": one["lines"],
            "at": now,
        }
        for one in row.outcome["staff"]
    ]
    return found
