"""What the script adds to plain pages, and that plain pages need none of it."""

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

pytestmark = pytest.mark.browser


async def test_a_form_is_heard_at_once_and_sent_once(live: str, page: "Page") -> None:
    sent: list[str] = []
    answer = asyncio.Event()

    async def hold(route: "Route") -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
            await answer.wait()
        await route.continue_()

    await page.route("**/sign-in", hold)
    await page.goto(live + "/sign-in")
    await page.fill("#login", "someone")
    await page.fill("#secret", "something long")
    # pressed and asked in one go: while the answer is awaited the tab belongs to the browser's navigation
    seen = await page.evaluate("""async () => {
      const button = document.querySelector('main form button[type=submit]');
      button.click();
      await new Promise((done) => setTimeout(done, 50));
      button.form.requestSubmit();
      return [button.getAttribute('aria-busy'), button.textContent, document.getElementById('live').textContent];
    }""")
    assert seen == ["true", "正在登录…", "正在登录…"]
    await asyncio.sleep(0.2)
    assert len(sent) == 1
    answer.set()
    await page.wait_for_selector(".error-summary")


async def test_a_dropped_file_is_named(live: str, page: "Page") -> None:
    await page.goto(live + "/style-guide")
    await page.set_input_files("#roster", {"name": "花名册.xlsx", "mimeType": "application/zip", "buffer": b"PK"})
    assert await page.locator("[data-chosen]").inner_text() == "花名册.xlsx"


async def test_a_table_that_scrolls_is_reached_by_keyboard(live: str, page: "Page") -> None:
    await page.set_viewport_size({"width": 360, "height": 700})
    await page.goto(live + "/style-guide")
    assert await page.evaluate(
        "[...document.querySelectorAll('.table-wrap, .scroll-x')].every(e => e.scrollWidth <= e.clientWidth || e.tabIndex === 0)"
    )


async def test_the_head_of_a_long_table_stays_in_place(live: str, page: "Page") -> None:
    await page.set_viewport_size({"width": 1000, "height": 300})
    await page.goto(live + "/style-guide")
    stays = """() => {
      const wrap = [...document.querySelectorAll('.table-wrap')].find(e => e.scrollHeight > e.clientHeight);
      const head = wrap.querySelector('thead th');
      const before = head.getBoundingClientRect().top;
      wrap.scrollTop = 120;
      return wrap.scrollTop > 0 && head.getBoundingClientRect().top === before;
    }"""
    assert await page.evaluate(stays)


async def test_pages_need_no_script(live: str, browser: "Browser") -> None:
    context = await browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await page.goto(live + "/style-guide")
    await page.locator("details.confirm summary").click()
    assert await page.locator("details.confirm textarea").is_visible()
    await page.goto(live + "/sign-in")
    await page.click("text=考生 >> nth=0")
    assert "kind=candidate" in page.url
    await page.fill("#login", "1")
    await page.fill("#secret", "wrong")
    await page.click("main form button[type=submit]")
    assert await page.locator(".error-summary").is_visible()
    await context.close()
