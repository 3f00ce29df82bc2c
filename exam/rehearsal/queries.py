"""Reads of rehearsals and readiness."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.errors import NotFound
from exam.rehearsal.models import DrillRow, ReadinessRow, RehearsalRow
from exam.rehearsal.rules import Drill, Readiness, Ticked, missing_drills
from exam.sittings import queries as sittings
from exam.sittings.rules import DutySpec, Headcount, RoomSession


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """One rehearsal, as far as it has come."""

    id: UUID
    site_id: UUID
    starts_at: datetime
    made_name: str
    rooms: tuple[RoomSession, ...]
    counts: Mapping[UUID, Headcount]
    duties: tuple[DutySpec, ...]
    drills: tuple[Ticked, ...]
    readiness: Readiness | None

    @property
    def missing(self) -> tuple[Drill, ...]:
        """Drills that were not done yet."""
        return tuple(missing_drills(self.drills))

    @property
    def rooms_open(self) -> int:
        """Rooms that were not closed yet."""
        return sum(room.status.value != "closed" for room in self.rooms)


async def rehearsal(session: AsyncSession, rehearsal_id: UUID) -> Rehearsal:
    """One rehearsal; NotFound when there is none."""
    row = await session.get(RehearsalRow, rehearsal_id)
    if row is None:
        raise NotFound
    rooms = await sittings.room_sessions(session, batch_id=row.id)
    drills = select(DrillRow).where(DrillRow.rehearsal_id == row.id).order_by(DrillRow.at, DrillRow.id)
    found = await readiness(session, rehearsal_id=row.id)
    return Rehearsal(
        id=row.id, site_id=row.site_id, starts_at=row.starts_at, made_name=row.made_name, rooms=tuple(rooms),
        counts=await sittings.headcounts(session, [room.id for room in rooms]),
        duties=tuple(await sittings.duties(session, batch_id=row.id)),
        drills=tuple(
            Ticked(drill=Drill(one.drill), seen=one.seen, by_name=one.by_name, at=one.at)
            for one in await session.scalars(drills)
        ),
        readiness=found[0] if found else None,
    )  # fmt: skip


async def of_site(session: AsyncSession, site_id: UUID) -> list[tuple[UUID, datetime, str]]:
    """A site's rehearsals, the newest first: id, start, who made it."""
    query = select(RehearsalRow).where(RehearsalRow.site_id == site_id).order_by(RehearsalRow.starts_at.desc())
    return [(row.id, row.starts_at, row.made_name) for row in await session.scalars(query)]


async def readiness(
    session: AsyncSession, *, site_ids: Collection[UUID] | None = None, rehearsal_id: UUID | None = None
) -> list[Readiness]:
    """Readiness records, those that hold longest first; filters add up."""
    query = select(ReadinessRow).order_by(ReadinessRow.valid_to.desc(), ReadinessRow.id)
    if site_ids is not None:
        query = query.where(ReadinessRow.site_id.in_(list(site_ids)))
    if rehearsal_id is not None:
        query = query.where(ReadinessRow.rehearsal_id == rehearsal_id)
    return [
        Readiness(
            id=row.id, rehearsal_id=row.rehearsal_id, site_id=row.site_id, valid_from=row.valid_from, valid_to=row.valid_to,
            head_name=row.head_name, head_at=row.head_at, second_name=row.second_name, second_at=row.second_at, note=row.note,
        )
        for row in await session.scalars(query.execution_options(populate_existing=True))
    ]  # fmt: skip


async def ready_sites(session: AsyncSession, site_ids: Collection[UUID], on: date) -> dict[UUID, Readiness]:
    """Which of these sites are ready on a day, by the record that holds longest."""
    found: dict[UUID, Readiness] = {}
    for one in await readiness(session, site_ids=site_ids):
        if one.holds(on):
            found.setdefault(one.site_id, one)
    return found
