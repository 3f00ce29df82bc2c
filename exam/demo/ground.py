"""The ground the demo is built on: an empty database, and never somebody's real one.

A database that holds a batch is cleared only where it is marked as a demo's; any other is refused.
"""

import shutil
from pathlib import Path

import asyncpg

from exam.demo.record import FILE
from exam.kernel.db import SCHEMAS
from exam.kernel.errors import N_, Conflict
from exam.kernel.jobs import SCHEMA as QUEUE_SCHEMA
from exam.kernel.settings import Settings

_MARK = "kaowu demo"


class NotADemo(Conflict):
    """The database holds work that the demo did not make."""

    message = N_("数据库里已有不是演示生成的考务数据，演示不会清除它。")
    way_out = N_("请换一个数据目录（KAOWU_HOME）或数据库（DATABASE_URL）再运行演示。")


async def clear(settings: Settings) -> None:
    """Empty the database and mark it as a demo's; refuse one with other people's work in it."""
    connection: asyncpg.Connection = await asyncpg.connect(settings.database_url)
    try:
        name = await connection.fetchval("SELECT current_database()")
        mark = await connection.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        if mark != _MARK and await _in_use(connection):
            raise NotADemo
        for schema in (*SCHEMAS, QUEUE_SCHEMA):
            await connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        await connection.execute("DROP TABLE IF EXISTS public.alembic_version")
        await connection.execute(f"COMMENT ON DATABASE \"{name}\" IS '{_MARK}'")
    finally:
        await connection.close()
    Path(settings.home / FILE).unlink(missing_ok=True)
    for folder in ("ledger", "witnesses"):  # a new demo's ledger does not follow the old one's
        shutil.rmtree(settings.home / folder, ignore_errors=True)


async def _in_use(connection: "asyncpg.Connection") -> bool:
    """Say whether anything has ever been recorded there."""
    if await connection.fetchval("SELECT to_regclass('exam.audit_records')") is None:
        return False
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM exam.audit_records)"))
