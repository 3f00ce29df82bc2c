"""The timetable's work in the background: proposals and long prints, each a run that a page follows.

A run is taken up again when its worker died: a proposal is one transaction with the end of its run, a print is nothing
until its file is named by the run, so that nothing comes out twice. A refusal ends the run in words; anything else is
the runner's to try again.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID

from exam.accounts import queries as accounts
from exam.accounts.rules import Actor
from exam.kernel.errors import Refusal
from exam.kernel.services import Services
from scheduling.timetable import actions, documents, queries
from scheduling.timetable.actions import PRINT_JOB, PROPOSE_JOB, PURGE_JOB
from scheduling.timetable.rules.runs import Progress, Run, RunEnded, Stage

_EVERY_SECONDS: Final = 0.5
Work = Callable[[Services, Run, Actor, Progress], Awaitable[None]]


class Meter:
    """How far a run is: told from any thread, written twice a second; a run that was stopped ends at the next word."""

    def __init__(self, services: Services, run: Run) -> None:
        self._services = services
        self._run = run
        self._said: tuple[Stage, int, int] | None = None
        self._best: Mapping[str, float] = {}
        self._ended = False
        self.finishing = False

    def __call__(self, stage: Stage, done: int, total: int, /, best: Mapping[str, float] | None = None) -> None:
        if self._ended:
            raise RunEnded
        self._said = (stage, done, total)
        self._best = best or self._best

    def ends(self) -> bool:
        """Whether the search is to end: with the best so far, or for nothing, which it is told at its next word."""
        return self.finishing or self._ended

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write while the block runs."""
        task = asyncio.create_task(self._write_on())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _write_on(self) -> None:
        while not self._ended:
            await self._write()
            await asyncio.sleep(_EVERY_SECONDS)

    async def _write(self) -> None:
        """Also with nothing new to say: this is how a stop is heard."""
        stage, done, total = self._said or (self._run.stages[0], 0, 0)
        async with self._services.db.transaction() as session:
            heard = await actions.report(session, self._run, stage=stage, done=done, total=total, best=self._best)
        self._ended, self.finishing = heard is None, bool(heard)


async def propose(services: Services, payload: dict[str, Any]) -> None:
    """Make the draft that was asked for, as the officer who asked."""
    await follow(services, UUID(payload["run_id"]), _propose)


async def print_(services: Services, payload: dict[str, Any]) -> None:
    """Draw the print that was asked for and keep it, sealed, for who asked."""
    await follow(services, UUID(payload["run_id"]), _print)


async def purge_runs(services: Services, payload: dict[str, Any]) -> None:
    """Remove the files of prints whose time is over. A file without a record is harmless; a record without its file is not."""
    async with services.db.transaction() as session:
        hashes = await actions.purge(session, now=services.clock.now())
    for sha256 in hashes:
        services.files.remove(sha256)


async def follow(services: Services, run_id: UUID, work: Work) -> None:
    """Do the work of a run while it is reported on; it ends in its result (`actions.complete`) or in a refusal's words."""
    async with services.db.transaction() as session:
        run = await actions.begin(session, run_id, now=services.clock.now())
        if run is None:  # it was stopped while it waited, or done before its worker died
            return
        actor = await accounts.actor(session, run.account_id)
    meter = Meter(services, run)
    try:
        async with meter.writing():
            await work(services, run, actor, meter)
    except RunEnded:
        return
    except Refusal as refusal:
        with suppress(RunEnded):
            async with services.db.transaction() as session:
                await actions.fail(session, run, refusal=refusal, now=services.clock.now())


async def _propose(services: Services, run: Run, actor: Actor, progress: Progress) -> None:
    """The search holds no transaction: a batch of the country takes minutes."""
    assert run.seed is not None
    async with services.db.transaction() as session:
        material = await actions.prepare(session, actor, batch_id=run.batch_id, now=services.clock.now())
    stop = progress.ends if isinstance(progress, Meter) else (lambda: False)
    solution = await asyncio.to_thread(actions.work_out, material, seed=run.seed, progress=progress, stop=stop)
    async with services.db.transaction() as session:
        now = services.clock.now()
        plan = await actions.keep(session, actor, material, solution, now=now)
        result = {"plan_id": str(plan.id), "version": plan.version, "figures": dict(plan.figures)}
        await actions.complete(session, run, result=result, now=services.clock.now())


async def _print(services: Services, run: Run, actor: Actor, progress: Progress) -> None:
    assert run.order is not None
    async with services.db.transaction() as session:
        found = await queries.material(session, actor, services.vault, run.order)
    progress(Stage.READ, len(found), len(found))
    press = documents.press_of(services.settings, services.files, actor.name, services.clock.now(), run.order.locale)
    drawn = await documents.draw(run.order.what, found, press, lambda done, total: progress(Stage.DRAW, done, total))
    progress(Stage.KEEP, 0, 1)
    sha256 = await asyncio.to_thread(_keep, services, run, drawn.data)
    result = {"sha256": sha256, "name": drawn.name, "size": len(drawn.data), "sheets": drawn.sheets}
    try:
        async with services.db.transaction() as session:
            await actions.complete(session, run, result=result, now=services.clock.now())
    except RunEnded:
        services.files.remove(sha256)
        raise


def _keep(services: Services, run: Run, data: bytes) -> str:
    """Seal the print (tickets carry the candidates' sign-in codes) and store it; the same print sealed twice differs."""
    sealed = services.vault.seal(base64.b64encode(data).decode(), queries.run_key(run.id))
    return services.files.put(sealed.encode())


JOBS = {PROPOSE_JOB: propose, PRINT_JOB: print_, PURGE_JOB: purge_runs}
SCHEDULES = {PURGE_JOB: "40 * * * *"}
