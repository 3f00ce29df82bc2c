"""Repairs as frozen records, with names for those who arrange the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration
from exam.sittings import queries as sittings
from scheduling.duties import queries as duties
from scheduling.duties.rules import Examiner
from scheduling.repairs.models import RepairRow
from scheduling.repairs.rules.asking import Asked, read
from scheduling.repairs.rules.repair import RepairStatus, RepairUnknown
from scheduling.sites import queries as sites
from scheduling.sites.rules import Room, Site
from scheduling.timetable import queries as timetable


@dataclass(frozen=True, kw_only=True)
class RepairRecord:
    """A repair."""

    id: UUID
    batch_id: UUID
    plan_id: UUID
    status: RepairStatus
    asked: Asked
    reason: str
    most_moved: int
    outcome: Mapping[str, Any]
    made_at: datetime
    made_by: str
    decided_at: datetime | None
    decided_by: str
    version: int | None

    @property
    def figures(self) -> Mapping[str, int]:
        """How many stay, move, find no place."""
        found: Mapping[str, int] = self.outcome["figures"]
        return found


@dataclass(frozen=True, kw_only=True)
class PersonLine:
    """A candidate whose place changes, or who has none."""

    registration: Registration
    ticket_no: str
    reason: str
    lines: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class StaffLine:
    """One of the staff whose duties change."""

    examiner: Examiner
    lines: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class PaperLine:
    """A paper that no session of the plan before had (H9)."""

    scheme: Mapping[str, str]
    component: Mapping[str, str]
    version: str
    starts_at: datetime
    lacking: bool  # it has to be prepared


@dataclass(frozen=True, kw_only=True)
class RepairView:
    """A repair with everything its page shows."""

    repair: RepairRecord
    batch: Batch
    version: int  # of the plan that it repairs
    site: Site | None
    room: Room | None
    person: Examiner | None
    moved: tuple[PersonLine, ...]  # a place before, another one after
    placed: tuple[PersonLine, ...]  # a first place
    left: tuple[PersonLine, ...]  # no place
    staff: tuple[StaffLine, ...]
    current: bool  # the plan that it repairs is still the published one
    papers: tuple[PaperLine, ...]  # of sessions at new starts


async def repair(session: AsyncSession, repair_id: UUID) -> RepairRecord:
    """One repair, or :class:`RepairUnknown`."""
    row = await session.get(RepairRow, repair_id, populate_existing=True)
    if row is None:
        raise RepairUnknown
    return record_of(row)


async def repairs(session: AsyncSession, batch_id: UUID) -> list[RepairRecord]:
    """The repairs of a batch, the newest first."""
    query = select(RepairRow).where(RepairRow.batch_id == batch_id).order_by(RepairRow.made_at.desc(), RepairRow.id)
    return [record_of(row) for row in await session.scalars(query)]


async def repair_view(session: AsyncSession, actor: Actor, repair_id: UUID) -> RepairView:
    """One repair for those who arrange its batch."""
    found = await repair(session, repair_id)
    batch = await registration.batch(session, found.batch_id)
    timetable.require_manage(actor, batch)
    ids = [UUID(one["registration_id"]) for one in found.outcome["people"]]
    people = {one.id: one for one in await registration.registrations(session, ids=ids)} if ids else {}
    tickets = await known_tickets(session, found.batch_id)
    lines = [
        PersonLine(
            registration=people[id],
            ticket_no=tickets.get(id, ""),
            reason=one["reason"],
            lines=dated(one["lines"]),
        )
        for one in found.outcome["people"]
        if (id := UUID(one["registration_id"])) in people
    ]
    pool = {one.id: one for one in await duties.pool(session)}
    published = await timetable.published(session, found.batch_id)
    site = next((one for one in await sites.sites(session) if one.code == found.asked.site), None)
    return RepairView(
        repair=found,
        batch=batch,
        version=(await timetable.plan(session, found.plan_id)).version,
        site=site,
        room=next((one for one in site.rooms if one.code == found.asked.room), None) if site else None,
        person=pool.get(UUID(found.asked.person)) if found.asked.person else None,
        moved=tuple(one for one in lines if not one.reason and any(line["before"] for line in one.lines)),
        placed=tuple(one for one in lines if not one.reason and all(not line["before"] for line in one.lines)),
        left=tuple(one for one in lines if one.reason),
        staff=tuple(
            StaffLine(examiner=pool[UUID(one["examiner_id"])], lines=dated(one["lines"]))
            for one in found.outcome["staff"]
            if UUID(one["examiner_id"]) in pool
        ),
        current=published is not None and published.id == found.plan_id,
        papers=await _papers(session, found),
    )


async def _papers(session: AsyncSession, found: RepairRecord) -> tuple[PaperLine, ...]:
    """Until it is accepted as it was worked out; afterwards as the exam day has it."""
    waiting = await sittings.room_sessions(session, batch_id=found.batch_id, awaiting_paper=True)
    awaited = {(str(room.component_id), room.awaits_paper) for room in waiting}
    done = found.status is RepairStatus.ACCEPTED
    return tuple(
        PaperLine(
            scheme=one["scheme"],
            component=one["component"],
            version=one["paper"],
            starts_at=datetime.fromisoformat(one["starts_at"]),
            lacking=(one.get("component_id"), one["paper"]) in awaited if done else bool(one.get("lacking")),
        )
        for one in found.outcome["papers"]
    )


async def known_tickets(session: AsyncSession, batch_id: UUID) -> dict[UUID, str]:
    """Registration -> ticket number, of any published version of the batch: a number once given stays."""
    found: dict[UUID, str] = {}
    for plan in reversed(await timetable.plans(session, batch_id)):
        if plan.published_at is not None:
            placed = await timetable.placements(session, plan.id)
            found |= {id: one.ticket_no for id, one in placed.items()}
    return found


def dated(lines: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Lines as they are stored, with times for texts."""

    def place(one: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if one is None:
            return None
        times = {name: datetime.fromisoformat(one[name]) for name in ("starts_at", "ends_at")}
        return {**one, **times}

    return tuple({**line, "before": place(line["before"]), "after": place(line["after"])} for line in lines)


def record_of(row: RepairRow) -> RepairRecord:
    """The record of a row."""
    return RepairRecord(
        id=row.id,
        batch_id=row.batch_id,
        plan_id=row.plan_id,
        status=RepairStatus(row.status),
        asked=read(row.asked),
        reason=row.reason,
        most_moved=row.most_moved,
        outcome=row.outcome,
        made_at=row.made_at,
        made_by=row.made_by,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        version=row.version,
    )
