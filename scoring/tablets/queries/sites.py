"""What the site head's pages show: the site's tablets, what they were given out for, and the badges of its assessors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.i18n import Name
from exam.kernel.needs import Need
from exam.sittings import queries as sittings
from exam.sittings.rules import Duty, RoomSession
from scoring.marking import queries as marking
from scoring.tablets.models import TabletEventRow, TabletHandoutRow, TabletOddityRow
from scoring.tablets.queries.cards import Badge, badges
from scoring.tablets.queries.devices import TabletRecord, tablets
from scoring.tablets.rules.fleet import TabletState, tablet_state

RECENT: Final = timedelta(hours=12)
COMING: Final = timedelta(days=7)
"""Sessions that are shown: those of the last hours and of the coming week [C]."""


@dataclass(frozen=True, kw_only=True)
class TabletLine:
    """One tablet of the site."""

    tablet: TabletRecord
    state: TabletState
    confirmed: int  # events that are here
    rooms: tuple[RoomSession, ...]  # that it is out for


@dataclass(frozen=True, kw_only=True)
class SessionLine:
    """One practical session of the site, and the tablets that are out for it."""

    room: RoomSession
    tablets: tuple[TabletRecord, ...]
    assessors: int
    with_pin: int


@dataclass(frozen=True, kw_only=True)
class SiteTablets:
    """The page of a site."""

    site_id: UUID
    name: Name
    lines: tuple[TabletLine, ...]
    sessions: tuple[SessionLine, ...]

    @property
    def free(self) -> tuple[TabletRecord, ...]:
        """Those that can be given out."""
        return tuple(one.tablet for one in self.lines if one.state is not TabletState.REVOKED)


@dataclass(frozen=True, kw_only=True)
class BadgeLine:
    """One assessor of the coming days."""

    account_id: UUID
    name: str
    badge: Badge | None
    duties: tuple[tuple[RoomSession, Duty], ...]


async def sites_of(session: AsyncSession, actor: Actor) -> list[tuple[UUID, Name]]:
    """The sites that the actor runs, as their sessions name them, by name."""
    own = actor.scope_ids(Permission.SITE_RUN, "site")
    if own is None:
        rooms = await sittings.room_sessions(session)
        found = {one.site_id: Name(one.site_name, one.site_name_en) for one in rooms}
    else:
        found = {}
        for id in sorted(own):
            rooms = await sittings.room_sessions(session, site_id=UUID(id))
            found[UUID(id)] = Name(rooms[-1].site_name, rooms[-1].site_name_en) if rooms else Name("", "")
    return sorted(found.items(), key=lambda one: (one[1].name_zh, str(one[0])))


async def site_tablets(session: AsyncSession, site_id: UUID, name: Name, now: datetime) -> SiteTablets:
    """The tablets of a site and its practical sessions of these days."""
    own = await tablets(session, site_id=site_id)
    confirmed = await _confirmed(session, [one.id for one in own])
    out = await _out(session, [one.id for one in own])
    rooms = await practical_rooms(session, site_id, now)
    known = {one.id: one for one in rooms}
    lines = tuple(
        TabletLine(
            tablet=one,
            confirmed=confirmed.get(one.id, 0),
            rooms=tuple(known[room] for room in known if room in out[one.id]),
            state=tablet_state(
                revoked=one.revoked_at is not None,
                behind=confirmed.get(one.id, 0) < one.last_number,
                seen_at=one.seen_at,
                windows=[(known[room].starts_at, known[room].ends_at) for room in known if room in out[one.id]],
                now=now,
            ),
        )
        for one in own
    )
    return SiteTablets(
        site_id=site_id,
        name=name,
        lines=tuple(sorted(lines, key=lambda one: (one.state is TabletState.REVOKED, one.tablet.label))),
        sessions=tuple([await _session(session, room, own, out) for room in rooms]),
    )


async def practical_rooms(session: AsyncSession, site_id: UUID, now: datetime) -> list[RoomSession]:
    """The site's practical sessions of these days, by time."""
    return [
        one
        for one in await sittings.room_sessions(session, site_id=site_id)
        if one.form.startswith("practical") and one.ends_at >= now - RECENT and one.starts_at <= now + COMING
    ]


async def badge_lines(session: AsyncSession, site_id: UUID, now: datetime) -> list[BadgeLine]:
    """The assessors of a site's practical sessions of these days, by name."""
    held: dict[UUID, list[tuple[RoomSession, Duty]]] = defaultdict(list)
    names: dict[UUID, str] = {}
    for room in await practical_rooms(session, site_id, now):
        for duty in await marking.assessing(session, room.id):
            held[duty.account_id].append((room, duty.duty))
            names[duty.account_id] = duty.name
    cards = await badges(session, names)
    return [
        BadgeLine(account_id=id, name=name, badge=cards.get(id), duties=tuple(held[id]))
        for id, name in sorted(names.items(), key=lambda one: (one[1], str(one[0])))
    ]


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """An assessor with a practical session soon, and no PIN."""
    if actor.account_id is None or not actor.may(Permission.SHEET_SCORE):
        return []
    badge = (await badges(session, [actor.account_id])).get(actor.account_id)
    if badge is not None and badge.pin_at is not None:
        return []
    rooms = [
        room for room in await sittings.my_rooms(session, actor, now)
        if room.form.startswith("practical") and room.ends_at > now
        and any(one.account_id == actor.account_id for one in await marking.assessing(session, room.id))
    ]  # fmt: skip
    if not rooms:
        return []
    return [
        Need(
            text=N_("为评分证设置 PIN，考评当天才能打开平板"),
            href="/scoring/tablets/badge",
            count=1,
            due=rooms[0].starts_at,
        )
    ]


async def _confirmed(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many numbers of each chain are here, kept aside or not."""
    wanted = list(ids)
    numbers = union(
        select(TabletEventRow.tablet_id, TabletEventRow.number).where(TabletEventRow.tablet_id.in_(wanted)),
        select(TabletOddityRow.tablet_id, TabletOddityRow.number).where(TabletOddityRow.tablet_id.in_(wanted)),
    ).subquery()
    query = select(numbers.c.tablet_id, func.count()).group_by(numbers.c.tablet_id)
    return {row[0]: row[1] for row in await session.execute(query)}


async def _out(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Tablet -> the sessions that it is out for."""
    query = select(TabletHandoutRow.tablet_id, TabletHandoutRow.room_session_id).where(
        TabletHandoutRow.tablet_id.in_(list(ids)), TabletHandoutRow.returned_at.is_(None)
    )
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await session.execute(query):
        found[row.tablet_id].add(row.room_session_id)
    return found


async def _session(
    session: AsyncSession, room: RoomSession, own: Iterable[TabletRecord], out: Mapping[UUID, set[UUID]]
) -> SessionLine:
    people = {one.account_id for one in await marking.assessing(session, room.id)}
    cards = await badges(session, people)
    return SessionLine(
        room=room,
        tablets=tuple(one for one in own if room.id in out.get(one.id, set())),
        assessors=len(people),
        with_pin=sum(one.pin_at is not None for one in cards.values()),
    )
