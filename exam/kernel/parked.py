"""Parked jobs from the shell: ``python -m exam.kernel.parked`` lists them.

``--again ID...`` (or ``all``) queues them anew, ``--forget ID...`` takes them off the queue for good.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from exam.kernel.db import Database
from exam.kernel.jobs import ParkedJob, forget, parked, requeue
from exam.kernel.postgres import ensure_server
from exam.kernel.settings import Settings


async def settle(database: Database, again: Sequence[str], gone: Sequence[str] = ()) -> list[ParkedJob]:
    """Queue the named jobs anew, forget others, and return those that stay parked."""
    async with database.transaction() as session:
        held = await parked(session)
        dropped = [job.id for job in held if str(job.id) in gone]
        chosen = [job.id for job in held if job.id not in dropped and (str(job.id) in again or "all" in again)]
        if dropped:
            await forget(session, dropped)
        if chosen:
            await requeue(session, chosen)
        return [job for job in held if job.id not in (*chosen, *dropped)]


async def _run(url: str, again: Sequence[str], gone: Sequence[str]) -> int:
    database = Database(url)
    try:
        left = await settle(database, again, gone)
    finally:
        await database.dispose()
    sys.stdout.write(json.dumps([asdict(job) for job in left], indent=2, default=str) + "\n")
    return 1 if left else 0


def main(arguments: Sequence[str]) -> int:
    """Run the command: status 0 when nothing is parked any more."""
    parser = argparse.ArgumentParser(prog="python -m exam.kernel.parked", description="List parked jobs.")
    parser.add_argument("--again", nargs="+", default=[], metavar="ID")
    parser.add_argument("--forget", nargs="+", default=[], metavar="ID")
    chosen = parser.parse_args(arguments)
    return asyncio.run(_run(ensure_server(Settings.load()), chosen.again, chosen.forget))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
