"""What the ledgers want from somebody: sessions to close, files and keyed-in sheets to look at as the second person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession
from scoring.marking import queries as marking
from scoring.tablets.models import KeyedSheetRow, RoomClosingRow
from scoring.tablets.queries.paper import imports
from scoring.tablets.queries.rooms import rooms_with_tablets
from scoring.tablets.rules.authority import Place, place_in
from scoring.tablets.rules.exports import ImportStatus

_LOOK_BACK = timedelta(days=30)


async def place_of(session: AsyncSession, actor: Actor, room: RoomSession) -> Place:
    """What the actor is to a session."""
    batch = await registration.batch(session, room.batch_id)
    duties = await marking.assessing(session, room.id)
    return place_in(actor, site_id=room.site_id, organisation_ids=batch.organisation_ids, duties=duties)


async def ledger_needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """What the ledgers want from the site head, the lead assessor, the officer."""
    acting = (Permission.SITE_RUN, Permission.BATCH_MANAGE, Permission.SHEET_SCORE)
    if actor.account_id is None or not any(actor.may(one) for one in acting):
        return []
    own = await _own(session, actor, now)
    found: list[Need] = []
    ids = [one.id for one in own]
    closed = set(
        await session.scalars(select(RoomClosingRow.room_session_id).where(RoomClosingRow.room_session_id.in_(ids)))
    )
    open_rooms = [one for one in own if one.id not in closed and one.ends_at <= now]
    if open_rooms:
        text = N_("%(n)s 个用平板评分的场次待对平关闭")
        href = f"/scoring/tablets/rooms/{open_rooms[0].id}" if len(open_rooms) == 1 else "/scoring/tablets/rooms"
        found.append(Need(text=text, href=href, count=len(open_rooms), tone="warning"))
    keyed = await _keyed(session, actor.account_id, ids)
    if keyed:
        text = N_("%(n)s 份按纸质补录的评分表待您核对")
        found.append(Need(text=text, href=f"/scoring/tablets/keyed/{keyed[0]}", count=len(keyed)))
    files = [
        one
        for one in await imports(session, waiting=True)
        if one.uploaded_by != actor.account_id
        and one.status is ImportStatus.WAITING
        and (actor.within(Permission.SITE_RUN, site_id=one.site_id) or any(room.site_id == one.site_id for room in own))
    ]
    if files and (actor.may(Permission.SITE_RUN) or actor.may(Permission.BATCH_MANAGE)):
        text = N_("%(n)s 份已停用平板的文件待第二人核对")
        found.append(Need(text=text, href=f"/scoring/tablets/imports/{files[0].id}", count=len(files)))
    return found


async def _own(session: AsyncSession, actor: Actor, now: datetime) -> list[RoomSession]:
    """The sessions with tablets that the actor runs, leads, or is the officer of."""
    led: set[UUID] = set()
    if actor.may(Permission.SHEET_SCORE):
        led = {one.id for one in await sittings.room_sessions(session, account_id=actor.account_id)}
    rooms = await rooms_with_tablets(session, since=now - _LOOK_BACK)
    near = [
        one
        for one in rooms
        if one.id in led or actor.within(Permission.SITE_RUN, site_id=one.site_id) or actor.may(Permission.BATCH_MANAGE)
    ]
    return [one for one in near if (await place_of(session, actor, one)).may_act]


async def _keyed(session: AsyncSession, account_id: UUID, room_ids: Sequence[UUID]) -> list[UUID]:
    """Keyed-in sheets of these sessions that wait for somebody who neither keyed them in nor signed them."""
    query = (
        select(KeyedSheetRow.id)
        .where(
            KeyedSheetRow.room_session_id.in_(list(room_ids)),
            KeyedSheetRow.checked_at.is_(None),
            KeyedSheetRow.withdrawn_at.is_(None),
            KeyedSheetRow.keyed_by != account_id,
            KeyedSheetRow.assessor_id != account_id,
        )
        .order_by(KeyedSheetRow.keyed_at, KeyedSheetRow.id)
    )
    return list(await session.scalars(query))
