"""A workshop at a tablet: lots, a broken station, an attempt taken again, the rotation clock; afterwards attendance is corrected."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from exam.accounts.rules import SYSTEM
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.sittings import actions, queries
from exam.sittings.rules import SittingStatus
from tests.conftest import NOW
from tests.exam.examroom import PASSWORD, ExamRoom, make_examroom
from tests.journeys.pages import enter, look

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

START = NOW + timedelta(hours=1)
S = SittingStatus


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def room(services: Services, clock: FixedClock) -> ExamRoom:
    """Three candidates in a workshop of five stations, opened 20 minutes before the start."""
    clock.at = minutes(-20)
    made = await make_examroom(services, START, count=3, component=1, late_seats=5)
    async with services.db.transaction() as session:
        await session.execute(text("UPDATE exam.room_sessions SET form = 'practical_general'"))
        await actions.open_room(session, SYSTEM, room_session_id=made.room.id, now=clock.at)
    return replace(made, room=replace(made.room, form="practical_general"))


async def test_lots_spares_and_a_second_attempt(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    await page.set_viewport_size({"width": 1024, "height": 1366})
    here = f"{live}/exam/sittings/rooms/{room.room.id}"
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{here}/stations")
    await page.fill("#seed", "88")
    await page.click("main form button:has-text('抽签')")
    await page.wait_for_selector("text=可复核，结果一致")
    async with services.db.transaction() as session:
        seats = {one.id: one.seat_no for one in await queries.sittings(session, room_session_id=room.room.id)}
    assert sorted(seats.values()) == [1, 2, 3]
    await page.click("summary:has-text('工位故障') >> nth=0")
    await page.fill("#reason-1", "主轴不转")
    await page.click(".confirm[open] button[type=submit]")
    await page.wait_for_selector("text=考生换到 4 号备用工位")
    await look(page, "stations", phone=True)

    async with services.db.transaction() as session:
        await actions.check_in_many(session, SYSTEM, sitting_ids=room.ids, now=minutes(-5))
        clock.at = minutes(0)
        await actions.begin_room(session, SYSTEM, room_session_id=room.room.id, now=clock.at)
        await actions.interrupt(session, SYSTEM, sitting_id=room.ids[0], reason="断电", now=minutes(1))
    clock.at = minutes(20)
    await page.goto(f"{here}/clock")
    await page.wait_for_selector(".clock-left:text-matches('^1:09:')")
    assert room.people[0].name not in await page.inner_text("main")
    await look(page, "clock", phone=True)
    await page.goto(f"{live}/exam/sittings/candidates/{room.ids[0]}")
    await page.click("summary:has-text('重新开始')")
    await page.select_option("#second", label="主考甲 · 主考")
    await page.fill("#password", PASSWORD)
    await look(page, "rerun")
    await page.click(".confirm[open] button:has-text('两人同意')")
    await page.wait_for_selector("text=不计分的前一次")
    async with services.db.transaction() as session:
        again = await queries.sitting(session, room.ids[0])
    assert (again.status, again.until) == (S.CHECKED_IN, minutes(110))


async def test_the_site_head_corrects_attendance_after_the_room_is_closed(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    async with services.db.transaction() as session:
        await actions.check_in_many(session, SYSTEM, sitting_ids=room.ids[:2], now=minutes(-5))
        await actions.begin_room(session, SYSTEM, room_session_id=room.room.id, now=minutes(0))
        await actions.mark_absent(session, SYSTEM, sitting_id=room.ids[2], now=minutes(31))
        await actions.collect(session, SYSTEM, room_session_id=room.room.id, now=minutes(90))
        await actions.close_room(session, SYSTEM, room_session_id=room.room.id, now=minutes(91))
    clock.at = minutes(100)
    await enter(page, live, "head", PASSWORD)
    await page.goto(f"{live}/exam/sittings/candidates/{room.ids[2]}")
    await page.click("summary:has-text('更正出勤')")
    await page.fill("#reason-amend", "签到表有签名，漏登")
    await page.click(".confirm[open] button[type=submit]")
    await page.wait_for_selector("text=出勤已更正")
    await look(page, "amended", phone=True)
    async with services.db.transaction() as session:
        assert (await queries.sitting(session, room.ids[2])).status is S.SUBMITTED
        assert await queries.invariants(session) == []
