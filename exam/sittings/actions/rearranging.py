"""A repair of what was published becomes fact: places, rooms and duties change together, in one transaction or not at all.

The only way beside :mod:`moves` in which a published place changes, for many at once. Who has checked in, and what has
begun, is not touched. Ticket numbers stay; every changed place is noted as a move with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict
from exam.kernel.ids import new_id
from exam.sittings import queries
from exam.sittings.actions import admission
from exam.sittings.actions.authority import lock_sittings, require_officer
from exam.sittings.models import DutyRow, MoveRow, RoomSessionRow, SittingRow
from exam.sittings.rules import DutySpec, Publication, RoomSession, RoomStatus, Sitting, SittingSpec, SittingStatus
from exam.sittings.rules.publication import PublicationClash, PublicationInvalid, problems_of

_ASIDE = timedelta(days=36500)  # where places wait while others change, so that nothing clashes in between
_SEATS = 100_000


class AlreadyBegun(Conflict):
    """What has begun cannot be rearranged."""

    message = N_("有 %(n)s 个考次或场次已经开始、结束或有人入场，没有更改任何安排。")
    way_out = N_("请重新计算调整方案：已经开始的场次不会再变动。")


@dataclass(frozen=True, kw_only=True)
class NewPlace:
    """Where a sitting goes."""

    sitting_id: UUID
    room_session_id: UUID
    seat_no: int
    starts_at: datetime
    ends_at: datetime
    paper_version: str
    granted_minutes: int = 0  # inside the end (H16)
    measures: str = ""


@dataclass(frozen=True, kw_only=True)
class Rearrangement:
    """A whole repair."""

    batch_id: UUID
    plan_id: UUID
    plan_version: int
    reason: str
    sessions: tuple[RoomSession, ...] = ()  # new ones
    closed: tuple[UUID, ...] = ()  # room sessions in which nobody is left
    trimmed: Mapping[UUID, int] = field(default_factory=dict)  # room session -> how many seats it keeps
    lengthened: Mapping[UUID, datetime] = field(default_factory=dict)  # room session -> its later end (H16)
    moves: tuple[NewPlace, ...] = ()
    removed: tuple[UUID, ...] = ()  # sittings of those who find no place
    added: tuple[SittingSpec, ...] = ()
    tickets: Mapping[UUID, str] = field(default_factory=dict)  # of those added
    duties_gone: tuple[UUID, ...] = ()
    duties: tuple[DutySpec, ...] = ()  # new ones


async def rearrange(session: AsyncSession, actor: Actor, *, change: Rearrangement, now: datetime) -> None:
    """Carry a repair out; refused whole where anything of it has begun or would be in two places."""
    await require_officer(session, actor, Permission.PLAN_MANAGE, change.batch_id)
    rooms = await _lock_rooms(session, change)
    own = {one.sitting_id for one in change.moves} | set(change.removed)
    sittings = {one.id: one for one in await lock_sittings(session, sorted(own))}
    _require_untouched(change, rooms, sittings, now)
    components = await admission.components(session)
    fresh = tuple(admission.with_terms(one, components[one.component_id]) for one in change.sessions)
    publication = Publication(
        batch_id=change.batch_id,
        plan_id=change.plan_id,
        plan_version=change.plan_version,
        sessions=fresh,
        sittings=change.added,
        duties=change.duties,
        tickets=change.tickets,
    )
    rooms |= {id: replace(rooms[id], ends_at=ends_at) for id, ends_at in change.lengthened.items() if id in rooms}
    problems = problems_of(publication, rooms)
    if problems:
        raise PublicationInvalid(problems=problems, n=len(problems))
    try:
        async with session.begin_nested():
            await _carry_out(session, change, publication, fresh)
    except IntegrityError as error:
        for name, what in admission.CLASHES.items():
            if name in str(error.orig):
                raise PublicationClash(what=what) from error
        raise
    await _note(session, actor, change, sittings, now)


async def _lock_rooms(session: AsyncSession, change: Rearrangement) -> dict[UUID, RoomSession]:
    """Hold every room session of the batch, in the order of their ids, before its sittings."""
    query = select(RoomSessionRow).where(RoomSessionRow.batch_id == change.batch_id)
    query = query.order_by(RoomSessionRow.id).with_for_update()
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return {row.id: queries.room_record(row) for row in rows}


def _require_untouched(
    change: Rearrangement, rooms: Mapping[UUID, RoomSession], sittings: Mapping[UUID, Sitting], now: datetime
) -> None:
    touched = {one.room_session_id for one in change.moves} | {one.session_id for one in change.added}
    touched |= {
        *change.closed,
        *change.trimmed,
        *change.lengthened,
        *(one.room_session_id for one in sittings.values()),
    }
    begun = sum(
        rooms[id].status is not RoomStatus.PLANNED or rooms[id].starts_at <= now for id in touched if id in rooms
    )
    begun += sum(one.status is not SittingStatus.SCHEDULED for one in sittings.values())
    if begun:
        raise AlreadyBegun(n=begun)


async def _carry_out(
    session: AsyncSession, change: Rearrangement, publication: Publication, fresh: Sequence[RoomSession]
) -> None:
    await session.execute(delete(DutyRow).where(DutyRow.id.in_(list(change.duties_gone))))
    await session.execute(
        update(RoomSessionRow)
        .where(RoomSessionRow.id.in_(list(change.closed)))
        .values(starts_at=RoomSessionRow.starts_at + _ASIDE, ends_at=RoomSessionRow.ends_at + _ASIDE)
    )
    await session.execute(
        update(SittingRow)
        .where(SittingRow.id.in_([one.sitting_id for one in change.moves]))
        .values(
            seat_no=SittingRow.seat_no + _SEATS,
            starts_at=SittingRow.starts_at + _ASIDE,
            ends_at=SittingRow.ends_at + _ASIDE,
        )
    )
    await session.execute(delete(SittingRow).where(SittingRow.id.in_(list(change.removed))))
    for id, seats_count in sorted(change.trimmed.items()):
        await session.execute(update(RoomSessionRow).where(RoomSessionRow.id == id).values(seats_count=seats_count))
    for id, ends_at in sorted(change.lengthened.items()):
        await session.execute(update(RoomSessionRow).where(RoomSessionRow.id == id).values(ends_at=ends_at))
        await session.execute(update(DutyRow).where(DutyRow.room_session_id == id).values(ends_at=ends_at))
    await insert_many(session, RoomSessionRow, [admission.room_row(publication, room) for room in fresh])
    for one in change.moves:
        await session.execute(
            update(SittingRow)
            .where(SittingRow.id == one.sitting_id)
            .values(
                room_session_id=one.room_session_id,
                seat_no=one.seat_no,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                paper_version=one.paper_version,
                granted_minutes=one.granted_minutes,
                measures=one.measures,
                moves_count=SittingRow.moves_count + 1,
                reason=change.reason,
            )
        )
    await insert_many(session, SittingRow, [admission.sitting_row(publication, spec) for spec in change.added])
    await session.execute(delete(DutyRow).where(DutyRow.room_session_id.in_(list(change.closed))))
    await session.execute(delete(RoomSessionRow).where(RoomSessionRow.id.in_(list(change.closed))))
    await insert_many(session, DutyRow, [admission.duty_row(publication, duty) for duty in change.duties])


async def _note(
    session: AsyncSession, actor: Actor, change: Rearrangement, sittings: Mapping[UUID, Sitting], now: datetime
) -> None:
    """Every changed place as a move, and the whole repair in the audit."""
    rows: list[dict[str, object]] = [
        {
            "id": new_id(),
            "sitting_id": one.sitting_id,
            "from_room_session_id": sittings[one.sitting_id].room_session_id,
            "from_seat_no": sittings[one.sitting_id].seat_no,
            "to_room_session_id": one.room_session_id,
            "to_seat_no": one.seat_no,
            "reason": change.reason,
            "by_account_id": actor.account_id,
            "by_name": actor.name,
            "at": now,
        }
        for one in change.moves
    ]
    await insert_many(session, MoveRow, rows)
    named = [*sittings, *(spec.id for spec in change.added)]
    await audit.record(
        session, actor, "sittings.rearrange", subject="sitting", ids=named,
        stream=f"batch:{change.batch_id}", now=now,
        data={
            "plan_id": change.plan_id, "plan_version": change.plan_version, "reason": change.reason,
            "moved": len(change.moves), "removed": len(change.removed), "added": len(change.added),
            "sessions": len(change.sessions), "closed": len(change.closed),
            "duties": len(change.duties), "duties_gone": len(change.duties_gone),
        },
    )  # fmt: skip
