"""A what-if is adopted as the new draft, where it stands for the records as they are; or deleted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.registration import queries as registration
from scheduling.forks import queries
from scheduling.forks.actions.computing import draft_of
from scheduling.forks.models import ForkRow
from scheduling.forks.rules.records import DraftFiled, Fork
from scheduling.forks.rules.wishes import DraftReplaced, RecordsChanged, RecordsFirst
from scheduling.planning.rules.serial import problem_sha256
from scheduling.timetable import actions as timetable_actions
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules import terms
from scheduling.timetable.rules.lifecycle import PlanStatus


async def adopt(session: AsyncSession, actor: Actor, *, fork_id: UUID, now: datetime) -> timetable.PlanRecord:
    """Make a what-if the new draft; it is checked again before it is stored. What it changed holds for the batch from then on.

    :raises RecordsFirst: it supposes what the records do not say
    :raises DraftReplaced: there is another draft by now
    :raises DraftFiled: the draft was handed in and must be taken back first
    :raises RecordsChanged: the records are not those that it was computed from
    """
    fork = await _managed(session, actor, fork_id)
    if not fork.may_be_adopted:
        raise RecordsFirst
    draft = await draft_of(session, fork.batch_id)
    if draft.id != fork.plan_id:
        raise DraftReplaced(version=fork.plan_version)
    if draft.status is PlanStatus.FILED:
        raise DraftFiled
    material = await timetable_actions.prepare(session, actor, batch_id=fork.batch_id, now=now)
    if problem_sha256(material.drafted.problem) != fork.records_sha256:
        raise RecordsChanged
    problem, plan = await queries.fork_files(session, fork_id)
    worked = timetable.Worked(problem=problem, plan=plan, members=material.drafted.members)
    solution = timetable_actions.taken_over(material, worked)
    decided = terms.written(terms.differing(material.drafted.problem, problem), by=actor.name, at=now)
    made = await timetable_actions.keep(session, actor, material, solution, now=now, decided=decided)
    row = await session.get_one(ForkRow, fork_id)
    row.adopted_version = made.version
    await session.flush()
    await _record(session, actor, "forks.adopt", fork, {"version": made.version}, now)
    return made


async def delete(session: AsyncSession, actor: Actor, *, fork_id: UUID, now: datetime) -> Fork:
    """Forget a what-if."""
    fork = await _managed(session, actor, fork_id)
    await session.delete(await session.get_one(ForkRow, fork_id))
    await session.flush()
    await _record(session, actor, "forks.delete", fork, {}, now)
    return fork


async def _managed(session: AsyncSession, actor: Actor, fork_id: UUID) -> Fork:
    fork = await queries.fork(session, fork_id)
    timetable.require_manage(actor, await registration.batch(session, fork.batch_id))
    return fork


async def _record(
    session: AsyncSession, actor: Actor, action: str, fork: Fork, data: dict[str, object], now: datetime
) -> None:
    await audit.record(
        session,
        actor,
        action,
        subject="fork",
        ids=[fork.id],
        stream=f"batch:{fork.batch_id}",
        data={"wish": fork.wish.written(), **data},
        now=now,
    )
