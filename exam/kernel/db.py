"""The database edge: the declarative base, and the one place where a transaction is committed.

Times are ``timestamptz``, marks and money ``numeric(12, 4)`` (exact), free structures ``jsonb``, text
``text`` without length limits (limits are rules). What must never be double is a constraint here.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DDL,
    CheckConstraint,
    Date,
    DateTime,
    Executable,
    MetaData,
    Numeric,
    Row,
    Text,
    Uuid,
    event,
    insert,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.schema import Table

SCHEMAS = ("exam", "scheduling", "scoring", "certificates", "platform")
EXTENSIONS = ("btree_gist",)

T = TypeVar("T")

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table; a folder's models are private to the folder."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {
        str: Text(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        date: Date(),
        Decimal: Numeric(12, 4),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[UUID]: ARRAY(Uuid()),
    }


def status_check(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Return the CHECK that keeps a status column inside its enum."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def append_only(table: Any) -> None:
    """Forbid UPDATE, DELETE and TRUNCATE on a table by trigger: facts are added, never altered."""
    assert isinstance(table, Table)
    name = f"{table.schema}.{table.name}"
    forbid = (
        "CREATE OR REPLACE FUNCTION exam.forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    trigger = (
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION exam.forbid_change()"
    )
    truncate = (
        f"CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change()"
    )
    for statement in (forbid, trigger, truncate):
        event.listen(table, "after_create", DDL(statement))  # type: ignore[no-untyped-call]


class Database:
    """A pool of connections; :meth:`transaction` is where the work of an action becomes durable."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=10,
            pool_pre_ping=True,
            json_serializer=_json,
            hide_parameters=True,  # an error's text reaches logs; the values may be somebody's
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # One statement and no more: no transaction, no question beforehand whether the line still stands (a third of the cost).
        self._reader: AsyncEngine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            hide_parameters=True,
        )

    async def look_up(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of one reading statement, as cheaply as can be; asked once more where the line had been cut."""
        try:
            return await self._looked_up(statement, values)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return await self._looked_up(statement, values)

    async def _looked_up(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        async with self._reader.connect() as connection:
            return (await connection.execute(statement, values)).all()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session; commit when the block ends, roll everything back when it raises."""
        async with self._sessions() as session, session.begin():
            yield session

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        await self._reader.dispose()


def driver_url(url: str) -> str:
    """Return the address with the asyncpg driver named, whichever spelling was configured."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+asyncpg{separator}{rest}" if scheme in {"postgres", "postgresql"} else url


async def insert_many(session: AsyncSession, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of equal keys in few statements, without making an object of each."""
    if rows:
        await session.execute(insert(model), [dict(row) for row in rows])


def chunks(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Cut a sequence into pieces of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_jsonable)


def _jsonable(value: Any) -> Any:
    match value:
        case Decimal() | UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case set() | frozenset() | tuple():
            return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
