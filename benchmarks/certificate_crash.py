"""`crash`: a worker of certificates is killed at each step many times; each outcome must come to one signed certificate.

At every point of `benchmarks.certificate_worker` and from outside at any moment (SIGKILL) `KAOWU_BENCH_KILLS` times (30), in a
random order; each time another worker goes on. The workers are forked from a warm process. At the end one works to the end and
everything is held together: `doubled` numbers or certificates of one outcome, `unsigned` files that a row names, `lost`
outcomes without one; `orphans` are files that no row names, `failures` what `kaowu check` finds (gaps of numbers, entries of the
ledger, hashes of the store).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import Counter
from random import Random
from typing import Any, Final

from sqlalchemy import text

from benchmarks import certificate_worker as worker
from benchmarks.certificate_world import Batch, released, services_of
from benchmarks.installation import Installation, installation
from certificates.issuing import actions, jobs, queries
from certificates.issuing.rules.signature import examine
from certificates.issuing.signer import roots
from exam.kernel import jobs as queue
from exam.kernel import pdf
from exam.kernel.services import Services

KILLS: Final = int(os.environ.get("KAOWU_BENCH_KILLS", "30"))
GROUP: Final = 5
PER_KILL: Final = 5
_OUTSIDE_SECONDS: Final = 2.0
_LONGEST_SECONDS: Final = 120.0
_PROCESSES: Final = multiprocessing.get_context("fork")
Result = dict[str, Any]


def crash(kills: int = KILLS, seed: int = 1) -> Result:
    """Kill at every point `kills` times by `os._exit` and as often from outside by SIGKILL; then let it finish and count."""
    steps = [*worker.POINTS, "outside"]
    with installation() as made:
        batch = asyncio.run(released(made, (kills * len(steps) + 2) * PER_KILL, seed=seed, group=GROUP))
        return strikes(made, batch, steps * kills, seed)


def strikes(made: Installation, batch: Batch, order: list[str], seed: int) -> Result:
    """The kills in a random order, and what stands at the end."""
    random = Random(f"{seed} crash")
    random.shuffle(order)
    asyncio.run(_warm(made, batch))
    done: Counter[str] = Counter()
    for step in order:
        if asyncio.run(_open(made)) == 0:
            raise RuntimeError("nothing is left to kill a worker over")
        done[step] += _strike(made, step, random)
    while asyncio.run(_open(made)):
        _drain(made)
    found = asyncio.run(count(made, batch))
    return {"kills": sum(done.values()), **found, "killed_at": dict(sorted(done.items()))}


async def _warm(made: Installation, batch: Batch) -> None:
    """Issue the first group here, so that whoever is forked has the press at hand; no child and no connection stays."""
    async with services_of(made) as services:
        await jobs.issue_group(services, batch.release_id, 1)
    pdf.close()


def _strike(made: Installation, step: str, random: Random) -> int:
    """Start a worker and end it; 1 when it was killed there, 0 when it never came to that point."""
    outside = step == "outside"
    point = ("", 1) if outside else (step, random.randint(1, 3))
    process = _PROCESSES.Process(target=worker.run, args=(made, *point))
    process.start()
    process.join(random.random() * _OUTSIDE_SECONDS if outside else _LONGEST_SECONDS)
    if process.is_alive() and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        return int(outside)
    return int(process.exitcode == worker.KILLED)


def _drain(made: Installation) -> None:
    """What is left, by a worker that nobody kills; jobs of the dead are taken over after their silence."""
    process = _PROCESSES.Process(target=worker.run, args=(made, "", 1, True))
    process.start()
    process.join()
    asyncio.run(asyncio.sleep(worker.HEARTBEAT.total_seconds()))


async def _open(made: Installation) -> int:
    """How many groups are left; what was given up after three crashes is queued again, as an administrator would."""
    async with services_of(made) as services, services.db.transaction() as session:
        held = await queue.parked(session)
        if held:
            await queue.requeue(session, [one.id for one in held])
        await actions.queue_open(session)
        return sum(len(groups) for groups in (await queries.open_groups(session)).values())


async def count(made: Installation, batch: Batch) -> Result:
    async with services_of(made) as services:
        async with services.db.transaction() as session:
            failures = await queries.invariants(session, services.files)
            issued = (await session.execute(text(_ISSUED))).all()
            numbers = Counter(await session.scalars(text("SELECT registration_id FROM certificates.numbers")))
        unsigned, orphans = _files(services, {one.sha256 for one in issued})
    people = {one.registration_id for one in issued}
    return {
        "certificates": len(issued),
        "doubled": len(issued) - len(people) + sum(numbers.values()) - len(numbers),
        "unsigned": unsigned,
        "lost": batch.count - len(people),
        "orphans": orphans,
        "failures": len(failures),
        "first_failures": failures[:3],
    }


_ISSUED: Final = "SELECT registration_id, sha256 FROM certificates.certificates WHERE issued_at IS NOT NULL"


def _files(services: Services, named: set[str]) -> tuple[int, int]:
    """How many certificates that a row names are not signed as they should be, and how many no row names."""
    trusted = roots(services.settings)
    unsigned = sum(not examine(services.files.get(name), trusted).accepted for name in sorted(named))
    rest = [name for name in sorted(services.files.names()) if name not in named]
    return unsigned, sum(services.files.get(name).startswith(b"%PDF-") for name in rest)
