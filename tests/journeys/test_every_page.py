"""Every page that every role can reach from its first page, on a whole small demo: it opens, it can be read by everybody.

A page is known by its address without ids, and looked at once. No page may link to where its reader may not go.
"""

import re
from collections import deque
from collections.abc import AsyncIterator
from html import unescape
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from exam.accounts.queries import actor
from exam.app import create_app
from exam.home import desks
from exam.kernel.clock import FixedClock
from exam.kernel.ports import free_port
from exam.kernel.services import make_services
from tests.journeys.conftest import DEMO_NOW, Demo
from tests.journeys.pages import enter
from tests.servers import serve
from tests.templates.axe import findings

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES_OF_A_ROLE = 40
LIMIT_BYTES = 100_000
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/v/)[\w-]+|(?<=/steps/)\w+")
FILES = re.compile(
    r"\.(pdf|png|xlsx|csv|json|zip|docx)\b|/(photos?|file|print|register|definition|language|proof|template)\b|/ledger/(checkpoint|policy|tile)\b"
)
WIDE = """[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > 391)
  .slice(-3).map(e => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`)"""
LINK = re.compile(r'<a\b[^>]*?\bhref="(/[^"]*)"')


async def test_every_role_finds_something_to_do(demo: Demo) -> None:
    """A first page without work teaches nothing; the candidates' pages have their own road on them."""
    services = make_services(demo.settings, clock=FixedClock(DEMO_NOW))
    idle = []
    async with services.db.transaction() as session:
        for account in demo.result.record.accounts:
            if account.role.startswith("考生"):
                continue
            query = text("SELECT id FROM exam.accounts WHERE login = :login")
            found = await actor(session, await session.scalar(query, {"login": account.login}))
            if not [need for need in await desks.needs(session, found, DEMO_NOW) if need.tone != "done"]:
                idle.append(account.login)
    await services.db.dispose()
    assert idle == []


@pytest.fixture
async def address(demo: Demo) -> AsyncIterator[str]:
    """The demo, served."""
    port = free_port()
    async with serve(create_app(make_services(demo.settings, clock=FixedClock(DEMO_NOW))), port) as address:
        yield address


def pattern(href: str) -> str:
    """An address without its ids and without the values of its filters."""
    path, _, query = href.split("#")[0].partition("?")
    return ID.sub("*", path) + "?" + ",".join(sorted(part.split("=")[0] for part in query.split("&")))


async def walk(page: "Page", address: str, known: set[str]) -> list[str]:
    """Follow the links from the first page; return what is wrong, a line each. Known pages are fetched and not drawn."""
    wrong: list[str] = []
    waiting, met = deque([("/", "")]), {pattern("/")}
    while waiting and len(met) <= PAGES_OF_A_ROLE:
        href, origin = waiting.popleft()
        if new := pattern(href) not in known:
            opened = await page.goto(address + href)
            assert opened
            status, html = opened.status, await opened.text()
        else:
            fetched = await page.context.request.get(address + href)
            status, html = fetched.status, await fetched.text()
        if status >= 400:
            wrong.append(f"{status} {href}, linked from {origin}")
            continue
        for link in LINK.findall(html):
            link = unescape(link)
            if pattern(link) not in met and not FILES.search(link):
                met.add(pattern(link))
                waiting.append((link, pattern(href)))
        if new:
            known.add(pattern(href))
            wrong += [f"{pattern(href)}: {one}" for one in [*await findings(page), *await _layout(page)]]
    return wrong


async def _layout(page: "Page") -> list[str]:
    """Nothing is cut off on a narrow screen; the page is small; no sentence has a gap."""
    wrong = []
    size = await page.evaluate("new Blob([document.documentElement.outerHTML]).size")
    if size > LIMIT_BYTES:
        wrong.append(f"{size} bytes")
    before = page.viewport_size
    await page.set_viewport_size({"width": 390, "height": 844})
    if await page.evaluate("document.documentElement.scrollWidth") > 390:
        wrong.append(f"wider than a phone: {await page.evaluate(WIDE)}")
    if before:
        await page.set_viewport_size(before)
    if not await page.locator("main").count():
        wrong.append("no page of ours")
    elif "%(" in await page.inner_text("main"):
        wrong.append("a sentence with an unfilled place")
    return wrong


def collect(page: "Page", errors: list[str]) -> None:
    """Keep what scripts throw."""
    page.on("pageerror", lambda error: errors.append(str(error)))


async def test_every_page_of_every_role(demo: Demo, address: str, browser: "Browser") -> None:
    known: set[str] = set()
    wrong: dict[str, list[str]] = {}
    for account in demo.result.record.accounts:
        context = await browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
        page = await context.new_page()
        errors = wrong.setdefault(account.role, [])
        collect(page, errors)
        await enter(page, address, account.login, account.secret)
        errors += await walk(page, address, known)
        await context.close()
    assert len(known) > 40
    assert {role: found for role, found in wrong.items() if found} == {}
