"""A batch whose results are final, carried there once by the demo's own road and copied for each test."""

from __future__ import annotations

import io
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from certificates.issuing import actions, queries
from certificates.issuing.documents.samples import problems_of
from exam.accounts import queries as accounts
from exam.accounts.models import Account
from exam.accounts.rules import Actor, Role
from exam.demo import road
from exam.demo.progress import Progress
from exam.kernel.clock import FixedClock, china_date
from exam.kernel.db import Database
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from tests.exam.kernel.print_home import link_fonts
from tests.servers import Databases

CANDIDATES = 18
TODAY = datetime(2026, 11, 20, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Final:
    """A database in which one batch is final, and the data folder that belongs to it."""

    database: str
    home: Path
    batch_id: UUID


@pytest.fixture(scope="session")
def final(databases: Databases) -> Final:
    """The road walked once for all tests of the run."""
    return Final(*databases.once("final", _walk))


async def _walk(url: str, home: Path) -> UUID:
    link_fonts(home)
    services = make_services(Settings(home=home, database_url=url), clock=FixedClock(TODAY))

    async def not_yet(*_: object) -> None:
        """The tests issue by themselves."""

    patch = pytest.MonkeyPatch()
    patch.setattr(road, "_certify", not_yet)
    patch.setattr(road, "_live", not_yet)
    try:
        result = await road.travel(services, Progress(stream=io.StringIO()), candidates=CANDIDATES, seed=7, out=None)
    finally:
        patch.undo()
        await services.db.dispose()
    return result.batch_id


@pytest.fixture
async def db(databases: Databases, final: Final) -> AsyncIterator[Database]:
    """The test's own copy of the database."""
    lent = await databases.lend_copy(final.database)
    yield lent
    await databases.end_copy(final.database, lent)


@pytest.fixture
def home(tmp_path: Path, final: Final) -> Path:
    """The test's own copy of the data folder."""
    home = tmp_path / "home"
    shutil.copytree(final.home, home, symlinks=True)
    return home


@pytest.fixture
def clock() -> FixedClock:
    """The day on which the results are final."""
    return FixedClock(TODAY)


@pytest.fixture
def unreleased(final: Final) -> UUID:
    """The batch before anybody has proposed to issue."""
    return final.batch_id


@pytest.fixture
async def batch_id(services: Services, unreleased: UUID) -> UUID:
    """The batch as two officers have released it: `jobs.issue_batch` carries it out."""
    await release(services, unreleased)
    return unreleased


async def release(services: Services, batch_id: UUID) -> UUID:
    """One officer proposes everybody who waits, another approves; returns the release."""
    proposer, approver = await officers(services)
    release_id = await proposed(services, proposer, batch_id)
    async with services.db.transaction() as session:
        await actions.approve(session, approver, release_id=release_id, now=services.clock.now())
    return release_id


async def proposed(services: Services, proposer: Actor, batch_id: UUID) -> UUID:
    """An open proposal."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        waiting = await queries.eligible(session, proposer, batch_id, issued_on=china_date(now), specimen=True)
        problems = {
            id: [one.code for one in found] for id, found in problems_of(waiting, services.settings.home).items()
        }
        return await actions.propose(session, proposer, batch_id=batch_id, waiting=waiting, problems=problems, now=now)


async def officers(services: Services) -> tuple[Actor, Actor]:
    """The two certificate officers of the cast."""
    async with services.db.transaction() as session:
        found = await accounts.accounts_of_role(session, Role.CERTIFICATE_OFFICER)
        first, second = sorted({one.login: one.id for one in found}.items())
        return await accounts.actor(session, first[1]), await accounts.actor(session, second[1])


@pytest.fixture
async def officer(services: Services) -> Actor:
    """The certificate officer of the cast."""
    return await actor_of(services, Role.CERTIFICATE_OFFICER)


async def actor_of(services: Services, role: Role) -> Actor:
    """The first account that holds a role."""
    async with services.db.transaction() as session:
        found = await accounts.accounts_of_role(session, role)
        assert found, role
        return await accounts.actor(session, found[0].id)


async def all_accounts(services: Services) -> list[UUID]:
    async with services.db.transaction() as session:
        return list(await session.scalars(select(Account.id)))
