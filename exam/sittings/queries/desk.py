"""What the site's pages show: a room with names and photos, one candidate with history, the rooms of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Scheme
from exam.kernel.clock import china_date
from exam.kernel.errors import NotFound
from exam.kernel.i18n import bilingual, translate
from exam.registration import queries as registration
from exam.registration.rules import Registration
from exam.sittings.queries.amendments import Amendment, amendments
from exam.sittings.queries.incidents import Incident, incidents, items, rulings, statements, visible_incidents
from exam.sittings.queries.places import headcounts, moves, room_session, room_sessions, sitting
from exam.sittings.queries.rooms import RoomView, room_view
from exam.sittings.queries.stations import Attempt, attempts
from exam.sittings.rules import DONE, Headcount, Move, RoomSession, Sitting, SittingStatus, covers
from exam.sittings.rules.incidents import RULING_LABELS
from exam.sittings.rules.prints import IncidentPrint, ItemPrint, SaidPrint
from exam.sittings.rules.records import PRACTICE

_EXCEPTIONS = frozenset({SittingStatus.INTERRUPTED, SittingStatus.STOPPED, SittingStatus.VOIDED})


@dataclass(frozen=True)
class Subject:
    """Which certificate, level and component a room session examines."""

    scheme: Scheme
    component: Component


@dataclass(frozen=True)
class Row:
    """One candidate in a room: the place, the person, and what stands out."""

    sitting: Sitting
    person: Registration | None

    @property
    def name(self) -> str:
        """The name to call, a dash where the registration is gone; an invented one has never been there."""
        if self.person is None and self.sitting.ticket_no.startswith(PRACTICE):
            return f"演练{self.sitting.ticket_no.removeprefix(PRACTICE)[-3:]}"
        return self.person.name if self.person else "—"

    def found_by(self, words: str) -> bool:
        """Whether a search for name, ticket, seat or the end of the ID number means this candidate."""
        words = words.strip()
        if not words:
            return True
        seat = words.lstrip("0").isdigit() and int(words) == self.sitting.seat_no
        tail = self.person is not None and len(words) >= 4 and self.person.id_masked.endswith(words)
        return seat or tail or words in self.name or words in self.sitting.ticket_no


@dataclass(frozen=True)
class RoomDesk:
    """The room's page: what is next, who stands out, and everybody by seat."""

    view: RoomView
    subject: Subject | None
    rows: tuple[Row, ...]

    def by(self, *statuses: SittingStatus) -> tuple[Row, ...]:
        """The candidates in these states."""
        return tuple(row for row in self.rows if row.sitting.status in statuses)

    @property
    def late(self) -> tuple[Row, ...]:
        """Who came after the start."""
        return tuple(row for row in self.rows if row.sitting.late_minutes)

    @property
    def moved(self) -> tuple[Row, ...]:
        """Who was given another seat after publication."""
        return tuple(row for row in self.rows if row.sitting.moves_count)

    @property
    def accommodated(self) -> tuple[Row, ...]:
        """For whom something is to be done in this room: more time, nobody else. Why is not said."""
        return tuple(row for row in self.rows if row.sitting.granted_minutes or row.sitting.needs.own_room)

    @property
    def next_end(self) -> datetime:
        """When the next of those still at work has to end."""
        ends = [row.sitting.until for row in self.rows if row.sitting.status not in DONE]
        return min(ends, default=self.view.room.ends_at)

    @property
    def troubled(self) -> tuple[Row, ...]:
        """Who was interrupted, stopped or voided."""
        return self.by(*_EXCEPTIONS)

    @property
    def free_seats(self) -> tuple[int, ...]:
        """The seats nobody has, without stations that are out of order."""
        taken = {row.sitting.seat_no for row in self.rows} | {one.seat_no for one in self.view.outages}
        return tuple(seat for seat in self.view.room.seat_numbers if seat not in taken)


@dataclass(frozen=True)
class CandidateDesk:
    """One candidate's page at the site."""

    row: Row
    room: RoomSession
    subject: Subject | None
    moves: tuple[Move, ...]
    incidents: tuple[Incident, ...]
    free_seats: tuple[int, ...]
    amendments: tuple[Amendment, ...] = ()
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class RoomLine:
    """A room in a list."""

    room: RoomSession
    count: Headcount
    subject: Subject | None


@dataclass(frozen=True)
class RoomDay:
    """The rooms of one day, and the days that have any."""

    days: tuple[date, ...]
    day: date | None
    lines: tuple[RoomLine, ...]


@dataclass(frozen=True)
class IncidentLine:
    """An incident in a list, with the candidate and the room."""

    incident: Incident
    person: Registration | None
    room: RoomSession


async def room_desk(session: AsyncSession, room_session_id: UUID, now: datetime) -> RoomDesk:
    """Read one room's page."""
    view = await room_view(session, room_session_id, now)
    people = await _people(session, [one.registration_id for one in view.sittings])
    rows = tuple(Row(one, people.get(one.registration_id)) for one in view.sittings)
    return RoomDesk(view, (await subjects(session)).get(view.room.component_id), rows)


async def candidate_desk(session: AsyncSession, sitting_id: UUID, now: datetime) -> CandidateDesk:
    """Read one candidate's page."""
    desk = await room_desk(session, (await sitting(session, sitting_id)).room_session_id, now)
    row = next(row for row in desk.rows if row.sitting.id == sitting_id)
    found = [one for one in desk.view.incidents if one.sitting_id == sitting_id]
    return CandidateDesk(
        row=row,
        room=desk.view.room,
        subject=desk.subject,
        moves=tuple(await moves(session, sitting_id=sitting_id)),
        incidents=tuple(found),
        free_seats=desk.free_seats,
        amendments=tuple(await amendments(session, sitting_id)),
        attempts=tuple(await attempts(session, sitting_id)),
    )


async def incident_desk(session: AsyncSession, incident_id: UUID) -> IncidentLine:
    """Read one incident's page."""
    found = await incident_lines(session, await incidents(session, ids=[incident_id]))
    if not found:
        raise NotFound
    return found[0]


async def incident_print(session: AsyncSession, incident_id: UUID) -> IncidentPrint:
    """Read what the printed record of one incident says, names in the reader's language."""
    line = await incident_desk(session, incident_id)
    incident, room = line.incident, line.room
    place = await sitting(session, incident.sitting_id)
    batch = await registration.batch(session, incident.batch_id)
    subject = (await subjects(session)).get(incident.component_id)
    names = {field.name for field in fields(IncidentPrint)} & {field.name for field in fields(Incident)}
    return IncidentPrint(
        **{name: getattr(incident, name) for name in names},
        incident_id=incident.id,
        batch_code=batch.code,
        certificate=f"{bilingual(subject.scheme, 'certificate_name')} {translate(subject.scheme.level.zh)}"
        if subject
        else "",
        component=bilingual(subject.component) if subject else "",
        site=f"{bilingual(room, 'site_name')}（{room.site_code}）",
        room=bilingual(room, "room_name"),
        starts_at=room.starts_at,
        ends_at=room.ends_at,
        name=line.person.name if line.person else "—",
        ticket_no=place.ticket_no,
        id_masked=line.person.id_masked if line.person else "",
        seat_no=place.seat_no,
        items=tuple(
            ItemPrint(item=one.item, kept_name=one.kept_name, kept_at=one.kept_at, returned_at=one.returned_at,
                      to_name=one.to_name, return_name=one.return_name)
            for one in await items(session, incident_id)
        ),
        said=tuple(
            SaidPrint(words=one.words, by_name=one.by_name, at=one.at) for one in await statements(session, incident_id)
        ),
        rulings=tuple(
            SaidPrint(words=f"{translate(RULING_LABELS[one.ruling])}：{one.reason}", by_name=one.by_name, at=one.at)
            for one in await rulings(session, incident_id)
        ),
    )  # fmt: skip


async def incident_lines(session: AsyncSession, found: Sequence[Incident]) -> list[IncidentLine]:
    """Add the candidates and rooms to incidents."""
    people = await _people(session, [one.registration_id for one in found])
    rooms = {room.id: room for room in await room_sessions(session, ids={one.room_session_id for one in found})}
    return [IncidentLine(one, people.get(one.registration_id), rooms[one.room_session_id]) for one in found]


async def room_day(session: AsyncSession, actor: Actor, day: date | None, now: datetime) -> RoomDay:
    """The rooms of one day that concern the actor: the day asked for, else today, the next one, or the last one."""
    rooms = await _rooms_of(session, actor)
    days = sorted({china_date(room.starts_at) for room in rooms})
    chosen = day if day in days else _nearest(days, china_date(now))
    listed = [room for room in rooms if china_date(room.starts_at) == chosen]
    counts = await headcounts(session, [room.id for room in listed]) if listed else {}
    known = await subjects(session)
    lines = tuple(RoomLine(room, counts[room.id], known.get(room.component_id)) for room in listed)
    return RoomDay(tuple(days), chosen, lines)


async def _rooms_of(session: AsyncSession, actor: Actor) -> list[RoomSession]:
    """Those of the own duties, of the own sites, and for officers of the batches of their organisation."""
    own = await room_sessions(session, account_id=actor.account_id) if actor.account_id else []
    rooms = {room.id: room for room in own}
    for site_id in actor.scope_uuids(Permission.SITE_RUN, "site") or ():
        rooms |= {room.id: room for room in await room_sessions(session, site_id=site_id)}
    if actor.may(Permission.PLAN_MANAGE):
        for batch in await registration.batches(session):
            if any(actor.within(Permission.PLAN_MANAGE, organisation_id=one) for one in batch.organisation_ids):
                rooms |= {room.id: room for room in await room_sessions(session, batch_id=batch.id)}
    return sorted(rooms.values(), key=lambda room: (room.starts_at, room.site_code, room.room_name))


def _nearest(days: Sequence[date], today: date) -> date | None:
    return next((day for day in days if day >= today), days[-1] if days else None)


async def may_read_room(session: AsyncSession, actor: Actor, room: RoomSession) -> bool:
    """Who sees a room's counts: its duties, its site, officers of its batch, and who oversees the province."""
    if await _serves(session, actor, room):
        return True
    provinces = actor.scope_ids(Permission.PLAN_READ, "province")
    return provinces is None or bool(provinces) or actor.within(Permission.PLAN_READ, site_id=room.site_id)


async def may_see_people(session: AsyncSession, actor: Actor, room: RoomSession, now: datetime) -> bool:
    """Who sees names and photos: duties inside their window, the site's head, and officers of the batch."""
    if not await _serves(session, actor, room):
        return False
    wide = actor.may(Permission.SITE_RUN) or actor.may(Permission.PLAN_MANAGE)
    return wide or covers(room.starts_at, room.ends_at, room.terms, now)


async def _serves(session: AsyncSession, actor: Actor, room: RoomSession) -> bool:
    """Whether the actor works in this room, at its site, or for its batch."""
    if actor.within(Permission.SITE_RUN, site_id=room.site_id):
        return True
    if actor.account_id is not None:
        own = await room_sessions(session, account_id=actor.account_id, ids=[room.id])
        if own:
            return True
    if not (actor.may(Permission.PLAN_MANAGE) or actor.may(Permission.INCIDENT_DECIDE)):
        return False
    if actor.within(Permission.PLAN_MANAGE):
        return True
    batch = await registration.batch(session, room.batch_id)
    return any(actor.within(Permission.PLAN_MANAGE, organisation_id=one) for one in batch.organisation_ids)


async def require_readable(session: AsyncSession, actor: Actor, room_session_id: UUID) -> RoomSession:
    """The room, or NotFound where it does not concern the reader."""
    room = await room_session(session, room_session_id)
    if not await may_read_room(session, actor, room):
        raise NotFound
    return room


async def require_people(session: AsyncSession, actor: Actor, room: RoomSession, now: datetime) -> None:
    """NotFound for whoever may not see names and photos now."""
    if not await may_see_people(session, actor, room, now):
        raise NotFound


async def visible_count(session: AsyncSession, actor: Actor) -> int:
    """How many incidents the actor may read."""
    return len(await visible_incidents(session, actor))


async def subjects(session: AsyncSession) -> dict[UUID, Subject]:
    """What each component is, by its id."""
    return {
        component.id: Subject(scheme, component)
        for scheme in await catalogue.schemes(session)
        for component in scheme.components
    }


async def _people(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Registration]:
    if not ids:
        return {}
    return {one.id: one for one in await registration.registrations(session, ids=set(ids))}
