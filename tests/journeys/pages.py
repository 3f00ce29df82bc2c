"""What every journey does on its pages: sign in, look at a page closely."""

import os
from typing import TYPE_CHECKING

from tests.scheduling.pages import PASSWORD
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

PHONE = {"width": 390, "height": 844}


async def enter(page: "Page", address: str, login: str, secret: str = PASSWORD) -> None:
    """Sign in, as somebody else than before where somebody is signed in."""
    await page.context.clear_cookies()
    await page.goto(f"{address}/sign-in")
    await page.fill("#login", login)
    await page.fill("#secret", secret)
    await page.click("main form button[type=submit]")
    await page.wait_for_url(lambda url: "/sign-in" not in url)


async def look(page: "Page", name: str, *, phone: bool = False) -> None:
    """Let axe check the page, and with ``phone`` that it fits one; keep pictures where KAOWU_PICTURES names a folder."""
    await axe(page)
    await picture(page, name)
    if not phone:
        return
    before = page.viewport_size
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await picture(page, f"{name}-phone")
    if before:
        await page.set_viewport_size(before)


async def picture(page: "Page", name: str) -> None:
    """Keep a picture of the page where KAOWU_PICTURES names a folder."""
    if folder := os.environ.get("KAOWU_PICTURES"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)
