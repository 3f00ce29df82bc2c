"""Proposals and prints in the background: one at a time, in words when they fail, once however often a worker dies."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text, update

from exam import worker
from exam.accounts import queries as accounts
from exam.accounts.rules import Actor, Role
from exam.kernel import runner
from exam.kernel.clock import FixedClock
from exam.kernel.errors import Forbidden, Invalid, Problem
from exam.kernel.services import Services
from exam.kernel.settings import TREE
from exam.registration.models import RegistrationRow
from scheduling.planning.rules.plan import UnplacedReason
from scheduling.timetable import actions, documents, jobs, queries
from scheduling.timetable.actions import solving
from scheduling.timetable.models import PlanRow, RunRow
from scheduling.timetable.rules.lifecycle import AlreadyPublished
from scheduling.timetable.rules.prints import Print, PrintOrder
from scheduling.timetable.rules.runs import KEPT, MOST_PROBLEMS, REMEMBERED, RunEnded, RunKind, RunStatus, Stage
from tests.exam.kernel.print_home import link_fonts
from tests.exam.registration.world import NOW, person
from tests.scheduling.pages import PASSWORD, account, post
from tests.scheduling.world import World, close, make_world, register, staff


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, 4, school=0)
        await staff(session, made, 0, 4, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 4, may_invigilate=True, may_head=False, assess=True)
        await close(session, made)
    yield made


async def known(services: Services, actor: Actor) -> Actor:
    """The actor with an account: a job acts as somebody who can be looked up."""
    return await by_login(services, actor, await account(services, actor))


async def by_login(services: Services, actor: Actor, login: str) -> Actor:
    async with services.db.transaction() as session:
        (found,) = [
            one for role in actor.roles for one in await accounts.accounts_of_role(session, role) if one.login == login
        ]
        return await accounts.actor(session, found.id)


@pytest.fixture
async def officer(services: Services, world: World) -> Actor:
    return await known(services, world.officer)


async def ask(services: Services, actor: Actor, world: World, seed: int = 3) -> UUID:
    async with services.db.transaction() as session:
        run_id, _ = await actions.ask_proposal(session, actor, batch_id=world.batch.id, seed=seed, now=NOW)
    return run_id


async def of(services: Services, run_id: UUID) -> Any:
    async with services.db.transaction() as session:
        return await queries.run(session, run_id)


async def plans_count(services: Services) -> int:
    async with services.db.transaction() as session:
        return await session.scalar(select(func.count()).select_from(PlanRow)) or 0


async def published(services: Services, world: World) -> None:
    async with services.db.transaction() as session:
        plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=3, now=NOW)
        await actions.publish(session, world.officer, services.vault, plan_id=plan.id, now=NOW)


async def test_a_proposal_runs_through_its_stages(services: Services, officer: Actor, world: World) -> None:
    told: list[tuple[Stage, int, int]] = []
    known: list[Mapping[str, float]] = []

    def progress(stage: Stage, done: int, total: int, /, best: Mapping[str, float] = MappingProxyType({})) -> None:
        told.append((stage, done, total))
        known.append(best)

    async with services.db.transaction() as session:
        await actions.propose(session, officer, batch_id=world.batch.id, seed=3, now=NOW, progress=progress)
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        Stage.GROUPS, Stage.SESSIONS, Stage.STAFF, Stage.SEATS,
    ]  # fmt: skip
    assert any(one.get("gap") == 0 and one.get("unplaced") == 0 for one in known)
    for stage in {stage for stage, _, _ in told}:
        counts = [(done, total) for one, done, total in told if one is stage]
        assert all(done <= total for done, total in counts)
        assert counts[-1][0] == counts[-1][1], stage


async def test_a_run_ends_with_the_plan_it_made(services: Services, officer: Actor, world: World) -> None:
    run_id = await ask(services, officer, world)
    await worker.run(services, drain=True)
    run = await of(services, run_id)
    assert (run.status, run.attempt, run.kind) == (RunStatus.DONE, 1, RunKind.PROPOSAL)
    assert run.result["version"] == 1
    async with services.db.transaction() as session:
        plan = await queries.latest(session, world.batch.id)
    assert plan
    assert (str(plan.id), plan.created_by) == (run.result["plan_id"], officer.name)


async def test_two_officers_at_once_start_one_run(services: Services, officer: Actor, world: World) -> None:
    other = await known(services, world.officer)
    found = await asyncio.gather(
        *(ask(services, actor, world, seed) for seed, actor in enumerate((officer, other) * 4))
    )
    assert len(set(found)) == 1
    await worker.run(services, drain=True)
    assert await plans_count(services) == 1
    again = await ask(services, other, world)
    assert again not in found


async def test_a_refusal_ends_the_run_in_words(services: Services, officer: Actor, world: World) -> None:
    async with services.db.transaction() as session:
        await session.execute(update(RegistrationRow).values(status="withdrawn"))
    run_id = await ask(services, officer, world)
    await worker.run(services, drain=True)
    run = await of(services, run_id)
    assert run.status is RunStatus.FAILED
    assert "没有已确认" in run.failure.message
    assert run.failure.way_out
    assert await plans_count(services) == 0


async def test_a_refusal_keeps_what_it_lists(client: httpx.AsyncClient, services: Services, world: World) -> None:
    """Rows, fields and ways out reach the page; of very many the first, and how many more."""
    login = await account(services, world.officer)
    run_id = await ask(services, await by_login(services, world.officer, login), world)
    wrong = Problem(
        message="%(name)s有 %(n)s 处不对。", facts={"name": "<b>A</b>", "n": 3}, field="seats", row=7,
        way_out="请更正。", code="wrong",
    )  # fmt: skip
    async with services.db.transaction() as session:
        run = await actions.begin(session, run_id, now=NOW)
        assert run
        await actions.fail(session, run, refusal=Invalid(problems=[wrong] * (MOST_PROBLEMS + 2)), now=NOW)
    failure = (await of(services, run_id)).failure
    assert (failure.problems, failure.more) == ((wrong,) * MOST_PROBLEMS, 2)
    await post(client, "/sign-in", page="/sign-in", login=login, secret=PASSWORD)
    shown = (await client.get(f"/scheduling/plans/runs/{run_id}")).text
    assert "第 7 行：&lt;b&gt;A&lt;/b&gt;有 3 处不对。 请更正。" in shown
    assert '<code class="note">seats</code>' in shown
    assert "另有 2 处。" in shown


async def test_a_run_that_failed_before_lists_were_kept_is_still_read(
    services: Services, officer: Actor, world: World
) -> None:
    run_id = await ask(services, officer, world)
    old = {"message": "m", "way_out": "", "facts": {}}
    async with services.db.transaction() as session:
        await session.execute(update(RunRow).where(RunRow.id == run_id).values(status="failed", failure=old))
    assert ((await of(services, run_id)).failure.problems, (await of(services, run_id)).failure.more) == ((), 0)


async def test_what_is_published_is_refused_at_the_button(services: Services, officer: Actor, world: World) -> None:
    await published(services, world)
    with pytest.raises(AlreadyPublished):
        await ask(services, officer, world)


async def test_strangers_start_and_stop_nothing(services: Services, officer: Actor, world: World) -> None:
    stranger = await known(services, person(Role.INVIGILATOR))
    run_id = await ask(services, officer, world)
    with pytest.raises(Forbidden):
        await ask(services, stranger, world)
    with pytest.raises(Forbidden):
        async with services.db.transaction() as session:
            await actions.stop(session, stranger, run_id=run_id, now=NOW)
    with pytest.raises(Forbidden):
        async with services.db.transaction() as session:
            order = PrintOrder(batch_id=world.batch.id, what=Print.PACK, site_id=world.site_id)
            await actions.ask_print(session, stranger, order=order, now=NOW)


async def test_a_stopped_run_leaves_nothing(
    services: Services, officer: Actor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await ask(services, officer, world)
    begun, go = asyncio.Event(), asyncio.Event()
    keep = actions.keep

    async def slowly(*given: Any, **named: Any) -> Any:
        begun.set()
        await go.wait()
        return await keep(*given, **named)

    monkeypatch.setattr(actions, "keep", slowly)
    work = asyncio.create_task(jobs.propose(services, {"run_id": str(run_id)}))
    await begun.wait()
    async with services.db.transaction() as session:
        await actions.stop(session, officer, run_id=run_id, now=NOW)
    go.set()
    await work
    assert (await of(services, run_id)).status is RunStatus.STOPPED
    assert await plans_count(services) == 0
    await jobs.propose(services, {"run_id": str(run_id)})  # the queue's own copy finds nothing to do
    assert await plans_count(services) == 0
    with pytest.raises(RunEnded):
        async with services.db.transaction() as session:
            await actions.stop(session, officer, run_id=run_id, now=NOW)


async def test_a_run_that_is_asked_to_finish_keeps_what_it_has(
    services: Services, officer: Actor, world: World
) -> None:
    run_id = await ask(services, officer, world)
    async with services.db.transaction() as session:
        assert (await actions.finish(session, officer, run_id=run_id)).finishing
    await worker.run(services, drain=True)
    run = await of(services, run_id)
    assert (run.status, await plans_count(services)) == (RunStatus.DONE, 1)
    with pytest.raises(RunEnded):
        async with services.db.transaction() as session:
            await actions.finish(session, officer, run_id=run_id)


async def test_whom_an_ended_run_did_not_reach_is_told_so(
    services: Services, officer: Actor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solving, "_PATIENCE", 0.0)
    monkeypatch.setattr(jobs.Meter, "ends", lambda self: True)
    run_id = await ask(services, officer, world)
    await worker.run(services, drain=True)
    run = await of(services, run_id)
    assert (run.status, await plans_count(services)) == (RunStatus.DONE, 1)
    async with services.db.transaction() as session:
        view = await queries.arrangement(session, officer, world.batch.id)
    assert [(line.reason, len(line.people)) for line in view.unplaced] == [(UnplacedReason.NOT_REACHED, 4)]
    assert "提前结束" in view.unplaced[0].text


async def test_a_worker_taken_for_dead_cannot_end_what_another_took_over(
    services: Services, officer: Actor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await ask(services, officer, world)
    begun = [asyncio.Event(), asyncio.Event()]
    go = [asyncio.Event(), asyncio.Event()]
    keep = actions.keep

    async def slowly(*given: Any, **named: Any) -> Any:
        mine = 1 if begun[0].is_set() else 0
        begun[mine].set()
        await go[mine].wait()
        return await keep(*given, **named)

    monkeypatch.setattr(actions, "keep", slowly)
    first = asyncio.create_task(jobs.propose(services, {"run_id": str(run_id)}))
    await begun[0].wait()
    second = asyncio.create_task(jobs.propose(services, {"run_id": str(run_id)}))
    await begun[1].wait()
    go[0].set()
    await first
    run = await of(services, run_id)
    assert (run.status, run.attempt) == (RunStatus.RUNNING, 2)
    assert await plans_count(services) == 0
    go[1].set()
    await second
    run = await of(services, run_id)
    assert (run.status, run.attempt) == (RunStatus.DONE, 2)
    assert await plans_count(services) == 1


_WORKER = """
    import asyncio, sys
    from pathlib import Path
    from exam import worker
    from exam.kernel.services import services_of
    from exam.kernel.settings import Settings
    from scheduling.timetable import actions

    async def main():
        home, url, halt = sys.argv[1:]
        keep = actions.keep

        async def halting(*given, **named):
            done = await keep(*given, **named)
            if halt == "halt":
                print("made", flush=True)
                await asyncio.sleep(60)
            return done

        actions.keep = halting
        from datetime import timedelta
        from exam.kernel.runner import run_jobs
        async with services_of(Settings(home=Path(home), database_url=url)) as services:
            await run_jobs(services, worker.jobs(), {}, heartbeat_timeout=timedelta(seconds=1))

    asyncio.run(main())
"""


async def test_a_worker_killed_in_the_middle_is_replaced_and_nothing_is_double(
    services: Services, officer: Actor, world: World
) -> None:
    run_id = await ask(services, officer, world)
    base = [sys.executable, "-c", textwrap.dedent(_WORKER), str(services.settings.home), services.settings.database_url]
    first = await asyncio.create_subprocess_exec(*base, "halt", cwd=TREE, stdout=asyncio.subprocess.PIPE)
    try:
        assert first.stdout
        assert await asyncio.wait_for(first.stdout.readline(), 60) == b"made\n"
        os.kill(first.pid, signal.SIGKILL)
    finally:
        if first.returncode is None:
            first.kill()
        await first.wait()
    assert (await of(services, run_id)).status is RunStatus.RUNNING
    assert await plans_count(services) == 0  # its transaction died with it
    second = await asyncio.create_subprocess_exec(*base, "go", cwd=TREE)
    try:
        for _ in range(600):
            if (await of(services, run_id)).status is RunStatus.DONE:
                break
            await asyncio.sleep(0.1)
    finally:
        second.kill()
        await second.wait()
    run = await of(services, run_id)
    assert (run.status, run.attempt) == (RunStatus.DONE, 2)
    assert await plans_count(services) == 1


async def test_a_run_the_queue_gave_up_stands_in_nobodys_way(services: Services, officer: Actor, world: World) -> None:
    run_id = await ask(services, officer, world)
    async with services.db.transaction() as session:  # what three killed workers leave behind
        await session.execute(
            text(
                "INSERT INTO pgqueuer.pgqueuer_log (job_id, status, priority, entrypoint) "
                "SELECT id, 'picked', 0, entrypoint FROM pgqueuer.pgqueuer, generate_series(1, :crashes)"
            ),
            {"crashes": runner.CRASHES},
        )
    await worker.run(services, drain=True)
    async with services.db.transaction() as session:
        assert await queries.is_abandoned(session, run_id)
        assert await queries.proposal_under_way(session, world.batch.id) is None
    again = await ask(services, officer, world)
    assert again != run_id
    given_up = await of(services, run_id)
    assert given_up.status is RunStatus.FAILED
    assert "多次中断" in given_up.failure.message
    await worker.run(services, drain=True)
    assert (await of(services, again)).status is RunStatus.DONE


async def test_a_print_is_kept_sealed_for_who_asked(services: Services, officer: Actor, world: World) -> None:
    link_fonts(services.settings.home)
    await published(services, world)
    order = PrintOrder(batch_id=world.batch.id, what=Print.SCHEDULE, site_id=world.site_id, locale="en")
    async with services.db.transaction() as session:
        run_id, new = await actions.ask_print(session, officer, order=order, now=NOW)
        same, old = await actions.ask_print(session, officer, order=order, now=NOW)
        assert (new, old, same) == (True, False, run_id)
        other = replace(order, locale="zh")
        assert (await actions.ask_print(session, officer, order=other, now=NOW))[0] != run_id
    await worker.run(services, drain=True)
    run = await of(services, run_id)
    assert (run.status, run.order) == (RunStatus.DONE, order)
    assert (run.result["sheets"], run.fetchable(NOW), run.fetchable(NOW + KEPT)) == (1, True, False)
    assert b"%PDF" not in services.files.get(str(run.result["sha256"]))
    stranger = await known(services, world.officer)
    async with services.db.transaction() as session:
        assert [one.id for one in await queries.own_prints(session, stranger, world.batch.id, now=NOW)] == []
        with pytest.raises(Forbidden):
            await queries.visible_run(session, stranger, run_id)


async def test_a_print_that_cannot_be_drawn_says_why(
    services: Services, officer: Actor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published(services, world)
    order = PrintOrder(batch_id=world.batch.id, what=Print.TICKETS, institution_id=world.schools[2].id)
    async with services.db.transaction() as session:
        run_id, _ = await actions.ask_print(session, officer, order=order, now=NOW)
    await worker.run(services, drain=True)
    run = await of(services, run_id)
    assert (run.status, run.failure.message) == (RunStatus.FAILED, documents.NothingToPrint.message)


async def test_what_is_over_is_forgotten(services: Services, officer: Actor, world: World) -> None:
    link_fonts(services.settings.home)
    async with services.db.transaction() as session:
        assert await actions.purge(session, now=NOW) == []
    await published(services, world)
    order = PrintOrder(batch_id=world.batch.id, what=Print.HANDOVER, site_id=world.site_id)
    async with services.db.transaction() as session:
        run_id, _ = await actions.ask_print(session, officer, order=order, now=NOW)
    await worker.run(services, drain=True)
    sha256 = str((await of(services, run_id)).result["sha256"])
    await jobs.purge_runs(services, {})
    assert services.files.exists(sha256)
    await jobs.purge_runs(services.at(FixedClock(NOW + KEPT)), {})
    assert not services.files.exists(sha256)
    assert (await of(services, run_id)).result == {}
    await jobs.purge_runs(services.at(FixedClock(NOW + REMEMBERED * 2)), {})
    async with services.db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(RunRow)) == 0
