"""What every test may ask for.

``session``  a database session inside a transaction that is rolled back: for actions and queries (cheapest)
``db``       a database of the test's own, where transactions really commit
``services`` settings, ``db``, vault, files and a standing ``clock``, in a home of the test's own
``client``   an HTTP client of the application itself, no network
``live``     the address of the application on a real port, for ``page``: a tab of a real browser

The event loop, the application and the browser are those of the process: what costs a second is not begun for each test.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.kernel.clock import FixedClock
from exam.kernel.db import Database
from exam.kernel.ports import free_port
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from tests.servers import Databases, application, close_run, open_run, serve

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
"""Saturday 16 May 2026, 09:00 in China."""

CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

hypothesis_settings.register_profile(
    "kaowu", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("kaowu")


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder before the workers start."""
    open_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it after the last of them."""
    if not hasattr(config, "workerinput"):
        close_run()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: at the end, one process would wait for the other."""
    items.sort(key=lambda item: item.path.stem not in ("test_road", "test_every_page"))


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash the passwords of tests at the least cost; `tests/exam/accounts/test_actions.py` holds the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The run's server, with the template of all test databases."""
    made = Databases(open_run())
    yield made
    made.close()


@pytest.fixture(scope="session")
async def _shared_database(databases: Databases) -> AsyncIterator[Database]:
    """One database for all the rolled-back transactions of this process; what one test prepared, the next one finds."""
    made = Database(databases.url(await databases.create()), pool_size=1)
    yield made
    await made.dispose()


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    """A database of the test's own, empty but for the schema."""
    lent = await databases.lend()
    yield lent
    await databases.give_back(lent)


@pytest.fixture
def _session_database(request: pytest.FixtureRequest) -> Database:
    own = {"db", "services", "client", "live"} & set(request.fixturenames)
    found: Database = request.getfixturevalue("db" if own else "_shared_database")
    return found


@pytest.fixture
async def session(_session_database: Database) -> AsyncIterator[AsyncSession]:
    """A session in a transaction that is rolled back; on ``db`` where the test uses that too."""
    async with _session_database.engine.connect() as connection:
        outer = await connection.begin()
        async with AsyncSession(
            bind=connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as opened:
            yield opened
        await outer.rollback()


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at :data:`NOW` until the test moves it."""
    return FixedClock(NOW)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return tmp_path / "home"


@pytest.fixture
def services(home: Path, db: Database, clock: FixedClock) -> Services:
    """The services of an installation of the test's own (closed with ``db``)."""
    url = db.engine.url.render_as_string(hide_password=False)
    made = make_services(Settings(home=home, database_url=url), clock=clock)
    return Services(settings=made.settings, db=db, vault=made.vault, files=made.files, clock=clock)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls the application directly; it keeps cookies and does not follow redirects."""
    # The application does nothing at start-up, so its lifespan (whose scopes must close in the task that opened
    # them, which a fixture cannot promise) is left out.
    app: Any = application("client", services)  # httpx and Litestar write the same protocol down differently
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as opened:
        yield opened


@pytest.fixture
async def live(services: Services) -> AsyncIterator[str]:
    """The address of the application on a free port, on the database and clock of ``services``."""
    port = free_port()
    settings = Settings(
        home=services.settings.home,
        database_url=services.settings.database_url,
        base_url=f"http://127.0.0.1:{port}",
        port=port,
    )
    # Connections belong to the loop that opened them: the server's thread gets a pool of its own.
    own = make_services(settings, clock=services.clock)
    async with serve(application("live", own), port) as address:
        yield address


def chromium() -> str | None:
    """The browser of the tests: the one that is named, or the smallest that is installed."""
    installed = map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))
    return os.environ.get("KAOWU_CHROMIUM") or next(filter(None, installed), None)


@pytest.fixture(scope="session")
async def _chromium() -> AsyncIterator["Browser"]:
    """One browser for all tests of this process: a start costs a second of CPU."""
    from playwright.async_api import async_playwright

    program = chromium()
    if program is None:
        pytest.skip("no Chromium on this machine; `python3 run.py test` brings one")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield opened
        await opened.close()


@pytest.fixture
async def browser(_chromium: "Browser") -> AsyncIterator["Browser"]:
    """A headless Chromium without contexts; the test is skipped where there is none, unless the set-up promised one."""
    yield _chromium
    for context in _chromium.contexts:
        await context.close()


@pytest.fixture
async def page(browser: "Browser") -> AsyncIterator["Page"]:
    """A tab with Chinese preferred; any error a script throws fails the test."""
    context = await browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    opened = await context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    await context.close()
    assert not errors, errors
