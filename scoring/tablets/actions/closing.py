"""Closing a session, and settling what could not be taken."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.clock import CHINA
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession
from scoring.marking.actions import release_room
from scoring.tablets import queries
from scoring.tablets.models import RoomClosingRow, TabletOddityRow
from scoring.tablets.rules.authority import Place
from scoring.tablets.rules.closing import ClosedAlready, SettledAlready, WordsMissing, require_closable


async def require_acting(session: AsyncSession, actor: Actor, room_session_id: UUID) -> tuple[RoomSession, Place]:
    """The session, if the actor is its officer, site head or lead assessor; else Forbidden."""
    room = await sittings.room_session(session, room_session_id)
    place = await queries.place_of(session, actor, room)
    if not place.may_act or actor.account_id is None:
        raise Forbidden
    return room, place


async def close_room(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, seen: str, reason: str, now: datetime
) -> UUID:
    """Close a session whose ledger balances, or sign its gap as an officer. `seen`: digest of the ledger that was shown."""
    room, place = await require_acting(session, actor, room_session_id)
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"closing:{room.id}", 0))))
    done = (await queries.closings(session, [room.id])).get(room.id)
    if done is not None:
        raise ClosedAlready(name=done.closed_name, at=f"{done.closed_at.astimezone(CHINA):%Y-%m-%d %H:%M}")
    found = await queries.account(session, room.id)
    ledger = found.ledger
    require_closable(ledger, found.candidates, seen=seen, reason=reason, officer=place.officer)
    row = RoomClosingRow(
        id=new_id(), room_session_id=room.id, gaps=[one.body for one in ledger.gaps], ledger_sha256=ledger.digest,
        events_expected=ledger.events_expected, events_confirmed=ledger.events_confirmed,
        sheets_expected=ledger.sheets_expected, sheets_signed=ledger.sheets_signed, reason=reason.strip()[:500],
        by_officer=place.officer, closed_by=actor.account_id, closed_name=actor.name, closed_at=now,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await release_room(session, room.id, now)
    await audit.record(
        session, actor, "tablets.close_room", subject="room_closing", ids=[row.id], stream=f"room_session:{room.id}", now=now,
        data={"ledger": ledger.digest, "gaps": len(ledger.gaps), "reason": row.reason},
    )  # fmt: skip
    return row.id


async def settle_oddity(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, oddity_id: UUID, words: str, now: datetime
) -> None:
    """Say what became of an event that could not be taken. It stays as it is, whole."""
    room, _ = await require_acting(session, actor, room_session_id)
    if not words.strip():
        raise WordsMissing
    own = await queries.oddities(session, room.id, await queries.room_tablets(session, room.id))
    if oddity_id not in {one.id for one in own}:
        raise NotFound
    row = await session.get(TabletOddityRow, oddity_id, with_for_update=True, populate_existing=True)
    assert row is not None
    if row.settled_at is not None:
        raise SettledAlready(name=row.settled_by)
    row.settled_at, row.settled_by, row.settlement = now, actor.name, words.strip()[:500]
    await session.flush()
    await audit.record(
        session, actor, "tablets.settle_oddity", subject="tablet", ids=[row.tablet_id], stream=f"room_session:{room.id}",
        now=now, data={"oddity": str(row.id), "number": row.number, "sha256": row.hash, "words": row.settlement},
    )  # fmt: skip
