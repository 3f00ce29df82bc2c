"""The database edge: the declarative base, and the one place where a transaction is committed.

Times are ``timestamptz``, marks and money ``numeric(12, 4)`` (exact), free structures ``jsonb``, text
``text`` without length limits (limits are rules). What must never be double is a constraint here.
"""

import json
import socket
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar
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

_QUIET_SECONDS: Final = 10
_ASKED_EVERY_SECONDS: Final = 5
_ASKED_TIMES: Final = 3
SILENT_SECONDS: Final = _QUIET_SECONDS + _ASKED_EVERY_SECONDS * _ASKED_TIMES
"""After so long without a sign from the other end, a line to the database counts as cut, on both ends (RFC 9293 3.8.4, RFC 5482)."""
SERVER_SETTINGS: Final[Mapping[str, str]] = {
    "tcp_keepalives_idle": str(_QUIET_SECONDS),
    "tcp_keepalives_interval": str(_ASKED_EVERY_SECONDS),
    "tcp_keepalives_count": str(_ASKED_TIMES),
    "tcp_user_timeout": str(SILENT_SECONDS * 1000),
}
"""Asked of the server for its end: else a host that is cut off holds its locks for hours (the kernel's own time is two)."""

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
            connect_args={"server_settings": dict(SERVER_SETTINGS)},
            json_serializer=_json,
            hide_parameters=True,  # an error's text reaches logs; the values may be somebody's
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # One statement and no more: no transaction, no question beforehand whether the line still stands (a third of the cost).
        self._reader: AsyncEngine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            connect_args={"server_settings": dict(SERVER_SETTINGS)},
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            hide_parameters=True,
        )
        for engine in (self.engine, self._reader):
            event.listen(engine.sync_engine, "connect", _watched)

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


def _watched(connection: Any, record: object) -> None:
    watch(connection.driver_connection)


def watch(connection: Any) -> None:
    """Let the kernel ask on this end too whether an asyncpg connection still leads anywhere (`SILENT_SECONDS`)."""
    line = connection._transport.get_extra_info("socket")
    if line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wanted = {
        "TCP_KEEPIDLE": _QUIET_SECONDS,
        "TCP_KEEPINTVL": _ASKED_EVERY_SECONDS,
        "TCP_KEEPCNT": _ASKED_TIMES,
        "TCP_USER_TIMEOUT": SILENT_SECONDS * 1000,
    }
    for name, value in wanted.items():
        if hasattr(socket, name):  # not every system has all of them
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


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
