"""The one way a sitting's state is written: locked, ruled, updated and audited, for one candidate or a thousand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.sittings.actions.authority import ROOM, lock_room, lock_sittings, require_duty, require_open
from exam.sittings.models import SittingRow
from exam.sittings.rules import Duty, RoomSession, Sitting, SittingStatus, require_change

Decide = Callable[[Sitting, RoomSession], Mapping[str, Any] | None]
"""The rule of one change: the new values, or None where nothing has to change."""


def room_stream(room_session_id: UUID) -> str:
    """The audit stream of a room session: rooms do not wait for each other."""
    return f"room_session:{room_session_id}"


async def change(
    session: AsyncSession,
    actor: Actor,
    action: str,
    ids: Sequence[UUID],
    decide: Decide,
    *,
    now: datetime,
    kinds: Sequence[Duty] = ROOM,
    own: bool = False,
    data: Mapping[str, Any] | None = None,
) -> list[Sitting]:
    """Apply one rule to sittings, in the order of `ids`; one audit record per room. `own`: candidates for themselves."""
    if not ids:
        return []
    rooms = await _rooms(session, ids)
    locked = await lock_sittings(session, ids)
    by_room: dict[UUID, list[Sitting]] = defaultdict(list)
    for sitting in locked:
        by_room[sitting.room_session_id].append(sitting)
    after: dict[UUID, Sitting] = {sitting.id: sitting for sitting in locked}
    for room_id, people in by_room.items():
        room = rooms.get(room_id) or await lock_room(session, room_id, alone=False)
        if not (own and _are_own(actor, people)):
            await require_duty(session, actor, room, now, kinds)
        require_open(room)
        changed = await _write(session, room, people, decide)
        after.update(changed)
        if changed:
            await audit.record(
                session, actor, f"sittings.{action}", subject="sitting", ids=list(changed),
                stream=room_stream(room_id), data=data or {}, now=now,
            )  # fmt: skip
    return [after[sitting_id] for sitting_id in ids]


async def _rooms(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, RoomSession]:
    """Hold the rooms before their sittings: opening and closing take the same order."""
    query = select(SittingRow.room_session_id).where(SittingRow.id.in_(list(ids))).distinct()
    found = sorted((await session.scalars(query)).all())
    return {room_id: await lock_room(session, room_id, alone=False) for room_id in found}


def _are_own(actor: Actor, people: Sequence[Sitting]) -> bool:
    return all(actor.within(Permission.EXAM_SIT, registration_id=person.registration_id) for person in people)


async def _write(
    session: AsyncSession, room: RoomSession, people: Sequence[Sitting], decide: Decide
) -> dict[UUID, Sitting]:
    """Decide everything before anything is written, so that a refusal leaves no half."""
    decided = [(person, dict(values)) for person in people if (values := decide(person, room)) is not None]
    for person, values in decided:
        if "status" in values and values["status"] is not person.status:
            require_change(person.status, values["status"])
    if not decided:
        return {}
    await session.execute(update(SittingRow), [{"id": person.id, **values} for person, values in _even(decided)])
    return {person.id: replace(person, **values) for person, values in decided}


def _even(decided: Sequence[tuple[Sitting, dict[str, Any]]]) -> list[tuple[Sitting, dict[str, Any]]]:
    """Rows of one bulk update need equal keys."""
    names = {name for _, values in decided for name in values}
    return [(person, {name: values.get(name, getattr(person, name)) for name in names}) for person, values in decided]


def to(status: SittingStatus, **values: Any) -> dict[str, Any]:
    """New values with their status."""
    return {"status": status, **values}
