"""What is printed, as frozen records read from the published facts: tickets, room packs, duty letters.

After publication ``exam.sittings`` is the truth, so a candidate who was moved is printed where they sit now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty, DutySpec, RoomSession, Sitting
from scheduling.duties import queries as pool
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site
from scheduling.timetable.rules.platform import PlatformBatch
from scheduling.timetable.rules.prints import (
    Book,
    DutyLetter,
    LetterLine,
    RoomPack,
    SeatLine,
    SiteDay,
    Ticket,
    TicketPart,
)


async def tickets(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    batch_id: UUID,
    institution_id: UUID | None = None,
    registration_ids: Iterable[UUID] | None = None,
) -> list[Ticket]:
    """Tickets by institution, certificate, level and name. They carry secrets: own institution, own batch, or oneself."""
    batch = await registration.batch(session, batch_id)
    wanted = list(registration_ids) if registration_ids is not None else None
    people = await registration.registrations(session, batch_id=batch_id, institution_id=institution_id, ids=wanted)
    _require_tickets(actor, batch, people)
    seats: dict[UUID, list[Sitting]] = defaultdict(list)
    for one in await sittings.sittings(session, registration_ids=[person.id for person in people]):
        seats[one.registration_id].append(one)
    seated = [person for person in people if seats[person.id]]
    rooms = {room.id: room for room in await sittings.room_sessions(session, batch_id=batch_id)}
    schemes = {scheme.id: scheme for scheme in await catalogue.schemes(session, {one.scheme_id for one in seated})}
    places = {place.id: place for place in await sites.sites(session)}
    secrets = await accounts.secrets(session, vault, [person.id for person in seated])
    found = [
        _ticket(batch, person, schemes[person.scheme_id], seats[person.id], rooms, places, secrets.get(person.id, ""))
        for person in seated
    ]
    return sorted(found, key=_ticket_order)


def _ticket_order(ticket: Ticket) -> tuple[str, str, int, str, str]:
    person, scheme = ticket.registration, ticket.scheme
    return (
        person.institution_name_zh,
        scheme.certificate_code,
        scheme.level.digit,
        person.name_sort,
        ticket.ticket_no,
    )


def _require_tickets(actor: Actor, batch: Batch, people: Iterable[Registration]) -> None:
    if is_officer(actor, batch):
        return
    for person in people:
        own = actor.within(Permission.OWN_READ, registration_id=person.id, person_id=person.person_id)
        school = person.institution_id is not None and actor.within(
            Permission.PRINT_SET, institution_id=person.institution_id
        )
        if not own and not school:
            raise Forbidden


def is_officer(actor: Actor, batch: Batch) -> bool:
    """Whether the actor prints for the whole batch."""
    return any(
        actor.within(Permission.PRINT_SET, organisation_id=organisation_id, province_code=batch.province_code)
        for organisation_id in batch.organisation_ids
    )


def _ticket(
    batch: Batch,
    person: Registration,
    scheme: Scheme,
    own: list[Sitting],
    rooms: Mapping[UUID, RoomSession],
    places: Mapping[UUID, Site],
    secret: str,
) -> Ticket:
    components = {component.id: component for component in scheme.components}
    parts = tuple(
        TicketPart(
            component=components[one.component_id],
            room=rooms[one.room_session_id],
            site=places[rooms[one.room_session_id].site_id],
            seat_no=one.seat_no,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            granted_minutes=one.granted_minutes,
        )
        for one in sorted(own, key=lambda seat: seat.starts_at)
    )
    sat = {part.component.id for part in parts}
    return Ticket(
        batch=batch,
        registration=person,
        scheme=scheme,
        site=parts[0].site,
        ticket_no=own[0].ticket_no,
        secret=secret,
        parts=parts,
        spared=tuple(component for component in scheme.components if component.id not in sat),
        measures=own[0].needs,
    )


async def room_packs(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    site_id: UUID | None = None,
    room_id: UUID | None = None,
    room_session_ids: Iterable[UUID] | None = None,
) -> list[RoomPack]:
    """The sheets of room sessions, by site, time and room."""
    batch = await registration.batch(session, batch_id)
    held = await sittings.room_sessions(
        session, batch_id=batch_id, site_id=site_id, room_id=room_id, ids=room_session_ids
    )
    _require_rooms(actor, batch, held)
    wanted = {room.id for room in held}
    seats: dict[UUID, list[Sitting]] = defaultdict(list)
    for one in await sittings.sittings(session, batch_id=batch_id):
        if one.room_session_id in wanted:
            seats[one.room_session_id].append(one)
    people = {one.id: one for one in await registration.registrations(session, batch_id=batch_id)}
    team: dict[UUID, list[DutySpec]] = defaultdict(list)
    for duty in await sittings.duties(session, batch_id=batch_id):
        team[duty.session_id].append(duty)
    places = {place.id: place for place in await sites.sites(session)}
    rooms = {room.id: room for place in places.values() for room in place.rooms}
    scheme_of = {part.id: scheme for scheme in await catalogue.schemes(session) for part in scheme.components}
    return [
        RoomPack(
            batch=batch,
            room=room,
            site=places[room.site_id],
            place=rooms.get(room.room_id),
            scheme=scheme_of[room.component_id],
            component=scheme_of[room.component_id].component(room.component_id),
            seats=tuple(
                SeatLine(
                    seat_no=one.seat_no,
                    ticket_no=one.ticket_no,
                    registration=people[one.registration_id],
                    starts_at=one.starts_at,
                    ends_at=one.ends_at,
                    granted_minutes=one.granted_minutes,
                    measures=one.needs,
                )
                for one in sorted(seats[room.id], key=lambda seat: seat.seat_no)
            ),
            team=tuple(team[room.id]),
            paper_version=next((one.paper_version for one in seats[room.id]), ""),
        )
        for room in sorted(held, key=lambda room: (room.site_code, room.starts_at, room.room_name))
    ]


async def site_days(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, site_id: UUID | None = None
) -> list[SiteDay]:
    """The days of sites with their room sessions by time, for the work schedule and the hand-over sheets."""
    return days_of(await room_packs(session, actor, batch_id=batch_id, site_id=site_id))


async def books(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    site_id: UUID | None = None,
    room_id: UUID | None = None,
    rooms: bool = False,
) -> list[Book]:
    """A book per site, or with `rooms` per room, by site and room."""
    packs = await room_packs(session, actor, batch_id=batch_id, site_id=site_id, room_id=room_id)
    sent = [] if rooms else await letters(session, actor, batch_id=batch_id, site_id=site_id)
    return books_of(packs, sent, rooms=rooms)


def books_of(packs: Iterable[RoomPack], letters: Iterable[DutyLetter], *, rooms: bool = False) -> list[Book]:
    """Room sessions bound by site with everybody's letters, or by room."""
    held: dict[tuple[str, str, str], list[RoomPack]] = defaultdict(list)
    for pack in packs:
        room = (pack.room.room_name, str(pack.room.room_id)) if rooms else ("", "")
        held[(pack.site.code, *room)].append(pack)
    sent = list(letters)
    return [
        Book(
            batch=own[0].batch,
            site=own[0].site,
            room=own[0].room if rooms else None,
            days=tuple(days_of(own)),
            letters=() if rooms else tuple(_at(letter, own[0].site) for letter in sent if _serves(letter, own[0].site)),
        )
        for _, own in sorted(held.items())
    ]


def _serves(letter: DutyLetter, site: Site) -> bool:
    return any(line.site.id == site.id for line in letter.lines)


def _at(letter: DutyLetter, site: Site) -> DutyLetter:
    """A letter as it concerns one site: whoever serves at two has a letter in the book of each."""
    own = tuple(line for line in letter.lines if line.site.id == site.id)
    if len(own) == len(letter.lines):
        return letter
    return replace(letter, lines=own, minutes=_length([(line.starts_at, line.ends_at) for line in own]))


async def platform_batch(
    session: AsyncSession, actor: Actor, vault: Vault, *, batch_id: UUID, site_id: UUID | None = None
) -> list[PlatformBatch]:
    """A batch's sessions and candidates with their whole ID numbers, for the exam office alone; empty before publication."""
    batch = await registration.batch(session, batch_id)
    if not is_officer(actor, batch):
        raise Forbidden
    packs = await room_packs(session, actor, batch_id=batch_id, site_id=site_id)
    people = {line.registration.person_id for pack in packs for line in pack.seats}
    numbers = await registration.id_numbers(session, vault, people)
    schools = {one.id: one for one in await registration.institutions(session)}
    return [PlatformBatch(batch=batch, packs=tuple(packs), id_numbers=numbers, schools=schools)] if packs else []


def days_of(packs: Iterable[RoomPack]) -> list[SiteDay]:
    """Room sessions gathered by site and day."""
    days: dict[tuple[str, date], list[RoomPack]] = defaultdict(list)
    for pack in packs:
        days[pack.room.site_code, china_date(pack.room.starts_at)].append(pack)
    return [
        SiteDay(batch=own[0].batch, site=own[0].site, day=day, packs=tuple(own), heads=tuple(_heads(own)))
        for (_, day), own in sorted(days.items())
    ]


def _heads(packs: list[RoomPack]) -> list[DutySpec]:
    """Who heads the day, each once."""
    heads = {duty.account_id: duty for pack in packs for duty in pack.team if duty.duty is Duty.SITE_HEAD}
    return sorted(heads.values(), key=lambda duty: duty.name)


def _require_rooms(actor: Actor, batch: Batch, held: Iterable[RoomSession]) -> None:
    if is_officer(actor, batch):
        return
    for room in held:
        if not actor.within(Permission.PRINT_SET, site_id=room.site_id):
            raise Forbidden


async def letters(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, account_id: UUID | None = None, site_id: UUID | None = None
) -> list[DutyLetter]:
    """Duty letters by institution and name: all of a batch, of a site, or one's own."""
    batch = await registration.batch(session, batch_id)
    rooms = {room.id: room for room in await sittings.room_sessions(session, batch_id=batch_id)}
    if account_id is None or account_id != actor.account_id:
        _require_rooms(actor, batch, [room for room in rooms.values() if site_id in (None, room.site_id)])
    own: dict[UUID, list[DutySpec]] = defaultdict(list)
    for duty in await sittings.duties(session, batch_id=batch_id, account_id=account_id):
        if site_id in (None, rooms[duty.session_id].site_id):
            own[duty.account_id].append(duty)
    places = {place.id: place for place in await sites.sites(session)}
    people = {one.account_id: one for one in await pool.pool(session)}
    schools = {one.id: one for one in await registration.institutions(session)}
    scheme_of = {part.id: scheme for scheme in await catalogue.schemes(session) for part in scheme.components}
    found = [
        DutyLetter(
            batch=batch,
            account_id=account,
            name=held[0].name,
            institution=schools.get(people[account].institution_id) if account in people else None,
            lines=tuple(_letter_lines(held, rooms, scheme_of, places)),
            minutes=_minutes(held),
        )
        for account, held in own.items()
    ]
    return sorted(found, key=lambda letter: (letter.institution.code if letter.institution else "", letter.name))


def _letter_lines(
    held: list[DutySpec],
    rooms: Mapping[UUID, RoomSession],
    scheme_of: Mapping[UUID, Scheme],
    places: Mapping[UUID, Site],
) -> list[LetterLine]:
    days: dict[tuple[object, ...], list[DutySpec]] = defaultdict(list)
    for duty in held:
        room = rooms[duty.session_id]
        head = duty.duty is Duty.SITE_HEAD
        days[(duty.duty, room.site_id, duty.starts_at.date()) if head else (duty.id,)].append(duty)
    lines: list[LetterLine] = []
    for together in days.values():
        first = min(together, key=lambda duty: duty.starts_at)
        room, alone = rooms[first.session_id], first.duty is not Duty.SITE_HEAD
        scheme = scheme_of.get(room.component_id)
        lines.append(
            LetterLine(
                duty=first.duty,
                starts_at=first.starts_at,
                ends_at=max(duty.ends_at for duty in together),
                room=room,
                site=places[room.site_id],
                rooms_count=len({rooms[duty.session_id].room_id for duty in together}),
                scheme=scheme if alone else None,
                component=scheme.component(room.component_id) if scheme and alone else None,
            )
        )
    return sorted(lines, key=lambda line: line.starts_at)


def _minutes(held: list[DutySpec]) -> int:
    return _length([(duty.starts_at, duty.ends_at) for duty in held])


def _length(times: Iterable[tuple[datetime, datetime]]) -> int:
    """Length of the union of the times, in minutes: hours that count as workload (D15)."""
    total, until = 0.0, None
    for starts_at, ends_at in sorted(times):
        start = starts_at if until is None else max(starts_at, until)
        if ends_at > start:
            total += (ends_at - start).total_seconds()
            until = ends_at
    return int(total // 60)
