"""Runs the jobs of the queue: retried with growing pauses, taken over from a dead worker, parked when hopeless.

Three ways a job fails, three answers. An exception is tried again up to :data:`ATTEMPTS` times. A refusal of a rule
is final at once, for the rule will say the same tomorrow. A job that takes its worker down (out of memory, killed)
raises nothing: its picks are counted in the queue's log and after :data:`CRASHES` of them it is parked as well.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.domain.models import Job as QueuedJob
from pgqueuer.domain.models import Schedule
from pgqueuer.domain.types import Channel, QueueExecutionMode

from exam.kernel.db import SERVER_SETTINGS, watch
from exam.kernel.errors import Refusal
from exam.kernel.jobs import SCHEMA, SETTINGS, enqueue, queries_on, trim
from exam.kernel.services import Services

Job = Callable[[Services, dict[str, Any]], Awaitable[None]]

ATTEMPTS = 5
CRASHES = 3
HEARTBEAT_TIMEOUT = timedelta(seconds=30)
"""A job whose worker was silent for so long belongs to whoever asks next."""

_BATCH = 10
_TOGETHER = 20
_LONGEST_PAUSE = timedelta(minutes=5)
_HISTORY = timedelta(days=30)
_TRIM_HISTORY = "jobs.trim_history"

log = logging.getLogger("kaowu.jobs")


class Crashed(Exception):
    """The job ended its worker too often."""


async def run_jobs(
    services: Services,
    jobs: Mapping[str, Job],
    schedules: Mapping[str, str],
    *,
    drain: bool = False,
    stop: asyncio.Event | None = None,
    heartbeat_timeout: timedelta = HEARTBEAT_TIMEOUT,
) -> None:
    """Run jobs until ``stop`` is set; with ``drain`` until the queue is empty.

    ``schedules`` maps a job's name to a cron expression (UTC): it is queued then, unless it still waits.
    A lost database is waited for.
    """
    stop = stop or asyncio.Event()
    all_jobs = {_TRIM_HISTORY: _trim_history, **jobs}
    all_schedules = {_TRIM_HISTORY: "17 18 * * *", **schedules}
    while not stop.is_set():
        try:
            await _run_once(services, all_jobs, all_schedules, drain, stop, heartbeat_timeout)
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, FailingListenerError) as error:
            if drain:
                raise
            log.warning("the database is away (%s); trying again", type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 2)
        if drain:
            return


async def _run_once(
    services: Services,
    jobs: Mapping[str, Job],
    schedules: Mapping[str, str],
    drain: bool,
    stop: asyncio.Event,
    heartbeat_timeout: timedelta,
) -> None:
    url = services.settings.database_url.replace("postgresql+asyncpg://", "postgresql://")
    settings = dict(SERVER_SETTINGS)
    async with asyncpg.create_pool(url, min_size=1, max_size=5, server_settings=settings, init=_watched) as pool:
        driver = AsyncpgPoolDriver(pool)
        queue = PgQueuer(driver, channel=Channel(SETTINGS.channel), queries=queries_on(driver))
        for name, job in jobs.items():
            queue.entrypoint(name, on_failure="hold", accepts_context=False)(_guarded(services, pool, name, job))
        if not drain:
            for name, expression in schedules.items():
                queue.schedule(name, expression, clean_old=True, accepts_context=False)(_queued(services, name))
        watcher = asyncio.create_task(_forward(stop, queue.shutdown))
        try:
            if drain:
                await queue.qm.run(
                    dequeue_timeout=timedelta(seconds=1),
                    batch_size=_BATCH,
                    mode=QueueExecutionMode.drain,
                    max_concurrent_tasks=_TOGETHER,
                    heartbeat_timeout=heartbeat_timeout,
                )
            else:
                await queue.run(
                    dequeue_timeout=min(heartbeat_timeout, timedelta(seconds=10)),
                    batch_size=_BATCH,
                    max_concurrent_tasks=_TOGETHER,
                    shutdown_on_listener_failure=True,
                    heartbeat_timeout=heartbeat_timeout,
                )
        finally:
            watcher.cancel()


async def _watched(connection: asyncpg.Connection) -> None:
    watch(connection)


async def _forward(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()


def _guarded(services: Services, pool: "asyncpg.Pool", name: str, job: Job) -> Callable[[QueuedJob], Awaitable[None]]:
    """Wrap a job with the three answers of this module."""

    async def run(queued: QueuedJob) -> None:
        crashes = await pool.fetchval(_PICKS, queued.id) - 1 - queued.attempts
        if crashes >= CRASHES:
            raise Crashed(f"{name} ended its worker {crashes} times")
        try:
            await job(services, msgspec.json.decode(queued.payload or b"{}"))
        except Refusal:
            raise
        except asyncio.CancelledError as error:  # the process ends: pgqueuer would drop the job
            raise RetryRequested(reason="the worker stopped") from error
        except Exception as error:
            if queued.attempts + 1 >= ATTEMPTS:
                raise
            pause = min(timedelta(seconds=4**queued.attempts), _LONGEST_PAUSE)
            raise RetryRequested(delay=pause, reason=type(error).__name__) from error

    return run


def _queued(services: Services, name: str) -> Callable[[Schedule], Awaitable[None]]:
    """Return what the clock calls: it queues the job, so that one place runs and retries everything."""

    async def fire(schedule: Schedule) -> None:
        async with services.db.transaction() as session:
            await enqueue(session, name, {}, dedupe=name)

    return fire


async def _trim_history(services: Services, payload: dict[str, Any]) -> None:
    async with services.db.transaction() as session:
        await trim(session, before=services.clock.now() - _HISTORY)


_PICKS = f"""
SELECT count(*) FROM {SCHEMA}.{SETTINGS.queue_table_log} WHERE job_id = $1 AND status = 'picked' AND created >
    coalesce((SELECT max(created) FROM {SCHEMA}.{SETTINGS.queue_table_log} WHERE job_id = $1 AND status = 'failed'), '-infinity')
"""
"""How often a job was begun since it was last given up."""
