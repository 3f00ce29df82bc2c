"""A lost key and issuing: the workers hear of it before the next certificates."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from certificates.issuing import jobs
from certificates.keys import actions as keys
from certificates.keys import queries as key_queries
from certificates.keys.rules.purposes import Purpose
from certificates.keys.signer import signer_of
from exam.accounts.rules import Actor, Role
from exam.kernel.services import Services
from tests.certificates.conftest import actor_of


async def test_a_key_that_one_person_reported_lost_signs_nothing_more(
    services: Services, officer: Actor, batch_id: UUID
) -> None:
    """Heard like the stop switch; what waits goes on once a second person has said that it was a mistake."""
    now, settings = services.clock.now(), services.settings
    async with services.db.transaction() as session:
        await keys.require_usable(session, signer_of(settings), Purpose.DOCUMENT, now=now)
        name = next(one.name for one in await key_queries.keys(session) if one.purpose is Purpose.DOCUMENT)
        await keys.report(session, officer, name=name, cut_off=None, reason="U 盘遗失", now=now)
    with pytest.raises(jobs.Unfinished, match="暂停"):
        await jobs.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        assert (
            await session.scalar(text("SELECT count(*) FROM certificates.certificates WHERE sha256 IS NOT NULL")) == 0
        )
        other = await actor_of(services, Role.EXAM_OFFICER)
        await keys.withdraw(session, other, name=name, reason="找到了", now=now)
        await keys.require_usable(session, signer_of(settings), Purpose.DOCUMENT, now=now)
