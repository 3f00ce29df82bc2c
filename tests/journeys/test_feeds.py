"""A calendar address on a phone: made, shown once, copied, renewed; the calendar program reads it without signing in."""

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from exam.accounts.rules import Role
from exam.kernel.services import Services
from tests.exam.registration.world import person
from tests.journeys.pages import enter
from tests.scheduling.pages import account
from tests.scheduling.world import make_world
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


async def test_an_invigilator_makes_copies_and_renews_an_address(live: str, page: "Page", services: Services) -> None:
    login = await account(services, person(Role.INVIGILATOR))
    await page.set_viewport_size({"width": 360, "height": 740})
    await enter(page, live, login)
    await page.goto(f"{live}/exam/sittings")
    await page.click("text=订阅日历")
    await axe(page)

    await page.click("text=生成日历地址")
    await page.wait_for_selector("#feed-url")
    await axe(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    first = await page.input_value("#feed-url")
    assert re.fullmatch(rf"{re.escape(live)}/feeds/[\w-]{{26,}}\.ics", first)
    await page.click("text=复制地址")
    await page.locator("#live", has_text="已复制").wait_for(state="attached")
    async with httpx.AsyncClient() as program:
        assert (await program.get(first)).text.startswith("BEGIN:VCALENDAR\r\n")

        await page.goto(f"{live}/scheduling/feeds")
        assert await page.locator("#feed-url").count() == 0
        await page.click("summary:has-text('更换地址')")
        assert "立即失效" in await page.inner_text(".confirm[open]")
        await page.click(".confirm[open] button")
        await page.wait_for_selector("#feed-url")
        assert await page.input_value("#feed-url") != first
        assert (await program.get(first)).status_code == 404


async def test_an_officer_makes_the_address_of_a_room_on_a_phone(live: str, page: "Page", services: Services) -> None:
    async with services.db.transaction() as session:
        world = await make_world(session)
    await page.set_viewport_size({"width": 360, "height": 740})
    await enter(page, live, await account(services, world.officer))
    await page.goto(f"{live}/scheduling/sites/{world.site_id}")
    await page.click("text=订阅日历")
    await axe(page)
    await page.click(".feed-list li:has-text('R1') button")
    await page.wait_for_selector("#feed-url")
    assert "R1 考场" in await page.inner_text(".feed-fresh h2")
    assert "可以订阅" in await page.inner_text(".feed-list li:has-text('R1')")
    assert "还没有地址" in await page.inner_text(".feed-list li:has-text('R2')")
    await axe(page)
    await page.click(".feed-list li:has-text('R1') summary:has-text('停用地址')")
    await page.click(".confirm[open] button")
    await page.wait_for_selector(".flash")
    assert "已停用" in await page.inner_text(".feed-list li:has-text('R1')")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
