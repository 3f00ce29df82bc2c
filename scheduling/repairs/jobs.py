"""The work of a repair in the background: a run that a page follows, as a proposal is."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from exam.accounts.rules import Actor
from exam.kernel.services import Services
from scheduling.repairs import actions
from scheduling.repairs.rules.asking import read
from scheduling.timetable import actions as timetable
from scheduling.timetable.jobs import follow
from scheduling.timetable.rules.runs import Progress, Run


async def solve(services: Services, payload: dict[str, Any]) -> None:
    """Work out the repair that was asked for, as the officer who asked."""
    await follow(services, UUID(payload["run_id"]), _solve)


async def _solve(services: Services, run: Run, actor: Actor, progress: Progress) -> None:
    del progress  # seconds: the run says that it is under way
    async with services.db.transaction() as session:
        question = await actions.prepare(
            session,
            actor,
            batch_id=run.batch_id,
            asked=read(run.asked["repair"]),
            reason=run.asked["reason"],
            most_moved=run.asked["most_moved"],
            now=services.clock.now(),
        )
    answer = await asyncio.to_thread(actions.compute, question)
    async with services.db.transaction() as session:
        repair_id = await actions.keep(session, actor, question, answer, now=services.clock.now())
        result = {"repair_id": str(repair_id), "href": f"/scheduling/repairs/{repair_id}"}
        await timetable.complete(session, run, result=result, now=services.clock.now())


JOBS = {timetable.REPAIR_JOB: solve}
