"""A candidate at the computer: start, answer, lose the network, change machines, hand in, or be handed in by the clock."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from exam.accounts.rules import SYSTEM
from exam.delivery import actions as delivery
from exam.delivery import queries
from exam.delivery.rules import HandIn
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.sittings import actions
from tests.conftest import NOW
from tests.exam.examroom import ExamRoom, make_examroom
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Route

pytestmark = pytest.mark.browser

START = NOW + timedelta(hours=1)
SAVED = '[data-saved][data-tone="saved"]'


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def room(services: Services, clock: FixedClock) -> ExamRoom:
    """Two candidates; the first is checked in, the second is not. The exam has just begun."""
    made = await make_examroom(services, START, count=2)
    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=made.room.id, now=minutes(-30))
        await actions.check_in(session, SYSTEM, sitting_id=made.ids[0], now=minutes(-5))
    clock.at = minutes(1)
    return made


@pytest.fixture
async def other(browser: "Browser") -> AsyncIterator["BrowserContext"]:
    """Another machine."""
    context = await browser.new_context(locale="zh-CN")
    yield context
    await context.close()


async def sign_in(page: "Page", live: str, room: ExamRoom, index: int = 0) -> None:
    ticket, secret = room.sign_in(index)
    await page.goto(f"{live}/sign-in?kind=candidate&next=/exam/sittings/mine")
    await page.fill("#login", ticket)
    await page.fill("#secret", secret)
    await page.click("main form button[type=submit]")
    await page.wait_for_url("**/exam/sittings/mine")


async def started(page: "Page", live: str, room: ExamRoom) -> None:
    """Sign in and open the paper."""
    await sign_in(page, live, room)
    await page.click("text=进入考试")
    await page.click("text=开始考试")
    await page.wait_for_selector(".exam-scripted .question:not([hidden])")


async def choose(page: "Page", no: int, option: int) -> None:
    """Choose an option of a question."""
    await page.click(f'[data-go="{no}"]')
    await page.locator(f"#q{no} .option").nth(option).click()


async def answers(services: Services, room: ExamRoom) -> dict[Any, Any]:
    """What the server would mark now."""
    async with services.db.transaction() as session:
        found = await queries.responses(session, [room.ids[0]])
    return dict(found[0].answers) if found else {}


async def cut(page: "Page") -> list[str]:
    """Take the network away from answers; the list collects what was tried."""
    tried: list[str] = []

    async def stop(route: "Route") -> None:
        tried.append(route.request.url)
        await route.abort()

    await page.route("**/answers", stop)
    return tried


async def test_every_kind_of_question_is_saved_when_it_is_answered(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    await started(page, live, room)
    await choose(page, 1, 0)
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("c")  # by keyboard: the third option of question 2
    await choose(page, 3, 0)
    await choose(page, 3, 1)
    await choose(page, 4, 1)
    await page.click('[data-go="5"]')
    await page.fill("#q5 input[type=text] >> nth=0", "红")
    await page.fill("#q5 input[type=text] >> nth=1", "绿")
    await page.wait_for_selector(SAVED)
    await page.wait_for_function("document.querySelectorAll('.exam-grid .is-answered:not(.is-pending)').length === 5")
    values = await answers(services, room)
    assert len(values) == 5
    assert ["红", "绿"] in values.values()
    assert "false" in values.values()
    assert sorted(len(value) for value in values.values() if isinstance(value, list)) == [2, 2]

    await page.reload()
    await page.wait_for_selector(".exam-scripted .question:not([hidden])")
    assert await page.locator(".exam-grid .is-answered").count() == 5
    assert await page.input_value("#q5 input[type=text] >> nth=0") == "红"
    assert await answers(services, room) == values

    clock.at = minutes(31)
    await page.click("[data-review]")
    await page.wait_for_selector("text=全部题目都已作答并保存")
    await page.click("summary:has-text('交卷')")
    await page.click("text=确认交卷")
    await page.wait_for_selector(".large-word:has-text('已交卷')")
    async with services.db.transaction() as session:
        [response] = await queries.responses(session, [room.ids[0]])
        assert (response.hand_in, response.submitted_at) == (HandIn.CANDIDATE, minutes(31))
        assert await queries.invariants(session) == []


async def test_the_page_says_what_is_not_saved_and_saves_it_when_the_network_is_back(
    live: str, page: "Page", services: Services, room: ExamRoom
) -> None:
    await started(page, live, room)
    tried = await cut(page)
    await choose(page, 1, 0)
    await page.wait_for_selector('[data-saved][data-tone="failed"]')
    assert "1 题未保存" in await page.inner_text("[data-saved]")
    assert await page.locator(".exam-grid .is-pending").count() == 1
    assert await answers(services, room) == {}
    await page.unroute("**/answers")
    await page.wait_for_selector(SAVED)
    assert len(tried) >= 1
    assert len(await answers(services, room)) == 1


async def test_answers_of_a_crashed_page_are_found_again(
    live: str, page: "Page", services: Services, room: ExamRoom
) -> None:
    await started(page, live, room)
    await cut(page)
    await choose(page, 1, 2)
    await page.wait_for_selector('[data-saved][data-tone="failed"]')
    address = page.url.split("#")[0]
    crashed, page = page, await page.context.new_page()
    await crashed.close(run_before_unload=False)
    await page.goto(address)
    await page.wait_for_selector("text=找回了 1 个未送达的答案")
    await page.wait_for_selector(SAVED)
    assert await page.locator("#q1 input:checked").count() == 1
    assert len(await answers(services, room)) == 1


async def test_a_newer_machine_takes_the_pen_and_a_stale_one_overwrites_nothing(
    live: str, page: "Page", services: Services, room: ExamRoom, other: "BrowserContext"
) -> None:
    await started(page, live, room)
    await cut(page)
    await choose(page, 1, 0)
    await page.wait_for_selector('[data-saved][data-tone="failed"]')
    second = await other.new_page()
    await sign_in(second, live, room)
    await second.click("text=继续考试")
    await second.wait_for_selector(".exam-scripted .question:not([hidden])")
    await choose(second, 1, 3)
    await second.wait_for_selector(SAVED)
    values = await answers(services, room)

    await page.unroute("**/answers")  # the first machine is back with its old answer
    await page.wait_for_selector('dialog[data-dialog="taken"][open]')
    assert await answers(services, room) == values

    await page.click("text=改在这里继续")  # it takes the pen again, not its old answer
    await page.wait_for_selector("text=没有采用")
    assert await answers(services, room) == values
    await choose(page, 2, 0)
    await page.wait_for_selector(SAVED)
    await second.locator("#q1 .option").nth(1).click()
    await second.wait_for_selector('dialog[data-dialog="taken"][open]')
    assert len(await answers(services, room)) == 2


async def test_an_untouched_page_sends_nothing(live: str, page: "Page", services: Services, room: ExamRoom) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.url.endswith("/answers") else None)
    await started(page, live, room)
    await page.click('[data-go="3"]')
    await page.click('[data-go="5"]')
    await page.focus("#q5 input[type=text]")
    await page.click("[data-previous-question]")
    await page.click("[data-flag]")
    await page.reload()
    await page.wait_for_selector(".exam-scripted .question:not([hidden])")
    assert sent == []
    assert await answers(services, room) == {}


async def test_the_clock_hands_in_whoever_is_still_writing(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    await started(page, live, room)
    await choose(page, 1, 0)
    await page.wait_for_selector(SAVED)
    clock.at = minutes(61)
    async with services.db.transaction() as session:
        assert await delivery.submit_due(session, now=clock.at) == 1
    await page.click('[data-go="2"]')
    await page.locator("#q2 .option").nth(0).click()
    await page.wait_for_selector(".large-word:has-text('已交卷')")
    assert "到时自动交卷" in await page.inner_text("main")
    assert len(await answers(services, room)) == 1


async def test_the_page_hands_in_at_the_deadline_by_itself(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    await started(page, live, room)
    await choose(page, 1, 0)
    await page.wait_for_selector(SAVED)
    clock.at = END = room.room.ends_at - timedelta(seconds=3)
    await page.reload()
    await page.wait_for_selector(".exam-scripted .question:not([hidden])")
    clock.at = END + timedelta(seconds=3)
    await page.wait_for_selector(".large-word:has-text('已交卷')", timeout=20_000)
    async with services.db.transaction() as session:
        [response] = await queries.responses(session, [room.ids[0]])
    assert (response.hand_in, response.submitted_at) == (HandIn.TIME_UP, room.room.ends_at)


async def test_it_can_be_written_without_script(
    live: str, browser: "Browser", services: Services, room: ExamRoom
) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await sign_in(page, live, room)
    await page.click("text=进入考试")
    await page.click("text=开始考试")
    await page.locator("#q1 .option").nth(1).click()
    await page.click("#q1 button:has-text('保存本题')")
    assert "第 1 题已保存" in await page.inner_text(".flash")
    await page.fill("#q5 input[type=text] >> nth=0", "红")
    await page.click("#q5 button:has-text('保存本题')")
    assert "第 5 题已保存" in await page.inner_text(".flash")
    assert len(await answers(services, room)) == 2
    await page.click("text=检查并交卷")
    assert "还有 3 题没有作答" in await page.inner_text("main")
    await context.close()


async def test_who_is_not_checked_in_waits_and_nobody_opens_anothers_exam(
    live: str, page: "Page", room: ExamRoom
) -> None:
    await sign_in(page, live, room, 1)
    await page.goto(f"{live}/exam/delivery/{room.ids[1]}")
    assert "监考员还没有登记您入场" in await page.inner_text("main")
    assert await page.locator("text=开始考试").count() == 0
    answer = await page.goto(f"{live}/exam/delivery/{room.ids[0]}")
    assert answer is not None and answer.status == 403


async def test_the_pages_are_readable_for_everybody(live: str, page: "Page", clock: FixedClock, room: ExamRoom) -> None:
    await sign_in(page, live, room)
    await axe(page)
    await page.click("text=进入考试")
    await axe(page)
    await page.click("text=开始考试")
    await page.wait_for_selector(".exam-scripted .question:not([hidden])")
    for no in (1, 3, 5):
        await page.click(f'[data-go="{no}"]')
        await axe(page)
    await page.click("[data-contrast]")
    await axe(page, enhanced=True)
    await page.click("[data-contrast]")
    await page.emulate_media(color_scheme="dark")
    await axe(page)
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await page.click("[data-review]")
    await page.wait_for_url("**/review**")
    await axe(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
