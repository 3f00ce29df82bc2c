"""Running jobs: to the end, again after a failure, once more after a killed worker, and not for ever."""

import asyncio
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from exam.kernel import runner
from exam.kernel.errors import Conflict
from exam.kernel.jobs import backlog, enqueue, parked, requeue
from exam.kernel.runner import Job, run_jobs
from exam.kernel.services import Services
from exam.kernel.settings import TREE


async def _queue(services: Services, name: str, **payload: Any) -> None:
    async with services.db.transaction() as session:
        await enqueue(session, name, payload)


async def test_draining_an_empty_queue_ends(services: Services) -> None:
    await asyncio.wait_for(run_jobs(services, {}, {}, drain=True), 20)


async def test_every_job_runs_once_with_its_payload(services: Services) -> None:
    seen: list[int] = []

    async def note(given: Services, payload: dict[str, Any]) -> None:
        assert given is services
        seen.append(payload["n"])

    async with services.db.transaction() as session:
        for n in range(30):
            await enqueue(session, "test.note", {"n": n})
    await run_jobs(services, {"test.note": note}, {}, drain=True)
    assert sorted(seen) == list(range(30))
    async with services.db.transaction() as session:
        assert (await backlog(session)).waiting == 0


async def test_a_failure_is_tried_again(services: Services) -> None:
    calls: list[int] = []

    async def flaky(given: Services, payload: dict[str, Any]) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("not yet")

    await _queue(services, "test.flaky")
    await run_jobs(services, {"test.flaky": flaky}, {}, drain=True)
    assert len(calls) == 2


async def test_a_refusal_parks_at_once_and_can_be_queued_again(services: Services) -> None:
    class No(Conflict):
        message = "不行。"

    calls: list[int] = []

    async def refused(given: Services, payload: dict[str, Any]) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise No

    jobs: dict[str, Job] = {"test.refused": refused}
    await _queue(services, "test.refused")
    await run_jobs(services, jobs, {}, drain=True)
    async with services.db.transaction() as session:
        (held,) = await parked(session)
        assert (held.name, held.reason) == ("test.refused", "No")
        await requeue(session, [held.id])
    await run_jobs(services, jobs, {}, drain=True)
    assert len(calls) == 2
    async with services.db.transaction() as session:
        assert await parked(session) == []


_WORKER = """
    import asyncio, os, sys
    from datetime import timedelta
    from pathlib import Path
    from exam.kernel.runner import run_jobs
    from exam.kernel.services import make_services
    from exam.kernel.settings import Settings

    async def slow(services, payload):
        with open(payload["log"], "a") as file:
            file.write("begun\\n")
        while not os.path.exists(payload["go"]):
            await asyncio.sleep(0.05)
        with open(payload["log"], "a") as file:
            file.write("done\\n")

    async def main():
        services = make_services(Settings(home=Path(sys.argv[1]), database_url=sys.argv[2]))
        await run_jobs(services, {"test.slow": slow}, {}, heartbeat_timeout=timedelta(seconds=1))

    asyncio.run(main())
"""


async def _until(path: Path, lines: list[str]) -> None:
    for _ in range(600):
        if path.exists() and path.read_text().split() == lines:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(path.read_text() if path.exists() else "nothing was begun")


async def test_a_killed_workers_job_is_done_once_more(services: Services, tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    await _queue(services, "test.slow", log=str(log), go=str(go))
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(_WORKER),
        str(services.settings.home),
        services.settings.database_url,
    ]
    first = await asyncio.create_subprocess_exec(*command, cwd=TREE)
    try:
        await _until(log, ["begun"])
        first.kill()
    finally:
        await first.wait()
    go.touch()
    second = await asyncio.create_subprocess_exec(*command, cwd=TREE)
    try:
        await _until(log, ["begun", "begun", "done"])
    finally:
        second.kill()
        await second.wait()


async def test_a_job_that_kills_its_worker_is_parked(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(given: Services, payload: dict[str, Any]) -> None:
        raise AssertionError("it must not be begun again")

    await _queue(services, "test.bomb")
    async with services.db.transaction() as session:  # what three killed workers leave behind
        await session.execute(
            text(
                "INSERT INTO pgqueuer.pgqueuer_log (job_id, status, priority, entrypoint) "
                "SELECT id, 'picked', 0, entrypoint FROM pgqueuer.pgqueuer, generate_series(1, :crashes)"
            ),
            {"crashes": runner.CRASHES},
        )
    await run_jobs(services, {"test.bomb": never}, {}, drain=True)
    async with services.db.transaction() as session:
        (held,) = await parked(session)
        assert held.reason == "Crashed"


async def test_a_schedule_queues_its_job_and_stop_ends_the_worker(services: Services) -> None:
    ran = asyncio.Event()
    stop = asyncio.Event()

    async def sweep(given: Services, payload: dict[str, Any]) -> None:
        ran.set()

    worker = asyncio.create_task(
        run_jobs(
            services,
            {"test.sweep": sweep},
            {"test.sweep": "* * * * * *"},
            stop=stop,
            heartbeat_timeout=timedelta(seconds=2),
        )
    )
    await asyncio.wait_for(ran.wait(), 30)
    stop.set()
    await asyncio.wait_for(worker, 30)
