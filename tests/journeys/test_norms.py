"""An officer decides in a browser by what timetables are arranged: for all certificates, then for one."""

from typing import TYPE_CHECKING

import pytest

from exam.kernel.services import Services
from tests.journeys.pages import enter, look
from tests.scheduling.pages import account
from tests.scheduling.world import make_world

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


async def test_decides_the_norms(live: str, page: "Page", services: Services) -> None:
    async with services.db.transaction() as session:
        world = await make_world(session)
    await enter(page, live, await account(services, world.officer))
    await page.goto(f"{live}/scheduling/plans")
    await page.click("text=编排标准")
    await look(page, "norms-default")
    await page.click("text=修改全部证书的标准")
    await page.fill("#lunch_to", "11:00")
    await page.fill("#reason", "机房每天下午 2 点后归教学使用")
    await page.click("#decide button[type=submit]")
    assert await page.locator(".error-summary a[href='#lunch_to']").count() == 1
    await look(page, "norms-refused")
    await page.fill("#lunch_to", "13:00")
    await page.click("#decide button[type=submit]")
    await page.wait_for_selector("text=编排标准第 1 版已保存")
    await page.goto(f"{live}/scheduling/norms")
    await page.locator("table").nth(1).locator("tbody th a").first.click()
    await page.fill("#candidates_per_assessor", "6")
    await page.fill("#reason", "考核方案要求每名考评员同时考评不超过 6 人")
    await page.click("#decide button[type=submit]")
    await page.wait_for_selector("text=编排标准第 1 版已保存")
    await look(page, "norms-certificate", phone=True)
    await page.goto(f"{live}/scheduling/norms")
    await look(page, "norms", phone=True)
    await page.click("text=English")
    await page.wait_for_selector("text=Arrangement norms")
    await look(page, "norms-en")
