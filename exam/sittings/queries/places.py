"""Reads of room sessions, sittings, duties and moves: frozen records for every folder down the road."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import NotFound
from exam.sittings.models import DutyRow, MoveRow, RoomSessionRow, SittingRow
from exam.sittings.rules import (
    Duty,
    DutySpec,
    Headcount,
    Move,
    RoomSession,
    RoomStatus,
    Sitting,
    SittingStatus,
    Terms,
    covers,
    headcount,
)

_SITTING_COLUMNS = tuple(getattr(SittingRow, field.name) for field in fields(Sitting))
_ONE = select(*_SITTING_COLUMNS).where(SittingRow.id == bindparam("id"))


async def room_sessions(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    ids: Iterable[UUID] | None = None,
    account_id: UUID | None = None,
    site_id: UUID | None = None,
    room_id: UUID | None = None,
    registration_id: UUID | None = None,
    awaiting_paper: bool = False,
) -> list[RoomSession]:
    """Room sessions by time and room; filters add up. `account_id`: those in which the account has a duty."""
    query = select(RoomSessionRow).order_by(
        RoomSessionRow.starts_at, RoomSessionRow.site_code, RoomSessionRow.room_name
    )
    if awaiting_paper:
        query = query.where(RoomSessionRow.awaits_paper != "")
    if batch_id is not None:
        query = query.where(RoomSessionRow.batch_id == batch_id)
    if ids is not None:
        query = query.where(RoomSessionRow.id.in_(list(ids)))
    if site_id is not None:
        query = query.where(RoomSessionRow.site_id == site_id)
    if room_id is not None:
        query = query.where(RoomSessionRow.room_id == room_id)
    if account_id is not None:
        query = query.where(
            RoomSessionRow.id.in_(select(DutyRow.room_session_id).where(DutyRow.account_id == account_id))
        )
    if registration_id is not None:
        query = query.where(
            RoomSessionRow.id.in_(
                select(SittingRow.room_session_id).where(SittingRow.registration_id == registration_id)
            )
        )
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return [room_record(row) for row in rows]


async def rooms_between(session: AsyncSession, begin: datetime, end: datetime) -> list[RoomSession]:
    """Room sessions that start in [begin, end), by time and room: a day, whoever holds it."""
    query = select(RoomSessionRow).where(RoomSessionRow.starts_at >= begin, RoomSessionRow.starts_at < end)
    rows = await session.scalars(
        query.order_by(RoomSessionRow.starts_at, RoomSessionRow.site_code, RoomSessionRow.room_name)
    )
    return [room_record(row) for row in rows]


async def room_session(session: AsyncSession, room_session_id: UUID) -> RoomSession:
    """One room session; NotFound when there is none."""
    found = await room_sessions(session, ids=[room_session_id])
    if not found:
        raise NotFound
    return found[0]


async def sittings(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    room_session_id: UUID | None = None,
    registration_id: UUID | None = None,
    registration_ids: Iterable[UUID] | None = None,
    ids: Iterable[UUID] | None = None,
) -> list[Sitting]:
    """Sittings by time, room and seat; filters add up. Reads columns, not objects: a batch has thousands."""
    query = select(*_SITTING_COLUMNS).order_by(SittingRow.starts_at, SittingRow.room_session_id, SittingRow.seat_no)
    return [
        sitting_record(row)
        for row in await session.execute(
            _narrow(query, batch_id, room_session_id, registration_id, registration_ids, ids)
        )
    ]


async def seated(session: AsyncSession, batch_id: UUID) -> set[UUID]:
    """The registrations of a batch that have a sitting, whatever became of it."""
    query = select(SittingRow.registration_id).where(SittingRow.batch_id == batch_id).distinct()
    return set(await session.scalars(query))


def _narrow(
    query: Select[Any],
    batch_id: UUID | None,
    room_session_id: UUID | None,
    registration_id: UUID | None,
    registration_ids: Iterable[UUID] | None,
    ids: Iterable[UUID] | None,
) -> Select[Any]:
    if batch_id is not None:
        query = query.where(SittingRow.batch_id == batch_id)
    if room_session_id is not None:
        query = query.where(SittingRow.room_session_id == room_session_id)
    if registration_id is not None:
        query = query.where(SittingRow.registration_id == registration_id)
    if registration_ids is not None:
        query = query.where(SittingRow.registration_id.in_(list(registration_ids)))
    if ids is not None:
        query = query.where(SittingRow.id.in_(list(ids)))
    return query


async def sitting(session: AsyncSession, sitting_id: UUID) -> Sitting:
    """One sitting; NotFound when there is none. Every saved answer asks this: the statement is built once."""
    row = (await session.execute(_ONE, {"id": sitting_id})).one_or_none()
    if row is None:
        raise NotFound
    return sitting_record(row)


async def sitting_by_ticket(session: AsyncSession, room_session_id: UUID, ticket_no: str) -> Sitting | None:
    """The sitting of a ticket in this room, for the QR code on the admission ticket."""
    query = select(*_SITTING_COLUMNS).where(
        SittingRow.room_session_id == room_session_id, SittingRow.ticket_no == ticket_no
    )
    row = (await session.execute(query)).first()
    return sitting_record(row) if row else None


async def registration_of_ticket(session: AsyncSession, ticket_no: str) -> UUID | None:
    """Whose admission ticket this is, over all rooms; None when nobody's."""
    query = select(SittingRow.registration_id).where(SittingRow.ticket_no == ticket_no).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def duties(
    session: AsyncSession,
    *,
    account_id: UUID | None = None,
    room_session_id: UUID | None = None,
    batch_id: UUID | None = None,
) -> list[DutySpec]:
    """Duties by time and name; filters add up."""
    query = select(DutyRow).order_by(DutyRow.starts_at, DutyRow.name, DutyRow.duty)
    if account_id is not None:
        query = query.where(DutyRow.account_id == account_id)
    if room_session_id is not None:
        query = query.where(DutyRow.room_session_id == room_session_id)
    if batch_id is not None:
        query = query.where(DutyRow.batch_id == batch_id)
    return [_duty(row) for row in await session.scalars(query)]


async def on_duty(
    session: AsyncSession, account_id: UUID, room: RoomSession, now: datetime, kinds: Sequence[Duty]
) -> bool:
    """Whether the account holds one of these duties in this room session, and its window covers `now`."""
    query = select(DutyRow.starts_at, DutyRow.ends_at).where(
        DutyRow.account_id == account_id, DutyRow.room_session_id == room.id, DutyRow.duty.in_(list(kinds))
    )
    return any(covers(row.starts_at, row.ends_at, room.terms, now) for row in await session.execute(query))


async def moves(
    session: AsyncSession, *, room_session_id: UUID | None = None, sitting_id: UUID | None = None
) -> list[Move]:
    """Seat and room changes into or out of a room session, oldest first."""
    query = select(MoveRow).order_by(MoveRow.at)
    if room_session_id is not None:
        query = query.where(
            (MoveRow.from_room_session_id == room_session_id) | (MoveRow.to_room_session_id == room_session_id)
        )
    if sitting_id is not None:
        query = query.where(MoveRow.sitting_id == sitting_id)
    return [_record(Move, row) for row in await session.scalars(query)]


async def headcounts(session: AsyncSession, room_session_ids: Iterable[UUID]) -> dict[UUID, Headcount]:
    """The counts of many rooms in one statement; a room without sittings counts zero."""
    ids = list(room_session_ids)
    found: dict[UUID, list[SittingStatus]] = {room_id: [] for room_id in ids}
    query = (
        select(SittingRow.room_session_id, SittingRow.status, func.count())
        .where(SittingRow.room_session_id.in_(ids))
        .group_by(SittingRow.room_session_id, SittingRow.status)
    )
    for room_id, status, count in await session.execute(query):
        found[room_id] += [SittingStatus(status)] * count
    return {room_id: headcount(statuses) for room_id, statuses in found.items()}


async def statuses(session: AsyncSession, batch_id: UUID) -> Mapping[SittingStatus, int]:
    """How many sittings of a batch stand in each state, in the order of the states."""
    query = select(SittingRow.status, func.count()).where(SittingRow.batch_id == batch_id).group_by(SittingRow.status)
    counts = Counter({SittingStatus(status): count for status, count in await session.execute(query)})
    return {status: counts[status] for status in SittingStatus}


async def my_rooms(session: AsyncSession, actor: Actor, now: datetime, *, days: int = 7) -> list[RoomSession]:
    """The room sessions of the actor's duties, from today's first to those of the next days."""
    if actor.account_id is None:
        return []
    found = await room_sessions(session, account_id=actor.account_id)
    day_start, horizon = now - timedelta(hours=20), now + timedelta(days=days)
    return [room for room in found if room.ends_at >= day_start and room.starts_at <= horizon]


def room_record(row: RoomSessionRow) -> RoomSession:
    """The frozen record of a room session's row."""
    values = {field.name: getattr(row, field.name) for field in fields(RoomSession)}
    return RoomSession(**values | {"status": RoomStatus(row.status), "terms": Terms(**row.terms)})


def sitting_record(row: Any) -> Sitting:
    """The frozen record of a sitting's row, whether object or columns."""
    values = {field.name: getattr(row, field.name) for field in fields(Sitting)}
    return Sitting(**values | {"status": SittingStatus(row.status)})


def _duty(row: DutyRow) -> DutySpec:
    return DutySpec(row.id, row.room_session_id, row.account_id, row.name, Duty(row.duty), row.starts_at, row.ends_at)


def _record(kind: type[Move], row: MoveRow) -> Move:
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})
