"""What the page on which a repair is asked for offers: sites, rooms, slots, staff, late candidates."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration
from exam.sittings import queries as sittings
from exam.sittings.rules import Sitting, SittingStatus
from scheduling.duties import queries as duties
from scheduling.planning.rules.problem import Slot
from scheduling.repairs.rules.repair import NothingPublished
from scheduling.sites import queries as sites
from scheduling.sites.rules import Room, Site
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules.runs import Run, RunKind


@dataclass(frozen=True, kw_only=True)
class AskView:
    """A published batch, and what of it could be lost."""

    batch: Batch
    plan: timetable.PlanRecord
    sites: tuple[Site, ...]  # with sessions still to come
    rooms: tuple[tuple[Site, Room], ...]
    slots: tuple[Slot, ...]  # still to come
    staff: tuple[duties.PlannedDuty, ...]  # one line for each person
    late: tuple[Registration, ...]
    running: tuple[Run, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """The days that are still to come."""
        return tuple(sorted({slot.day for slot in self.slots}))


async def ask_view(session: AsyncSession, actor: Actor, batch_id: UUID, now: datetime) -> AskView:
    """What can be asked of a published batch."""
    batch = await registration.batch(session, batch_id)
    timetable.require_manage(actor, batch)
    plan = await timetable.published(session, batch_id)
    if plan is None:
        raise NothingPublished
    held = [one for one in await timetable.sessions(session, plan.id) if one.starts_at > now]
    places = {one.id: one for one in await sites.sites(session, {one.site_id for one in held})}
    used = {one.room_id for one in held}
    problem = (await timetable.worked(session, plan.id)).problem
    people: dict[UUID, duties.PlannedDuty] = {}
    for one in await duties.planned(session, plan.id, session_ids=[one.id for one in held]):
        people.setdefault(one.examiner_id, one)
    own = sorted(places.values(), key=lambda one: one.code)
    late = await late_candidates(session, batch_id)
    return AskView(
        batch=batch,
        plan=plan,
        sites=tuple(own),
        rooms=tuple((site, room) for site in own for room in site.rooms if room.id in used),
        slots=tuple(slot for slot in problem.slots if slot.starts > now),
        staff=tuple(sorted(people.values(), key=lambda one: (one.name, str(one.examiner_id)))),
        late=tuple(await registration.registrations(session, ids=late)) if late else (),
        running=tuple(await timetable.under_way(session, batch_id, RunKind.REPAIR)),
    )


async def late_candidates(session: AsyncSession, batch_id: UUID) -> list[UUID]:
    """Registrations that are due a place and have none; or have one that does not do what they are granted since (H16)."""
    seats: dict[UUID, list[Sitting]] = defaultdict(list)
    for one in await sittings.sittings(session, batch_id=batch_id):
        seats[one.registration_id].append(one)
    granted = {one.id: one.measures.key for one in await registration.registrations(session, batch_id=batch_id)}
    changed = {
        id
        for id, own in seats.items()
        if any(one.measures != granted.get(id, "") for one in own)
        and all(one.status is SittingStatus.SCHEDULED for one in own)
    }
    wanted = set(await timetable.wanted(session, batch_id))
    return sorted((wanted - seats.keys()) | (wanted & changed))
