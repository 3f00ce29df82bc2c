"""Parked jobs can be seen and queued again from the shell."""

from typing import Any

from exam.kernel.errors import Conflict
from exam.kernel.jobs import backlog, enqueue
from exam.kernel.parked import settle
from exam.kernel.runner import run_jobs
from exam.kernel.services import Services


class _No(Conflict):
    message = "不行。"


async def _refuse(services: Services, payload: dict[str, Any]) -> None:
    raise _No


async def test_nothing_is_parked_in_an_empty_queue(services: Services) -> None:
    assert await settle(services.db, ["all"]) == []


async def test_chosen_jobs_wait_again_and_the_others_stay(services: Services) -> None:
    async with services.db.transaction() as session:
        for n in range(3):
            await enqueue(session, "test.refused", {"n": n})
    await run_jobs(services, {"test.refused": _refuse}, {}, drain=True)
    held = await settle(services.db, [])
    assert [job.reason for job in held] == ["_No"] * 3
    left = await settle(services.db, [str(held[1].id), "999999"])
    assert [job.id for job in left] == [held[0].id, held[2].id]
    assert await settle(services.db, ["all"]) == []
    async with services.db.transaction() as session:
        assert (await backlog(session)).waiting == 3


async def test_a_forgotten_job_is_gone_and_a_waiting_one_is_not(services: Services) -> None:
    async with services.db.transaction() as session:
        for n in range(2):
            await enqueue(session, "test.refused", {"n": n})
    await run_jobs(services, {"test.refused": _refuse}, {}, drain=True)
    async with services.db.transaction() as session:
        await enqueue(session, "test.later", {})
    first, second = await settle(services.db, [])
    assert [job.id for job in await settle(services.db, [], [str(first.id)])] == [second.id]
    assert await settle(services.db, ["all"], [str(second.id)]) == []
    async with services.db.transaction() as session:
        left = await backlog(session)
    assert (left.waiting, left.parked) == (1, 0)
