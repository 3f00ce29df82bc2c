"""A proposal is made: the planner's plan, checked by rules that use no solver, stored with seats, tickets and duties.

A proposal never changes what is published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.clock import china_date
from exam.registration import queries as registration
from scheduling.norms.rules import NormSet
from scheduling.timetable import queries
from scheduling.timetable.actions.ground import lock_draft, record
from scheduling.timetable.actions.solving import Material, Solution, gather, work_out
from scheduling.timetable.actions.storing import store
from scheduling.timetable.models import PlanRow
from scheduling.timetable.rules.lifecycle import (
    AlreadyPublished,
    NothingToPlace,
    PlanBroken,
    PlanFiled,
    PlanStatus,
    TicketScheme,
)
from scheduling.timetable.rules.runs import Progress, silent
from scheduling.timetable.rules.terms import NoTerms


async def propose(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    seed: int,
    now: datetime,
    norms: NormSet | None = None,
    ticket_scheme: TicketScheme | None = None,
    progress: Progress = silent,
) -> queries.PlanRecord:
    """Make a draft for a batch, from reading the records to storing it, in one transaction."""
    material = await prepare(session, actor, batch_id=batch_id, now=now, norms=norms)
    solution = await asyncio.to_thread(work_out, material, seed=seed, progress=progress)
    return await keep(session, actor, material, solution, now=now, ticket_scheme=ticket_scheme)


async def prepare(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    now: datetime | None = None,
    norms: NormSet | None = None,
) -> Material:
    """Read what a draft is made from; refuse where none can be made now."""
    queries.require_manage(actor, await registration.batch(session, batch_id))
    await require_open(session, batch_id)
    return await consider(session, actor, batch_id=batch_id, now=now, norms=norms)


async def consider(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    now: datetime | None = None,
    norms: NormSet | None = None,
) -> Material:
    """Read what a plan is made from, with the pins in force (without `now` none has expired), whatever has become of the draft."""
    batch = await registration.batch(session, batch_id)
    queries.require_manage(actor, batch)
    material = await gather(session, batch, norms)
    if not material.drafted.problem.groups:
        raise NothingToPlace
    today = china_date(now) if now else None
    return replace(material, drafted=await queries.with_pins(session, batch, material.drafted, today))


async def keep(
    session: AsyncSession,
    actor: Actor,
    material: Material,
    solution: Solution,
    *,
    now: datetime,
    ticket_scheme: TicketScheme | None = None,
    decided: Mapping[str, Any] | None = None,
) -> queries.PlanRecord:
    """Store what was worked out as the draft of its batch. A plan that breaks a hard constraint is not stored.

    `decided`: what holds for this batch from now on in place of the norms.

    A certificate without a site in a prefecture (H1) does not break a plan: the coverage page says it, and its people are
    placed elsewhere or listed.
    """
    broken = [one for one in solution.report.violations if one.h != "H1"]
    if broken:
        codes = "、".join(sorted({one.h for one in broken}))
        raise PlanBroken(count=len(broken), codes=codes, seed=solution.worked.plan.seed)
    await _lock(session)
    await require_open(session, material.batch.id)
    scheme = ticket_scheme or TicketScheme()
    row = await store(session, actor, material, solution, ticket_scheme=scheme, now=now, decided=decided)
    data = {"sha256": row.sha256, **row.figures}
    await record(session, actor, "timetable.propose", material.batch.id, row, data, now)
    return await queries.plan(session, row.id)


async def drop_terms(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime) -> None:
    """Give up what was decided for a batch in place of the norms: the next arrangement goes by the norms again.

    :raises NoTerms: nothing was decided so
    """
    queries.require_manage(actor, await registration.batch(session, batch_id))
    await require_open(session, batch_id)
    newest = select(PlanRow).where(PlanRow.batch_id == batch_id).order_by(PlanRow.version.desc()).limit(1)
    row = await session.scalar(newest.with_for_update())
    given_up = row.settings.get("terms") if row else None
    if row is None or not given_up:
        raise NoTerms
    row.settings = {**row.settings, "terms": {}}
    await session.flush()
    await record(session, actor, "timetable.drop_terms", batch_id, row, {"terms": given_up}, now)


async def discard(session: AsyncSession, actor: Actor, *, plan_id: UUID, now: datetime) -> None:
    """Set a draft aside."""
    row = await lock_draft(session, plan_id)
    queries.require_manage(actor, await registration.batch(session, row.batch_id))
    row.status = PlanStatus.SUPERSEDED
    await session.flush()
    await record(session, actor, "timetable.discard", row.batch_id, row, {}, now)


async def require_open(session: AsyncSession, batch_id: UUID) -> None:
    """Refuse another draft for a batch that is published, or whose draft was filed."""
    found = await queries.latest(session, batch_id)
    if found is not None and found.status is PlanStatus.PUBLISHED:
        raise AlreadyPublished
    if found is not None and found.status is PlanStatus.FILED:
        raise PlanFiled


async def _lock(session: AsyncSession) -> None:
    """One draft is stored at a time: versions and ticket prefixes are counted."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('scheduling.plans'))"))
