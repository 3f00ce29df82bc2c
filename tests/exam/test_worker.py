"""The worker: every job has one owner, and a worker that is stopped loses nothing."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from croniter import croniter

from exam import worker
from exam.kernel.jobs import backlog, enqueue
from exam.kernel.services import Services
from exam.kernel.settings import TREE


def test_job_names_and_schedules_fit_together() -> None:
    jobs = worker.jobs()
    for name, expression in worker.schedules().items():
        assert name in jobs, f"{name} is scheduled but nobody does it"
        assert croniter.is_valid(expression)
    assert all(name.count(".") == 1 for name in jobs), "a job is called <package or folder>.<verb>"


def test_no_folders_jobs_are_forgotten() -> None:
    collected = {module.__name__ for module in worker.FOLDERS}
    written = {
        ".".join(path.relative_to(TREE).with_suffix("").parts)
        for package in ("exam", "scheduling", "scoring", "certificates")
        for path in (TREE / package).glob("*/jobs*")
        if path.suffix in ("", ".py")
    }
    assert collected == written - {"exam.kernel.jobs"}


def test_a_name_belongs_to_one_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = SimpleNamespace(JOBS={"a.b": None})
    monkeypatch.setattr(worker, "FOLDERS", (folder, folder))
    with pytest.raises(ValueError, match=r"a\.b"):
        worker.jobs()


async def test_a_cancelled_worker_finishes_what_it_began(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def slow(given: Services, payload: dict[str, Any]) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        done.set()

    monkeypatch.setattr(worker, "FOLDERS", (SimpleNamespace(JOBS={"test.slow": slow}),))
    async with services.db.transaction() as session:
        await enqueue(session, "test.slow", {})
    running = asyncio.create_task(worker.run(services))
    await asyncio.wait_for(begun.wait(), 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert done.is_set()
    async with services.db.transaction() as session:
        left = await backlog(session)
    assert (left.waiting, left.running, left.parked) == (0, 0, 0)
