"""After publication in a browser: a site is lost, the repair shown and accepted, everybody else stands; a second officer is too late."""

import os
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from exam.accounts.rules import Actor, Role
from exam.kernel.services import Services
from exam.sittings import queries as sittings
from exam.sittings.rules import Sitting
from scheduling.sites import queries as sites
from tests.exam.registration.world import person
from tests.journeys.pages import enter, look
from tests.scheduling.pages import account
from tests.scheduling.repairs.world import Published, publish

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture
async def published(services: Services) -> Published:
    """Fifteen candidates of two schools at two sites."""
    async with services.db.transaction() as session:
        return await publish(session, services.vault)


async def places(services: Services, batch_id: UUID) -> dict[UUID, Sitting]:
    async with services.db.transaction() as session:
        return {one.id: one for one in await sittings.sittings(session, batch_id=batch_id)}


async def ask(page: "Page", live: str, published: Published, name: str, reason: str) -> str:
    """Tell that a site is lost; the address of the repair."""
    await page.goto(f"{live}/scheduling/plans/{published.world.batch.id}")
    await page.click("aside a:has-text('考点不能用')")
    await page.select_option("#site", label=name)
    await page.fill("#reason", reason)
    await look(page, f"repair-ask-{reason}")
    await page.click("main form button:has-text('计算方案')")
    await page.wait_for_url("**/scheduling/repairs/*")
    return page.url


async def test_a_site_is_lost_and_the_repair_accepted_once(
    live: str, page: "Page", browser: "Browser", published: Published, services: Services, working: None
) -> None:
    world = published.world
    async with services.db.transaction() as session:
        lost = next(one for one in await sites.sites(session) if one.id != world.site_id)
    second: Actor = person(Role.EXAM_OFFICER, "organisation", world.scheme.organisation_id)
    await enter(page, live, await account(services, world.officer))
    other = await (await browser.new_context()).new_page()
    await enter(other, live, await account(services, second))

    first_address = await ask(page, live, published, lost.name_zh, "停电")
    second_address = await ask(other, live, published, lost.name_zh, "水管爆裂")
    assert first_address != second_address
    assert "变动的考生" in await page.inner_text("main")
    await look(page, "repair-proposed")

    for one in (page, other):
        await one.bring_to_front()
    await page.click("button:has-text('采纳这份方案')")
    await page.wait_for_selector(".flash")
    assert "第 2 版" in await page.inner_text(".flash")
    await look(page, "repair-accepted")
    await other.click("button:has-text('采纳这份方案')")
    refused = await other.inner_text(".error-summary")
    assert "安排又有变动" in refused
    assert "请重新计算调整方案" in refused

    after = await places(services, world.batch.id)
    gone = {id for id, one in published.places.items() if published.rooms[one.room_session_id].site_id == lost.id}
    assert 0 < len(gone) < len(published.places)
    moved = {
        id for id, one in published.places.items()
        if (after[id].room_session_id, after[id].seat_no) != (one.room_session_id, one.seat_no)
    }  # fmt: skip
    assert moved == gone
    assert {id: one.ticket_no for id, one in after.items()} == {
        id: one.ticket_no for id, one in published.places.items()
    }

    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/versions")
    await look(page, "versions")
    await page.click("a:has-text('与第 1 版比较')")
    await page.wait_for_url("**/difference*")
    await look(page, "difference")
    if os.environ.get("KAOWU_PICTURES"):
        await phone_and_english(page, live, first_address, world.batch.id)


async def phone_and_english(page: "Page", live: str, address: str, batch_id: UUID) -> None:
    """Pictures for the eye."""
    for path, name in ((address, "repair"), (f"{live}/scheduling/plans/{batch_id}/repair?what=room", "ask-room"),
                       (f"{live}/scheduling/plans/{batch_id}/versions", "versions"),
                       (f"{live}/scheduling/plans/{batch_id}", "arrangement")):  # fmt: skip
        await page.set_viewport_size({"width": 390, "height": 800})
        await page.goto(path)
        await look(page, f"phone-{name}")
        await page.set_viewport_size({"width": 1280, "height": 900})
        await page.context.add_cookies([{"name": "kaowu_language", "value": "en", "url": live}])
        await page.goto(path)
        await look(page, f"en-{name}")
        await page.context.add_cookies([{"name": "kaowu_language", "value": "zh", "url": live}])
