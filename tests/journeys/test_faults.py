"""A power cut in one room: reported, the clock seen by the office, the time given back by two people, the candidate's end
moved; an announcement that the room confirms; and signs of life without a cookie."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from exam.accounts.rules import SYSTEM
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.sittings import actions, queries
from tests.conftest import NOW
from tests.exam.examroom import PASSWORD, make_examroom
from tests.journeys.pages import enter, look

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

START = NOW + timedelta(hours=1)


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


async def test_a_power_cut_is_repaid_in_time(live: str, page: "Page", services: Services, clock: FixedClock) -> None:
    room = await make_examroom(services, START)
    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=room.room.id, now=minutes(-30))
        await actions.check_in_many(session, SYSTEM, sitting_ids=room.ids, now=minutes(-5))
    clock.at = minutes(11)
    here = f"{live}/exam/faults/rooms/{room.room.id}"
    await page.set_viewport_size({"width": 1024, "height": 1366})
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings/rooms/{room.room.id}")
    await page.wait_for_selector("[data-panel]")
    await page.click("[data-panel] >> text=故障、补时与通知")
    await page.click("text=登记故障 >> nth=0")
    await page.select_option("#kind", "power")
    await page.fill("#facts", "全场停电，屏幕全黑")
    await page.fill("#since", "10:05")
    await page.click("text=登记故障并开始计时")
    await page.wait_for_selector("text=6 分钟")
    await look(page, "fault", phone=True)

    clock.at = minutes(20)
    await page.click("main summary:has-text('补时')")
    await page.fill("#minutes", "15")
    await page.fill("#reason", "停电 15 分钟")
    await page.click("text=提出补时")
    await page.wait_for_selector("text=请另一人登录确认后生效")
    assert await page.query_selector("text=以第二人身份确认补时") is None

    await enter(page, live, "head", PASSWORD)
    await page.goto(here)
    await look(page, "fault-room")
    await page.click("text=以第二人身份确认补时")
    await page.wait_for_selector("text=已补时 15 分钟，4 人")
    async with services.db.transaction() as session:
        assert {one.until for one in await queries.sittings(session, room_session_id=room.room.id)} == {minutes(75)}

    await page.goto(f"{live}/exam/signals/announcements")
    await page.select_option("#target", f"room:{room.room.id}")
    await page.fill("#zh", "备用电源已接通，请继续考试。")
    await page.fill("#en", "Backup power is on; please go on.")
    await page.click("text=发出通知")
    await page.wait_for_selector("text=0 / 1 个考场已阅")
    await look(page, "announcements", phone=True)

    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings/rooms/{room.room.id}")
    await page.click("[data-panel] >> text=查看并确认已阅")
    await page.click("button:has-text('已阅')")
    await page.wait_for_selector("text=监考甲 已阅")
    await look(page, "fault-room-read", phone=True)
    async with services.db.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM exam.heartbeats WHERE source = 'page'")) == 1

    await page.context.add_cookies([{"name": "kaowu_language", "value": "en", "url": live}])
    await page.goto(here)
    assert "Backup power is on" in await page.inner_text("main")
    await look(page, "fault-room-en")
