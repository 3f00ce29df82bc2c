"""An officer pins in a browser: a group to another site, a session where it is; it stands in the next draft; and reads why."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from exam.kernel.services import Services
from exam.registration.models import InstitutionRow
from scheduling.timetable import actions, queries
from tests.exam.registration.world import NOW
from tests.journeys.pages import enter, look
from tests.scheduling.pages import account
from tests.scheduling.world import World, close, make_world, open_site, register, staff

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
async def world(services: Services) -> World:
    """Two sites eighty kilometres apart, each at a school that sends candidates; a draft."""
    async with services.db.transaction() as session:
        made = await make_world(session)
        await open_site(session, made, 2)
        for number, east in enumerate((114.3, 114.3, 113.45)):
            place = InstitutionRow.id == made.schools[number].id
            await session.execute(update(InstitutionRow).where(place).values(latitude=30.5, longitude=east))
        await register(session, made, 24, school=0)
        await register(session, made, 6, school=2)
        await staff(session, made, 0, 8, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 8, may_invigilate=True, may_head=False, assess=True)
        await close(session, made)
        await actions.propose(session, made.officer, batch_id=made.batch.id, seed=3, now=NOW)
    return made


async def placed(services: Services, world: World) -> dict[tuple[str, str], int]:
    """(group, site) -> how many, in the plan that counts."""
    async with services.db.transaction() as session:
        plan = await queries.latest(session, world.batch.id)
        assert plan
        found = (await queries.worked(session, plan.id)).plan.placements
    counts: dict[tuple[str, str], int] = {}
    for one in found:
        counts[one.group, one.site] = counts.get((one.group, one.site), 0) + one.count
    return counts


async def test_pins_a_group_and_reads_why(live: str, page: "Page", world: World, services: Services) -> None:
    base = f"{live}/scheduling/plans/{world.batch.id}"
    ((group, home),) = [key for key, count in (await placed(services, world)).items() if count == 24]
    await enter(page, live, await account(services, world.officer))
    await page.goto(base)
    await page.click("text=各组去哪里")
    await page.wait_for_url("**/why")
    await look(page, "reasons")
    await page.locator("tr", has_text="24").locator("text=为什么去这里").click()
    assert "这是获批这个证书的考点中最近的一个" in await page.inner_text("main")
    await look(page, "why-group")

    await page.click("text=固定到别的考点")
    await page.wait_for_selector("#new-pin")
    other = await page.locator("#new-pin #site option", has_text="81.4 km").get_attribute("value")
    assert other
    await page.select_option("#new-pin #site", other)
    await page.fill("#count", "10")
    await page.fill("#reason", "实训设备只在那里")
    await page.click("#new-pin button")
    await page.wait_for_selector(".flash")
    assert "固定项 1 已生效" in await page.inner_text(".flash")
    assert await page.locator("tr#pin-1 .tone-done").count() == 1
    await look(page, "pins")

    await page.goto(f"{base}/pins?level=group")
    await page.select_option("#group", group)
    await page.click("form.pin-choice button")
    await page.wait_for_selector("#new-pin")
    await page.select_option("#new-pin #site", home)
    await page.fill("#reason", "家长要求全部留在本校")
    await page.click("#new-pin button")
    await page.wait_for_selector(".error-summary")
    told = await page.inner_text(".error-summary")
    assert "实训设备只在那里" in told
    assert group not in told
    await look(page, "pins-refused")

    async with services.db.transaction() as session:
        await actions.propose(session, world.officer, batch_id=world.batch.id, seed=8, now=NOW)
    assert (await placed(services, world))[group, other] >= 10
    await page.goto(f"{base}/why")
    await page.locator("tr", has_text="81.4").locator("text=为什么去这里").first.click()
    assert "由固定项 1 固定在这里" in await page.inner_text("main")
    await look(page, "why-pinned")

    await page.goto(f"{base}/calendar")
    await page.locator("tbody a", has_text="固定").first.click()
    await page.locator("a[aria-label^='固定']").first.click()
    await page.wait_for_selector("#new-pin #slot")
    assert "演示学校" in await page.inner_text("form.pin-choice #site option:checked")
    await look(page, "pins-person")
    await page.go_back()
    await page.click("#pin summary")
    await page.fill("#pin #reason", "考场已布置")
    await look(page, "session-pin")
    await page.click("#pin .actions button")
    await page.wait_for_selector(".flash")
    assert "固定项 2 已生效" in await page.inner_text(".flash")

    await page.click("#pin-1 summary")
    await page.fill("#remove-1", "设备已搬回")
    await page.click("#pin-1 .actions button")
    await page.wait_for_selector(".flash")
    assert "设备已搬回" in await page.inner_text("#pin-1")
    await page.goto(f"{base}/bottlenecks")
    await look(page, "bottlenecks")
