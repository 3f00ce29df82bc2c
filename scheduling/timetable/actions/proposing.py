"""A proposal is made: solved, checked by rules that share no code with the solver, stored with tickets and duties.

A proposal never changes what is published.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.db import insert_many
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from exam.registration.rules import Batch
from scheduling.duties import actions as duties
from scheduling.duties.rules import Roster, Staffing
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site
from scheduling.timetable import queries
from scheduling.timetable.actions.ground import lock_draft, record, rooms_by_id
from scheduling.timetable.models import (
    PlacementRow,
    PlannedSessionRow,
    PlannedSittingRow,
    PlanRow,
    TicketPrefixRow,
    UnplacedRow,
)
from scheduling.timetable.rules.checker import Violation, violations
from scheduling.timetable.rules.lifecycle import (
    AlreadyPublished,
    NothingToPlace,
    PlanBroken,
    PlanStatus,
    TicketScheme,
    batch_prefix,
)
from scheduling.timetable.rules.plan import Plan
from scheduling.timetable.rules.problem import Hours, Problem
from scheduling.timetable.rules.runs import Progress, Stage, silent
from scheduling.timetable.rules.solver import solve

RULES_VERSION = "timetable/1"


async def propose(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    seed: int,
    now: datetime,
    hours: Hours | None = None,
    staffing: Staffing | None = None,
    ticket_scheme: TicketScheme | None = None,
    progress: Progress = silent,
) -> queries.PlanRecord:
    """Make a draft for a batch: places, sessions, seats, tickets, duties, and everybody left with the reason.

    The plan is checked by rules that share no code with the solver before anything of it is stored.
    """
    batch = await registration.batch(session, batch_id)
    queries.require_manage(actor, batch)
    await _lock(session, batch_id)
    if await queries.published(session, batch_id):
        raise AlreadyPublished
    problem = await queries.problem(session, batch, hours)
    if not problem.candidates:
        raise NothingToPlace
    plan, broken = await asyncio.to_thread(_solved, problem, seed, progress)
    if broken:
        raise PlanBroken(count=len(broken), codes="、".join(sorted({one.code for one in broken})), seed=seed)
    staffing = staffing or Staffing()
    row = await _store(session, actor, batch, problem, plan, staffing, ticket_scheme or TicketScheme(), now)
    roster = await duties.staff(
        session,
        plan_id=row.id,
        posts=await queries.posts(session, row.id),
        seed=seed,
        staffing=staffing,
        occupied=await queries.taken_staff(session, batch),
        apart=_apart(problem),
        progress=lambda done, total: progress(Stage.STAFF, done, total),
    )
    row.figures = {**plan.figures, **_staff_figures(roster)}
    await session.flush()
    await record(session, actor, "timetable.propose", batch_id, row, {"sha256": plan.sha256, **row.figures}, now)
    return await queries.plan(session, row.id)


async def discard(session: AsyncSession, actor: Actor, *, plan_id: UUID, now: datetime) -> None:
    """Set a draft aside."""
    row = await lock_draft(session, plan_id)
    queries.require_manage(actor, await registration.batch(session, row.batch_id))
    row.status = PlanStatus.SUPERSEDED
    await session.flush()
    await record(session, actor, "timetable.discard", row.batch_id, row, {}, now)


def _solved(problem: Problem, seed: int, progress: Progress) -> tuple[Plan, tuple[Violation, ...]]:
    plan = solve(problem, seed, progress)
    return plan, violations(problem, plan)


def _apart(problem: Problem) -> Callable[[str, str], float]:
    """Distance of two prefectures on the plane of tiles: neighbours are about 1 apart."""

    def apart(here: str, there: str) -> float:
        if here == there:
            return 0.0
        first, second = problem.positions.get(here), problem.positions.get(there)
        return math.dist(first, second) if first and second else 99.0

    return apart


def _staff_figures(roster: Roster) -> dict[str, int]:
    return {
        "duties": len(roster.assignments),
        "unfilled": sum(gap.missing for gap in roster.gaps),
        "staff": len({assignment.examiner_id for assignment in roster.assignments}),
    }


async def _lock(session: AsyncSession, batch_id: UUID) -> None:
    """One proposal of a batch at a time: versions and ticket prefixes are counted."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('scheduling.plans'))"))


async def _store(
    session: AsyncSession,
    actor: Actor,
    batch: Batch,
    problem: Problem,
    plan: Plan,
    staffing: Staffing,
    ticket_scheme: TicketScheme,
    now: datetime,
) -> PlanRow:
    last = await session.scalar(select(func.max(PlanRow.version)).where(PlanRow.batch_id == batch.id))
    row = PlanRow(
        id=new_id(),
        batch_id=batch.id,
        version=(last or 0) + 1,
        seed=plan.seed,
        status=PlanStatus.DRAFT,
        sha256=plan.sha256,
        settings={
            "rules": RULES_VERSION,
            "hours": asdict(problem.hours),
            "staffing": asdict(staffing),
            "ticket": asdict(ticket_scheme),
        },
        figures=dict(plan.figures),
        created_at=now,
        created_by=actor.name,
        published_at=None,
        published_by="",
        gaps_reason="",
    )
    await session.execute(
        update(PlanRow)
        .where(PlanRow.batch_id == batch.id, PlanRow.status == PlanStatus.DRAFT)
        .values(status=PlanStatus.SUPERSEDED)
    )
    session.add(row)
    await session.flush()
    places = {place.id: place for place in await sites.sites(session)}
    session_ids = await _store_sessions(session, row.id, problem, plan, places)
    await _store_seats(session, row.id, problem, plan, session_ids)
    tickets = await _tickets(session, batch, plan, places, ticket_scheme)
    await _store_people(session, row.id, plan, tickets)
    return row


async def _store_sessions(
    session: AsyncSession, plan_id: UUID, problem: Problem, plan: Plan, places: Mapping[UUID, Site]
) -> dict[str, UUID]:
    rooms = rooms_by_id(places)
    ids = {one.key: new_id() for one in plan.sessions}
    await insert_many(
        session,
        PlannedSessionRow,
        [
            {
                "id": ids[one.key],
                "plan_id": plan_id,
                "site_id": UUID(one.site_id),
                "room_id": UUID(one.room_id),
                "scheme_id": UUID(one.scheme_id),
                "component_id": UUID(one.part_id),
                "form": str(one.form),
                "starts_at": problem.at(one.start),
                "ends_at": problem.at(one.end),
                "seats_count": rooms[UUID(one.room_id)].seats,
                "paper_version": one.version,
            }
            for one in plan.sessions
        ],
    )
    return ids


async def _store_seats(
    session: AsyncSession, plan_id: UUID, problem: Problem, plan: Plan, session_ids: Mapping[str, UUID]
) -> None:
    person = {candidate.id: candidate.person_id for candidate in problem.candidates}
    times = {one.key: (problem.at(one.start), problem.at(one.end)) for one in plan.sessions}
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "plan_id": plan_id,
            "planned_session_id": session_ids[seat.session_key],
            "registration_id": UUID(seat.candidate_id),
            "person_id": UUID(person[seat.candidate_id]),
            "component_id": UUID(seat.part_id),
            "seat_no": seat.seat_no,
            "starts_at": times[seat.session_key][0],
            "ends_at": times[seat.session_key][1],
        }
        for seat in plan.seats
    ]
    await insert_many(session, PlannedSittingRow, rows)


async def _store_people(session: AsyncSession, plan_id: UUID, plan: Plan, tickets: Mapping[str, str]) -> None:
    await insert_many(
        session,
        PlacementRow,
        [
            {
                "id": new_id(),
                "plan_id": plan_id,
                "registration_id": UUID(one.candidate_id),
                "site_id": UUID(one.site_id),
                "reason": str(one.reason),
                "ticket_no": tickets[one.candidate_id],
            }
            for one in plan.placements
        ],
    )
    await insert_many(
        session,
        UnplacedRow,
        [
            {
                "id": new_id(),
                "plan_id": plan_id,
                "registration_id": UUID(one.candidate_id),
                "reason": str(one.reason),
                "component_id": UUID(one.part_id) if one.part_id else None,
                "site_id": UUID(one.site_id) if one.site_id else None,
                "short": one.short,
            }
            for one in plan.unplaced
        ],
    )


async def _tickets(
    session: AsyncSession, batch: Batch, plan: Plan, places: Mapping[UUID, Site], scheme: TicketScheme
) -> dict[str, str]:
    """Ticket numbers in the order of site, certificate, institution and name."""
    prefix = await _prefix(session, batch)
    people = {str(one.id): one for one in await registration.registrations(session, batch_id=batch.id)}
    start = {one.key: one.start for one in plan.sessions}
    first: dict[str, tuple[int, int]] = {}
    for seat in plan.seats:
        candidate = (start[seat.session_key], seat.seat_no)
        first[seat.candidate_id] = min(first.get(seat.candidate_id, candidate), candidate)
    code = {one.candidate_id: places[UUID(one.site_id)].code for one in plan.placements}

    def order(candidate_id: str) -> tuple[str, str, str, str, str]:
        person = people[candidate_id]
        return (
            code[candidate_id],
            str(person.scheme_id),
            person.institution_name_zh,
            person.name_sort,
            candidate_id,
        )

    return {
        candidate_id: scheme.number(prefix, code[candidate_id], serial, first[candidate_id][1])
        for serial, candidate_id in enumerate(sorted(code, key=order), start=1)
    }


async def _prefix(session: AsyncSession, batch: Batch) -> str:
    """The leading digits of the batch's tickets: given once, in the order in which batches are first arranged."""
    row = await session.get(TicketPrefixRow, batch.id)
    if row is None:
        year = f"{batch.first_day.year % 100:02d}"
        known = await session.scalars(select(TicketPrefixRow.prefix).where(TicketPrefixRow.prefix.startswith(year)))
        number = max((int(prefix[2:]) for prefix in known.all()), default=0) + 1
        row = TicketPrefixRow(batch_id=batch.id, prefix=batch_prefix(batch.first_day.year, number))
        session.add(row)
        await session.flush()
    return row.prefix
