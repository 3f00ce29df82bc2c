"""A calendar address on a phone: made, shown once, copied, renewed; the calendar program reads it without signing in."""

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from exam.accounts.rules import Role
from exam.kernel.services import Services
from tests.exam.registration.world import person
from tests.scheduling.pages import PASSWORD, account
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


async def test_an_invigilator_makes_copies_and_renews_an_address(live: str, page: "Page", services: Services) -> None:
    login = await account(services, person(Role.INVIGILATOR))
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"{live}/sign-in")
    await page.fill("#login", login)
    await page.fill("#secret", PASSWORD)
    await page.press("#secret", "Enter")
    await page.wait_for_url(f"{live}/")
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
    assert await page.text_content("#live") == "已复制"
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
