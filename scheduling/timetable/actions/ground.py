"""What proposing and publishing share: the locked draft, rooms by id, the audit record of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from scheduling.sites.rules import Room, Site
from scheduling.timetable.models import (
    PlanRow,
)
from scheduling.timetable.rules.lifecycle import (
    PlanNotDraft,
    PlanStatus,
    PlanUnknown,
)


async def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    batch_id: UUID,
    row: PlanRow,
    data: Mapping[str, object],
    now: datetime,
) -> None:
    await audit.record(
        session,
        actor,
        action,
        subject="plan",
        ids=[row.id],
        stream=f"batch:{batch_id}",
        data={"version": row.version, "seed": row.seed, **data},
        now=now,
    )


def rooms_by_id(places: Mapping[UUID, Site]) -> dict[UUID, Room]:
    return {room.id: room for place in places.values() for room in place.rooms}


async def lock_draft(session: AsyncSession, plan_id: UUID, *, filed: bool = False) -> PlanRow:
    """A draft, held until the transaction ends; `filed`: one that was filed, too."""
    row = await lock_plan(session, plan_id)
    if row.status != PlanStatus.DRAFT and not (filed and row.status == PlanStatus.FILED):
        raise PlanNotDraft
    return row


async def lock_plan(session: AsyncSession, plan_id: UUID) -> PlanRow:
    """A plan in whatever state, held until the transaction ends."""
    query = select(PlanRow).where(PlanRow.id == plan_id).with_for_update()
    row = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise PlanUnknown
    return row
