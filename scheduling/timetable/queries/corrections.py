"""What a repair has changed of the prints: tickets, rooms and letters, read from two versions of the arrangement.

The sheets themselves are printed from the exam day, as all prints are: what has changed again since is printed as it is now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.catalogue import queries as catalogue
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.registration import queries as registration
from scheduling.duties import queries as duties
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site
from scheduling.timetable.queries import prints, stored
from scheduling.timetable.queries.stored import PlannedSession
from scheduling.timetable.rules.lifecycle import PlanUnknown
from scheduling.timetable.rules.prints import Book, Change, ChangedRoom, Correction, DutyLetter, RoomPack


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What differs between a version and the published one before it."""

    version: int
    before: int
    reason: str
    at: datetime
    registrations: frozenset[UUID]  # who has a place, and not the one from before
    rooms: Mapping[UUID, tuple[Change, PlannedSession]]  # by room session
    accounts: Mapping[UUID, str]  # whose duties differ, with their names
    relieved: frozenset[UUID]  # of these, who serve nowhere any more


async def changed(session: AsyncSession, batch_id: UUID, version: int) -> Changed:
    """What a repaired version has changed, or :class:`PlanUnknown` where it repairs nothing."""
    plans = {one.version: one for one in await stored.plans(session, batch_id) if one.published_at is not None}
    after, older = plans.get(version), [number for number in plans if number < version]
    if after is None or not after.repair_reason or not older or after.published_at is None:
        raise PlanUnknown
    old, new = await _told(session, plans[max(older)].id), await _told(session, after.id)
    served = {**old.names, **new.names}
    accounts = {id for id in served if old.duties.get(id) != new.duties.get(id)}
    return Changed(
        version=version,
        before=max(older),
        reason=after.repair_reason,
        at=after.published_at,
        registrations=frozenset(id for id, places in new.places.items() if old.places.get(id) != places),
        rooms=_rooms(old, new),
        accounts={id: served[id] for id in accounts},
        relieved=frozenset(id for id in accounts if id not in new.duties),
    )


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What the prints of a version say."""

    rooms: Mapping[UUID, PlannedSession]
    sheets: Mapping[UUID, frozenset[Hashable]]  # room session -> who sits and serves there
    places: Mapping[UUID, frozenset[Hashable]]  # registration -> room sessions and seats
    duties: Mapping[UUID, frozenset[Hashable]]  # account -> room sessions and duties
    names: Mapping[UUID, str]


async def _told(session: AsyncSession, plan_id: UUID) -> _Told:
    held = {one.id: one for one in await stored.sessions(session, plan_id)}
    sheets: dict[UUID, set[Hashable]] = defaultdict(set)
    places: dict[UUID, set[Hashable]] = defaultdict(set)
    served: dict[UUID, set[Hashable]] = defaultdict(set)
    names: dict[UUID, str] = {}
    for seat in await stored.planned_sittings(session, plan_id):
        room = held[seat.session_id].room_session_id
        sheets[room].add((seat.registration_id, seat.seat_no, seat.starts_at, seat.ends_at))
        places[seat.registration_id].add((room, seat.seat_no, seat.starts_at, seat.ends_at))
    for duty in await duties.planned(session, plan_id):
        room = held[duty.session_id].room_session_id
        sheets[room].add((duty.account_id, duty.duty))
        served[duty.account_id].add((room, duty.duty))
        names[duty.account_id] = duty.name
    return _Told(
        rooms={one.room_session_id: one for one in held.values()},
        sheets={id: frozenset(said) for id, said in sheets.items()},
        places={id: frozenset(said) for id, said in places.items()},
        duties={id: frozenset(said) for id, said in served.items()},
        names=names,
    )


def _rooms(old: _Told, new: _Told) -> dict[UUID, tuple[Change, PlannedSession]]:
    gone = {id: (Change.GONE, one) for id, one in old.rooms.items() if id not in new.rooms}
    made = {id: (Change.NEW, one) for id, one in new.rooms.items() if id not in old.rooms}
    differ = {
        id: (Change.CHANGED, one)
        for id, one in new.rooms.items()
        if id in old.rooms and old.sheets.get(id) != new.sheets.get(id)
    }
    return {**gone, **made, **differ}


async def corrections(
    session: AsyncSession, actor: Actor, vault: Vault, *, batch_id: UUID, version: int, site_id: UUID | None = None
) -> list[Correction]:
    """What takes the place of the prints that a version has made void; of one site without tickets."""
    found = await changed(session, batch_id, version)
    batch = await registration.batch(session, batch_id)
    packs = await prints.room_packs(session, actor, batch_id=batch_id, site_id=site_id)
    letters = await prints.letters(session, actor, batch_id=batch_id, site_id=site_id)
    places = {one.id: one for one in await sites.sites(session)}
    cards = (
        await prints.tickets(session, actor, vault, batch_id=batch_id, registration_ids=sorted(found.registrations))
        if site_id is None and found.registrations
        else []
    )
    own = await _changed_rooms(session, found, places, site_id)
    return [
        Correction(
            batch=batch,
            site=places[site_id] if site_id else None,
            version=found.version,
            before=found.before,
            reason=found.reason,
            at=found.at,
            tickets=tuple(cards),
            rooms=own,
            books=tuple(_books(found, packs, [one for one in letters if one.account_id in found.accounts])),
            relieved=tuple(sorted(found.accounts[id] for id in found.relieved)) if site_id is None else (),
        )
    ]


async def _changed_rooms(
    session: AsyncSession, found: Changed, places: Mapping[UUID, Site], site_id: UUID | None
) -> tuple[ChangedRoom, ...]:
    scheme_of = {part.id: scheme for scheme in await catalogue.schemes(session) for part in scheme.components}
    rooms = {room.id: room for place in places.values() for room in place.rooms}
    lines = [
        ChangedRoom(
            change=change,
            site=places[one.site_id],
            room=rooms[one.room_id],
            scheme=scheme_of[one.component_id],
            component=scheme_of[one.component_id].component(one.component_id),
            starts_at=one.starts_at,
            ends_at=one.ends_at,
        )
        for change, one in found.rooms.values()
        if site_id in (None, one.site_id)
    ]
    return tuple(sorted(lines, key=lambda one: (one.site.code, one.starts_at, one.room.code, one.change)))


def _books(found: Changed, packs: Iterable[RoomPack], letters: Iterable[DutyLetter]) -> list[Book]:
    """Of each site that is touched: its schedule, the letters that differ, and the sheets of the rooms that do."""
    ids = frozenset(id for id, (change, _) in found.rooms.items() if change is not Change.GONE)
    days = {(one.site_id, china_date(one.starts_at)) for _, one in found.rooms.values()}
    touched = {one.site_id for _, one in found.rooms.values()}
    sent = list(letters)
    touched |= {line.site.id for letter in sent for line in letter.lines}
    own = [pack for pack in packs if pack.site.id in touched]
    return [
        replace(book, only=ids, on=frozenset(day for site_id, day in days if site_id == book.site.id))
        for book in prints.books_of(own, sent)
    ]
