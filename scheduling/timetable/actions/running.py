"""Runs: a proposal or a print is asked for, taken up by a worker, reported on, ended, stopped, forgotten.

Who presses a second time finds the run that is under way (a partial unique index decides between two at once). A run
that another worker has taken over, or that was stopped, refuses its end: what was made is rolled back with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, Refusal
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue
from exam.registration import queries as registration
from scheduling.timetable import queries
from scheduling.timetable.actions.proposing import require_open
from scheduling.timetable.models import ACTIVE_RUN, RunRow
from scheduling.timetable.rules.prints import PrintOrder
from scheduling.timetable.rules.runs import (
    ACTIVE,
    KEPT,
    MOST_PROBLEMS,
    REMEMBERED,
    Failure,
    GivenUp,
    Run,
    RunEnded,
    RunKind,
    RunStatus,
    Stage,
)

PROPOSE_JOB: Final = "timetable.propose"
PRINT_JOB: Final = "timetable.print"
PURGE_JOB: Final = "timetable.purge_runs"
FORK_JOB: Final = "forks.solve"
REPAIR_JOB: Final = "repairs.solve"
_JOBS = {
    RunKind.PROPOSAL: PROPOSE_JOB,
    RunKind.PRINT: PRINT_JOB,
    RunKind.FORK: FORK_JOB,
    RunKind.REPAIR: REPAIR_JOB,
}


async def ask_proposal(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, seed: int, now: datetime
) -> tuple[UUID, bool]:
    """Ask for a draft: the run and whether it is new; one of a batch at a time, whoever asks."""
    batch = await registration.batch(session, batch_id)
    queries.require_manage(actor, batch)
    await require_open(session, batch_id)
    await queries.require_sound_pins(session, batch, china_date(now))
    asked = {"seed": seed}
    return await ask_run(session, actor, RunKind.PROPOSAL, f"proposal:{batch_id}", batch_id, asked, now)


async def ask_print(session: AsyncSession, actor: Actor, *, order: PrintOrder, now: datetime) -> tuple[UUID, bool]:
    """Ask for a print: the run and whether it is new; the same order of the same person once at a time."""
    await queries.require_print(session, actor, order)
    key = f"print:{actor.account_id}:{order.key}"
    asked = {name: str(value) for name, value in asdict(order).items() if value is not None}
    run_id, new = await ask_run(session, actor, RunKind.PRINT, key, order.batch_id, asked, now)
    if new:
        await audit.record(
            session,
            actor,
            "timetable.print",
            subject="run",
            ids=[run_id],
            stream=f"batch:{order.batch_id}",
            data={"what": str(order.what), "institution": asked.get("institution_id"), "site": asked.get("site_id")},
            now=now,
        )
    return run_id, new


async def ask_run(
    session: AsyncSession,
    actor: Actor,
    kind: RunKind,
    key: str,
    batch_id: UUID,
    asked: Mapping[str, Any],
    now: datetime,
) -> tuple[UUID, bool]:
    """Put work in the queue: its run and whether it is new; what has the same `key` runs once at a time.

    Whether the actor may is the caller's to ask first. `asked["page"]`: where the run leads back to;
    `result["href"]` at its end: where it leads on to.
    """
    if actor.account_id is None:
        raise Forbidden
    await _give_up_abandoned(session, key, now)
    values = {
        "id": new_id(),
        "kind": kind,
        "key": key,
        "batch_id": batch_id,
        "account_id": actor.account_id,
        "asked_by": actor.name,
        "asked": dict(asked),
        "status": RunStatus.WAITING,
        "attempt": 0,
        "stage": "",
        "done": 0,
        "total": 0,
        "best": {},
        "finishing": False,
        "failure": None,
        "result": {},
        "asked_at": now,
        "begun_at": None,
        "ended_at": None,
        "expires_at": now + KEPT,
    }
    statement = insert(RunRow).values(values)
    statement = statement.on_conflict_do_nothing(index_elements=["key"], index_where=ACTIVE_RUN)
    made = await session.scalar(statement.returning(RunRow.id))
    if made is None:  # the other press was first; its run is committed, for the insert has waited for it
        found = await session.scalar(select(RunRow.id).where(RunRow.key == key, RunRow.status.in_(ACTIVE)))
        if found is None:  # and it has ended since: ask again
            return await ask_run(session, actor, kind, key, batch_id, asked, now)
        return found, False
    await enqueue(session, _JOBS[kind], {"run_id": str(made)}, dedupe=queries.run_key(made))
    return made, True


async def _give_up_abandoned(session: AsyncSession, key: str, now: datetime) -> None:
    """A run whose job the queue has parked will never end by itself: it must not stand in the way."""
    found = await session.scalar(select(RunRow.id).where(RunRow.key == key, RunRow.status.in_(ACTIVE)))
    if found is not None and await queries.is_abandoned(session, found):
        await _end(session, found, None, RunStatus.FAILED, now, failure=asdict(failure_of(GivenUp())))


async def begin(session: AsyncSession, run_id: UUID, *, now: datetime) -> Run | None:
    """A worker takes the run up, for the first time or after another one's death; None when it has ended."""
    begun = await session.scalar(
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.status.in_(ACTIVE))
        .values(status=RunStatus.RUNNING, attempt=RunRow.attempt + 1, begun_at=now, stage="", done=0, total=0, best={})
        .returning(RunRow.id)
    )
    return await queries.run(session, begun) if begun else None


async def report(
    session: AsyncSession, run: Run, *, stage: Stage, done: int, total: int, best: Mapping[str, float] | None = None
) -> bool | None:
    """Write how far the run is; whether it shall end with the best so far; None when it is no longer this worker's."""
    finishing: bool | None = await session.scalar(
        update(RunRow)
        .where(RunRow.id == run.id, RunRow.status == RunStatus.RUNNING, RunRow.attempt == run.attempt)
        .values(stage=stage, done=min(done, total), total=total, best=dict(best or {}))
        .returning(RunRow.finishing)
    )
    return finishing


async def complete(session: AsyncSession, run: Run, *, result: Mapping[str, Any], now: datetime) -> None:
    """End the run in the transaction of what it made, so that both stand or neither; refuses when it was stopped."""
    await _end(session, run.id, run.attempt, RunStatus.DONE, now, result=dict(result), expires_at=now + KEPT)


async def fail(session: AsyncSession, run: Run, *, refusal: Refusal, now: datetime) -> None:
    """End the run with the refusal of a rule, in words."""
    await _end(session, run.id, run.attempt, RunStatus.FAILED, now, failure=asdict(failure_of(refusal)))


async def stop(session: AsyncSession, actor: Actor, *, run_id: UUID, now: datetime) -> Run:
    """Whoever may see the run stops it; the worker notices at its next report and leaves nothing behind."""
    await queries.visible_run(session, actor, run_id)
    await _end(session, run_id, None, RunStatus.STOPPED, now)
    return await queries.run(session, run_id)


async def finish(session: AsyncSession, actor: Actor, *, run_id: UUID) -> Run:
    """Whoever may see the run ends it with the best plan so far; the worker hears it at its next report."""
    await queries.visible_run(session, actor, run_id)
    wanted = update(RunRow).where(RunRow.id == run_id, RunRow.status.in_(ACTIVE))
    if not await session.scalar(wanted.values(finishing=True).returning(RunRow.id)):
        raise RunEnded
    return await queries.run(session, run_id)


async def _end(
    session: AsyncSession, run_id: UUID, attempt: int | None, status: RunStatus, now: datetime, **values: Any
) -> None:
    wanted = update(RunRow).where(RunRow.id == run_id, RunRow.status.in_(ACTIVE))
    if attempt is not None:
        wanted = wanted.where(RunRow.attempt == attempt)
    if not await session.scalar(wanted.values(status=status, ended_at=now, **values).returning(RunRow.id)):
        raise RunEnded


def failure_of(refusal: Refusal) -> Failure:
    """What a page needs to say a refusal again, with the rows and fields that it names."""
    return Failure(
        message=refusal.message,
        way_out=refusal.way_out,
        facts=_stored(refusal.facts),
        problems=tuple(replace(one, facts=_stored(one.facts)) for one in refusal.problems[:MOST_PROBLEMS]),
        more=max(0, len(refusal.problems) - MOST_PROBLEMS),
    )


def _stored(facts: Mapping[str, object]) -> dict[str, object]:
    """Facts as JSON keeps them: texts and numbers stay what they are, so that a page counts and translates them alike."""
    return {
        name: value if isinstance(value, int | float) or type(value) is str else str(value)
        for name, value in facts.items()
    }


async def purge(session: AsyncSession, *, now: datetime) -> list[str]:
    """Forget the files of prints whose time is over, and old runs altogether; returns the hashes to remove.

    A sealed file is one run's own: no other run or record can have the same bytes.
    """
    rows = await session.scalars(
        select(RunRow).where(RunRow.kind == RunKind.PRINT, RunRow.expires_at <= now, RunRow.result != {})
    )
    hashes = []
    for row in rows:
        hashes.append(str(row.result["sha256"]))
        row.result = {}
    await session.flush()
    await session.execute(
        delete(RunRow).where(RunRow.asked_at < now - REMEMBERED, RunRow.status.not_in(ACTIVE), RunRow.result == {})
    )
    await session.execute(
        delete(RunRow).where(
            RunRow.asked_at < now - REMEMBERED, RunRow.status.not_in(ACTIVE), RunRow.kind != RunKind.PRINT
        )
    )
    return hashes
