"""Reads of the minute plan: what was recorded about a room's steps, and who may stand beside the one who records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import Role, Scope
from exam.sittings.models import RoomStepRow
from exam.sittings.queries.places import duties
from exam.sittings.rules import RoomSession
from exam.sittings.rules.minutes import StepRecord, StepState


@dataclass(frozen=True)
class Colleague:
    """Somebody who can be the second person in a room."""

    account_id: UUID
    name: str
    duty: str


async def step_records(session: AsyncSession, room_session_id: UUID) -> dict[str, StepRecord]:
    """What holds about each recorded step of a room: the highest number of each."""
    return (await steps_of(session, [room_session_id])).get(room_session_id, {})


async def steps_of(session: AsyncSession, room_session_ids: Iterable[UUID]) -> dict[UUID, dict[str, StepRecord]]:
    """The same for many rooms in one statement."""
    query = (
        select(RoomStepRow)
        .where(RoomStepRow.room_session_id.in_(list(room_session_ids)))
        .order_by(RoomStepRow.room_session_id, RoomStepRow.step, RoomStepRow.no)
    )
    found: dict[UUID, dict[str, StepRecord]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.room_session_id, {})[row.step] = step_record(row)
    return found


async def step_history(session: AsyncSession, room_session_id: UUID) -> list[StepRecord]:
    """Everything that was ever recorded about a room's steps, in the order it was entered."""
    query = select(RoomStepRow).where(RoomStepRow.room_session_id == room_session_id)
    rows = await session.scalars(query.order_by(RoomStepRow.recorded_at, RoomStepRow.step, RoomStepRow.no))
    return [step_record(row) for row in rows]


async def colleagues(session: AsyncSession, room: RoomSession) -> list[Colleague]:
    """Who has a duty in the room, and the heads of its site; each once."""
    found: dict[UUID, Colleague] = {}
    for duty in await duties(session, room_session_id=room.id):
        found.setdefault(duty.account_id, Colleague(duty.account_id, duty.name, str(duty.duty)))
    for head in await accounts.accounts_of_role(session, Role.SITE_HEAD, Scope("site", str(room.site_id))):
        found.setdefault(head.id, Colleague(head.id, head.name, "site_head"))
    return sorted(found.values(), key=lambda one: (one.duty, one.name))


def step_record(row: RoomStepRow) -> StepRecord:
    """The frozen record of a row."""
    counts: Mapping[str, int] = {str(name): int(value) for name, value in row.counts.items()}
    return StepRecord(
        step=row.step,
        no=row.no,
        state=StepState(row.state),
        at=row.at,
        recorded_at=row.recorded_at,
        by_account_id=row.by_account_id,
        by_name=row.by_name,
        second_name=row.second_name,
        counts=counts,
        reason=row.reason,
        source=row.source,
        keyed_name=row.keyed_name,
    )
