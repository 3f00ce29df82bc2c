"""What-ifs as frozen records."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from scheduling.forks.models import ForkRow
from scheduling.forks.rules import comparing, wishes
from scheduling.forks.rules.records import Fork, ForkUnknown
from scheduling.planning.rules.plan import Plan, Status
from scheduling.planning.rules.problem import Problem
from scheduling.timetable import queries as timetable


async def forks(session: AsyncSession, batch_id: UUID) -> list[Fork]:
    """The what-ifs of a batch, in the order in which they were made."""
    query = select(ForkRow).where(ForkRow.batch_id == batch_id).order_by(ForkRow.made_at, ForkRow.id)
    return await _records(session, (await session.scalars(query)).all())


async def fork(session: AsyncSession, fork_id: UUID) -> Fork:
    """One what-if, or :class:`ForkUnknown`."""
    (found,) = await _records(session, [await _row(session, fork_id)])
    return found


async def fork_files(session: AsyncSession, fork_id: UUID) -> tuple[Problem, Plan]:
    """The problem that the question makes, and the planner's plan of it."""
    row = await _row(session, fork_id)
    return (
        msgspec.json.decode(zlib.decompress(row.problem), type=Problem),
        msgspec.json.decode(zlib.decompress(row.plan), type=Plan),
    )


async def _row(session: AsyncSession, fork_id: UUID) -> ForkRow:
    row = await session.get(ForkRow, fork_id)
    if row is None:
        raise ForkUnknown
    return row


async def _records(session: AsyncSession, rows: Sequence[ForkRow]) -> list[Fork]:
    version = {id: (await timetable.plan(session, id)).version for id in {row.plan_id for row in rows}}
    return [
        Fork(
            id=row.id,
            batch_id=row.batch_id,
            plan_id=row.plan_id,
            plan_version=version[row.plan_id],
            wish=wishes.read(row.wish),
            seed=row.seed,
            status=Status(row.status),
            records_sha256=row.records_sha256,
            comparison=comparing.read(row.comparison),
            made_at=row.made_at,
            made_by=row.made_by,
            adopted_version=row.adopted_version,
        )
        for row in rows
    ]
