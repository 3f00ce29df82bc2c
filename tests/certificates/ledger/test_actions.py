"""The ledger keeps what it was told: the database itself refuses to change an entry."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from certificates.ledger import actions, queries
from certificates.ledger.actions import Draft
from certificates.ledger.rules import LedgerEvent
from exam.kernel.services import Services


async def put(services: Services, count: int) -> None:
    """Append so many issued certificates."""
    drafts = [
        Draft(event=LedgerEvent.ISSUE, certificate_id=uuid4(), number=f"N{n:04}", version=1, sha256="0" * 64,
              commitment={"n": n})
        for n in range(count)
    ]  # fmt: skip
    async with services.db.transaction() as session:
        await actions.append(session, drafts, now=services.clock.now())


async def test_entries_follow_one_another(services: Services) -> None:
    await put(services, 3)
    async with services.db.transaction() as session:
        assert [number for _, number in await queries.issued(session)] == ["N0000", "N0001", "N0002"]
        assert await queries.invariants(session) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE certificates.ledger_entries SET reason = 'x'",
        "DELETE FROM certificates.ledger_entries",
        "TRUNCATE certificates.ledger_entries",
    ],
)
async def test_the_database_itself_refuses_to_change_the_ledger(services: Services, statement: str) -> None:
    await put(services, 1)
    with pytest.raises(DBAPIError, match="append-only"):
        async with services.db.transaction() as session:
            await session.execute(text(statement))
