"""A checked plan is written: the planner's files, sessions, seats, places with tickets, duties and who stands by."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.db import insert_many
from exam.kernel.ids import new_id
from exam.registration.rules import Batch
from scheduling.duties import actions as duties
from scheduling.duties.rules import Assignment, Gap, Roster, Standby
from scheduling.planning.rules.demand import distances
from scheduling.planning.rules.pins import held as pinned_at
from scheduling.planning.rules.serial import plan_bytes, plan_sha256, problem_bytes
from scheduling.timetable.actions.solving import Material, Solution, held_id
from scheduling.timetable.models import (
    PlacementRow,
    PlanFileRow,
    PlannedSessionRow,
    PlannedSittingRow,
    PlanRow,
    TicketPrefixRow,
    UnplacedRow,
)
from scheduling.timetable.queries import Ground, Worked
from scheduling.timetable.rules.lengthened import measures_of
from scheduling.timetable.rules.lifecycle import (
    PlanStatus,
    TicketScheme,
    batch_prefix,
)
from scheduling.timetable.rules.plan import SiteReason

RULES_VERSION = "planning/1"


async def store(
    session: AsyncSession,
    actor: Actor,
    material: Material,
    solution: Solution,
    *,
    ticket_scheme: TicketScheme,
    now: datetime,
    tickets: Mapping[UUID, str] | None = None,
    decided: Mapping[str, Any] | None = None,
) -> PlanRow:
    """Write a new draft version; the one before is superseded. `tickets`: numbers that were given already, of everybody;
    `decided`: terms of the batch that are new with this version (:mod:`rules.terms`)."""
    batch, worked = material.batch, solution.worked
    last = await session.scalar(
        select(PlanRow).where(PlanRow.batch_id == batch.id).order_by(PlanRow.version.desc()).limit(1)
    )
    row = PlanRow(
        id=new_id(),
        batch_id=batch.id,
        version=last.version + 1 if last else 1,
        seed=worked.plan.seed,
        status=PlanStatus.DRAFT,
        sha256=plan_sha256(worked.plan),
        settings={
            "rules": RULES_VERSION,
            "norms": material.norms.stored(),
            "ticket": asdict(ticket_scheme),
            "terms": {**(last.settings.get("terms", {}) if last else {}), **(decided or {})},
        },
        figures=_figures(solution),
        created_at=now,
        created_by=actor.name,
        published_at=None,
        published_by="",
        gaps_reason="",
        filed_at=None,
        filed_by="",
        filed_with="",
        filed_on=None,
        locked_at=None,
        locked_by="",
        repair_reason="",
    )
    await session.execute(
        update(PlanRow)
        .where(PlanRow.batch_id == batch.id, PlanRow.status == PlanStatus.DRAFT)
        .values(status=PlanStatus.SUPERSEDED)
    )
    session.add(row)
    await session.flush()
    session.add(_files(row.id, worked))
    ids = await _store_sessions(session, row.id, material.ground, solution)
    await _store_seats(session, row.id, material.ground, solution, ids)
    tickets = tickets or await _tickets(session, batch, material.ground, solution, ticket_scheme)
    await _store_people(session, row.id, material.ground, worked, tickets)
    await _send(session, row.id, material.ground, solution, ids)
    return row


def _figures(solution: Solution) -> dict[str, float]:
    plan, found = solution.worked.plan, solution.report.objectives
    bound = solution.report.bound
    return {
        "placed": sum(one.count for one in plan.placements),
        "unplaced": sum(one.count for one in plan.unplaced),
        "sites": len({one.site for one in plan.placements}),
        "sessions": len(solution.held),
        "sittings": sum(len(one.seats) for one in solution.held),
        "duties": len(solution.roster.assignments),
        "unfilled": sum(gap.missing for gap in solution.roster.gaps),
        "staff": len({one.examiner_id for one in solution.roster.assignments}),
        "standby": len(plan.standby),
        "km_sum": round(found.travel_km_sum, 1),
        "km_p95": round(found.travel_km_p95, 1),
        "km_max": round(found.travel_km_max, 1),
        "room_sessions": found.room_sessions,
        "overnight_stays": found.overnight_stays,
        "gap": bound.gap if bound else 1.0,
    }


def _files(plan_id: UUID, worked: Worked) -> PlanFileRow:
    return PlanFileRow(
        plan_id=plan_id,
        problem=zlib.compress(problem_bytes(worked.problem)),
        plan=zlib.compress(plan_bytes(worked.plan)),
        members={group: [str(id) for id in ids] for group, ids in worked.members.items()},
    )


async def _store_sessions(session: AsyncSession, plan_id: UUID, ground: Ground, solution: Solution) -> dict[UUID, UUID]:
    """The sessions; their ids by the names that the solution gave them."""
    ids = {held_id(one): new_id() for one in solution.held}
    rows: list[dict[str, Any]] = [
        {
            "id": ids[held_id(one)],
            "plan_id": plan_id,
            "key": one.key,
            "round_no": one.round_no,
            "site_id": ground.site[one.site].id,
            "room_id": ground.room[one.site, one.room].id,
            "scheme_id": ground.scheme[one.certificate, one.level].id,
            "component_id": ground.component_id(one.certificate, one.level, one.component),
            "form": str(ground.room[one.site, one.room].form),
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "first_seat": one.first_seat,
            "seats_count": one.seats_count,
            "paper_version": one.paper,
            "room_session_id": None,
        }
        for one in solution.held
    ]
    await insert_many(session, PlannedSessionRow, rows)
    return ids


async def _store_seats(
    session: AsyncSession, plan_id: UUID, ground: Ground, solution: Solution, ids: Mapping[UUID, UUID]
) -> None:
    rows: list[dict[str, Any]] = []
    for one in solution.held:
        component_id = ground.component_id(one.certificate, one.level, one.component)
        for group, member, seat_no in one.seats:
            person = ground.person[solution.worked.members[group][member]]
            measures = measures_of(solution.worked.problem.group[group])
            rows.append(
                {
                    "id": new_id(),
                    "plan_id": plan_id,
                    "planned_session_id": ids[held_id(one)],
                    "registration_id": person.id,
                    "person_id": person.person_id,
                    "component_id": component_id,
                    "seat_no": seat_no,
                    "starts_at": one.starts_at,
                    "ends_at": one.end_of(group),
                    "granted_minutes": one.more(group),
                    "measures": measures.key,
                }
            )
    await insert_many(session, PlannedSittingRow, rows)


async def _store_people(
    session: AsyncSession, plan_id: UUID, ground: Ground, worked: Worked, tickets: Mapping[UUID, str]
) -> None:
    reasons = _Reasons(worked)  # of somebody in two groups the later one: what was sat first is over
    placed: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "plan_id": plan_id,
            "registration_id": id,
            "group_key": one.group,
            "site_id": ground.site[one.site].id,
            "ticket_no": tickets[id],
            **reasons.of(one.group, one.site),
        }
        for one in worked.plan.placements
        for id in worked.members[one.group][one.first : one.first + one.count]
    ]
    left: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "plan_id": plan_id,
            "registration_id": id,
            "group_key": one.group,
            "reason": str(one.reason),
        }
        for one in worked.plan.unplaced
        for id in worked.members[one.group][one.first : one.first + one.count]
    ]
    await insert_many(session, PlacementRow, list({one["registration_id"]: one for one in placed}.values()))
    await insert_many(session, UnplacedRow, left)


class _Reasons:
    """Why a group goes to a site: how far, and how many that could examine it are nearer."""

    def __init__(self, worked: Worked) -> None:
        self._problem = worked.problem
        self._pinned = pinned_at(worked.problem)
        self._km = distances(worked.problem)
        self._home = {one.id: number for number, one in enumerate(worked.problem.institutions)}
        self._site = {one.id: number for number, one in enumerate(worked.problem.sites)}

    def of(self, group: str, site: str) -> dict[str, Any]:
        """The columns of a placement."""
        found = self._problem.group[group]
        row = self._km[self._home[found.institution]]
        here = float(row[self._site[site]])
        nearer = sum(
            float(row[number]) < here - 0.05
            for number, one in enumerate(self._problem.sites)
            if any(
                approval.certificate == found.certificate and (not approval.levels or found.level in approval.levels)
                for approval in one.approvals
            )
        )
        pinned = site in self._pinned.get(group, {})
        reason = SiteReason.PINNED if pinned else SiteReason.FARTHER if nearer else SiteReason.NEAREST
        return {"reason": str(reason), "nearer": nearer, "km": round(here, 1)}


async def _send(
    session: AsyncSession, plan_id: UUID, ground: Ground, solution: Solution, ids: Mapping[UUID, UUID]
) -> None:
    """Store who serves where, what stays empty, and who stands by."""
    roster = Roster(
        assignments=tuple(
            Assignment(session_id=ids[one.session_id], examiner_id=one.examiner_id, duty=one.duty)
            for one in solution.roster.assignments
        ),
        gaps=tuple(
            Gap(session_id=ids[one.session_id], duty=one.duty, missing=one.missing, reason=one.reason)
            for one in solution.roster.gaps
        ),
    )
    standby = [
        Standby(site_id=ground.site[one.site].id, day=one.day, examiner_id=UUID(one.person))
        for one in solution.worked.plan.standby
    ]
    times = {ids[held_id(one)]: (one.starts_at, one.ends_at) for one in solution.held}
    await duties.send(session, plan_id=plan_id, times=times, roster=roster, standby=standby)


async def _tickets(
    session: AsyncSession, batch: Batch, ground: Ground, solution: Solution, scheme: TicketScheme
) -> dict[UUID, str]:
    """Ticket numbers in the order of site, certificate, institution and name."""
    prefix = await ticket_prefix(session, batch)
    worked = solution.worked
    first: dict[UUID, tuple[datetime, int]] = {}
    for held in solution.held:
        for group, member, seat_no in held.seats:
            id = worked.members[group][member]
            first[id] = min(first.get(id, (held.starts_at, seat_no)), (held.starts_at, seat_no))
    code = {
        id: one.site
        for one in worked.plan.placements
        for id in worked.members[one.group][one.first : one.first + one.count]
    }

    def order(id: UUID) -> tuple[str, str, str, str, str]:
        person = ground.person[id]
        return code[id], str(person.scheme_id), person.institution_name_zh, person.name_sort, str(id)

    return {
        id: scheme.number(prefix, code[id], serial, first[id][1])
        for serial, id in enumerate(sorted(code, key=order), start=1)
    }


async def ticket_prefix(session: AsyncSession, batch: Batch) -> str:
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
