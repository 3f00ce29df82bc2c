"""Pages of the timetable: they show what is, and refuse with the way out."""

from collections.abc import AsyncIterator

import httpx
import pytest

from exam.accounts.rules import Role
from exam.kernel.services import Services
from scheduling.timetable import actions, queries
from tests.exam.kernel.print_home import link_fonts
from tests.exam.registration.world import NOW, person
from tests.scheduling.pages import post, sign_in
from tests.scheduling.world import World, close, make_world, register, site_head, staff


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, 12, school=0)
        await register(session, made, 2, school=2)
        await staff(session, made, 0, 6, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 6, may_invigilate=True, may_head=False, assess=True)
        await close(session, made)
    yield made


async def propose(services: Services, world: World) -> queries.PlanRecord:
    async with services.db.transaction() as session:
        return await actions.propose(session, world.officer, batch_id=world.batch.id, seed=3, now=NOW)


async def publish(services: Services, world: World) -> queries.PlanRecord:
    plan = await propose(services, world)
    async with services.db.transaction() as session:
        await actions.publish(session, world.officer, services.vault, plan_id=plan.id, now=NOW)
    return plan


async def test_an_officer_arranges_and_publishes(client: httpx.AsyncClient, services: Services, world: World) -> None:
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    assert "还没有编排" in (await client.get(base)).text
    answer = await post(client, f"{base}/propose", page=base, seed="3")
    assert (answer.status_code, answer.headers["location"]) == (303, base)
    shown = (await client.get(base)).text
    assert "安排 14 人" in shown
    assert "发布安排" in shown
    confirm = (await client.get(f"{base}/publish")).text
    assert "向 14 人发布安排" in confirm
    async with services.db.transaction() as session:
        plan = await queries.latest(session, world.batch.id)
        assert plan
        held = await queries.sessions(session, plan.id)
    assert (await post(client, f"{base}/publish", plan_id=plan.id)).status_code == 303
    after = await client.get(base)
    assert "全部准考证" in after.text
    again = await post(client, f"{base}/propose", page=base)
    assert again.status_code == 409
    assert "已经发布" in again.text
    for path in ("/scheduling/plans", f"{base}/calendar", f"{base}/duties", f"/scheduling/plans/sessions/{held[0].id}",
                 f"{base}/why/{world.registrations[0]}", "/scheduling/examiners"):  # fmt: skip
        for language in ("zh", "en"):
            client.cookies.set("kaowu_language", language)
            shown = (await client.get(path)).text
            assert "<h1>" in shown, path


async def test_publishing_with_gaps_asks_for_the_reason(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    async with services.db.transaction() as session:
        await register(session, world, 90)
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    plan = await propose(services, world)
    shown = (await client.get(base)).text
    assert "未安排的考生" in shown
    assert "个座位或工位" in shown
    answer = await post(client, f"{base}/publish", plan_id=plan.id)
    assert answer.status_code == 422
    assert "必须写明理由" in answer.text


async def test_a_school_prints_its_own_tickets_and_no_others(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    link_fonts(services.settings.home)
    await publish(services, world)
    base = f"/scheduling/plans/{world.batch.id}"
    await sign_in(client, services, world.secretaries[0])
    assert "打印 12 份准考证" in (await client.get(f"{base}/own")).text
    assert (await client.get(base)).status_code == 403
    printed = await client.get(f"{base}/tickets.pdf")
    assert printed.content.startswith(b"%PDF")
    other = await client.get(f"{base}/tickets.pdf?institution={world.schools[2].id}")
    assert other.status_code == 403
    assert (await client.get(f"{base}/rooms.pdf")).status_code == 403


async def test_a_site_head_prints_the_rooms(client: httpx.AsyncClient, services: Services, world: World) -> None:
    link_fonts(services.settings.home)
    await publish(services, world)
    base = f"/scheduling/plans/{world.batch.id}"
    await sign_in(client, services, site_head(world.site_id))
    assert "打印全部考场资料" in (await client.get(f"{base}/own")).text
    for sheet in ("pack", "door", "seats", "sign-in", "record"):
        answer = await client.get(f"{base}/rooms.pdf?sheet={sheet}")
        assert answer.content.startswith(b"%PDF"), sheet
    assert (await client.get(f"{base}/letters.pdf")).content.startswith(b"%PDF")
    await sign_in(client, services, site_head(world.batch.id))
    assert (await client.get(f"{base}/rooms.pdf?site={world.site_id}")).status_code == 403


async def test_nonsense_in_the_address_is_nowhere(client: httpx.AsyncClient, services: Services, world: World) -> None:
    await propose(services, world)
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    for path in (f"{base}/calendar?site=x", f"{base}/calendar?day=x", f"/scheduling/plans/sessions/{world.site_id}",
                 f"{base}/why/{world.site_id}", f"/scheduling/plans/{world.site_id}"):  # fmt: skip
        assert (await client.get(path)).status_code == 404, path
    assert (await client.get(f"{base}/calendar?site=&day=")).status_code == 200


async def test_whoever_has_no_part_in_it_is_refused(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, person(Role.INVIGILATOR))
    assert (await client.get("/scheduling/plans")).status_code == 403
    assert (await client.get(f"/scheduling/plans/{world.batch.id}/tickets.pdf")).status_code == 403
