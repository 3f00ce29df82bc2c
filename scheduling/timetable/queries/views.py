"""What officers, institutions and site heads look at: a site's calendar, a room, one seat's why, own places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.catalogue.rules import Component, Scheme
from exam.kernel.clock import china_date
from exam.kernel.errors import NotFound
from exam.registration import queries as registration
from exam.registration.queries.counts import alike
from exam.registration.rules import Batch, Institution, Prefecture, Registration
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty, RoomSession, Sitting
from scheduling.duties import queries as duties
from scheduling.duties.rules import Gap
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site
from scheduling.timetable.models import PlannedSessionRow
from scheduling.timetable.queries import stored
from scheduling.timetable.queries.arrangement import UnplacedLine, by_institution, unplaced_lines
from scheduling.timetable.queries.naming import SessionLine, line_of, names_of, people_of
from scheduling.timetable.queries.scope import may_manage, require_manage, require_read
from scheduling.timetable.rules.plan import SITE_REASONS


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """The calendar of one site in a plan; rooms are lanes."""

    plan: stored.PlanRecord
    batch: Batch
    sites: tuple[Site, ...]
    site: Site | None
    days: tuple[date, ...]
    day: date | None
    lines: tuple[SessionLine, ...]
    may_manage: bool


@dataclass(frozen=True, kw_only=True)
class Seated:
    """One seat of a session with who sits on it."""

    seat_no: int
    registration: Registration
    ticket_no: str


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """One planned session: seats, team, empty positions. Names stand in it for those who arrange the batch only."""

    plan: stored.PlanRecord
    batch: Batch
    line: SessionLine
    count: int
    groups: tuple[tuple[Institution | None, int], ...]
    seats: tuple[Seated, ...]
    team: tuple[duties.PlannedDuty, ...]
    team_counts: Mapping[Duty, int]
    gaps: tuple[Gap, ...]
    institutions: Mapping[UUID, Institution]
    may_manage: bool


@dataclass(frozen=True, kw_only=True)
class WhyView:
    """Why this person sits there: the group, the site and its reason, the draw."""

    plan: stored.PlanRecord
    batch: Batch
    registration: Registration
    scheme: Scheme
    ticket_no: str
    site: Site | None
    site_text: str
    nearer: int
    km: float
    prefecture: Prefecture | None
    group_size: int
    seats: tuple[tuple[SessionLine, stored.PlannedSitting], ...]
    unplaced: UnplacedLine | None


@dataclass(frozen=True, kw_only=True)
class WaitingLine:
    """Somebody who stands by."""

    day: date
    site: Site
    name: str


@dataclass(frozen=True, kw_only=True)
class OwnLine:
    """One candidate's published places, for the institution or the site."""

    registration: Registration
    ticket_no: str
    places: tuple[tuple[Sitting, RoomSession, Component | None], ...]


async def plan_view(
    session: AsyncSession, actor: Actor, plan_id: UUID, *, site_id: UUID | None = None, day: date | None = None
) -> PlanView:
    """A site's calendar in a plan; without a choice the first site and day."""
    plan = await stored.plan(session, plan_id)
    batch = await registration.batch(session, plan.batch_id)
    require_read(actor, batch)
    names = await names_of(session)
    held = await stored.room_days(session, plan_id)
    places = sorted({one.site_id for one in held}, key=lambda id: names.sites[id].code)
    chosen = site_id if site_id in places else next(iter(places), None)
    own = await stored.sessions(session, plan_id, site_id=chosen) if chosen else []
    days = tuple(sorted({one.day for one in held if one.site_id == chosen}))
    today = day if day in days else next(iter(days), None)
    return PlanView(
        plan=plan,
        batch=batch,
        sites=tuple(names.sites[id] for id in places),
        site=names.sites[chosen] if chosen else None,
        days=days,
        day=today,
        lines=tuple(line_of(one, names) for one in own if china_date(one.starts_at) == today),
        may_manage=may_manage(actor, batch),
    )


async def session_view(session: AsyncSession, actor: Actor, session_id: UUID) -> SessionView:
    """One planned session with its seats and team."""
    plan_id = await _plan_of(session, session_id)
    plan = await stored.plan(session, plan_id)
    batch = await registration.batch(session, plan.batch_id)
    require_read(actor, batch)
    names = await names_of(session)
    (one,) = await stored.sessions(session, plan_id, ids=[session_id])
    seated = await stored.planned_sittings(session, plan_id, session_id=session_id)
    ids = [seat.registration_id for seat in seated]
    tickets = await stored.placements(session, plan_id, registration_ids=ids)
    people = await people_of(session, ids)
    team = await duties.planned(session, plan_id, session_ids=[session_id])
    manages = may_manage(actor, batch)
    return SessionView(
        plan=plan,
        batch=batch,
        line=line_of(one, names),
        count=len(seated),
        groups=by_institution(people.values(), names),
        seats=tuple(
            Seated(
                seat_no=seat.seat_no,
                registration=people[seat.registration_id],
                ticket_no=tickets[seat.registration_id].ticket_no,
            )
            for seat in seated
            if manages
        ),
        team=tuple(team) if manages else (),
        team_counts=Counter(duty.duty for duty in team),
        gaps=tuple(await duties.gaps(session, plan_id, session_ids=[session_id])),
        institutions=names.institutions,
        may_manage=manages,
    )


async def why(session: AsyncSession, actor: Actor, plan_id: UUID, registration_id: UUID) -> WhyView:
    """Why a person sits where they sit, or why they have no place; for those who arrange the batch."""
    plan = await stored.plan(session, plan_id)
    batch = await registration.batch(session, plan.batch_id)
    require_manage(actor, batch)
    names = await names_of(session)
    people = await people_of(session, [registration_id])
    if registration_id not in people or people[registration_id].batch_id != batch.id:
        raise NotFound
    person = people[registration_id]
    placement = (await stored.placements(session, plan_id, registration_ids=[registration_id])).get(registration_id)
    seats = await stored.planned_sittings(session, plan_id, registration_ids=[registration_id])
    held = {one.id: one for one in await stored.sessions(session, plan_id, ids=[seat.session_id for seat in seats])}
    mine = await unplaced_lines(session, plan, names, only=registration_id)
    return WhyView(
        plan=plan,
        batch=batch,
        registration=person,
        scheme=names.schemes[person.scheme_id],
        ticket_no=placement.ticket_no if placement else "",
        site=names.sites[placement.site_id] if placement else None,
        site_text=SITE_REASONS[placement.reason] if placement else "",
        nearer=placement.nearer if placement else 0,
        km=placement.km if placement else 0.0,
        prefecture=names.prefectures.get(person.prefecture_code),
        group_size=await alike(
            session,
            batch.id,
            institution_id=person.institution_id,
            scheme_id=person.scheme_id,
            prefecture_code=person.prefecture_code,
        ),
        seats=tuple((line_of(held[seat.session_id], names), seat) for seat in seats),
        unplaced=mine[0] if mine else None,
    )


async def waiting(session: AsyncSession, plan_id: UUID) -> list[WaitingLine]:
    """Who stands by where on which day, for those who arrange the batch."""
    found = await duties.standby(session, plan_id)
    names = {one.id: one.name for one in await duties.pool(session, {one.examiner_id for one in found})}
    places = {one.id: one for one in await sites.sites(session, {one.site_id for one in found})}
    return [WaitingLine(day=one.day, site=places[one.site_id], name=names[one.examiner_id]) for one in found]


async def institution_view(session: AsyncSession, batch_id: UUID, institution_id: UUID) -> list[OwnLine]:
    """The published places of an institution's candidates, by name."""
    people = await registration.registrations(session, batch_id=batch_id, institution_id=institution_id)
    return await _own_lines(session, people)


async def site_view(session: AsyncSession, batch_id: UUID, site_id: UUID) -> list[RoomSession]:
    """The published room sessions of a site in a batch, by time."""
    held = await sittings.room_sessions(session, batch_id=batch_id, site_id=site_id)
    return sorted(held, key=lambda room: (room.starts_at, room.room_name))


async def _own_lines(session: AsyncSession, people: list[Registration]) -> list[OwnLine]:
    seats: dict[UUID, list[Sitting]] = defaultdict(list)
    for one in await sittings.sittings(session, registration_ids=[person.id for person in people]):
        seats[one.registration_id].append(one)
    wanted = {seat.room_session_id for own in seats.values() for seat in own}
    rooms = {room.id: room for room in await sittings.room_sessions(session, ids=wanted)}
    names = await names_of(session)
    return [
        OwnLine(
            registration=person,
            ticket_no=seats[person.id][0].ticket_no,
            places=tuple(
                (seat, rooms[seat.room_session_id], names.component(seat.component_id)) for seat in seats[person.id]
            ),
        )
        for person in people
        if seats[person.id]
    ]


async def _plan_of(session: AsyncSession, session_id: UUID) -> UUID:
    row = await session.get(PlannedSessionRow, session_id)
    if row is None:
        raise NotFound
    return row.plan_id
