"""The work of what-ifs in the background: each is a run that a page follows, as a proposal is."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from exam.accounts.rules import Actor
from exam.kernel.services import Services
from scheduling.forks import actions
from scheduling.forks.rules.wishes import read
from scheduling.timetable import actions as timetable
from scheduling.timetable.jobs import Meter, follow
from scheduling.timetable.rules.runs import Progress, Run


async def solve(services: Services, payload: dict[str, Any]) -> None:
    """Compute the what-if that was asked for, as the officer who asked."""
    await follow(services, UUID(payload["run_id"]), _solve)


async def _solve(services: Services, run: Run, actor: Actor, progress: Progress) -> None:
    async with services.db.transaction() as session:
        wish = read(run.asked["wish"])
        question = await actions.prepare(session, actor, batch_id=run.batch_id, wish=wish, now=services.clock.now())
    stop = progress.ends if isinstance(progress, Meter) else (lambda: False)
    answer = await asyncio.to_thread(actions.compute, question, progress=progress, stop=stop)
    async with services.db.transaction() as session:
        fork_id = await actions.keep(session, actor, question, answer, now=services.clock.now())
        result = {"fork_id": str(fork_id), "href": f"/scheduling/plans/forks/{fork_id}"}
        await timetable.complete(session, run, result=result, now=services.clock.now())


JOBS = {timetable.FORK_JOB: solve}
