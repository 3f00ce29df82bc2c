"""An invigilator's whole paper room at a tablet, step by step, two people at the papers, in both languages."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.sittings import queries
from exam.sittings.queries.minutes import step_records
from exam.sittings.rules import RoomStatus
from exam.sittings.rules.minutes import StepState
from tests.conftest import NOW
from tests.exam.examroom import PASSWORD, ExamRoom, make_examroom
from tests.journeys.pages import enter, look

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser

START = NOW + timedelta(hours=1)
TABLET = {"width": 1024, "height": 1366}


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def room(services: Services, clock: FixedClock) -> ExamRoom:
    """Three candidates with papers; the page is opened 30 minutes before the start."""
    clock.at = minutes(-30)
    return await make_examroom(services, START, count=3, component=1)


async def test_the_whole_room_step_by_step(
    live: str, page: "Page", browser: "Browser", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    """The room is run on one tablet, the site head confirms on the own device, in English; nothing is skipped."""
    await page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    here = f"{live}/exam/sittings/rooms/{room.room.id}"
    await enter(page, live, "invigilator", PASSWORD)
    context = await browser.new_context(locale="zh-CN", viewport=TABLET)  # type: ignore[arg-type]
    head = await context.new_page()
    await enter(head, live, "head", PASSWORD)

    async def now(at: float) -> None:
        clock.at = minutes(at)
        await page.goto(here)

    async def press(words: str) -> None:
        assert words in await page.inner_text("#next-word")
        await page.click(".room-next-act > form button, .room-next-act .step-form > button")
        await page.wait_for_selector(".flash")

    async def second(here_too: bool, **counts: int) -> None:
        """Fill the counts; the site head types the password here, or confirms on the own device."""
        for name, n in counts.items():
            await page.fill(f"#count_{name}", str(n))
        if here_too:
            await page.select_option("#second", label="主考甲 · 主考")
            await page.fill("#password", PASSWORD)

    await now(-30)
    await press("开启考场")
    for seat in (1, 2):
        await page.click(f"#seat-{seat} .person-act form button")
        await page.wait_for_selector(f"#seat-{seat} :text('已入场')")
    await now(-15)
    await look(page, "room-plan", phone=True)
    await press("宣读考场规则")
    await now(-11)
    assert "已晚 1 分钟" in await page.inner_text(".room-next")
    await press("当众验封")  # the second person confirms on the own device
    await page.wait_for_selector("text=等待另一名工作人员")
    await head.goto(f"{live}/language/en?back=/exam/sittings/rooms/{room.room.id}")
    await head.goto(here)
    assert "Show the seal" in await head.inner_text("#next-word")
    await look(head, "room-confirm-en", phone=True)
    await head.click(".room-next-act > form button")
    await head.wait_for_selector(".flash")
    await now(-10)
    await second(True, received=5)
    await look(page, "room-unseal", phone=True)
    await press("启封，清点试卷")
    await now(-5)
    await press("发答题卡")
    await press("发试卷")
    await now(0)
    await press("开考")
    await now(31)
    await press("登记缺考")
    await now(75)
    await press("提醒剩余时间")
    await now(90)
    await press("收卷")
    await second(True, used=2, blank=0, spare=1, absent=1)
    await page.click(".step-form > button")
    await page.wait_for_selector("text=合计清点为 4，应为 5")  # refused, and says why
    assert await page.input_value("#count_spare") == "1"  # and keeps what was typed
    await look(page, "room-counts-refused", phone=True)
    await second(True, spare=2)
    await page.click(".step-form > button")
    await page.wait_for_selector(".flash")
    await second(True)
    await press("装袋密封")
    assert "清点并关闭" in await page.inner_text("#next-word")
    await page.click(".room-next button")
    await page.wait_for_selector(".flash")
    await second(True)
    await press("交回主考")
    await page.wait_for_selector("text=考场已关闭")
    await look(page, "room-done", phone=True)
    await head.goto(here)
    await look(head, "room-done-en")
    async with services.db.transaction() as session:
        records = await step_records(session, room.room.id)
        assert (await queries.room_session(session, room.room.id)).status is RoomStatus.CLOSED
        assert await queries.invariants(session) == []
    assert {one.state for one in records.values()} == {StepState.DONE} and len(records) == 9
    assert all(
        one.second_name == "主考甲" for one in records.values() if one.step in ("seal", "unseal", "count", "bag")
    )
    await context.close()
