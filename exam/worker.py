"""The worker: collects every folder's jobs and runs them until it is told to stop."""

import asyncio
import signal
from contextlib import suppress
from typing import Any

from certificates.credit import jobs as credit
from certificates.issuing import jobs as issuing
from certificates.ledger import jobs as ledger
from certificates.nightly import jobs as nightly
from certificates.packs import jobs as packs
from certificates.platform import jobs as platform
from certificates.printing import jobs as printing
from exam.delivery import jobs as delivery
from exam.kernel.runner import Job, run_jobs
from exam.kernel.services import Services
from exam.registration import jobs as registration
from scheduling.forks import jobs as forks
from scheduling.repairs import jobs as repairs
from scheduling.sites import jobs as sites
from scheduling.timetable import jobs as timetable
from scoring.reviews import jobs as reviews
from scoring.tablets import jobs as tablets

FOLDERS: tuple[Any, ...] = (
    registration,
    delivery,
    sites,
    timetable,
    forks,
    repairs,
    reviews,
    tablets,
    issuing,
    packs,
    printing,
    ledger,
    nightly,
    platform,
    credit,
)
"""Modules with ``JOBS`` (name to function) and, where the clock starts some, ``SCHEDULES`` (name to cron, UTC)."""


def jobs() -> dict[str, Job]:
    """Return every job by name; a name belongs to one folder."""
    collected: dict[str, Job] = {}
    for folder in FOLDERS:
        for name, job in folder.JOBS.items():
            if name in collected:
                raise ValueError(f"two folders offer the job {name}")
            collected[name] = job
    return collected


def schedules() -> dict[str, str]:
    """Return the jobs that the clock starts, with their cron expressions."""
    return {name: expression for folder in FOLDERS for name, expression in getattr(folder, "SCHEDULES", {}).items()}


async def run(
    services: Services, *, drain: bool = False, stop: asyncio.Event | None = None, stop_on_signals: bool = False
) -> None:
    """Run jobs until ``stop`` is set or the task is cancelled; with ``drain`` until the queue is empty.

    Either way jobs that have begun are finished first. ``stop_on_signals`` is for a process that does nothing else.
    """
    stop = stop or asyncio.Event()
    if stop_on_signals:
        _stop_on_signals(stop)
    work = asyncio.create_task(run_jobs(services, jobs(), schedules(), drain=drain, stop=stop))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await work
        raise


def _stop_on_signals(stop: asyncio.Event) -> None:
    """End orderly on SIGTERM and SIGINT, where the platform allows it."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
