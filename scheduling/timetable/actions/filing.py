"""A draft is filed with the province or the awarding organisation, or taken back; a published plan is locked."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.clock import china_date
from exam.registration import queries as registration
from scheduling.timetable import queries
from scheduling.timetable.actions.ground import lock_plan, record
from scheduling.timetable.models import PlanRow
from scheduling.timetable.rules.lifecycle import FilingIncomplete, PlanNotFiled, PlanNotPublished, PlanStatus


async def file(
    session: AsyncSession, actor: Actor, *, plan_id: UUID, filed_with: str, filed_on: date | None, now: datetime
) -> None:
    """Note that a draft was handed in: to whom and when. From then on it is published as it is, or taken back."""
    row = await _managed(session, actor, plan_id)
    if row.status != PlanStatus.DRAFT:
        raise PlanNotFiled
    if not filed_with.strip() or filed_on is None or filed_on > china_date(now):
        raise FilingIncomplete
    row.status = PlanStatus.FILED
    row.filed_at, row.filed_by, row.filed_with, row.filed_on = now, actor.name, filed_with.strip(), filed_on
    await session.flush()
    data = {"filed_with": row.filed_with, "filed_on": filed_on.isoformat(), "sha256": row.sha256}
    await record(session, actor, "timetable.file", row.batch_id, row, data, now)


async def take_back(session: AsyncSession, actor: Actor, *, plan_id: UUID, now: datetime) -> None:
    """A filed plan is a draft again."""
    row = await _managed(session, actor, plan_id)
    if row.status != PlanStatus.FILED:
        raise PlanNotFiled
    row.status, row.filed_at, row.filed_by, row.filed_with, row.filed_on = PlanStatus.DRAFT, None, "", "", None
    await session.flush()
    await record(session, actor, "timetable.take_back", row.batch_id, row, {"sha256": row.sha256}, now)


async def lock(session: AsyncSession, actor: Actor, *, plan_id: UUID, now: datetime) -> None:
    """Lock a published plan before its time. Locking a locked one changes nothing."""
    row = await _managed(session, actor, plan_id)
    if row.status != PlanStatus.PUBLISHED:
        raise PlanNotPublished
    if row.locked_at is not None:
        return
    row.locked_at, row.locked_by = now, actor.name
    await session.flush()
    await record(session, actor, "timetable.lock", row.batch_id, row, {"sha256": row.sha256}, now)


async def _managed(session: AsyncSession, actor: Actor, plan_id: UUID) -> PlanRow:
    row = await lock_plan(session, plan_id)
    queries.require_manage(actor, await registration.batch(session, row.batch_id))
    return row
