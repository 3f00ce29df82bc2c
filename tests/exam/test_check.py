"""The check over the whole road, on an empty installation: everything holds, and a job that was given up is named."""

from typing import Any

from exam import check
from exam.kernel.errors import Conflict
from exam.kernel.jobs import enqueue
from exam.kernel.parked import settle
from exam.kernel.runner import run_jobs
from exam.kernel.services import Services


class _No(Conflict):
    message = "不行。"


async def _refuse(services: Services, payload: dict[str, Any]) -> None:
    raise _No


async def _failing(services: Services) -> dict[str, tuple[str, ...]]:
    return {result.key: result.failures for result in await check.run(services) if not result.passed}


async def test_an_empty_installation_has_no_failure(services: Services) -> None:
    assert await _failing(services) == {}


async def test_a_parked_job_is_a_named_finding_until_it_is_settled(services: Services) -> None:
    async with services.db.transaction() as session:
        await enqueue(session, "test.refused", {"name": "不应出现"})
    assert await _failing(services) == {}, "a job that waits is no failure"
    await run_jobs(services, {"test.refused": _refuse}, {}, drain=True)
    failures = await _failing(services)
    assert list(failures) == ["jobs"]
    (line,) = failures["jobs"]
    assert "test.refused" in line
    assert "_No" in line
    assert "不应出现" not in line
    (held,) = await settle(services.db, [])
    await settle(services.db, [], [str(held.id)])
    assert await _failing(services) == {}
