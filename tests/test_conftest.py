"""The fixtures keep their promises: rolled back, separate, committed."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.db import Database
from exam.kernel.services import Services
from tests.conftest import NOW


async def _tables(session: AsyncSession) -> int:
    return int(
        (await session.execute(text("SELECT count(*) FROM pg_tables WHERE tablename = 'left_over'"))).scalar_one()
    )


async def test_a_session_leaves_nothing_behind(session: AsyncSession) -> None:
    assert await _tables(session) == 0
    await session.execute(text("CREATE TABLE left_over (n int)"))


async def test_a_session_finds_nothing_left(session: AsyncSession) -> None:
    assert await _tables(session) == 0
    await session.execute(text("CREATE TABLE left_over (n int)"))


async def test_a_database_keeps_what_is_committed(db: Database, session: AsyncSession) -> None:
    async with db.transaction() as first:
        await first.execute(text("CREATE TABLE left_over (n int)"))
    assert await _tables(session) == 1


async def test_a_database_is_the_tests_own(services: Services) -> None:
    async with services.db.transaction() as session:
        assert await _tables(session) == 0
        assert (await session.execute(text("SELECT count(*) FROM exam.audit_records"))).scalar_one() == 0
    assert services.clock.now() == NOW
    assert services.vault.open(services.vault.seal("甲", "a"), "a") == "甲"
