"""The audit log: one chain a stream, in the change's transaction, unalterable, and a break has a name."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM
from exam.kernel import audit
from exam.kernel.db import Database
from exam.kernel.ids import new_id

NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)


async def add(session: AsyncSession, stream: str, *ids: UUID) -> None:
    await audit.record(
        session, SYSTEM, "sittings.check_in", subject="sitting", ids=ids or [new_id()], stream=stream,
        data={"minutes_late": 3, "reason": "堵车"}, now=NOW,
    )  # fmt: skip


async def test_an_empty_log_verifies(session: AsyncSession) -> None:
    assert await audit.verify(session) == []


async def test_chains_verify_stream_by_stream(session: AsyncSession) -> None:
    for stream in ("batch:1", "batch:2", "batch:1"):
        await add(session, stream)
    assert await audit.verify(session) == []


async def test_a_record_leaves_with_its_transaction(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as session:
            await add(session, "batch:1")
            raise RuntimeError("the change failed")
    async with db.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM exam.audit_records"))).scalar_one() == 0
        assert await audit.verify(session) == []


async def test_writers_of_one_stream_wait_for_each_other(db: Database) -> None:
    async def write() -> None:
        async with db.transaction() as session:
            await add(session, "batch:1")

    await asyncio.gather(*(write() for _ in range(12)))
    async with db.transaction() as session:
        assert await audit.verify(session) == []
        numbers = (await session.execute(text("SELECT seq FROM exam.audit_records ORDER BY seq"))).scalars().all()
    assert list(numbers) == list(range(1, 13))


@pytest.mark.parametrize("statement", ["UPDATE exam.audit_records SET action = 'x'", "DELETE FROM exam.audit_records"])
async def test_records_cannot_be_changed(session: AsyncSession, statement: str) -> None:
    await add(session, "batch:1")
    with pytest.raises(DBAPIError, match="append-only"):
        await session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE exam.audit_records SET data = '{}' WHERE seq = 2", "was altered"),
        ("DELETE FROM exam.audit_records WHERE seq = 2", "record 2 is missing"),
        ("DELETE FROM exam.audit_records WHERE seq = 3", "head does not match"),
        ("UPDATE exam.audit_records SET account_id = gen_random_uuid() WHERE seq = 1", "was altered"),
    ],
)
async def test_a_forced_change_breaks_the_chain(db: Database, statement: str, words: str) -> None:
    async with db.transaction() as session:
        for _ in range(3):
            await add(session, "batch:1")
    async with db.transaction() as session:
        await session.execute(text("ALTER TABLE exam.audit_records DISABLE TRIGGER USER"))
        await session.execute(text(statement))
    async with db.transaction() as session:
        assert any(words in failure for failure in await audit.verify(session))


async def test_names_what_has_no_record(session: AsyncSession) -> None:
    recorded, missing = new_id(), new_id()
    await add(session, "batch:1", recorded)
    assert await audit.unrecorded(session, "sitting", [recorded, missing]) == {missing}
    assert await audit.unrecorded(session, "sitting", []) == set()


async def test_the_state_tells_that_something_was_recorded(session: AsyncSession) -> None:
    assert await audit.state(session) == "0:None"
    await add(session, "batch:1")
    first, without = await audit.state(session), await audit.state(session, without=["feed:"])
    assert first == without
    await add(session, "feed:1")
    assert await audit.state(session, without=["feed:"]) == without
    assert await audit.state(session) != first
    before = await audit.state(session)
    await add(session, "batch:1")
    assert await audit.state(session) not in (first, before)
