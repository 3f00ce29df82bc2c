"""Alembic's environment: one transaction for all versions, one process at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from exam.kernel.db import driver_url

_LOCK = 0x6B616F77  # "kaow"


def migrate(connection: Connection) -> None:
    """Run what is missing, under a lock that ends with the transaction."""
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        context.run_migrations()


async def main() -> None:
    """Connect and migrate."""
    engine = create_async_engine(driver_url(context.config.attributes["database_url"]), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(main())
