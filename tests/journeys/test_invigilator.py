"""An invigilator's day at the page: open, check in by tap and by ticket, absences after the limit, close; and what is refused."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from exam.accounts.rules import SYSTEM
from exam.delivery import actions as delivery
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.sittings import actions, queries
from exam.sittings.actions import minutes as minutes_of
from exam.sittings.rules import IncidentStatus, RoomStatus, SittingStatus
from tests.conftest import NOW
from tests.exam.examroom import PASSWORD, ExamRoom, make_examroom
from tests.journeys.pages import enter, look
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser

START = NOW + timedelta(hours=1)
S = SittingStatus


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
async def room(services: Services, clock: FixedClock) -> ExamRoom:
    """Four candidates at computers; it is half an hour before the start."""
    clock.at = minutes(-30)
    return await make_examroom(services, START)


async def statuses(services: Services, room: ExamRoom) -> list[S]:
    async with services.db.transaction() as session:
        return [one.status for one in await queries.sittings(session, room_session_id=room.room.id)]


async def test_the_room_from_its_opening_to_its_count(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    await page.set_viewport_size({"width": 1024, "height": 1366})
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings")
    await page.click(f"a[href='/exam/sittings/rooms/{room.room.id}']")
    await page.click(".room-next button")
    await page.wait_for_selector("text=核验入场")

    await page.click("#seat-1 .person-act form button")  # one tap, no page load
    await page.wait_for_selector("#seat-1 :text('已入场')")
    assert "1 / 4" in (await page.inner_text(".room-count-main dd"))
    assert await page.is_disabled("#seat-2 .tap-note button")
    assert "10:15" in await page.inner_text("#seat-2 .tap-note")

    ticket, _ = room.sign_in(1)
    await page.fill("#q", f"https://example.invalid/tickets/{ticket}")  # what a scanner types
    await page.press("#q", "Enter")
    await page.wait_for_selector(".identity")
    assert await page.inner_text(".identity-name") == room.people[1].name
    assert await page.evaluate("document.querySelector('.identity img').naturalWidth > 0")
    await page.keyboard.press("Enter")  # the button has the focus
    await page.wait_for_selector(".identity :text('已入场')")

    clock.at = minutes(16)
    await page.goto(f"{live}/exam/sittings/rooms/{room.room.id}")
    await page.click("text=登记这 2 人缺考")
    await page.wait_for_selector(".flash")
    assert await statuses(services, room) == [S.CHECKED_IN, S.CHECKED_IN, S.ABSENT, S.ABSENT]

    clock.at = minutes(61)
    await page.reload()
    await page.click("text=收卷 2 份")
    await page.wait_for_selector(".flash")
    async with services.db.transaction() as session:  # everything was written on paper that day, and is keyed in
        written = minutes_of.Written(minutes(60), "监考甲", "主考甲", {"submitted": 2, "absent": 2})
        for step in ("rules", "unseal", "remind", "count"):
            counts = written if step == "count" else replace(written, counts={})
            await minutes_of.key_in_step(
                session, SYSTEM, room_session_id=room.room.id, step=step, written=counts, now=clock.at
            )
    await page.reload()
    await page.fill("#note", "一切正常")
    await page.click(".room-next button")
    await page.wait_for_selector("text=考场已关闭")
    async with services.db.transaction() as session:
        closed = await queries.room_session(session, room.room.id)
        assert closed.status is RoomStatus.CLOSED
        assert await queries.invariants(session) == []


async def test_a_refusal_is_said_where_the_tap_was(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=room.room.id, now=clock.at)
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings/rooms/{room.room.id}")
    clock.at = minutes(20)  # the page is still open from before the late limit
    await page.click("#seat-3 .person-act form button")
    await page.wait_for_selector("[data-said]")
    assert "不能入场" in await page.inner_text("[data-said]")
    assert page.url.endswith(str(room.room.id))
    assert await statuses(services, room) == [S.SCHEDULED] * 4


async def test_somebody_elses_room_does_not_exist(live: str, page: "Page", room: ExamRoom) -> None:
    await enter(page, live, "stranger", PASSWORD)
    for path in (f"rooms/{room.room.id}", f"candidates/{room.ids[0]}", f"candidates/{room.ids[0]}/photo"):
        answer = await page.goto(f"{live}/exam/sittings/{path}")
        assert answer is not None and answer.status == 404


async def test_names_and_photos_are_not_shown_before_the_session(
    live: str, page: "Page", clock: FixedClock, room: ExamRoom
) -> None:
    clock.at = minutes(-60 * 5)
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings/rooms/{room.room.id}")
    assert room.people[0].name not in await page.content()
    answer = await page.goto(f"{live}/exam/sittings/candidates/{room.ids[0]}/photo")
    assert answer is not None and answer.status == 404


async def test_everything_works_without_script(
    live: str, browser: "Browser", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings/rooms/{room.room.id}")
    await page.click(".room-next button")
    await page.click("#seat-2 .person-act form button")
    assert "已入场" in await page.inner_text(".flash")
    assert await statuses(services, room) == [S.SCHEDULED, S.CHECKED_IN, S.SCHEDULED, S.SCHEDULED]
    await context.close()


async def test_a_move_and_a_correction_with_their_reasons(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=room.room.id, now=clock.at)
        await actions.check_in(session, SYSTEM, sitting_id=room.ids[0], now=clock.at)
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings/candidates/{room.ids[0]}")
    await page.click("summary:has-text('调整座位')")
    await page.select_option("#seat_no", "25")
    await page.fill("#reason-move", "1 号机无法启动")
    await page.click(".confirm[open] button[type=submit]")
    await page.wait_for_selector("text=01 → 25")
    await page.click("summary:has-text('更正登记')")
    await page.fill("#reason-correct", "点错人")
    await page.click(".confirm[open] button[type=submit]")
    await page.wait_for_selector("text=登记已更正")
    async with services.db.transaction() as session:
        sitting = await queries.sitting(session, room.ids[0])
    assert (sitting.seat_no, sitting.status, sitting.reason) == (25, S.SCHEDULED, "点错人")


async def test_an_incident_goes_from_the_room_to_the_officer(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=room.room.id, now=clock.at)
        await actions.check_in(session, SYSTEM, sitting_id=room.ids[0], now=clock.at)
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(f"{live}/exam/sittings/candidates/{room.ids[0]}")
    await page.click("summary:has-text('登记违纪')")
    await page.select_option("#code", "C4")
    await page.fill("#facts", "09:50 在座位上使用手机")
    await page.fill("#items", "黑色手机一部")
    await page.click(".confirm[open] button[type=submit]")
    await page.wait_for_url("**/incidents/**")
    await look(page, "incident-reading", phone=True)
    await page.click("text=已宣读")
    await page.click("summary:has-text('考生拒绝签字')")
    await page.select_option("#second", label="主考甲 · 主考")
    await page.fill("#password", "wrong")
    await page.click(".confirm[open] button[type=submit]")
    await page.wait_for_selector("text=第二人的密码不正确")
    await page.goto(page.url.removesuffix("/sign"))
    await page.click("text=考生已签字")
    await page.wait_for_selector(".flash")
    await look(page, "incident-signed", phone=True)
    address = page.url
    clock.at = minutes(61)
    async with services.db.transaction() as session:
        await actions.collect(session, SYSTEM, room_session_id=room.room.id, now=clock.at)
    steps = (("head", "确认记录"), ("officer", "作出决定"), ("officer", "登记送达"), ("officer", "使决定生效"))
    for login, button in steps:
        await page.context.clear_cookies()
        await enter(page, live, login, PASSWORD)
        await page.goto(address)
        await axe(page)
        if button == "作出决定":
            await page.fill("#basis", "考务规定第 12 条")
            await page.fill("#decision", "本次报考各科目成绩无效")
        if button == "使决定生效":
            await look(page, "incident-served", phone=True)
            ticket, secret = room.sign_in(0)
            await enter(page, live, ticket, secret)
            await page.goto(f"{live}/exam/sittings/mine")
            await page.click("text=有一份违纪处理决定")
            await look(page, "incident-own", phone=True)
            await page.context.clear_cookies()
            await enter(page, live, login, PASSWORD)
            await page.goto(address)
            await page.check("#waived")
        await page.click(f"main button:has-text('{button}')")
        await page.wait_for_selector(".flash")
    async with services.db.transaction() as session:
        [incident] = await queries.incidents(session, batch_id=room.world.batch.id)
        assert incident.status is IncidentStatus.FINAL
        assert (await queries.sitting(session, room.ids[0])).status is S.VOIDED


async def test_the_pages_are_readable_for_everybody(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=room.room.id, now=clock.at)
        await actions.check_in(session, SYSTEM, sitting_id=room.ids[0], now=clock.at)
    await enter(page, live, "invigilator", PASSWORD)
    place = f"{live}/exam/sittings"
    for path in (
        "",
        f"/rooms/{room.room.id}",
        f"/rooms/{room.room.id}?view=plan",
        f"/candidates/{room.ids[0]}",
        "/incidents",
    ):
        await page.emulate_media(color_scheme="light")
        await page.goto(place + path)
        await axe(page)
        await page.emulate_media(color_scheme="dark")
        await axe(page)
        await page.set_viewport_size({"width": 320, "height": 640})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, path
        await page.set_viewport_size({"width": 1024, "height": 1366})


async def test_who_has_more_time_is_named_with_the_own_end_and_has_it_on_the_clock(
    live: str, page: "Page", services: Services, clock: FixedClock, room: ExamRoom
) -> None:
    async with services.db.transaction() as session:
        longer = "SET ends_at = ends_at + interval '15 minutes'"
        await session.execute(text(f"UPDATE exam.room_sessions {longer} WHERE id = :id"), {"id": room.room.id})
        granted = "granted_minutes = 15, measures = 'extra_time:25'"
        await session.execute(text(f"UPDATE exam.sittings {longer}, {granted} WHERE id = :id"), {"id": room.ids[0]})
    await enter(page, live, "invigilator", PASSWORD)
    here = f"{live}/exam/sittings/rooms/{room.room.id}"
    await page.goto(here)
    await page.click(".room-next button")
    await page.click("#seat-1 .person-act form button")
    await page.wait_for_selector("#seat-1 :text('已入场')")
    exceptions = await page.inner_text(".exceptions")
    assert "延长时间或单独考场" in exceptions and "至 11:15" in exceptions
    assert "延长 15 分钟，至 11:15" in await page.inner_text("#seat-1")
    await look(page, "room-longer", phone=True)

    clock.at = minutes(1)
    ticket, secret = room.sign_in(0)
    await enter(page, live, ticket, secret)
    await page.goto(f"{live}/exam/delivery/{room.ids[0]}")
    assert "15 分钟，已含在结束时间内" in await page.inner_text("main")
    await look(page, "ready-longer", phone=True)
    await page.click("text=开始考试")
    await page.wait_for_selector(".exam-scripted .question:not([hidden])")
    deadline = datetime.fromisoformat(await page.get_attribute(".exam", "data-deadline") or "")
    assert deadline == minutes(75)

    clock.at = minutes(62)
    async with services.db.transaction() as session:
        assert await delivery.submit_due(session, now=clock.at) == 0
    await enter(page, live, "invigilator", PASSWORD)
    await page.goto(here)
    await page.click("text=登记这 3 人缺考")
    await page.wait_for_selector(".flash")
    assert "11:15 结束，还有 1 人在作答" in await page.inner_text(".room-next")
    await look(page, "room-longer-late")
