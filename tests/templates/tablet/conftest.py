"""A tab with the tablet's own modules and no server: the files come from the tree, the address counts as a secure one."""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from exam.kernel.pages import STATIC
from scoring.tablets.routes.app import words

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

PLACE = "https://tablet.test/"


@pytest.fixture
async def tab(browser: "Browser") -> AsyncIterator["Page"]:
    """An empty page beside the modules: ``await run(tab, "chain.js", "m => …")``."""
    context = await browser.new_context(timezone_id="Asia/Shanghai", locale="zh-CN")

    async def answer(route: "Route") -> None:
        name = route.request.url.removeprefix(PLACE)
        if not name:
            await route.fulfill(body="<!doctype html><title>-</title>", content_type="text/html")
        elif name == "words.js":
            await route.fulfill(body=f"export default {json.dumps(words())};", content_type="text/javascript")
        elif (path := STATIC / "tablet" / name).is_file():
            await route.fulfill(path=path, content_type="text/javascript")
        else:
            await route.fulfill(status=404)

    await context.route("**/*", answer)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(PLACE)
    yield page
    await context.close()
    assert not errors, errors


async def run(tab: "Page", module: str, function: str, given: Any = None) -> Any:
    """Call a function with a module and something given; what it returns comes back."""
    return await tab.evaluate(
        f"async given => {{ const m = await import('/{module}'); return await ({function})(m, given); }}", given
    )
