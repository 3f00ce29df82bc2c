"""A workshop's stations: drawn by lot before the start, out of order and replaced, and an attempt taken again after a fault."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.ids import new_id
from exam.sittings import queries
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.actions.authority import (
    WORK,
    lock_room,
    lock_sittings,
    require_duty,
    require_open,
    second_person,
)
from exam.sittings.actions.changes import room_stream
from exam.sittings.actions.extending import extend
from exam.sittings.actions.minutes import record_step
from exam.sittings.actions.moves import NoSuchSeat, move
from exam.sittings.models import AttemptRow, SittingRow, StationDrawRow, StationStateRow
from exam.sittings.queries.minutes import step_records
from exam.sittings.queries.stations import attempts, draws, outages
from exam.sittings.rules import DONE, RoomSession, Sitting, SittingStatus
from exam.sittings.rules.drawing import (
    Draw,
    DrawnAlready,
    DrawTooLate,
    NobodyToDraw,
    NoSpare,
    NotInterrupted,
    NotPractical,
    draw,
    list_sha256,
)

_LATER = 100_000  # two candidates never hold one station, not even for an instant
_DRAWN = frozenset({SittingStatus.SCHEDULED, SittingStatus.CHECKED_IN})
_BEGUN = frozenset(
    {SittingStatus.STARTED, SittingStatus.INTERRUPTED, SittingStatus.SUBMITTED, SittingStatus.AUTO_SUBMITTED}
)


async def draw_stations(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, seed: str, reason: str = "", now: datetime
) -> Draw:
    """Draw who takes which of the stations planned for this session; times and the other sessions stay as published.

    Everybody who is expected takes part, so that a latecomer finds the station drawn for them.
    """
    room = await lock_room(session, room_session_id, alone=True)
    await require_duty(session, actor, room, now, WORK)
    if not room.form.startswith("practical"):
        raise NotPractical
    require_open(room)
    before = await draws(session, room.id)
    if before and not reason.strip():
        raise DrawnAlready
    everybody = await queries.sittings(session, room_session_id=room.id)
    people = await lock_sittings(session, [one.id for one in everybody])
    if begun := sum(one.status in _BEGUN for one in people):
        raise DrawTooLate(n=begun)
    taking = [one for one in people if one.status in _DRAWN]
    if not taking:
        raise NobodyToDraw
    places = await _places(session, room, people, taking)
    drawn = draw(seed, [one.ticket_no for one in taking], places)
    await _seat(session, taking, drawn)
    tickets = sorted(drawn)
    row = StationDrawRow(
        id=new_id(), room_session_id=room.id, no=len(before) + 1, seed=seed, list_sha256=list_sha256(tickets, places),
        stations=drawn, reason=reason.strip(), by_account_id=actor.account_id, by_name=actor.name, at=now,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, "sittings.draw_stations", subject="room_session", ids=[room.id], stream=room_stream(room.id),
        data={"no": row.no, "list_sha256": row.list_sha256, "reason": row.reason, "people": len(drawn)}, now=now,
    )  # fmt: skip
    if "draw" not in await step_records(session, room.id):
        await record_step(session, actor, room_session_id=room.id, step="draw", now=now)
    return Draw(row.no, seed, row.list_sha256, drawn, row.reason, actor.name, now)


async def _places(session: AsyncSession, room: RoomSession, people: list[Sitting], taking: list[Sitting]) -> list[int]:
    """The stations held by who takes part, those out of order replaced by the lowest free ones."""
    out = {one.seat_no for one in await outages(session, room.id)}
    held = sorted(one.seat_no for one in taking if one.seat_no not in out)
    taken = {one.seat_no for one in people}
    spare = [seat for seat in room.seat_numbers if seat not in taken | out]
    if len(held) + len(spare) < len(taking):
        raise NoSpare
    return sorted([*held, *spare[: len(taking) - len(held)]])


async def _seat(session: AsyncSession, taking: list[Sitting], drawn: dict[str, int]) -> None:
    ids = [one.id for one in taking]
    aside = update(SittingRow).where(SittingRow.id.in_(ids)).values(seat_no=SittingRow.seat_no + _LATER)
    await session.execute(aside)
    await session.execute(update(SittingRow), [{"id": one.id, "seat_no": drawn[one.ticket_no]} for one in taking])


async def station_out(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, seat_no: int, reason: str, now: datetime
) -> Sitting | None:
    """A station is out of order: whoever holds it goes to the lowest free one; returns them at the new place."""
    if not reason.strip():
        raise ReasonMissing
    room = await _station(session, actor, room_session_id, seat_no, now)
    await _state(session, actor, room, seat_no, True, reason, now)
    people = await queries.sittings(session, room_session_id=room.id)
    holder = next((one for one in people if one.seat_no == seat_no and one.status not in DONE), None)
    if holder is None:
        return None
    out = {one.seat_no for one in await outages(session, room.id)}
    free = [seat for seat in room.seat_numbers if seat not in out | {one.seat_no for one in people}]
    if not free:
        raise NoSpare
    return await move(session, actor, sitting_id=holder.id, seat_no=free[0], reason=reason.strip(), now=now)


async def station_back(
    session: AsyncSession, actor: Actor, *, room_session_id: UUID, seat_no: int, reason: str, now: datetime
) -> None:
    """A station works again."""
    if not reason.strip():
        raise ReasonMissing
    room = await _station(session, actor, room_session_id, seat_no, now)
    await _state(session, actor, room, seat_no, False, reason, now)


async def rerun(
    session: AsyncSession, actor: Actor, *, sitting_id: UUID, reason: str, second_account_id: UUID, now: datetime
) -> Sitting:
    """Let a candidate take the attempt again after a fault: as checked in, with the whole time, never with a zero.

    The broken attempt is kept with its reason and the two people who stand for it; the caller has proved the second one's
    password. Refuses where the whole time runs into what comes next.
    """
    if not reason.strip():
        raise ReasonMissing
    before = await queries.sitting(session, sitting_id)
    room = await lock_room(session, before.room_session_id, alone=True)
    await require_duty(session, actor, room, now, WORK)
    require_open(room)
    [sitting] = await lock_sittings(session, [sitting_id])
    if sitting.status is not SittingStatus.INTERRUPTED:
        raise NotInterrupted
    second = (await second_person(session, actor.account_id, room, second_account_id, now)).name
    wanted = now + (sitting.ends_at - sitting.starts_at)
    if (lacking := math.ceil((wanted - sitting.until) / timedelta(minutes=1))) > 0:
        await extend(session, actor, minutes=lacking, sitting_ids=[sitting.id], reason=reason.strip(), now=now)
    session.add(
        AttemptRow(
            id=new_id(), sitting_id=sitting.id, no=len(await attempts(session, sitting.id)) + 1,
            started_at=sitting.started_at, ended_at=now, reason=reason.strip(), by_account_id=actor.account_id,
            by_name=actor.name, second_account_id=second_account_id, second_name=second,
        )
    )  # fmt: skip
    again = {"status": SittingStatus.CHECKED_IN, "started_at": None, "finished_at": None, "reason": reason.strip()}
    await session.execute(update(SittingRow).where(SittingRow.id == sitting.id).values(**again))
    await session.flush()
    await audit.record(
        session, actor, "sittings.rerun", subject="sitting", ids=[sitting.id], stream=room_stream(room.id),
        data={"reason": reason.strip(), "two_persons": True}, now=now,
    )  # fmt: skip
    return await queries.sitting(session, sitting_id)


async def _station(
    session: AsyncSession, actor: Actor, room_session_id: UUID, seat_no: int, now: datetime
) -> RoomSession:
    room = await lock_room(session, room_session_id, alone=False)
    await require_duty(session, actor, room, now)
    if seat_no not in room.seat_numbers:
        first, last = room.seat_numbers[0], room.seat_numbers[-1]
        raise NoSuchSeat(room=room.room_name, seat=seat_no, least=first, most=last)
    return room


async def _state(
    session: AsyncSession, actor: Actor, room: RoomSession, seat_no: int, out: bool, reason: str, now: datetime
) -> None:
    session.add(
        StationStateRow(
            id=new_id(), room_session_id=room.id, seat_no=seat_no, out=out, reason=reason.strip(), by_name=actor.name,
            at=now,
        )
    )  # fmt: skip
    await session.flush()
    await audit.record(
        session, actor, "sittings.station_out" if out else "sittings.station_back", subject="room_session",
        ids=[room.id], stream=room_stream(room.id), data={"seat_no": seat_no, "reason": reason.strip()}, now=now,
    )  # fmt: skip
