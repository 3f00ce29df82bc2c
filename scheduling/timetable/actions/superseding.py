"""A published plan is followed by the version that repairs it: the rows of the one before stay as they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.registration import queries as registration
from scheduling.timetable import queries
from scheduling.timetable.actions.ground import lock_plan, record
from scheduling.timetable.actions.solving import Material, Solution
from scheduling.timetable.actions.storing import store
from scheduling.timetable.models import PlannedSessionRow
from scheduling.timetable.rules.lifecycle import PlanNotPublished, PlanStatus, TicketScheme


async def hold(session: AsyncSession, actor: Actor, batch_id: UUID) -> None:
    """Let nobody else store a plan until the transaction ends."""
    queries.require_manage(actor, await registration.batch(session, batch_id))
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('scheduling.plans'))"))


async def supersede(
    session: AsyncSession,
    actor: Actor,
    material: Material,
    solution: Solution,
    *,
    plan_id: UUID,
    tickets: Mapping[UUID, str],
    room_sessions: Mapping[tuple[str, int], UUID],
    reason: str,
    now: datetime,
) -> queries.PlanRecord:
    """Store a repaired plan as the published one. What it changes of the exam day is the caller's to carry out.

    `tickets`: of everybody who has a place; numbers do not change. `room_sessions`: (key, round) of each session -> the
    room session that it is.
    """
    await hold(session, actor, material.batch.id)
    before = await lock_plan(session, plan_id)
    if before.status != PlanStatus.PUBLISHED:
        raise PlanNotPublished
    row = await store(session, actor, material, solution, ticket_scheme=TicketScheme(), now=now, tickets=tickets)
    before.status = PlanStatus.SUPERSEDED
    await session.flush()
    row.status, row.published_at, row.published_by = PlanStatus.PUBLISHED, now, actor.name
    row.gaps_reason, row.repair_reason = before.gaps_reason, reason
    row.filed_at, row.filed_by, row.filed_with, row.filed_on = (
        before.filed_at, before.filed_by, before.filed_with, before.filed_on,
    )  # fmt: skip
    row.locked_at, row.locked_by = before.locked_at, before.locked_by
    await session.flush()
    for one in await queries.sessions(session, row.id):
        await session.execute(
            update(PlannedSessionRow)
            .where(PlannedSessionRow.id == one.id)
            .values(room_session_id=room_sessions[one.key, one.round_no])
        )
    data = {"sha256": row.sha256, "repairs": before.version, "reason": reason}
    await record(session, actor, "timetable.repair", material.batch.id, row, data, now)
    return await queries.plan(session, row.id)
