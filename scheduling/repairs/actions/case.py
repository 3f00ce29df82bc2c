"""A published batch as a repair finds it: the planner's plan, and every place and duty as they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.delivery import queries as delivery
from exam.papers import queries as papers
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession, RoomStatus, Sitting, SittingStatus
from scheduling.duties.rules import Examiner
from scheduling.planning.rules.plan import Plan
from scheduling.repairs.queries import late_candidates
from scheduling.repairs.rules.asking import Span
from scheduling.repairs.rules.papers import Key, Paper
from scheduling.repairs.rules.repair import NothingPublished
from scheduling.repairs.rules.standing import Room, Seat, Service, Standing, as_seated, begun_slots
from scheduling.timetable import actions as timetable
from scheduling.timetable import queries
from scheduling.timetable.queries import Worked


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a repair is worked out from."""

    plan: queries.PlanRecord
    material: timetable.Material
    worked: Worked  # as it was planned
    standing: Standing
    seated: Plan  # the same plan with everybody where they are seated
    past: tuple[str, ...]  # slots
    late: frozenset[UUID]  # registrations that are due a place and have none
    sittings: Mapping[UUID, Sitting]
    rooms: Mapping[UUID, RoomSession]
    sealed: Mapping[Key, tuple[str, ...]]  # letters that nobody has opened, of the exams at computers

    @property
    def awaited(self) -> frozenset[Paper]:
        """The papers that rooms wait for, since an earlier repair."""
        ground, found = self.material.ground, set()
        for (certificate, level), scheme in ground.scheme.items():
            code = {one.id: one.code for one in scheme.components}
            found |= {
                ((certificate, level, code[one.component_id]), one.awaits_paper)
                for one in self.rooms.values()
                if one.awaits_paper and one.component_id in code
            }
        return frozenset(found)

    @property
    def accounts(self) -> Mapping[UUID, Examiner]:
        """The pool by account."""
        return {one.account_id: one for one in self.material.pool}

    @property
    def sat(self) -> dict[UUID, list[Span]]:
        """Registration -> when the same person sits something in this batch under another one."""
        people = self.material.ground.person
        spans: dict[UUID, list[Span]] = defaultdict(list)
        for one in self.sittings.values():
            if one.registration_id not in self.late:  # who is placed anew leaves the old places
                spans[one.person_id].append((one.starts_at, one.ends_at))
        return {id: spans[people[id].person_id] for id in self.late if id in people and people[id].person_id in spans}


async def read_case(session: AsyncSession, actor: Actor, batch_id: UUID, now: datetime) -> Case:
    """Read the published batch; refuse where nothing is published."""
    batch = await registration.batch(session, batch_id)
    queries.require_manage(actor, batch)
    plan = await queries.published(session, batch_id)
    if plan is None:
        raise NothingPublished
    material = await timetable.gather(session, batch, plan.norms)
    worked = await queries.worked(session, plan.id)
    rooms = {one.id: one for one in await sittings.room_sessions(session, batch_id=batch_id)}
    own = {one.id: one for one in await sittings.sittings(session, batch_id=batch_id)}
    standing = await _standing(session, plan, material, rooms, own)
    members = worked.members
    return Case(
        plan=plan,
        material=material,
        worked=worked,
        standing=standing,
        seated=as_seated(worked.problem, worked.plan, members, standing),
        past=begun_slots(worked.problem, standing, now),
        late=frozenset(await late_candidates(session, batch_id)),
        sittings=own,
        rooms=rooms,
        sealed=await _sealed(session, batch_id, material.ground),
    )


async def _sealed(session: AsyncSession, batch_id: UUID, ground: queries.Ground) -> dict[Key, tuple[str, ...]]:
    """The letters of each exam that are sealed and that nobody has opened, in this batch or another."""
    key_of = {
        one.id: (certificate, str(level), one.code)
        for (certificate, level), scheme in sorted(ground.scheme.items())
        for one in scheme.components
    }
    found = await papers.sealed_versions(session, list(key_of), batch_id)
    seen = await delivery.opened(session, [one.id for one in found.values()])
    letters: dict[Key, list[str]] = defaultdict(list)
    for (component_id, version), one in sorted(found.items()):
        if one.id not in seen:
            letters[key_of[component_id]].append(version)
    return {key: tuple(own) for key, own in letters.items()}


async def _standing(
    session: AsyncSession,
    plan: queries.PlanRecord,
    material: timetable.Material,
    rooms: Mapping[UUID, RoomSession],
    own: Mapping[UUID, Sitting],
) -> Standing:
    ground = material.ground
    code = {site.id: site.code for site in ground.site.values()}
    room_code = {room.id: room.code for site in ground.site.values() for room in site.rooms}
    part = {one.id: one.code for scheme in ground.scheme.values() for one in scheme.components}
    examiner = {one.account_id: one.id for one in material.pool}
    planned = {one.room_session_id: one for one in await queries.sessions(session, plan.id)}
    return Standing(
        rooms={
            id: Room(
                id=id,
                key=planned[id].key,
                round_no=planned[id].round_no,
                site=code[room.site_id],
                room=room_code[room.room_id],
                starts_at=room.starts_at,
                ends_at=room.ends_at,
                first_seat=room.first_seat,
                seats_count=room.seats_count,
                paper=planned[id].paper_version,
                begun=room.status is not RoomStatus.PLANNED,
            )
            for id, room in sorted(rooms.items())
            if id in planned
        },
        seats=tuple(
            Seat(
                id=one.id,
                registration_id=one.registration_id,
                component=part[one.component_id],
                room_id=one.room_session_id,
                seat_no=one.seat_no,
                ticket_no=one.ticket_no,
                touched=one.status is not SittingStatus.SCHEDULED,
            )
            for one in sorted(own.values(), key=lambda one: one.id)
        ),
        services=tuple(
            Service(id=one.id, room_id=one.session_id, examiner_id=examiner[one.account_id], duty=one.duty)
            for one in await sittings.duties(session, batch_id=plan.batch_id)
            if one.account_id in examiner
        ),
    )
