"""Runs as pages and workers read them: one with its state in the queue, the one under way, a person's own prints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import Forbidden, Problem
from exam.kernel.jobs import promised
from exam.registration import queries as registration
from scheduling.timetable.models import RunRow
from scheduling.timetable.queries.orders import require_print
from scheduling.timetable.queries.scope import require_manage
from scheduling.timetable.rules.prints import Print, PrintOrder
from scheduling.timetable.rules.runs import ACTIVE, Failure, Run, RunKind, RunStatus, RunUnknown, Stage


def run_key(run_id: UUID) -> str:
    """The dedupe key of a run's job."""
    return f"timetable.run:{run_id}"


async def run(session: AsyncSession, run_id: UUID) -> Run:
    """One run."""
    row = await session.get(RunRow, run_id, populate_existing=True)
    if row is None:
        raise RunUnknown
    return _record(row)


async def visible_run(session: AsyncSession, actor: Actor, run_id: UUID) -> Run:
    """One run for whom it concerns: a print for who asked and still may, anything else for the officers of its batch."""
    found = await run(session, run_id)
    if found.order is None:
        require_manage(actor, await registration.batch(session, found.batch_id))
        return found
    if found.account_id != actor.account_id:
        raise Forbidden
    await require_print(session, actor, found.order)
    return found


async def is_abandoned(session: AsyncSession, run_id: UUID) -> bool:
    """Whether a run that has not ended has no job left: the queue gave it up."""
    return not await promised(session, run_key(run_id))


async def proposal_under_way(session: AsyncSession, batch_id: UUID) -> Run | None:
    """The proposal that is being made for a batch."""
    row = await session.scalar(
        select(RunRow).where(RunRow.batch_id == batch_id, RunRow.kind == RunKind.PROPOSAL, RunRow.status.in_(ACTIVE))
    )
    return _record(row) if row and not await is_abandoned(session, row.id) else None


async def under_way(session: AsyncSession, batch_id: UUID, kind: RunKind) -> list[Run]:
    """The runs of one kind that are computed for a batch or wait to be, in the order in which they were asked for."""
    rows = await session.scalars(
        select(RunRow)
        .where(RunRow.batch_id == batch_id, RunRow.kind == kind, RunRow.status.in_(ACTIVE))
        .order_by(RunRow.asked_at, RunRow.id)
    )
    return [_record(row) for row in rows.all() if not await is_abandoned(session, row.id)]


async def own_prints(session: AsyncSession, actor: Actor, batch_id: UUID, *, now: datetime) -> list[Run]:
    """A person's prints of a batch that run or can still be fetched, the newest first."""
    rows = await session.scalars(
        select(RunRow)
        .where(
            RunRow.batch_id == batch_id,
            RunRow.kind == RunKind.PRINT,
            RunRow.account_id == actor.account_id,
            RunRow.expires_at > now,
        )
        .order_by(RunRow.asked_at.desc(), RunRow.id.desc())
    )
    return [_record(row) for row in rows]


def _record(row: RunRow) -> Run:
    return Run(
        id=row.id,
        kind=RunKind(row.kind),
        batch_id=row.batch_id,
        account_id=row.account_id,
        asked_by=row.asked_by,
        order=_order(row) if row.kind == RunKind.PRINT else None,
        seed=row.asked.get("seed"),
        asked=row.asked,
        status=RunStatus(row.status),
        attempt=row.attempt,
        stage=Stage(row.stage) if row.stage else None,
        done=row.done,
        total=row.total,
        best=row.best,
        finishing=row.finishing,
        failure=_failure(row.failure) if row.failure else None,
        result=row.result,
        asked_at=row.asked_at,
        begun_at=row.begun_at,
        ended_at=row.ended_at,
        expires_at=row.expires_at,
    )


def _failure(stored: Mapping[str, Any]) -> Failure:
    return Failure(**{**stored, "problems": tuple(Problem(**one) for one in stored.get("problems", ()))})


def _order(row: RunRow) -> PrintOrder:
    asked = row.asked
    ids = {name: UUID(value) for name, value in asked.items() if name.endswith("_id")}
    version = int(asked["version"]) if "version" in asked else None
    return PrintOrder(what=Print(asked["what"]), locale=asked["locale"], version=version, **ids)
