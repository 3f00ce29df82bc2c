"""Who may act in a room now: a duty there whose window covers the moment, the site's head, or the system."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.kernel.errors import N_, Conflict, Forbidden, NotFound
from exam.registration import queries as registration
from exam.sittings import queries
from exam.sittings.models import RoomSessionRow, SittingRow
from exam.sittings.rules import Duty, RoomSession, RoomStatus, Sitting, covers
from exam.sittings.rules.counting import SamePerson, SecondUnknown

ROOM = (Duty.INVIGILATOR, Duty.SITE_HEAD)
WORK = (*ROOM, Duty.ASSESSOR, Duty.LEAD_ASSESSOR)


class NotOnDuty(Forbidden):
    """A role alone never opens a room: the duty and its window do."""

    message = N_("您此刻在 %(room)s 没有职责。")
    way_out = N_("请在派遣单所列的时间和考场操作，或联系主考。")


class RoomNotOpen(Conflict):
    """Candidates are handled in an open room only."""

    message = N_("%(room)s 还没有开启，或已经关闭。")
    way_out = N_("请先开启考场；已关闭的考场不再更改。")


async def require_duty(
    session: AsyncSession, actor: Actor, room: RoomSession, now: datetime, kinds: Sequence[Duty] = ROOM
) -> None:
    """Raise NotOnDuty unless the actor holds one of these duties here and now, or heads the site now."""
    if actor == SYSTEM:
        return
    wanted = Permission.ROOM_RUN if kinds is ROOM else Permission.SHEET_SCORE
    if actor.account_id is not None and (actor.may(Permission.ROOM_RUN) or actor.may(wanted)):
        if await queries.on_duty(session, actor.account_id, room, now, kinds):
            return
        if heads(actor, room, now):
            return
    raise NotOnDuty(room=room.room_name)


async def require_officer(session: AsyncSession, actor: Actor, permission: Permission, batch_id: UUID) -> None:
    """Officers act for the batches of their own organisation."""
    if actor.within(permission):
        return
    if not actor.may(permission):
        raise Forbidden
    batch = await registration.batch(session, batch_id)
    if not any(actor.within(permission, organisation_id=one) for one in batch.organisation_ids):
        raise Forbidden


async def require_keeper(session: AsyncSession, actor: Actor, room: RoomSession) -> None:
    """Records of a room are amended by the head of its site, whenever, and by officers of its batch."""
    if actor == SYSTEM or actor.within(Permission.SITE_RUN, site_id=room.site_id):
        return
    if not actor.may(Permission.PLAN_MANAGE):
        raise Forbidden
    await require_officer(session, actor, Permission.PLAN_MANAGE, room.batch_id)


async def second_person(
    session: AsyncSession, first: UUID | None, room: RoomSession, account_id: UUID, now: datetime
) -> Actor:
    """The second of two people who stand for a step: somebody else than the first, who works in the room now.

    :raises SamePerson, SecondUnknown: the two are one; the second has no duty here
    """
    if account_id == first:
        raise SamePerson
    second = await accounts.actor(session, account_id)
    if not (heads(second, room, now) or await queries.on_duty(session, account_id, room, now, WORK)):
        raise SecondUnknown
    return second


def heads(actor: Actor, room: RoomSession, now: datetime) -> bool:
    """Whether the actor is head of the room's site, inside the room's window."""
    in_time = covers(room.starts_at, room.ends_at, room.terms, now)
    return in_time and actor.within(Permission.SITE_RUN, site_id=room.site_id)


async def lock_room(session: AsyncSession, room_session_id: UUID, *, alone: bool) -> RoomSession:
    """Read a room session and hold it: `alone` to open or close it, together with others to handle a candidate."""
    query = select(RoomSessionRow).where(RoomSessionRow.id == room_session_id).with_for_update(read=not alone)
    row = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound
    return queries.room_record(row)


async def lock_sittings(session: AsyncSession, ids: Sequence[UUID]) -> list[Sitting]:
    """Read sittings and hold them until the transaction ends, always in the order of their ids (no deadlock)."""
    query = select(SittingRow).where(SittingRow.id.in_(list(ids))).order_by(SittingRow.id).with_for_update()
    rows = (await session.scalars(query.execution_options(populate_existing=True))).all()
    if len(rows) != len(set(ids)):
        raise NotFound
    return [queries.sitting_record(row) for row in rows]


def require_open(room: RoomSession) -> None:
    """Refuse to handle candidates in a room that is not open."""
    if room.status is not RoomStatus.OPEN:
        raise RoomNotOpen(room=room.room_name)
