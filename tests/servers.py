"""Servers that tests talk to: one PostgreSQL a run, a database a test, and the application on a real port."""

import asyncio
import os
import pickle
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import uvicorn
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from exam.kernel.db import Database
from exam.kernel.locks import exclusive
from exam.kernel.postgres import Server
from exam.kernel.services import Services
from exam.migrations import upgrade

if TYPE_CHECKING:
    from litestar import Litestar

T = TypeVar("T")

HOME_VARIABLE = "KAOWU_TEST_RUN"
"""The run's own folder: made by the first process, handed down to the workers."""

_numbers = count(1)

_RELATIONS = "SELECT count(*) FROM pg_class"

_EMPTY = """
DO $$ DECLARE one record; BEGIN
    SET LOCAL session_replication_role = replica;  -- no trigger forbids it, no foreign key orders it
    FOR one IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY('{exam,scheduling,scoring,certificates,platform,pgqueuer}')
    LOOP EXECUTE format('DELETE FROM %I.%I', one.schemaname, one.tablename); END LOOP;
END $$
"""


def open_run() -> Path:
    """Make the folder of this run, once for all its processes."""
    if HOME_VARIABLE not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="kaowu-test-"))
        folder.chmod(0o755)  # root's server runs as `nobody` and must pass
        os.environ[HOME_VARIABLE] = str(folder)
    return Path(os.environ[HOME_VARIABLE])


def close_run() -> None:
    """Stop the run's server, or leave nothing behind on somebody else's, and remove the folder."""
    folder = Path(os.environ.pop(HOME_VARIABLE))
    configured = os.environ.get("DATABASE_URL", "")
    if configured and (folder / "template.done").exists():
        in_thread(_drop_all(configured, _prefix(folder)))
    elif (folder / "postgres" / "data").exists():
        Server(folder, durable=False).stop()
    shutil.rmtree(folder, ignore_errors=True)


def _prefix(run: Path) -> str:
    return run.name.replace("-", "_").lower()


async def _drop_all(url: str, prefix: str) -> None:
    connection = await asyncpg.connect(url)
    for row in await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix):
        await connection.execute(f'DROP DATABASE "{row["datname"]}" WITH (FORCE)')
    await connection.close()


class Databases:
    """Makes a database for each test out of one template that holds the whole schema."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._server: Server | None = None
        self._clean: list[Database] = []
        self._copies: dict[str, list[Database]] = {}
        self._relations = 0
        configured = os.environ.get("DATABASE_URL", "")
        if configured:
            self._admin = configured
        else:
            self._server = Server(run, durable=False)
            self._admin = self._server.start()
        self._template = f"{_prefix(run)}_template"
        with exclusive(run / "template.lock"):
            if not (run / "template.done").exists():
                self._build_template()
                (run / "template.done").touch()

    def url(self, name: str) -> str:
        """Return the address of one of the server's databases."""
        parts = urlsplit(self._admin)
        changed = urlunsplit(parts._replace(path=f"/{name}"))
        # urlunsplit writes no empty host: postgresql:///name?host=/run keeps its slashes here
        return changed if "://" in changed else changed.replace(":/", ":///", 1)

    async def lend(self) -> Database:
        """Return a database that holds the schema and no rows; its statements are compiled and prepared where they were before."""
        return self._clean.pop() if self._clean else Database(self.url(await self.create()), pool_size=5)

    async def give_back(self, database: Database) -> None:
        """Empty a database for the next test (a tenth of what a new one costs), or drop it if that does not do."""
        if await self._emptied(database):
            self._clean.append(database)
        else:
            await database.dispose()
            await self.drop(str(database.engine.url.database))

    async def _emptied(self, database: Database) -> bool:
        """Whether nobody is in there any more, no table was added, and the rows could be deleted."""
        for engine in (database.engine, database._reader):
            if isinstance(engine.pool, QueuePool) and engine.pool.checkedout():
                return False
        try:
            async with database.transaction() as session:
                if await session.scalar(text(_RELATIONS)) != self._relations:
                    return False
                await session.execute(text(_EMPTY))
        except SQLAlchemyError:
            return False
        return True

    async def create(self) -> str:
        """Make a database from the template (copied by write-ahead log: 0.1 s) and return its name."""
        name = f"{_prefix(self._run)}_{os.getpid()}_{next(_numbers)}"
        await self._command(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}" STRATEGY wal_log')
        if not self._relations:
            connection = await asyncpg.connect(self.url(name))
            self._relations = await connection.fetchval(_RELATIONS)
            await connection.close()
        return name

    def once(self, name: str, build: Callable[[str, Path], Coroutine[Any, Any, T]]) -> tuple[str, Path, T]:
        """Build something dear once for all processes of the run: its database (to be copied), its home, what `build` returned."""
        database, home = f"{_prefix(self._run)}_{name}", self._run / name
        with exclusive(self._run / f"{name}.lock"):
            if not (done := self._run / f"{name}.done").exists():
                in_thread(self._command(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'))
                shutil.rmtree(home, ignore_errors=True)
                in_thread(self._command(f'CREATE DATABASE "{database}" TEMPLATE "{self._template}" STRATEGY wal_log'))
                found = in_thread(build(self.url(database), home))
                (part := done.with_suffix(".part")).write_bytes(pickle.dumps(found))
                part.replace(done)
        return database, home, pickle.loads(done.read_bytes())

    async def copy(self, database: str) -> str:
        """Make a database out of another to which nobody is connected, and return its name."""
        name = f"{_prefix(self._run)}_{os.getpid()}_{next(_numbers)}"
        await self._command(f'CREATE DATABASE "{name}" TEMPLATE "{database}" STRATEGY wal_log')
        return name

    async def lend_copy(self, database: str) -> Database:
        """Return a copy of a database to which nobody is connected; statements compiled for an earlier copy are not compiled again."""
        kept = self._copies.setdefault(database, [])
        if not kept:
            return Database(self.url(await self.copy(database)), pool_size=5)
        lent = kept.pop()
        await self._command(f'CREATE DATABASE "{lent.engine.url.database}" TEMPLATE "{database}" STRATEGY wal_log')
        return lent

    async def end_copy(self, database: str, lent: Database) -> None:
        """Remove a copy; the next one takes its name."""
        await lent.dispose()
        await self.drop(str(lent.engine.url.database))
        self._copies[database].append(lent)

    async def create_empty(self) -> str:
        """Make a database with nothing in it and return its name."""
        name = f"{_prefix(self._run)}_{os.getpid()}_{next(_numbers)}"
        await self._command(f'CREATE DATABASE "{name}"')
        return name

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        await self._command(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Give the run's own server back."""
        if self._server:
            self._server.leave()

    def _build_template(self) -> None:
        in_thread(self._command(f'DROP DATABASE IF EXISTS "{self._template}"'))
        in_thread(self._command(f'CREATE DATABASE "{self._template}"'))
        with ThreadPoolExecutor(1) as pool:  # Alembic runs a loop of its own
            pool.submit(upgrade, self.url(self._template)).result()

    async def _command(self, statement: str) -> None:
        connection = await asyncpg.connect(self._admin)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end beside whatever loop the test has."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


_applications: dict[str, "Litestar"] = {}


def application(purpose: str, services: Services) -> "Litestar":
    """The process's application of that purpose, over these services (a new one costs half a second of CPU)."""
    from exam.app import create_app, serve_with  # the whole tree: tests of one folder do without

    if purpose not in _applications:
        _applications[purpose] = create_app(services)
    serve_with(_applications[purpose], services)
    return _applications[purpose]


@asynccontextmanager
async def serve(app: Any, port: int) -> AsyncIterator[str]:
    """Run an application on a real port in a thread with a loop of its own; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the application does not start")
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join, 10)
