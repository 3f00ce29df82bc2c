"""What somebody may have printed of a batch, and the frozen records a print is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden
from exam.registration import queries as registration
from exam.registration.queries.counts import homes
from exam.registration.rules import Batch, Institution
from exam.sittings import queries as sittings
from exam.sittings.queries.places import seated
from exam.sittings.rules import RoomSession
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site
from scheduling.timetable.queries import corrections, prints, stored
from scheduling.timetable.queries.stored import PlanRecord
from scheduling.timetable.rules.platform import PlatformBatch
from scheduling.timetable.rules.prints import (
    Book,
    Correction,
    DutyLetter,
    Print,
    PrintOrder,
    RoomPack,
    Rota,
    SiteDay,
    Ticket,
    rotas_of,
)

Material = (
    Sequence[Ticket]
    | Sequence[RoomPack]
    | Sequence[SiteDay]
    | Sequence[DutyLetter]
    | Sequence[Rota]
    | Sequence[Book]
    | Sequence[PlatformBatch]
    | Sequence[Correction]
)


@dataclass(frozen=True, kw_only=True)
class PrintRoom:
    """What a reader may have printed of a batch: which kinds, of which institutions and sites."""

    batch: Batch
    kinds: tuple[Print, ...]
    institutions: tuple[tuple[Institution, int], ...]  # with the number of seated candidates
    sites: tuple[tuple[Site, int], ...]  # with the number of room sessions
    rooms: tuple[tuple[Site, RoomSession, int], ...]  # any session of each room, with their number
    whole: bool  # may have everything of the batch at once
    social: int  # candidates without an institution
    repaired: tuple[PlanRecord, ...]  # versions that changed what was published, the newest first


async def require_print(session: AsyncSession, actor: Actor, order: PrintOrder) -> None:
    """Refuse an order that reaches beyond the reader's institution, site, batch or own person."""
    if not await _may_print(session, actor, order):
        raise Forbidden


async def _may_print(session: AsyncSession, actor: Actor, order: PrintOrder) -> bool:
    batch = await registration.batch(session, order.batch_id)
    if prints.is_officer(actor, batch):
        return True
    if order.what.of_office:
        return False
    if order.account_id is not None:
        return order.what is Print.LETTERS and order.account_id == actor.account_id
    if order.registration_id is not None:
        return order.what is Print.TICKETS  # whose it is, is looked up with the person
    if order.what is Print.TICKETS:
        school = order.institution_id
        return school is not None and actor.within(Permission.PRINT_SET, institution_id=school)
    return order.site_id is not None and actor.within(Permission.PRINT_SET, site_id=order.site_id)


async def material(session: AsyncSession, actor: Actor, vault: Vault, order: PrintOrder) -> Material:
    """Read what an order prints, with the reader's rights checked."""
    await require_print(session, actor, order)
    match order.what:
        case Print.TICKETS:
            one = order.registration_id
            some = await corrections.changed(session, order.batch_id, order.version) if order.version else None
            return await prints.tickets(
                session,
                actor,
                vault,
                batch_id=order.batch_id,
                institution_id=None if one else order.institution_id,
                registration_ids=[one] if one else sorted(some.registrations) if some else None,
            )
        case Print.CORRECTION:
            return await corrections.corrections(
                session, actor, vault, batch_id=order.batch_id, version=order.version or 0, site_id=order.site_id
            )
        case Print.LETTERS:
            return await prints.letters(
                session, actor, batch_id=order.batch_id, site_id=order.site_id, account_id=order.account_id
            )
        case Print.HANDOVER | Print.SCHEDULE:
            return await prints.site_days(session, actor, batch_id=order.batch_id, site_id=order.site_id)
        case Print.ROOM_BOOK | Print.SITE_BOOK:
            return await prints.books(
                session,
                actor,
                batch_id=order.batch_id,
                site_id=order.site_id,
                room_id=order.room_id,
                rooms=order.what is Print.ROOM_BOOK,
            )
        case Print.PLATFORM:
            return await prints.platform_batch(session, actor, vault, batch_id=order.batch_id, site_id=order.site_id)
        case Print.ROTA:
            packs = await prints.room_packs(session, actor, batch_id=order.batch_id, site_id=order.site_id)
            return rotas_of(packs)
    room = order.room_session_id
    return await prints.room_packs(
        session, actor, batch_id=order.batch_id, site_id=order.site_id, room_session_ids=[room] if room else None
    )


async def print_room(session: AsyncSession, actor: Actor, batch_id: UUID) -> PrintRoom:
    """What the reader may have printed of a batch, by institution and site."""
    batch = await registration.batch(session, batch_id)
    officer = prints.is_officer(actor, batch)
    schools, places = (_own(actor, kind) for kind in ("institution", "site"))
    if not (officer or schools or places):
        raise Forbidden
    seated = await _seated(session, batch_id, None if officer else schools)
    rooms = await _rooms(session, batch_id, None if officer else places)
    by_site = Counter(one.site_id for one in rooms)
    by_room = Counter(one.room_id for one in rooms)
    named = {one.id: one for one in await registration.institutions(session)}
    held = {one.id: one for one in await sites.sites(session)}
    return PrintRoom(
        batch=batch,
        kinds=tuple(
            what
            for what in Print
            if what is not Print.CORRECTION
            and (officer or (not what.of_office and (places if what.of_site else schools)))
        ),
        institutions=tuple((one, seated[one.id]) for one in named.values() if one.id in seated),
        sites=tuple((one, by_site[one.id]) for one in held.values() if one.id in by_site),
        rooms=tuple((held[one.site_id], one, by_room[one.room_id]) for one in _one_of_each(rooms)),
        whole=officer,
        social=seated.get(None, 0),
        repaired=tuple(one for one in await stored.plans(session, batch_id) if one.repair_reason),
    )


def _own(actor: Actor, kind: str) -> set[UUID]:
    return set(actor.scope_uuids(Permission.PRINT_SET, kind) or ())


async def _seated(session: AsyncSession, batch_id: UUID, only: set[UUID] | None) -> dict[UUID | None, int]:
    """How many candidates with a seat each institution has; None counts those of no institution."""
    if only is not None and not only:
        return {}
    with_seat = await seated(session, batch_id)
    found = Counter(home for id, home in (await homes(session, batch_id)).items() if id in with_seat)
    return {home: count for home, count in found.items() if only is None or home in only}


async def _rooms(session: AsyncSession, batch_id: UUID, only: set[UUID] | None) -> list[RoomSession]:
    held = await sittings.room_sessions(session, batch_id=batch_id)
    return [room for room in held if only is None or room.site_id in only]


def _one_of_each(rooms: Sequence[RoomSession]) -> list[RoomSession]:
    found = {room.room_id: room for room in rooms}
    return sorted(found.values(), key=lambda room: (room.site_code, room.room_name, str(room.room_id)))
