"""What officers, institutions and site heads look at: a batch's arrangement, a site's calendar, a room, one seat's why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Form, Scheme
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, NotFound
from exam.registration import queries as registration
from exam.registration.rules import Batch, BatchStatus, Institution, Prefecture, Registration
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty, RoomSession, Sitting
from scheduling.duties import queries as duties
from scheduling.duties.rules import Gap, GapReason
from scheduling.sites import queries as sites
from scheduling.sites.rules import Room, Site
from scheduling.timetable.models import PlannedSessionRow
from scheduling.timetable.queries import stored
from scheduling.timetable.queries.intake import DemandLine, demand
from scheduling.timetable.rules.lifecycle import PlanStatus
from scheduling.timetable.rules.plan import SITE_REASONS, UNPLACED_REASONS, UNPLACED_WAYS_OUT, UnplacedReason

PLANNABLE = frozenset({BatchStatus.REGISTRATION_OPEN, BatchStatus.REGISTRATION_CLOSED})
ARRANGED = frozenset(BatchStatus) - {
    BatchStatus.PLANNED,
    BatchStatus.ANNOUNCED,
    BatchStatus.REGISTRATION_OPEN,
    BatchStatus.REGISTRATION_CLOSED,
    BatchStatus.CANCELLED,
    BatchStatus.POSTPONED,
}


@dataclass(frozen=True)
class Names:
    """Everything a view needs to put words to identifiers."""

    sites: Mapping[UUID, Site]
    schemes: Mapping[UUID, Scheme]
    institutions: Mapping[UUID, Institution]
    prefectures: Mapping[str, Prefecture]

    def room(self, room_id: UUID) -> Room | None:
        """The room of any site."""
        return next((room for site in self.sites.values() for room in site.rooms if room.id == room_id), None)

    def component(self, component_id: UUID | None) -> Component | None:
        """The component of any scheme."""
        found = (part for scheme in self.schemes.values() for part in scheme.components if part.id == component_id)
        return next(found, None)


@dataclass(frozen=True, kw_only=True)
class UnplacedLine:
    """People who could not be placed for one reason at one place."""

    reason: UnplacedReason
    scheme: Scheme
    prefecture: Prefecture | None
    site: Site | None
    component: Component | None
    form: Form | None
    short: int
    people: tuple[Registration, ...]

    @property
    def text(self) -> str:
        """The reason as a msgid."""
        return UNPLACED_REASONS[self.reason]

    @property
    def way_out(self) -> str:
        """What can be done, as a msgid."""
        return UNPLACED_WAYS_OUT[self.reason]


@dataclass(frozen=True, kw_only=True)
class GapLine:
    """Positions that stay empty at one site for one reason."""

    duty: Duty
    reason: GapReason
    site: Site
    scheme: Scheme
    missing: int
    sessions: tuple[stored.PlannedSession, ...]


@dataclass(frozen=True, kw_only=True)
class SiteLoad:
    """How full one site is in a plan."""

    site: Site
    candidates_count: int
    sessions_count: int
    seats_used: int
    seats_offered: int
    days: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class ArrangementView:
    """One batch on its way from demand to published seats."""

    batch: Batch
    demand: tuple[DemandLine, ...]
    plans: tuple[stored.PlanRecord, ...]
    plan: stored.PlanRecord | None
    loads: tuple[SiteLoad, ...]
    unplaced: tuple[UnplacedLine, ...]
    gaps: tuple[GapLine, ...]
    duties_count: int
    people_on_duty: int
    minutes_range: tuple[int, int]
    may_manage: bool

    @property
    def candidates_count(self) -> int:
        """Confirmed registrations."""
        return sum(line.candidates_count for line in self.demand)

    @property
    def unplaced_count(self) -> int:
        """People without a place in the shown plan."""
        return sum(len(line.people) for line in self.unplaced)

    @property
    def gaps_count(self) -> int:
        """Empty positions in the shown plan."""
        return sum(line.missing for line in self.gaps)

    @property
    def may_propose(self) -> bool:
        """Whether a proposal can be made now."""
        is_published = self.plan is not None and self.plan.status is PlanStatus.PUBLISHED
        return self.may_manage and self.batch.status in PLANNABLE and not is_published and self.candidates_count > 0

    @property
    def may_publish(self) -> bool:
        """Whether the shown draft can be published now."""
        is_draft = self.plan is not None and self.plan.status is PlanStatus.DRAFT
        return self.may_manage and is_draft and self.batch.status is BatchStatus.REGISTRATION_CLOSED


@dataclass(frozen=True, kw_only=True)
class SessionLine:
    """A planned session with its names."""

    session: stored.PlannedSession
    site: Site
    room: Room
    scheme: Scheme
    component: Component


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
    """One planned session: seats, team, empty positions."""

    plan: stored.PlanRecord
    batch: Batch
    line: SessionLine
    seats: tuple[Seated, ...]
    team: tuple[duties.PlannedDuty, ...]
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
    prefecture: Prefecture | None
    group_size: int
    seats: tuple[tuple[SessionLine, stored.PlannedSitting], ...]
    unplaced: UnplacedLine | None


@dataclass(frozen=True, kw_only=True)
class OwnLine:
    """One candidate's published places, for the institution or the site."""

    registration: Registration
    ticket_no: str
    places: tuple[tuple[Sitting, RoomSession, Component | None], ...]


async def arrangements(session: AsyncSession, actor: Actor) -> list[tuple[Batch, stored.PlanRecord | None]]:
    """The batches whose arrangement the reader may see, with the plan that counts."""
    return [
        (batch, await stored.latest(session, batch.id))
        for batch in await registration.batches(session)
        if may_read(actor, batch) and batch.status is not BatchStatus.CANCELLED
    ]


async def published_for(session: AsyncSession, actor: Actor) -> list[Batch]:
    """The published batches in which an institution has candidates, or a site rooms."""
    schools = [UUID(id) for id in actor.scope_ids(Permission.PLAN_READ, "institution") or ()]
    places = [UUID(id) for id in actor.scope_ids(Permission.PLAN_READ, "site") or ()]
    found = []
    for batch in await registration.batches(session, ARRANGED) if schools or places else []:
        people = [
            one
            for school in schools
            for one in await registration.registrations(session, batch_id=batch.id, institution_id=school)
        ]
        if people or any([await sittings.room_sessions(session, batch_id=batch.id, site_id=id) for id in places]):
            found.append(batch)
    return found


async def arrangement(session: AsyncSession, actor: Actor, batch_id: UUID) -> ArrangementView:
    """A batch's arrangement: demand, the plan that counts, its loads, who is left and why."""
    batch = await registration.batch(session, batch_id)
    require_read(actor, batch)
    plan = await stored.latest(session, batch_id)
    names = await _names(session)
    held = await stored.sessions(session, plan.id) if plan else []
    spread = await duties.loads(session, plan.id) if plan else []
    return ArrangementView(
        batch=batch,
        demand=tuple(await demand(session, batch)),
        plans=tuple(await stored.plans(session, batch_id)),
        plan=plan,
        loads=tuple(await _loads(session, plan, held, names)) if plan else (),
        unplaced=tuple(await _unplaced(session, plan, names)) if plan else (),
        gaps=tuple(await _gaps(session, plan, held, names)) if plan else (),
        duties_count=len(await duties.planned(session, plan.id)) if plan else 0,
        people_on_duty=len(spread),
        minutes_range=(
            min((load.minutes for load in spread), default=0),
            max((load.minutes for load in spread), default=0),
        ),
        may_manage=may_manage(actor, batch),
    )


async def plan_view(
    session: AsyncSession, actor: Actor, plan_id: UUID, *, site_id: UUID | None = None, day: date | None = None
) -> PlanView:
    """A site's calendar in a plan; without a choice the first site and day."""
    plan = await stored.plan(session, plan_id)
    batch = await registration.batch(session, plan.batch_id)
    require_read(actor, batch)
    names = await _names(session)
    held = await stored.sessions(session, plan_id)
    places = sorted({one.site_id for one in held}, key=lambda id: names.sites[id].code)
    chosen = site_id if site_id in places else next(iter(places), None)
    own = [one for one in held if one.site_id == chosen]
    days = tuple(sorted({china_date(one.starts_at) for one in own}))
    today = day if day in days else next(iter(days), None)
    return PlanView(
        plan=plan,
        batch=batch,
        sites=tuple(names.sites[id] for id in places),
        site=names.sites[chosen] if chosen else None,
        days=days,
        day=today,
        lines=tuple(_line(one, names) for one in own if china_date(one.starts_at) == today),
        may_manage=may_manage(actor, batch),
    )


async def session_view(session: AsyncSession, actor: Actor, session_id: UUID) -> SessionView:
    """One planned session with its seats and team."""
    plan_id = await _plan_of(session, session_id)
    plan = await stored.plan(session, plan_id)
    batch = await registration.batch(session, plan.batch_id)
    require_read(actor, batch)
    names = await _names(session)
    (one,) = await stored.sessions(session, plan_id, ids=[session_id])
    seated = await stored.planned_sittings(session, plan_id, session_id=session_id)
    tickets = await stored.placements(session, plan_id)
    people = await _people(session, [seat.registration_id for seat in seated])
    return SessionView(
        plan=plan,
        batch=batch,
        line=_line(one, names),
        seats=tuple(
            Seated(
                seat_no=seat.seat_no,
                registration=people[seat.registration_id],
                ticket_no=tickets[seat.registration_id].ticket_no,
            )
            for seat in seated
        ),
        team=tuple(await duties.planned(session, plan_id, session_ids=[session_id])),
        gaps=tuple(gap for gap in await duties.gaps(session, plan_id) if gap.session_id == session_id),
        institutions=names.institutions,
        may_manage=may_manage(actor, batch),
    )


async def why(session: AsyncSession, actor: Actor, plan_id: UUID, registration_id: UUID) -> WhyView:
    """Why a person sits where they sit, or why they have no place."""
    plan = await stored.plan(session, plan_id)
    batch = await registration.batch(session, plan.batch_id)
    require_read(actor, batch)
    names = await _names(session)
    people = await _people(session, [registration_id])
    if registration_id not in people or people[registration_id].batch_id != batch.id:
        raise NotFound
    person = people[registration_id]
    placement = (await stored.placements(session, plan_id)).get(registration_id)
    seats = await stored.planned_sittings(session, plan_id, registration_ids=[registration_id])
    held = {one.id: one for one in await stored.sessions(session, plan_id, ids=[seat.session_id for seat in seats])}
    mine = [line for line in await _unplaced(session, plan, names) if person.id in {one.id for one in line.people}]
    group = [
        one
        for one in await registration.registrations(session, batch_id=batch.id, institution_id=person.institution_id)
        if one.institution_id == person.institution_id
        and one.scheme_id == person.scheme_id
        and one.prefecture_code == person.prefecture_code
        and one.status.confirmed
    ]
    return WhyView(
        plan=plan,
        batch=batch,
        registration=person,
        scheme=names.schemes[person.scheme_id],
        ticket_no=placement.ticket_no if placement else "",
        site=names.sites[placement.site_id] if placement else None,
        site_text=SITE_REASONS[placement.reason] if placement else "",
        prefecture=names.prefectures.get(person.prefecture_code),
        group_size=len(group),
        seats=tuple((_line(held[seat.session_id], names), seat) for seat in seats),
        unplaced=mine[0] if mine else None,
    )


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
    names = await _names(session)
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


async def _names(session: AsyncSession) -> Names:
    return Names(
        sites={one.id: one for one in await sites.sites(session)},
        schemes={one.id: one for one in await catalogue.schemes(session)},
        institutions={one.id: one for one in await registration.institutions(session)},
        prefectures={one.code: one for one in await registration.prefectures(session)},
    )


async def _people(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Registration]:
    return {one.id: one for one in await registration.registrations(session, ids=list(ids))}


def _line(one: stored.PlannedSession, names: Names) -> SessionLine:
    site, scheme = names.sites[one.site_id], names.schemes[one.scheme_id]
    return SessionLine(
        session=one,
        site=site,
        room=next(room for room in site.rooms if room.id == one.room_id),
        scheme=scheme,
        component=scheme.component(one.component_id),
    )


async def _loads(
    session: AsyncSession, plan: stored.PlanRecord, held: list[stored.PlannedSession], names: Names
) -> list[SiteLoad]:
    people: dict[UUID, int] = defaultdict(int)
    for placement in (await stored.placements(session, plan.id)).values():
        people[placement.site_id] += 1
    own: dict[UUID, list[stored.PlannedSession]] = defaultdict(list)
    for one in held:
        own[one.site_id].append(one)
    usable = {room.id: room.usable for site in names.sites.values() for room in site.rooms}
    return [
        SiteLoad(
            site=names.sites[site_id],
            candidates_count=people[site_id],
            sessions_count=len(sessions),
            seats_used=sum(one.candidates_count for one in sessions),
            seats_offered=sum(usable.get(one.room_id, 0) for one in sessions),
            days=tuple(sorted({china_date(one.starts_at) for one in sessions})),
        )
        for site_id, sessions in sorted(own.items(), key=lambda item: names.sites[item[0]].code)
    ]


async def _unplaced(session: AsyncSession, plan: stored.PlanRecord, names: Names) -> list[UnplacedLine]:
    left = await stored.unplaced(session, plan.id)
    if not left:
        return []
    people = await _people(session, [one.registration_id for one in left])
    lines: dict[tuple[UnplacedReason, UUID, str, UUID | None, UUID | None, int], list[Registration]] = defaultdict(list)
    for one in left:
        person = people[one.registration_id]
        key = (one.reason, person.scheme_id, person.prefecture_code, one.site_id, one.component_id, one.short)
        lines[key].append(person)
    found = [_unplaced_line(key, members, names) for key, members in lines.items()]
    return sorted(found, key=lambda line: (-len(line.people), line.reason, line.scheme.certificate_code))


def _unplaced_line(
    key: tuple[UnplacedReason, UUID, str, UUID | None, UUID | None, int], members: list[Registration], names: Names
) -> UnplacedLine:
    reason, scheme_id, prefecture, site_id, component_id, short = key
    component = names.component(component_id)
    return UnplacedLine(
        reason=reason,
        scheme=names.schemes[scheme_id],
        prefecture=names.prefectures.get(prefecture),
        site=names.sites.get(site_id) if site_id else None,
        component=component,
        form=component.form if component else None,
        short=short,
        people=tuple(members),
    )


async def _gaps(
    session: AsyncSession, plan: stored.PlanRecord, held: list[stored.PlannedSession], names: Names
) -> list[GapLine]:
    by_id = {one.id: one for one in held}
    lines: dict[tuple[Duty, GapReason, UUID, UUID], list[Gap]] = defaultdict(list)
    for gap in await duties.gaps(session, plan.id):
        one = by_id[gap.session_id]
        lines[gap.duty, gap.reason, one.site_id, one.scheme_id].append(gap)
    return [
        GapLine(
            duty=duty,
            reason=reason,
            site=names.sites[site_id],
            scheme=names.schemes[scheme_id],
            missing=sum(gap.missing for gap in gaps),
            sessions=tuple(by_id[gap.session_id] for gap in gaps),
        )
        for (duty, reason, site_id, scheme_id), gaps in sorted(
            lines.items(), key=lambda item: (names.sites[item[0][2]].code, item[0][0], str(item[0][3]))
        )
    ]


async def _plan_of(session: AsyncSession, session_id: UUID) -> UUID:
    row = await session.get(PlannedSessionRow, session_id)
    if row is None:
        raise NotFound
    return row.plan_id


def may_read(actor: Actor, batch: Batch) -> bool:
    """Officers of the batch's organisations and its province read plans; institutions and sites read what is published."""
    return _concerns(actor, Permission.PLAN_READ, batch)


def may_manage(actor: Actor, batch: Batch) -> bool:
    """Whether the actor arranges this batch."""
    return _concerns(actor, Permission.PLAN_MANAGE, batch)


def _concerns(actor: Actor, permission: Permission, batch: Batch) -> bool:
    return any(
        actor.within(permission, organisation_id=organisation_id, province_code=batch.province_code)
        for organisation_id in batch.organisation_ids
    )


def require_read(actor: Actor, batch: Batch) -> None:
    """Refuse whoever may not read the plan."""
    if not may_read(actor, batch):
        raise Forbidden


def require_manage(actor: Actor, batch: Batch) -> None:
    """Refuse whoever does not arrange this batch."""
    if not may_manage(actor, batch):
        raise Forbidden
