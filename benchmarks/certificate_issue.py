"""`issue`: 10,000 certificates through the whole pipeline, by the worker processes that an installation starts.

A released batch waits (two officers, `benchmarks.certificate_world`), the database is durable, the store is a folder.
Measured from the start of the workers to the last certificate issued and queued for the platform: numbers, intents, ledger,
seal, drawing with credential, proof and record inside, signature, examination with other eyes, store. `cpu_ms` is the CPU of
workers and database for each; `peak_mb` the largest worker at the end, `peak_mb_early` the same after 1,000. Afterwards
every tenth file is read again: `unsigned`, and all the rows and entries are compared: `failures`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from benchmarks.certificate_world import Batch, released, services_of
from benchmarks.command import _cpu, _cpu_postgres
from benchmarks.installation import Installation, installation
from certificates.issuing import queries
from certificates.issuing.rules.signature import examine
from certificates.issuing.signer import roots
from certificates.platform.client import FILES
from exam.kernel.services import Services

COUNT: Final = int(os.environ.get("KAOWU_BENCH_CERTIFICATES", "10000"))
WORKERS: Final = 2
EARLY: Final = 1_000
_LONGEST_SECONDS: Final = 3_600
Result = dict[str, Any]


def issue() -> Result:
    """Run the case and return its figures."""
    with installation() as made:
        batch = asyncio.run(released(made, COUNT))
        measured = run(made, batch)
        return {**measured, **asyncio.run(look(made))}


def run(made: Installation, batch: Batch) -> Result:
    """Let workers issue a released batch; the figures of that time."""
    before, begun = _cpu_postgres(made.home), time.perf_counter()
    with workers(made, WORKERS) as processes:
        pids = [one.pid for one in processes]
        early = asyncio.run(_until(made, pids, min(EARLY, batch.count)))
        asyncio.run(_until(made, pids, batch.count))
        seconds = time.perf_counter() - begun
        used = [_cpu(pid) for pid in pids]
        own = _cpu_postgres(made.home) - before
        peak = _peak_mb(pids)
    return {
        "certificates": batch.count,
        "seconds": round(seconds, 1),
        "peak_mb": peak,
        "peak_mb_early": early,
        "workers": len(pids),
        "cpu_ms": round((sum(used) + own) / batch.count * 1000, 1),
        "worker_cpu_ms": round(sum(used) / batch.count * 1000, 1),
        "postgres_cpu_ms": round(own / batch.count * 1000, 1),
    }


@contextmanager
def workers(made: Installation, count: int) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    """Workers as an installation runs them, until the block ends."""
    environment = {
        **os.environ, "KAOWU_HOME": str(made.home), "DATABASE_URL": made.url, "KAOWU_PLATFORM_URL": FILES
    }  # fmt: skip
    command = [sys.executable, "-m", "exam", "work", "--json"]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(60)


async def _until(made: Installation, pids: Sequence[int], count: int) -> int:
    """Wait until so many are issued and queued for the platform; the largest worker until then."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    async with services_of(made) as services:
        while await _queued(services) < count:
            if time.monotonic() > deadline or not all(Path(f"/proc/{pid}").exists() for pid in pids):
                raise RuntimeError("the workers do not issue")
            await asyncio.sleep(0.25)
    return _peak_mb(pids)


async def _queued(services: Services) -> int:
    async with services.db.transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM certificates.platform_registrations"))
        return int(found.scalar_one())


def _peak_mb(pids: Sequence[int]) -> int:
    """The largest resident size of any of these processes so far (proc(5): VmHWM)."""
    texts = [Path(f"/proc/{pid}/status").read_text("utf-8") for pid in pids]
    return max(int(one.split("VmHWM:")[1].split()[0]) for one in texts) // 1024


async def look(made: Installation) -> Result:
    """What stands at the end: everything that `kaowu check` asks of certificates, and every tenth signature."""
    async with services_of(made) as services:
        async with services.db.transaction() as session:
            failures = await queries.invariants(session, services.files)
            issued = await session.execute(
                text("SELECT sha256 FROM certificates.certificates WHERE issued_at IS NOT NULL ORDER BY number")
            )
            names = [row.sha256 for row in issued]
        trusted = roots(services.settings)
        unsigned = sum(not examine(services.files.get(name), trusted).accepted for name in names[::10])
    return {"issued": len(names), "unsigned": unsigned, "failures": len(failures), "first_failures": failures[:3]}
