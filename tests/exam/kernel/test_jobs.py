"""The queue: a job is there exactly when its transaction committed, and keyed jobs wait only once."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.db import Database
from exam.kernel.jobs import Backlog, backlog, enqueue, enqueue_many, parked, promised, trim
from tests.conftest import NOW


async def test_an_empty_queue(session: AsyncSession) -> None:
    assert await backlog(session) == Backlog(waiting=0, running=0, parked=0)
    assert await parked(session) == []
    assert await enqueue_many(session, "a.b", []) == 0


async def test_a_rolled_back_action_leaves_no_job(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as session:
            assert await enqueue(session, "a.b", {"n": 1})
            assert (await backlog(session)).waiting == 1
            raise RuntimeError
    async with db.transaction() as session:
        assert (await backlog(session)).waiting == 0


async def test_a_committed_action_keeps_its_job(db: Database) -> None:
    async with db.transaction() as session:
        await enqueue(session, "a.b", {"id": UUID(int=1), "mark": Decimal("59.995")})
    async with db.transaction() as session:
        assert (await backlog(session, "a.b")).waiting == 1
        assert (await backlog(session, "other")).waiting == 0


async def test_a_key_waits_once(session: AsyncSession) -> None:
    assert await enqueue(session, "a.b", {}, dedupe="k")
    assert not await enqueue(session, "a.b", {}, dedupe="k")
    assert await enqueue_many(session, "a.b", [({}, "k"), ({}, "l"), ({}, "l"), ({}, None), ({}, None)]) == 3
    assert (await backlog(session)).waiting == 4


async def test_history_of_waiting_jobs_is_kept(session: AsyncSession) -> None:
    await enqueue(session, "a.b", {}, after=timedelta(days=1))
    assert await trim(session, before=NOW + timedelta(days=100_000)) == 0


async def test_a_key_is_promised_while_its_job_waits(session: AsyncSession) -> None:
    assert not await promised(session, "k")
    await enqueue(session, "a.b", {}, dedupe="k")
    assert await promised(session, "k")
    assert not await promised(session, "other")
    await session.execute(text("UPDATE pgqueuer.pgqueuer SET status = 'failed'"))
    assert not await promised(session, "k")
