"""The versions of a batch's plan with their states and hashes, and two of them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.catalogue.rules import Component
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration
from scheduling.repairs.queries.stored import RepairRecord, repairs
from scheduling.repairs.rules.difference import Difference, Spot, compare
from scheduling.sites.rules import Room, Site
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules.lifecycle import PlanUnknown, locked

_SHOWN = 500


@dataclass(frozen=True, kw_only=True)
class VersionsView:
    """All versions of a batch, the newest first, and its repairs."""

    batch: Batch
    plans: tuple[timetable.PlanRecord, ...]
    repairs: tuple[RepairRecord, ...]
    locked: bool  # the published one
    may_manage: bool


@dataclass(frozen=True, kw_only=True)
class SessionAt:
    """A session of a version with its names."""

    site: Site
    room: Room
    component: Component
    starts_at: datetime
    candidates_count: int


@dataclass(frozen=True, kw_only=True)
class PlaceAt:
    """A candidate's place for a component in a version."""

    registration_id: UUID
    site: Site
    room: Room
    component: Component
    starts_at: datetime
    seat_no: int


@dataclass(frozen=True, kw_only=True)
class DiffView:
    """Two versions side by side."""

    batch: Batch
    before: timetable.PlanRecord
    after: timetable.PlanRecord
    sessions: Difference[SessionAt]
    places: Difference[PlaceAt]
    people: dict[UUID, Registration]  # names, for those who arrange the batch
    people_count: int  # whose place differs
    may_manage: bool


async def versions_view(session: AsyncSession, actor: Actor, batch_id: UUID, now: datetime) -> VersionsView:
    """All versions of a batch."""
    batch = await registration.batch(session, batch_id)
    timetable.require_read(actor, batch)
    plans = await timetable.plans(session, batch_id)
    manages = timetable.may_manage(actor, batch)
    return VersionsView(
        batch=batch,
        plans=tuple(plans),
        repairs=tuple(await repairs(session, batch_id)) if manages else (),
        locked=any([await _locked(session, one, now) for one in plans]),
        may_manage=manages,
    )


async def _locked(session: AsyncSession, plan: timetable.PlanRecord, now: datetime) -> bool:
    begins = await timetable.begins(session, plan.id) if plan.published_at else None
    return locked(plan.status, plan.locked_at, begins, now)


async def diff_view(session: AsyncSession, actor: Actor, batch_id: UUID, before: int, after: int) -> DiffView:
    """Two versions of a batch, by their numbers."""
    batch = await registration.batch(session, batch_id)
    timetable.require_read(actor, batch)
    plans = {one.version: one for one in await timetable.plans(session, batch_id)}
    if before not in plans or after not in plans:
        raise PlanUnknown
    names = await timetable.names_of(session)
    sessions: list[dict[tuple[str, ...], SessionAt]] = []
    places: list[dict[tuple[str, ...], PlaceAt]] = []
    session_spots: list[dict[tuple[str, ...], object]] = []
    place_spots: list[dict[tuple[str, ...], object]] = []
    for plan in (plans[before], plans[after]):
        lines = {one.id: timetable.line_of(one, names) for one in await timetable.sessions(session, plan.id)}
        key = {id: (line.session.key, str(line.session.round_no), str(line.component.id)) for id, line in lines.items()}
        sessions.append(
            {
                key[id]: SessionAt(
                    site=line.site,
                    room=line.room,
                    component=line.component,
                    starts_at=line.session.starts_at,
                    candidates_count=line.session.candidates_count,
                )
                for id, line in lines.items()
            }
        )
        session_spots.append(
            {
                key[id]: Spot(site_id=line.site.id, room_id=line.room.id, starts_at=line.session.starts_at)
                for id, line in lines.items()
            }
        )
        own: dict[tuple[str, ...], PlaceAt] = {}
        for seat in await timetable.planned_sittings(session, plan.id):
            line = lines[seat.session_id]
            own[str(seat.registration_id), str(seat.component_id)] = PlaceAt(
                registration_id=seat.registration_id,
                site=line.site,
                room=line.room,
                component=line.component,
                starts_at=seat.starts_at,
                seat_no=seat.seat_no,
            )
        places.append(own)
        place_spots.append({at: (one.room.id, one.starts_at, one.seat_no) for at, one in own.items()})
    manages = timetable.may_manage(actor, batch)
    differs = compare(places[0], places[1], place_spots)
    ids = {one.registration_id for one in (*differs.added, *differs.removed, *(old for old, _ in differs.changed))}
    shown = sorted(ids)[:_SHOWN] if manages else []
    return DiffView(
        batch=batch,
        before=plans[before],
        after=plans[after],
        sessions=compare(sessions[0], sessions[1], session_spots),
        places=differs,
        people={one.id: one for one in await registration.registrations(session, ids=shown)} if shown else {},
        people_count=len(ids),
        may_manage=manages,
    )
