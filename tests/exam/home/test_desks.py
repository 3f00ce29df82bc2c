"""The first pages and the one search over a small province with a roster."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.home import desks
from exam.home.search import search
from exam.kernel.services import Services
from exam.registration import actions
from tests.exam.registration.world import NOW, World, make_world, row, workbook

NAME = "赵某某"


@pytest.fixture
async def world(session: AsyncSession, services: Services) -> World:
    made = await make_world(session)
    data = workbook([row(1, 姓名=NAME), row(2), row(3)])
    await actions.import_roster(
        session, made.secretary, services.vault, batch_id=made.batch.id, institution_id=made.school.id, filename="名单.xlsx",
        data=data, now=NOW,
    )  # fmt: skip
    return made


def everywhere(role: Role) -> Actor:
    return Actor(None, "示例", (Grant(role),))


async def test_each_sees_the_batch_with_own_people_only(session: AsyncSession, world: World) -> None:
    totals = {
        who: [card.tally.total for card in await desks.cards(session, actor, NOW)]
        for who, actor in (("officer", world.officer), ("school", world.secretary), ("stranger", world.stranger))
    }
    assert totals == {"officer": [3], "school": [3], "stranger": [0]}


async def test_needs_come_by_urgency_and_lead_to_their_page(session: AsyncSession, world: World) -> None:
    found = await desks.needs(session, world.secretary, NOW)
    assert any("缺照片" in need.text for need in found)
    assert all(need.href.startswith("/") for need in found)
    order = [desks._URGENCY[need.tone] for need in found]
    assert order == sorted(order)
    assert await desks.needs(session, Actor(None, "", ()), NOW) == []


async def test_no_exam_today_is_no_heat_map(session: AsyncSession, world: World) -> None:
    assert await desks.today(session, world.officer, [world.batch], NOW) is None
    assert await desks.today(session, world.officer, [], NOW) is None


async def test_people_are_found_by_part_of_the_name_and_whole_id_number(
    session: AsyncSession, services: Services, world: World
) -> None:
    number = row(1)["证件号码"]
    for words in ("某某", NAME, number, number.lower(), f" {number} "):
        found = await search(session, services.vault, world.secretary, words)
        assert [one.name for one in found.people] == [NAME], words
    assert (await search(session, services.vault, world.secretary, number[:10])).total == 0
    assert (await search(session, services.vault, world.secretary, "")).total == 0


async def test_a_search_ends_where_the_duties_end(session: AsyncSession, services: Services, world: World) -> None:
    elsewhere = Actor(None, "", (Grant(Role.EXAM_OFFICER, Scope("organisation", str(world.school.id))),))
    for actor in (world.stranger, elsewhere, everywhere(Role.ASSESSOR)):
        assert (await search(session, services.vault, actor, NAME)).people == ()
    assert len((await search(session, services.vault, world.officer, NAME)).people) == 1
    assert len((await search(session, services.vault, everywhere(Role.PROVINCE), NAME)).people) == 1
