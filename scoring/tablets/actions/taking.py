"""The one door for events: they are taken once and for ever.

:func:`take` may be called with the same events in any order, how often and in how many messages one likes. What it answers is
true only once its transaction is committed, so the edge answers after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel import jobs
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession
from scoring.marking.actions import hold_rooms
from scoring.marking.queries import ASSESSING
from scoring.tablets import queries
from scoring.tablets.actions.found import require_active, tablet_row
from scoring.tablets.actions.keys import verify
from scoring.tablets.models import TabletEventRow, TabletOddityRow, TabletPassRow, TabletRow
from scoring.tablets.rules.devices import Message, Oddness, Receipt, confirmed_up_to, read_event
from scoring.tablets.rules.events import Event, Kind, gaps

PROJECT_JOB: Final = "tablets.project"
_ENTERED: Final = frozenset({Kind.SIGNED, Kind.STOPPED, Kind.CORRECTED})
"""What is said in them becomes something outside of the events: `actions.projecting`."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of events: how many are new, how many were there already."""

    receipt: Receipt
    fresh: int  # those kept aside among them
    known: int


async def take(session: AsyncSession, message: Message, signature: bytes, *, now: datetime) -> Receipt:
    """Take what a tablet sends. Every event is stored once under its number; what cannot be taken is kept aside.

    :raises TabletUnknown, TabletRevoked, SignatureWrong, NotAnEvent: nothing of the message was taken
    """
    tablet = await tablet_row(session, message.tablet_id, lock=True)  # one message of a tablet at a time
    require_active(tablet)
    verify(tablet.public_key, message.body, signature, label=tablet.label)
    taken = await take_events(session, tablet, message.events, message.last, now=now)
    tablet.seen_at = now
    await session.flush()
    return taken.receipt


async def take_events(
    session: AsyncSession, tablet: TabletRow, sent: Sequence[Mapping[str, Any]], last: int, *, now: datetime
) -> Taken:
    """Take events of a locked tablet, for whoever has made sure that they are its own: every event is stored once.

    :raises NotAnEvent: nothing was taken
    """
    events = {one.hash: one for one in (read_event(one, tablet.id) for one in sent)}
    stored = await queries.stored_hashes(session, tablet.id, [one.number for one in events.values()])
    fresh = sorted((one for one in events.values() if one.hash not in stored), key=lambda one: (one.number, one.hash))
    rooms = await _rooms(session, fresh)
    allowed = await _allowed(session, tablet.id, fresh, rooms)
    good: list[Event] = []
    odd: list[tuple[Event, Oddness]] = []
    for one in fresh:
        why = allowed(one)
        (odd.append((one, why)) if why else good.append(one))
    await _store(session, good, rooms, now)
    await _set_aside(session, tablet.id, odd, now)
    await hold_rooms(session, {rooms[one.sheet.sitting_id].id for one in good}, now)
    await _promise(session, {rooms[one.sheet.sitting_id].id for one in good if one.kind in _ENTERED})
    tablet.last_number = max(tablet.last_number, last, *(one.number for one in events.values()), 0)
    await session.flush()
    numbers = await queries.numbers(session, tablet.id)
    confirmed = confirmed_up_to(numbers)
    receipt = Receipt(
        confirmed=confirmed,
        missing=tuple(run for run in gaps(numbers, tablet.last_number) if run[1] > confirmed),
        refused=tuple((one.number, why) for one, why in odd),
    )
    return Taken(receipt=receipt, fresh=len(fresh), known=len(events) - len(fresh))


async def _promise(session: AsyncSession, room_ids: Iterable[UUID]) -> None:
    """What is signed is entered in the background: a tablet's receipt waits for no sheet."""
    found = [({"room_session_id": str(one)}, None) for one in sorted(room_ids, key=str)]
    await jobs.enqueue_many(session, PROJECT_JOB, found)


async def _rooms(session: AsyncSession, events: Iterable[Event]) -> dict[UUID, RoomSession]:
    """Sitting -> its room session, of the sittings that there are."""
    wanted = {one.sheet.sitting_id for one in events}
    own = await sittings.sittings(session, ids=sorted(wanted, key=str)) if wanted else []
    rooms = {one.id: one for one in await sittings.room_sessions(session, ids={one.room_session_id for one in own})}
    return {one.id: rooms[one.room_session_id] for one in own}


async def _allowed(
    session: AsyncSession, tablet_id: UUID, events: Iterable[Event], rooms: Mapping[UUID, RoomSession]
) -> Callable[[Event], Oddness | None]:
    """What speaks against an event: the sitting, the pass, the duty. A duty counts whenever it lies: the line may come back days
    later, and the tablet's clock proves nothing."""
    query = select(TabletPassRow.account_id).where(TabletPassRow.tablet_id == tablet_id)
    passes = frozenset(await session.scalars(query))
    assessing: dict[UUID, frozenset[UUID]] = {}
    for room_id in {room.id for room in rooms.values()}:
        held = await sittings.duties(session, room_session_id=room_id)
        assessing[room_id] = frozenset(one.account_id for one in held if one.duty in ASSESSING)

    def why_not(event: Event) -> Oddness | None:
        room = rooms.get(event.sheet.sitting_id)
        if room is None:
            return Oddness.UNKNOWN_SITTING
        if event.sheet.assessor_id not in passes:
            return Oddness.NO_PASS
        return None if event.sheet.assessor_id in assessing[room.id] else Oddness.NOT_THEIR_SHEET

    return why_not


async def _store(
    session: AsyncSession, events: Sequence[Event], rooms: Mapping[UUID, RoomSession], now: datetime
) -> None:
    if not events:
        return
    rows = [
        {
            "tablet_id": one.device_id, "number": one.number, "hash": one.hash, "id": one.id, "previous": one.previous,
            "counter": one.counter, "kind": one.kind.value, "sitting_id": one.sheet.sitting_id,
            "assessor_id": one.sheet.assessor_id, "version": one.sheet.version,
            "room_session_id": rooms[one.sheet.sitting_id].id, "said_at": one.said_at, "received_at": now, "data": dict(one.data),
        }
        for one in events
    ]  # fmt: skip
    await session.execute(insert(TabletEventRow).on_conflict_do_nothing(), rows)


async def _set_aside(
    session: AsyncSession, tablet_id: UUID, odd: Sequence[tuple[Event, Oddness]], now: datetime
) -> None:
    for one, why in odd:
        kept = insert(TabletOddityRow).values(
            id=new_id(), tablet_id=tablet_id, number=one.number, hash=one.hash, why=why.value, body=one.body,
            received_at=now, settled_at=None, settled_by="", settlement="",
        )  # fmt: skip
        await session.execute(kept.on_conflict_do_nothing())
