"""The queue: work that is promised in the same transaction as the change that makes it necessary.

A job is a name, a JSON payload and, where it must not wait twice, a dedupe key. It is queued through the caller's
own connection, so a rolled-back action leaves no job and a committed one cannot lose it. The tables are pgqueuer's
(schema ``pgqueuer``); who runs them stands in `exam.kernel.runner`.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.settings import DBSettings
from pgqueuer.ports.driver import Driver, NotifyCallback
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

SCHEMA = "pgqueuer"
SETTINGS = DBSettings(db_schema=SCHEMA)


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """How much work stands in the queue."""

    waiting: int
    running: int
    parked: int


@dataclass(frozen=True, kw_only=True)
class ParkedJob:
    """A job that was given up: it failed too often, was refused by a rule, or took its worker down with it."""

    id: int
    name: str
    parked_at: datetime
    attempts: int
    reason: str
    """Type of the exception; its text stays in the log table, for it may name a person."""


async def enqueue(
    session: AsyncSession,
    name: str,
    payload: Mapping[str, Any],
    *,
    dedupe: str | None = None,
    after: timedelta | None = None,
) -> bool:
    """Queue a job in the session's transaction; False when one with the same key already waits or runs."""
    return bool(await enqueue_many(session, name, [(payload, dedupe)], after=after))


async def enqueue_many(
    session: AsyncSession,
    name: str,
    jobs: Iterable[tuple[Mapping[str, Any], str | None]],
    *,
    after: timedelta | None = None,
) -> int:
    """Queue (payload, dedupe key) pairs in one statement and return how many were new."""
    listed = list(jobs)
    if not listed:
        return 0
    queued = await queries_on(_SessionDriver(await session.connection())).enqueue(
        [name] * len(listed),
        [msgspec.json.encode(payload) for payload, _ in listed],
        [0] * len(listed),
        [after] * len(listed),
        [dedupe for _, dedupe in listed],
        on_conflict="skip",
    )
    return sum(job_id is not None for job_id in queued)


async def backlog(session: AsyncSession, *names: str) -> Backlog:
    """Count the jobs of these names (of all, without names)."""
    rows = await session.execute(
        text(
            f"SELECT status::text, count(*) FROM {SCHEMA}.{SETTINGS.queue_table} "
            "WHERE :every OR entrypoint = ANY(:names) GROUP BY status"
        ),
        {"every": not names, "names": list(names)},
    )
    counts: dict[str, int] = {status: count for status, count in rows}  # noqa: C416 - a Result is not a mapping
    return Backlog(waiting=counts.get("queued", 0), running=counts.get("picked", 0), parked=counts.get("failed", 0))


async def promised(session: AsyncSession, dedupe: str) -> bool:
    """Say whether a job with this key waits or runs: it will still be done."""
    found = await session.execute(
        text(
            f"SELECT EXISTS (SELECT FROM {SCHEMA}.{SETTINGS.queue_table} "
            "WHERE dedupe_key = :key AND status IN ('queued', 'picked'))"
        ),
        {"key": dedupe},
    )
    return bool(found.scalar_one())


async def given_up(session: AsyncSession, dedupes: Iterable[str]) -> set[str]:
    """Those of the keys under which a job is parked: not to be queued again without a person's decision."""
    found = await session.execute(
        text(
            f"SELECT dedupe_key FROM {SCHEMA}.{SETTINGS.queue_table} "
            "WHERE status = 'failed' AND dedupe_key = ANY(:keys)"
        ),
        {"keys": sorted(dedupes)},
    )
    return set(found.scalars())


async def parked(session: AsyncSession) -> list[ParkedJob]:
    """List the jobs that were given up, the oldest first."""
    rows = await session.execute(
        text(
            f"SELECT job.id, job.entrypoint, job.updated, job.attempts, log.traceback ->> 'exception_type' "
            f"FROM {SCHEMA}.{SETTINGS.queue_table} job LEFT JOIN LATERAL ("
            f"  SELECT traceback FROM {SCHEMA}.{SETTINGS.queue_table_log} "
            "   WHERE job_id = job.id AND status = 'failed' ORDER BY created DESC LIMIT 1) log ON true "
            "WHERE job.status = 'failed' ORDER BY job.updated, job.id"
        )
    )
    return [
        ParkedJob(id=job_id, name=name, parked_at=at, attempts=attempts, reason=reason or "")
        for job_id, name, at, attempts, reason in rows
    ]


async def requeue(session: AsyncSession, ids: Iterable[int]) -> None:
    """Give parked jobs another full set of attempts."""
    await queries_on(_SessionDriver(await session.connection())).requeue_jobs([_job_id(one) for one in ids])


async def forget(session: AsyncSession, ids: Iterable[int]) -> None:
    """Take parked jobs off the queue for good: what they were for is done otherwise, or no longer wanted."""
    await session.execute(
        text(f"DELETE FROM {SCHEMA}.{SETTINGS.queue_table} WHERE status = 'failed' AND id = ANY(:ids)"),
        {"ids": list(ids)},
    )


async def trim(session: AsyncSession, *, before: datetime) -> int:
    """Forget the history of jobs that ended before an instant; what still stands in the queue keeps its own."""
    result = await session.execute(
        text(
            f"DELETE FROM {SCHEMA}.{SETTINGS.queue_table_log} log WHERE created < :before AND NOT EXISTS "
            f"(SELECT FROM {SCHEMA}.{SETTINGS.queue_table} job WHERE job.id = log.job_id) RETURNING 1"
        ),
        {"before": before},
    )
    return len(result.all())


def queries_on(driver: Driver) -> Queries:
    """Return pgqueuer's statements, on our schema, over a driver."""
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


def tables_sql() -> str:
    """Return the DDL of pgqueuer's tables, for the migration."""
    return QueryBuilderEnvironment(SETTINGS).build_install_query(create_schema=True)


def _job_id(number: int) -> Any:
    return number


class _SessionDriver(Driver):
    """pgqueuer's driver over a SQLAlchemy connection: statements join the transaction that is open there."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._shutdown = asyncio.Event()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        rows = await self._connection.exec_driver_sql(query, args)
        return [dict(row) for row in rows.mappings()]

    async def execute(self, query: str, *args: object) -> str:
        return str((await self._connection.exec_driver_sql(query, args)).rowcount)

    async def notify(self, channel: str, payload: str) -> None:
        await self._connection.exec_driver_sql("SELECT pg_notify($1, $2)", (channel, payload))

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        raise NotImplementedError("a transaction does not listen")

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return TaskManager()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close: the session owns the connection."""
