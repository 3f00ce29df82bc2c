"""Pages of the timetable: they show what is, and refuse with the way out."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from exam import worker
from exam.accounts.rules import Role
from exam.kernel.services import Services
from exam.registration import queries as registration
from scheduling.duties import queries as duty_queries
from scheduling.timetable import actions, queries
from scheduling.timetable import jobs as timetable_jobs
from scheduling.timetable.models import RunRow
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
    run = answer.headers["location"]
    assert (answer.status_code, run.startswith("/scheduling/plans/runs/")) == (303, True)
    waiting = (await client.get(run)).text
    assert "等待开始" in waiting
    assert f'data-poll="{run}/progress"' in waiting
    assert "X-Done" not in (await client.get(f"{run}/progress")).headers
    again = await post(client, f"{base}/propose", page=run)
    assert again.headers["location"] == run
    under_way = (await client.get(base)).text
    assert "查看编排进度" in under_way
    assert f'action="{base}/propose"' not in under_way
    await worker.run(services, drain=True)
    assert (await client.get(f"{run}/progress")).headers["X-Done"] == "true"
    ended = await client.get(run)
    assert (ended.status_code, ended.headers["location"]) == (303, base)
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
    assert f"{base}/prints?what=tickets" in after.text
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
    assert "能到的站点都已排满" in shown or "排不出合适的时段" in shown
    answer = await post(client, f"{base}/publish", plan_id=plan.id)
    assert answer.status_code == 422
    assert "必须写明理由" in answer.text


async def order(client: httpx.AsyncClient, services: Services, base: str, **fields: object) -> str:
    """Have something printed and return the address of its run."""
    answer = await post(client, f"{base}/prints", page=f"{base}/prints", **fields)
    assert answer.status_code == 303, answer.text
    await worker.run(services, drain=True)
    return answer.headers["location"]


async def test_a_school_prints_its_own_tickets_and_no_others(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    link_fonts(services.settings.home)
    await publish(services, world)
    base = f"/scheduling/plans/{world.batch.id}"
    await sign_in(client, services, world.secretaries[0])
    assert "打印 12 份准考证" in (await client.get(f"{base}/own")).text
    assert (await client.get(base)).status_code == 403
    offered = (await client.get(f"{base}/prints")).text
    assert 'name="site_id"' not in offered
    run = await order(client, services, base, what="tickets")
    ready = (await client.get(run)).text
    assert "已准备好：12 份" in ready
    printed = await client.get(f"{run}/file")
    assert printed.content.startswith(b"%PDF")
    assert "只有您本人可以下载" in (await client.get(f"{base}/prints")).text
    one = await client.get(f"{base}/tickets.pdf?registration_id={world.registrations[0]}")
    assert one.content.startswith(b"%PDF")
    long = await client.get(f"{base}/tickets.pdf")
    assert long.headers["location"] == f"{base}/prints?what=tickets"
    other = await post(client, f"{base}/prints", page=f"{base}/prints", what="tickets",
                       institution_id=world.schools[2].id)  # fmt: skip
    assert other.status_code == 403
    alien = await client.get(f"{base}/tickets.pdf?registration_id={world.registrations[12]}")
    assert alien.status_code == 403
    assert (await post(client, f"{base}/prints", page=f"{base}/prints", what="pack")).status_code == 403
    assert (await client.get(f"{base}/rooms.pdf")).status_code == 303
    await sign_in(client, services, world.secretaries[0])  # somebody else of the same school
    assert (await client.get(f"{run}/file")).status_code == 403
    assert (await client.get(run)).status_code == 403


async def test_a_print_can_be_fetched_for_a_day(client: httpx.AsyncClient, services: Services, world: World) -> None:
    link_fonts(services.settings.home)
    await publish(services, world)
    base = f"/scheduling/plans/{world.batch.id}"
    await sign_in(client, services, world.officer)
    run = await order(client, services, base, what="schedule")
    async with services.db.transaction() as session:
        kept = await queries.run(session, UUID(run.rsplit("/", 1)[1]))
        sha256 = str(kept.result["sha256"])
        assert not services.files.get(sha256).startswith(b"%PDF")  # sealed
        await session.execute(update(RunRow).values(expires_at=services.clock.now()))
    gone = await client.get(f"{run}/file")
    assert gone.status_code == 404
    assert "请重新打印" in gone.text
    assert "已过保存期" in (await client.get(run)).text
    await timetable_jobs.purge_runs(services, {})
    assert not services.files.exists(sha256)
    assert (await client.get(run)).status_code == 200


async def test_a_site_head_prints_the_rooms(client: httpx.AsyncClient, services: Services, world: World) -> None:
    link_fonts(services.settings.home)
    plan = await publish(services, world)
    base = f"/scheduling/plans/{world.batch.id}"
    async with services.db.transaction() as session:
        rooms = await queries.sessions(session, plan.id)
    await sign_in(client, services, site_head(world.site_id))
    assert "打印考点的文件" in (await client.get(f"{base}/own")).text
    offered = (await client.get(f"{base}/prints?what=handover")).text
    assert 'value="handover" checked' in offered
    assert 'value="tickets"' not in offered
    for sheet in ("pack", "door", "seats", "sign-in", "record"):
        answer = await client.get(f"{base}/rooms.pdf?sheet={sheet}&room_session={rooms[0].id}")
        assert answer.content.startswith(b"%PDF"), sheet
    for what in ("schedule", "handover", "letters"):
        run = await order(client, services, base, what=what)
        assert (await client.get(f"{run}/file")).content.startswith(b"%PDF"), what
    await sign_in(client, services, site_head(world.batch.id))
    assert (await client.get(f"{base}/rooms.pdf?site={world.site_id}&room_session={rooms[0].id}")).status_code == 403
    refused = await post(client, f"{base}/prints", page=f"{base}/prints", what="pack", site_id=world.site_id)
    assert refused.status_code == 403


async def test_the_province_sees_counts_and_no_names(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    async with services.db.transaction() as session:
        await register(session, world, 90)
    plan = await propose(services, world)
    async with services.db.transaction() as session:
        held = await queries.sessions(session, plan.id)
        names = {one.name for one in await registration.registrations(session, batch_id=world.batch.id)}
        names |= {duty.name for duty in await duty_queries.planned(session, plan.id)}
        tickets = {one.ticket_no for one in (await queries.placements(session, plan.id)).values()}
    assert names
    base = f"/scheduling/plans/{world.batch.id}"
    paths = [base, f"{base}/calendar", f"{base}/duties", *(f"/scheduling/plans/sessions/{one.id}" for one in held)]
    await sign_in(client, services, world.officer)
    everything = "".join([(await client.get(path)).text for path in paths])
    assert all(name in everything for name in names)  # so that what follows can fail
    await sign_in(client, services, person(Role.PROVINCE, "province", world.batch.province_code))
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 200, path
        shown = answer.text.split("<main", 1)[1]
        assert [word for word in (*names, *tickets) if word in shown] == [], path
        assert "/why/" not in shown
    assert "人" in (await client.get(f"/scheduling/plans/sessions/{held[0].id}")).text
    assert (await client.get(f"{base}/why/{world.registrations[0]}")).status_code == 403
    assert (await client.get(f"{base}/prints")).status_code == 403


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
