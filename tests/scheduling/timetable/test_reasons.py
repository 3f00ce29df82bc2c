"""Pages of pins and reasons: what they say, to whom, and that nobody is named who should not be."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import update

from exam.accounts.rules import Role
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.models import InstitutionRow
from scheduling.timetable import actions, queries
from scheduling.timetable.models import PinRow
from scheduling.timetable.rules.pins import NewPin, PinLevel, PinPart
from tests.exam.registration.world import NOW, person
from tests.scheduling.pages import post, sign_in
from tests.scheduling.world import World, close, make_world, open_site, register, staff


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    """More people of one school than both sites have stations for; the other site is eighty kilometres away."""
    async with services.db.transaction() as session:
        made = await make_world(session)
        await open_site(session, made, 2)
        for number, east in enumerate((114.3, 114.3, 113.45)):
            place = InstitutionRow.id == made.schools[number].id
            await session.execute(update(InstitutionRow).where(place).values(latitude=30.5, longitude=east))
        await register(session, made, 230, school=0)
        await register(session, made, 3, school=2)
        await staff(session, made, 1, 6, may_invigilate=True, may_head=True, assess=True)
        await close(session, made)
        await actions.propose(session, made.officer, batch_id=made.batch.id, seed=3, now=NOW)
    yield made


async def groups(services: Services, world: World) -> list[str]:
    """The planner's keys, the largest group first."""
    async with services.db.transaction() as session:
        found = await queries.drafted(session, world.batch)
    return [one.id for one in sorted(found.problem.groups, key=lambda one: -one.count)]


async def test_groups_by_distance_and_each_with_its_why(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    large, small = await groups(services, world)
    listed = (await client.get(f"{base}/why")).text
    assert "没有位置的组" in listed
    assert "为什么排不下" in listed
    assert "演示学校1" in listed.split("<main", 1)[1]
    assert "演示学校1</th>" not in (await client.get(f"{base}/why?prefecture=429004")).text
    assert "没有符合条件的组" in (await client.get(f"{base}/why?certificate=nothing")).text
    why = (await client.get(f"{base}/why/group?{urlencode({'group': large})}")).text
    assert "人排不下" in why
    assert "“实操”已排满：按科目的先后，能用的时段里没有空位。" in why
    assert "R2 考场：6月20日、6月21日的" in why
    assert "这是获批这个证书的考点中最近的一个" in why
    assert (await client.get(f"{base}/why/group?{urlencode({'group': small})}")).status_code == 200
    assert (await client.get(f"{base}/why/group?group=nobody")).status_code == 404
    client.cookies.set("kaowu_language", "en")
    assert "Demo School 1" in (await client.get(f"{base}/why/group?{urlencode({'group': large})}")).text


async def test_the_page_of_a_person_says_why(client: httpx.AsyncClient, services: Services, world: World) -> None:
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    async with services.db.transaction() as session:
        plan = await queries.latest(session, world.batch.id)
        assert plan
        left = {one.registration_id for one in await queries.unplaced(session, plan.id)}
    without = (await client.get(f"{base}/why/{min(left)}")).text
    assert "为什么没有位置" in without
    assert "为什么去" not in without
    placed = next(one for one in world.registrations if one not in left)
    shown = (await client.get(f"{base}/why/{placed}")).text
    assert "为什么去" in shown
    assert "为什么没有位置" not in shown


async def test_bottlenecks_by_price(client: httpx.AsyncClient, services: Services, world: World) -> None:
    await sign_in(client, services, world.officer)
    shown = (await client.get(f"/scheduling/plans/{world.batch.id}/bottlenecks")).text
    assert "实操工位人次" in shown
    assert "人没有位置" in shown
    assert "看他们为什么排不下" in shown
    assert "多登记几个工位" in shown


async def test_who_does_not_arrange_reads_no_names(client: httpx.AsyncClient, services: Services, world: World) -> None:
    base = f"/scheduling/plans/{world.batch.id}"
    large, _ = await groups(services, world)
    paths = [f"{base}/why", f"{base}/bottlenecks", f"{base}/why/group?{urlencode({'group': large})}"]
    async with services.db.transaction() as session:
        names = {one.name for one in await registration.registrations(session, batch_id=world.batch.id)}
    await sign_in(client, services, world.officer)
    everything = "".join([(await client.get(path)).text for path in paths])
    assert any(name in everything for name in names)  # so that what follows can fail
    await sign_in(client, services, person(Role.PROVINCE, "province", world.batch.province_code))
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 200, path
        shown = answer.text.split("<main", 1)[1]
        assert [name for name in names if name in shown] == []
        assert "/pins" not in shown
    assert (await client.get(f"{base}/pins")).status_code == 403


async def test_pinning_on_the_page(client: httpx.AsyncClient, services: Services, world: World) -> None:
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    large, small = await groups(services, world)
    pins = f"{base}/pins"
    assert "还没有固定项" in (await client.get(pins)).text
    assert (await client.get(f"{pins}?level=nothing")).status_code == 404
    chosen = f"{pins}?{urlencode({'level': 'group', 'group': small})}"
    offered = (await client.get(chosen)).text
    assert "演示学校3考点 · 0.0 km" in offered
    async with services.db.transaction() as session:
        sites = [one.id for one in (await queries.drafted(session, world.batch)).problem.sites]
        plan = await queries.latest(session, world.batch.id)
        assert plan
        held = await queries.sessions(session, plan.id)
    fields = {"level": "group", "group": small, "site": sites[0]}
    refused = await post(client, pins, page=chosen, **fields)
    assert refused.status_code == 422
    assert "请写明为什么固定" in refused.text
    assert (await post(client, pins, page=chosen, reason="家长要求", **fields)).status_code == 303
    collides = await post(client, pins, page=chosen, **{**fields, "site": sites[1]}, reason="另有约定")
    assert collides.status_code == 409
    assert "家长要求" in collides.text.split("error-summary", 1)[1]
    kept = await post(client, f"/scheduling/plans/sessions/{held[0].id}/pin", page=pins, reason="考点已布置")
    assert kept.status_code == 303
    for query in ("level=part", "level=person", "level=session", urlencode({"level": "part", "group": large})):
        for language in ("zh", "en"):
            client.cookies.set("kaowu_language", language)
            assert (await client.get(f"{pins}?{query}")).status_code == 200
    client.cookies.set("kaowu_language", "zh")
    shown = (await client.get(pins)).text
    assert "考点已布置" in shown
    action = shown.split('action="/scheduling/plans/pins/', 1)[1].split('"', 1)[0]
    assert (await post(client, f"/scheduling/plans/pins/{action}", page=pins, reason="不再需要")).status_code == 303
    assert "不再需要" in (await client.get(pins)).text


async def test_the_board_names_pins_that_cannot_hold_any_more(
    client: httpx.AsyncClient, services: Services, world: World
) -> None:
    await sign_in(client, services, world.officer)
    base = f"/scheduling/plans/{world.batch.id}"
    _, small = await groups(services, world)
    async with services.db.transaction() as session:
        site = (await queries.drafted(session, world.batch)).problem.sites[0].id
        wish = NewPin(level=PinLevel.GROUP, parts=(PinPart(group=small),), site=site, reason="院校有约")
        await actions.add_pin(session, world.officer, batch_id=world.batch.id, wish=wish, now=NOW)
    assert "查看固定项" not in (await client.get(base)).text
    async with services.db.transaction() as session:
        await session.execute(update(PinRow).values(site="nowhere"))
    assert "固定项 1 互相矛盾，或与现在的记录不符" in (await client.get(base)).text
    refused = await post(client, f"{base}/propose", page=base)
    assert refused.status_code == 409
    assert "的考点现在没有资格承办这一批次" in refused.text
    assert "院校有约" in refused.text
