"""Reads of the feeds: whose an address is, which published facts concern its owner, what it has said of them.

After publication ``exam.sittings`` is the truth, so a feed is made of what stands there, whoever changed it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import Actor, Permission, Role
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty, DutySpec, RoomSession
from scheduling.feeds.models import FeedItemRow, FeedRow
from scheduling.feeds.rules import Appointment, Feed, FeedKind, Item, Occasion, Said, token_hash
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site
from scheduling.timetable import queries as timetable

STAFF_WORK = (Permission.ROOM_RUN, Permission.SHEET_SCORE, Permission.SITE_RUN)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A site with the feeds of itself and of its rooms, by the id of their owner."""

    site: Site
    feeds: Mapping[UUID, Feed]


async def of_token(session: AsyncSession, token: str) -> Feed | None:
    """The feed at an address; None when nobody's, revoked, or no longer for who made it."""
    query = select(FeedRow).where(FeedRow.token_sha256 == token_hash(token))
    row = (await session.scalars(query)).one_or_none()
    if row is None:
        return None
    found = feed_record(row)
    return found if await _still_concerns(session, found) else None


async def _still_concerns(session: AsyncSession, feed: Feed) -> bool:
    """Whether who made the address may still read it: it is known to them, whatever has changed since."""
    if not await accounts.is_active(session, feed.account_id):
        return False
    if feed.kind.personal:
        return True
    maker = await accounts.actor(session, feed.account_id)
    return await sites.keeps_calendar(session, maker, await _site_of(session, feed.kind, feed.owner_id))


async def feed_of(session: AsyncSession, kind: FeedKind, owner_id: UUID) -> Feed | None:
    """The feed of an owner, with or without a living address."""
    query = select(FeedRow).where(FeedRow.kind == kind, FeedRow.owner_id == owner_id)
    row = (await session.scalars(query)).one_or_none()
    return feed_record(row) if row else None


def own_feed(actor: Actor) -> tuple[FeedKind, UUID] | None:
    """The personal feed that is the actor's own: of duties, or of exams; None for whoever has neither."""
    people = [grant.scope.id for grant in actor.grants if grant.role is Role.CANDIDATE and grant.scope.kind == "person"]
    if people:
        return FeedKind.CANDIDATE, UUID(people[0])
    if actor.account_id is not None and any(actor.may(work) for work in STAFF_WORK):
        return FeedKind.STAFF, actor.account_id
    return None


async def require_owner(session: AsyncSession, actor: Actor, kind: FeedKind, owner_id: UUID) -> None:
    """A person keeps their own address; those of a site and its rooms whoever runs it, or arranges all that is held there."""
    if kind.personal:
        if own_feed(actor) != (kind, owner_id):
            raise Forbidden
        return
    await require_site(session, actor, await _site_of(session, kind, owner_id))


async def require_site(session: AsyncSession, actor: Actor, site: Site) -> None:
    """Refuse whom the calendars of a site do not concern."""
    if not await sites.keeps_calendar(session, actor, site):
        raise Forbidden


async def place(session: AsyncSession, actor: Actor, site_id: UUID) -> Place:
    """A site with its feeds, for whoever keeps them."""
    site = await sites.site(session, site_id)
    await require_site(session, actor, site)
    owners = [site.id, *(room.id for room in site.rooms)]
    query = select(FeedRow).where(FeedRow.kind.in_([FeedKind.SITE, FeedKind.ROOM]), FeedRow.owner_id.in_(owners))
    return Place(site=site, feeds={row.owner_id: feed_record(row) for row in await session.scalars(query)})


async def _site_of(session: AsyncSession, kind: FeedKind, owner_id: UUID) -> Site:
    if kind is FeedKind.SITE:
        return await sites.site(session, owner_id)
    return await sites.site_of_room(session, owner_id)


async def site_id_of(session: AsyncSession, kind: FeedKind, owner_id: UUID) -> UUID:
    """The site on whose page a feed of a site or a room stands."""
    return (await _site_of(session, kind, owner_id)).id


async def title(session: AsyncSession, feed: Feed) -> tuple[Site | None, object | None]:
    """The site and the room a feed is of, to name its calendar; both None for a person's."""
    if feed.kind.personal:
        return None, None
    site = await _site_of(session, feed.kind, feed.owner_id)
    return site, next((room for room in site.rooms if room.id == feed.owner_id), None)


async def said(session: AsyncSession, feed_id: UUID) -> dict[str, Said]:
    """What the feed has said so far, by UID."""
    rows = await session.scalars(select(FeedItemRow).where(FeedItemRow.feed_id == feed_id).order_by(FeedItemRow.uid))
    return {row.uid: _said(row) for row in rows}


async def appointments(session: AsyncSession, feed: Feed) -> list[Appointment]:
    """The published facts that concern the feed's owner, by time."""
    match feed.kind:
        case FeedKind.SITE:
            found = await _of_rooms(session, await sittings.room_sessions(session, site_id=feed.owner_id))
        case FeedKind.ROOM:
            found = await _of_rooms(session, await sittings.room_sessions(session, room_id=feed.owner_id))
        case FeedKind.STAFF:
            found = await _of_staff(session, feed.owner_id)
        case FeedKind.CANDIDATE:
            found = await _of_candidate(session, feed.owner_id)
    return sorted(found, key=lambda one: (one.starts_at, one.uid))


async def published_at(session: AsyncSession, batch_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When the arrangement of each batch was published, where that is known."""
    plans = {batch_id: await timetable.published(session, batch_id) for batch_id in sorted(set(batch_ids))}
    return {batch_id: plan.published_at for batch_id, plan in plans.items() if plan and plan.published_at}


async def _of_rooms(session: AsyncSession, rooms: Sequence[RoomSession]) -> list[Appointment]:
    counts = await sittings.headcounts(session, [room.id for room in rooms])
    schemes, codes = await _schemes(session), await _batch_codes(session)
    return [
        Appointment(
            occasion=Occasion.SESSION,
            key=str(room.id),
            starts_at=room.starts_at,
            ends_at=room.ends_at,
            room=room,
            scheme=(scheme := schemes.get(room.component_id)),
            component=scheme.component(room.component_id) if scheme else None,
            batch_code=codes.get(room.batch_id, ""),
            expected=counts[room.id].expected,
        )
        for room in rooms
    ]


async def _of_staff(session: AsyncSession, account_id: UUID) -> list[Appointment]:
    duties = await sittings.duties(session, account_id=account_id)
    held = await sittings.room_sessions(session, ids={duty.session_id for duty in duties})
    rooms = {one.room.id: one for one in await _of_rooms(session, held)}
    return [_duty(own, rooms) for own in _together(duties, rooms)]


def _together(duties: Sequence[DutySpec], rooms: Mapping[UUID, Appointment]) -> list[list[DutySpec]]:
    """Duties that are one appointment: a head's rooms of a day, everything else by itself."""
    days: dict[str, list[DutySpec]] = defaultdict(list)
    for duty in duties:
        days[_key(duty, rooms[duty.session_id].room)].append(duty)
    return list(days.values())


def _key(duty: DutySpec, room: RoomSession) -> str:
    if duty.duty is not Duty.SITE_HEAD:
        return str(duty.id)
    day: date = china_date(room.starts_at)
    return f"{room.batch_id}-{room.site_id}-{day:%Y%m%d}"


def _duty(own: Sequence[DutySpec], rooms: Mapping[UUID, Appointment]) -> Appointment:
    first = min(own, key=lambda duty: (duty.starts_at, str(duty.id)))
    about, head = rooms[first.session_id], first.duty is Duty.SITE_HEAD
    held = [rooms[duty.session_id] for duty in own]
    return Appointment(
        occasion=Occasion.HEAD if head else Occasion.DUTY,
        key=_key(first, about.room),
        starts_at=first.starts_at,
        ends_at=max(duty.ends_at for duty in own),
        room=about.room,
        scheme=None if head else about.scheme,
        component=None if head else about.component,
        batch_code=about.batch_code,
        expected=sum(one.expected for one in held),
        duty=first.duty,
        rooms_count=len({one.room.room_id for one in held}),
    )


async def _of_candidate(session: AsyncSession, person_id: UUID) -> list[Appointment]:
    mine = [one.id for one in await registration.registrations(session, person_id=person_id) if one.live]
    own = await sittings.sittings(session, registration_ids=mine) if mine else []
    held = await sittings.room_sessions(session, ids={one.room_session_id for one in own})
    rooms = {one.room.id: one for one in await _of_rooms(session, held)}
    return [
        Appointment(
            occasion=Occasion.SITTING,
            key=str(one.id),
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            room=rooms[one.room_session_id].room,
            scheme=rooms[one.room_session_id].scheme,
            component=rooms[one.room_session_id].component,
            batch_code=rooms[one.room_session_id].batch_code,
            seat_no=one.seat_no,
            ticket_no=one.ticket_no,
        )
        for one in own
    ]


async def _schemes(session: AsyncSession) -> dict[UUID, Scheme]:
    return {part.id: scheme for scheme in await catalogue.schemes(session) for part in scheme.components}


async def _batch_codes(session: AsyncSession) -> dict[UUID, str]:
    return {batch.id: batch.code for batch in await registration.batches(session)}


def feed_record(row: FeedRow) -> Feed:
    """The frozen record of a feed's row; the token's hash stays behind."""
    values = {field.name: getattr(row, field.name) for field in fields(Feed)}
    return Feed(**values | {"kind": FeedKind(row.kind)})


def _said(row: FeedItemRow) -> Said:
    item = Item(**{field.name: getattr(row, field.name) for field in fields(Item)})
    return Said(item=item, sequence=row.sequence, cancelled=row.cancelled, modified_at=row.modified_at)
