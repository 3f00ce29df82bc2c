"""Reads of announcements and signs of life, and what of the day concerns an actor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.crypto import Vault
from exam.registration import queries as registration
from exam.signals.models import AnnouncementReadRow, AnnouncementRow, HeartbeatRow
from exam.signals.rules import Beat, Reach, Sight, Source, shown
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession, covers

_SIGNATURE = 32
_WINDOW = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One receipt."""

    room_session_id: UUID
    account_id: UUID
    name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One announcement with its receipts."""

    id: UUID
    reach: Reach
    target_id: UUID
    target_name: str
    text_zh: str
    text_en: str
    made_name: str
    made_at: datetime
    readings: tuple[Reading, ...] = ()

    def read_in(self, room_session_id: UUID) -> tuple[Reading, ...]:
        """Who read it in a room."""
        return tuple(one for one in self.readings if one.room_session_id == room_session_id)

    def read_by(self, room_session_id: UUID, account_id: UUID | None) -> bool:
        """Whether this account confirmed it for this room."""
        return any(one.account_id == account_id for one in self.read_in(room_session_id))


async def sight(session: AsyncSession, actor: Actor, now: datetime) -> Sight:
    """What of the day concerns the actor."""
    own = await sittings.room_sessions(session, account_id=actor.account_id) if actor.account_id else []
    heads = actor.scope_ids(Permission.SITE_RUN, "site")
    oversees = actor.scope_ids(Permission.PLAN_READ, "province")
    officer = actor.may(Permission.PLAN_MANAGE)
    return Sight(
        everywhere=heads is None,
        sites=frozenset(UUID(one) for one in heads or ()),
        provinces=frozenset(oversees or ()),
        all_provinces=oversees is None,
        all_batches=officer and actor.within(Permission.PLAN_MANAGE),
        batches=frozenset(
            batch.id
            for batch in (await registration.batches(session) if officer else ())
            if any(actor.within(Permission.PLAN_MANAGE, organisation_id=one) for one in batch.organisation_ids)
        ),
        rooms=frozenset(room.id for room in own if covers(room.starts_at, room.ends_at, room.terms, now)),
    )


async def announcements(session: AsyncSession, *, target_ids: Collection[UUID] | None = None) -> list[Announcement]:
    """Announcements with receipts, newest first: all, or those for these rooms, sites and batches."""
    query = select(AnnouncementRow).order_by(AnnouncementRow.made_at.desc(), AnnouncementRow.id)
    if target_ids is not None:
        query = query.where(AnnouncementRow.target_id.in_(list(target_ids)))
    rows = list(await session.scalars(query))
    receipts: dict[UUID, list[Reading]] = {row.id: [] for row in rows}
    read = select(AnnouncementReadRow).where(AnnouncementReadRow.announcement_id.in_(list(receipts)))
    for one in await session.scalars(read.order_by(AnnouncementReadRow.at, AnnouncementReadRow.account_id)):
        receipts[one.announcement_id].append(
            Reading(room_session_id=one.room_session_id, account_id=one.account_id, name=one.name, at=one.at)
        )
    return [
        Announcement(
            id=row.id, reach=Reach(row.reach), target_id=row.target_id, target_name=row.target_name, text_zh=row.text_zh,
            text_en=row.text_en, made_name=row.made_name, made_at=row.made_at, readings=tuple(receipts[row.id]),
        )
        for row in rows
    ]  # fmt: skip


async def for_room(session: AsyncSession, room: RoomSession, now: datetime) -> list[Announcement]:
    """What this room is told now, newest first."""
    found = await announcements(session, target_ids=[room.id, room.site_id, room.batch_id])
    return [one for one in found if shown(one.made_at, room.starts_at, room.ends_at, now)]


async def heard(session: AsyncSession, room_session_ids: Collection[UUID]) -> Mapping[tuple[Source, UUID], datetime]:
    """When each source of each room was last heard of: by (source, room session)."""
    query = (
        select(HeartbeatRow.source, HeartbeatRow.room_session_id, func.max(HeartbeatRow.seen_at))
        .where(HeartbeatRow.room_session_id.in_(list(room_session_ids)))
        .group_by(HeartbeatRow.source, HeartbeatRow.room_session_id)
    )
    return {(Source(source), room_id): at for source, room_id, at in await session.execute(query)}


def beat_token(vault: Vault, beat: Beat) -> str:
    """What a page sends as its sign of life: made by us, so that taking it needs neither a sign-in nor the database."""
    body = f"{beat.source}.{beat.id}.{beat.room_session_id}"
    return f"{body}.{vault.blind(body, 'beat')[:_SIGNATURE]}"


def beat_of(vault: Vault, token: str) -> Beat | None:
    """Read a token; None when it is not ours."""
    body, _, signature = token.rpartition(".")
    if not body or vault.blind(body, "beat")[:_SIGNATURE] != signature:
        return None
    source, id, room_id = body.split(".")
    return Beat(Source(source), UUID(id), UUID(room_id))


@dataclass(frozen=True, kw_only=True)
class Target:
    """Somebody to tell: a room, a site or a batch that the reader decides for, and how many rooms it is."""

    reach: Reach
    id: UUID
    name: str
    rooms_count: int


@dataclass(frozen=True, kw_only=True)
class Board:
    """The page of announcements: what was said, where it was read, whom one may tell now."""

    announcements: tuple[Announcement, ...]
    rooms: Mapping[UUID, tuple[RoomSession, ...]]  # by announcement: the rooms that show it
    targets: tuple[Target, ...]


async def board(session: AsyncSession, actor: Actor, now: datetime) -> Board:
    """Announcements of the last days and today's targets, as far as they concern the actor."""
    view = await sight(session, actor, now)
    near = [
        room
        for room in await sittings.rooms_between(session, now - _WINDOW, now + _WINDOW)
        if view.sees(site_id=room.site_id, prefecture_code=room.prefecture_code, batch_ids=[room.batch_id])
    ]
    targets = {target for room in near for target in (room.id, room.site_id, room.batch_id)}
    found = [one for one in await announcements(session, target_ids=targets) if now - one.made_at < _WINDOW]
    batches = {batch.id: batch.code for batch in await registration.batches(session)}
    own = [room for room in near if view.runs(site_id=room.site_id, batch_ids=[room.batch_id])]
    return Board(
        announcements=tuple(found),
        rooms={one.id: tuple(room for room in near if one.target_id in (room.id, room.site_id, room.batch_id)) for one in found},
        targets=tuple(_targets(own, {id: name for id, name in batches.items() if id in view.batches or view.all_batches})),
    )  # fmt: skip


def _targets(rooms: Collection[RoomSession], batches: Mapping[UUID, str]) -> list[Target]:
    """Batches, then sites, then rooms."""
    by_site: dict[UUID, list[RoomSession]] = {}
    by_batch: dict[UUID, int] = {}
    for room in rooms:
        by_site.setdefault(room.site_id, []).append(room)
        by_batch[room.batch_id] = by_batch.get(room.batch_id, 0) + 1
    return [
        *[Target(reach=Reach.BATCH, id=id, name=batches[id], rooms_count=n) for id, n in by_batch.items() if id in batches],
        *[Target(reach=Reach.SITE, id=id, name=own[0].site_name, rooms_count=len(own)) for id, own in by_site.items()],
        *[Target(reach=Reach.ROOM, id=room.id, name=f"{room.site_name} {room.room_name}", rooms_count=1) for room in rooms],
    ]  # fmt: skip
