"""Pages of what-ifs: asked once, followed, stopped, shown with names to who arranges the batch and to nobody else."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from exam import worker
from exam.accounts.rules import Role
from exam.catalogue.rules import Form
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.forks import queries as forks
from scheduling.sites import actions as sites
from scheduling.timetable import actions, queries
from scheduling.timetable.rules.runs import RunStatus
from tests.exam.registration.world import NOW, person
from tests.scheduling.pages import post, sign_in
from tests.scheduling.world import World, close, make_world, register, staff


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, 180, school=0)
        await staff(session, made, 0, 6, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 6, may_invigilate=True, may_head=False, assess=True)
        for code in ("C8", "C9"):
            await sites.add_room(
                session, made.secretaries[0], site_id=made.site_id, code=code, name_zh=f"机房 {code}",
                form=Form.COMPUTER, seats=30, spares=3, now=NOW,
            )  # fmt: skip
        await close(session, made)
    async with services.db.transaction() as session:
        await actions.propose(session, made.officer, batch_id=made.batch.id, seed=3, now=NOW)
    yield made


async def asked(client: httpx.AsyncClient, services: Services, world: World, **fields: object) -> str:
    """Ask, let it be computed, and return the address of what came of it."""
    base = f"/scheduling/plans/{world.batch.id}/forks"
    run = (await post(client, base, page=base, **fields)).headers["location"]
    await worker.run(services, drain=True)
    ended = await client.get(run)
    assert ended.status_code == 303, ended.text
    return ended.headers["location"]


async def test_the_same_question_is_computed_once_at_a_time_and_can_be_stopped(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}/forks"
    first = (await post(client, base, page=base, variant="day")).headers["location"]
    again = (await post(client, base, page=base, variant="day")).headers["location"]
    other = (await post(client, base, page=base, variant="limit", km="800")).headers["location"]
    assert (first == again, first == other) == (True, False)
    assert (await client.get(base)).text.count("正在试算") == 2
    stopped = await post(client, f"{first}/stop", page=first)
    assert stopped.headers["location"] == base
    await worker.run(services, drain=True)
    async with services.db.transaction() as session:
        run = await queries.run(session, UUID(first.rsplit("/", 1)[1]))
        assert run.status is RunStatus.STOPPED
        assert [one.wish.km for one in await forks.forks(session, world.batch.id)] == [800]


async def test_names_are_for_who_arranges_the_batch(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.officer)
    fork = await asked(client, services, world, variant="day")
    shown = (await client.get(fork)).text
    async with services.db.transaction() as session:
        names = {one.name for one in await registration.registrations(session, batch_id=world.batch.id)}
    assert [name for name in sorted(names) if name in shown]
    await sign_in(client, services, person(Role.PROVINCE, "province", world.batch.province_code))
    base = f"/scheduling/plans/{world.batch.id}"
    for path in (fork, f"{base}/forks", f"{base}/pictures"):
        answer = await client.get(path)
        assert answer.status_code == 200, path
        main = answer.text.split("<main", 1)[1]
        assert [name for name in sorted(names) if name in main] == [], path
        assert "<form" not in main, path
    assert (await post(client, f"{base}/forks", page="/", variant="day")).status_code == 403
    await sign_in(client, services, world.secretaries[0])
    assert (await client.get(fork)).status_code == 403
    assert (await client.get(f"{base}/pictures")).status_code == 403


async def test_a_wrong_question_keeps_what_was_typed(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}/forks"
    answer = await post(client, base, page=base, variant="limit", km="9000")
    assert answer.status_code == 422
    assert "1 到 5000" in answer.text
    assert 'value="9000"' in answer.text
    assert (await post(client, base, page=base, variant="nothing")).status_code == 422
    assert (await client.get(f"/scheduling/plans/forks/{world.site_id}")).status_code == 404
    assert (await client.get(f"/scheduling/plans/sessions/{world.site_id}/move")).status_code == 404


async def test_every_page_speaks_both_languages(client: httpx.AsyncClient, services: Services, world: World) -> None:
    await sign_in(client, services, world.officer)
    code = next(iter(await _sites(services, world)))
    fork = await asked(client, services, world, variant="closed", site=code)
    async with services.db.transaction() as session:
        plan = await queries.latest(session, world.batch.id)
        assert plan
        one = next(each for each in await queries.sessions(session, plan.id) if each.form is Form.COMPUTER)
    base = f"/scheduling/plans/{world.batch.id}"
    for path, chinese, english in (
        (fork, "整个考期不用", "closed altogether"),
        (f"{base}/forks", "未安排", "Not placed"),
        (f"{base}/pictures", "考生的路程", "How far candidates travel"),
        (f"/scheduling/plans/sessions/{one.id}/move", "移到哪里", "Where to"),
    ):
        for language, words in (("zh", chinese), ("en", english)):
            client.cookies.set("kaowu_language", language)
            assert words in (await client.get(path)).text, (path, language)


async def _sites(services: Services, world: World) -> list[str]:
    async with services.db.transaction() as session:
        return [code for code, one in (await queries.ground(session, world.batch.id)).site.items() if one.rooms]


async def test_a_session_is_moved_on_its_page_or_refused_there(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.officer)
    async with services.db.transaction() as session:
        plan = await queries.latest(session, world.batch.id)
        assert plan
        held = await queries.sessions(session, plan.id)
        views = [await forks.move_view(session, world.officer, one.id) for one in held]
    view = next(one for one in views if one.possible and one.impossible)
    page = f"/scheduling/plans/sessions/{view.session_id}/move"
    refused = await post(client, page, page=page, to=view.impossible[0].value, reason="检修")
    assert refused.status_code == 409
    assert view.impossible[0].faults[0].code in refused.text
    assert (await post(client, page, page=page, to=view.possible[0].value)).status_code == 422
    assert (await post(client, page, page=page, to="nonsense", reason="检修")).status_code == 422
    moved = await post(client, page, page=page, to=view.possible[0].value, reason="检修")
    assert moved.status_code == 303
    assert "第 2 版" in (await client.get(moved.headers["location"])).text
    assert (await client.get(page)).status_code == 409
