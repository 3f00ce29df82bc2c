"""axe-core finds nothing serious on the pages everybody meets, light and dark, wide, narrow and enlarged."""

from typing import TYPE_CHECKING

import pytest

from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

PUBLIC = ("/", "/sign-in", "/sign-in?kind=candidate", "/style-guide", "/no-such-page")


@pytest.mark.parametrize("path", PUBLIC)
async def test_public_pages(live: str, page: "Page", path: str) -> None:
    await page.goto(live + path)
    await axe(page)
    await page.emulate_media(color_scheme="dark")
    await axe(page)


@pytest.mark.parametrize("path", PUBLIC)
async def test_public_pages_in_english_on_a_phone(live: str, page: "Page", path: str) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(live + "/language/en?back=" + path)
    assert await page.evaluate("document.documentElement.lang") == "en"
    await axe(page)


@pytest.mark.parametrize("path", PUBLIC)
async def test_nothing_is_cut_off_at_200_percent(live: str, page: "Page", path: str) -> None:
    """WCAG 1.4.10: a 1280 px window at 400 % is 320 px wide; only tables and pictures may scroll, in themselves."""
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(live + path)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_the_keyboard_reaches_the_content_first(live: str, page: "Page") -> None:
    await page.goto(live + "/sign-in")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_a_refused_sign_in_takes_the_focus_and_keeps_what_was_typed(live: str, page: "Page") -> None:
    await page.goto(live + "/sign-in")
    await page.fill("#login", "nobody")
    await page.fill("#secret", "wrong password")
    await page.click("main form button[type=submit]")
    await page.wait_for_selector(".error-summary")
    assert await page.evaluate("document.activeElement.className") == "error-summary"
    assert await page.input_value("#login") == "nobody"
    assert await page.input_value("#secret") == ""
    await axe(page)
