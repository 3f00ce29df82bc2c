"""The history of the schema: one head, it runs on an empty database, and it ends where the models are."""

import asyncio
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from exam.kernel.db import SCHEMAS, driver_url
from exam.kernel.settings import TREE
from exam.migrations import configuration, head, upgrade
from exam.migrations.draft import TARGET, draft
from exam.migrations.models import MODELS, all_models
from tests.servers import Databases


def test_there_is_one_head() -> None:
    script = ScriptDirectory.from_config(configuration(""))
    assert script.get_heads() == [head()]
    assert len(list(script.walk_revisions())) == len(list(TARGET.parent.glob("*.py")))


def test_no_folders_models_are_forgotten() -> None:
    named = {module.__name__ for module in MODELS}
    written = {
        ".".join(path.relative_to(TREE).with_suffix("").parts).removesuffix(".__init__")
        for package in SCHEMAS
        for pattern in ("*/models.py", "*/models/__init__.py")
        for path in (TREE / package).glob(pattern)
    }
    assert named == (written | {"exam.kernel.audit"}) - {"exam.migrations.models"}


def test_the_drafted_script_is_the_models() -> None:
    assert TARGET.read_text("utf-8") == draft(), "run `python -m exam.migrations.draft`"


async def test_an_empty_database_is_brought_to_the_models(databases: Databases) -> None:
    name = await databases.create_empty()
    url = databases.url(name)
    assert await asyncio.to_thread(upgrade, url) == head()
    engine = create_async_engine(driver_url(url))
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
            assert (await connection.execute(text("SELECT count(*) FROM pgqueuer.pgqueuer"))).scalar_one() == 0
    finally:
        await engine.dispose()
        await databases.drop(name)


async def test_two_processes_may_upgrade_at_once(databases: Databases) -> None:
    name = await databases.create_empty()
    program = f"from exam.migrations import upgrade; print(upgrade({databases.url(name)!r}))"
    both = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=TREE)
        for _ in range(2)
    ]
    answers = [await process.communicate() for process in both]
    assert [out.decode().strip() for out, _ in answers] == [head(), head()]
    await databases.drop(name)


def _differences(connection: Connection) -> list[object]:
    """What Alembic would change to get from the database to the models, in our own schemas."""

    def ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "schema" or name in SCHEMAS

    context = MigrationContext.configure(
        connection, opts={"include_schemas": True, "include_name": ours, "compare_type": True}
    )
    return list(compare_metadata(context, all_models()))
