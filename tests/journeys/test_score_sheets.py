"""Two assessors beyond the tolerance up to the lead's decision, on tablets; and the sheet editor with its live preview."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from scoring.marking import actions, queries
from scoring.marking.rules import MarkSource
from tests.conftest import NOW
from tests.journeys.pages import enter, look
from tests.scoring.world import GOOD, PASSWORD, World, hold, make_world

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
TABLET = {"width": 820, "height": 1180}


@pytest.fixture
async def world(services: Services, clock: FixedClock) -> World:
    async with services.db.transaction() as session:
        made = await make_world(session, accounts=True, count=9)
        organisation = Scope("organisation", str(made.scheme.organisation_id))
        for login in ("writer", "second"):
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, now=NOW,
                grants=[Grant(Role.EXAM_OFFICER, organisation)],
            )  # fmt: skip
        now = await hold(session, made, "P", absent=(8,))
    clock.at = now + timedelta(minutes=10)
    return made


async def score(page: "Page", live: str, login: str, diameter: str) -> None:
    """Score the candidate at station 1 and sign."""
    await enter(page, live, login, PASSWORD)
    await page.goto(live + "/scoring/marking/stations")
    await page.click("text=1 号工位：开始评分")
    await page.wait_for_url("**/scoring/marking/sheets/*")
    await page.fill("[name=row-A1]", diameter)
    await page.check("[name=row-A2][value=true]")
    await page.check("[name=row-B1][value='3']")
    await page.fill("[name=row-C1]", "0")
    await page.check("[name=row-C2][value=false]")
    await page.check("[name=row-C3][value=true]")
    await page.fill("[name=evidence-C3]", "10:12 工位油污未清理，已拍照")
    await page.fill("[name=overtime]", "0")
    await page.locator("[data-missing]", has_text="全部已评").wait_for()
    await page.wait_for_selector("[data-state].tone-done")


async def test_two_assessors_beyond_the_tolerance_up_to_the_leads_decision(
    page: "Page", world: World, services: Services, clock: FixedClock, live: str
) -> None:
    async with services.db.transaction() as session:  # a morning's worth of sheets, for the lead's picture of the room
        for index in range(1, 8):
            for number, assessor in enumerate(world.assessors):
                answers = {**GOOD, "C1": (index // 2 if number else 0), "B1": 2 if index == 3 and number else 3}
                await actions.record_sheet(
                    session, assessor, sitting_id=world.sittings["P", index], answers=answers, overtime_minutes=0,
                    now=clock.at + timedelta(minutes=index),
                )  # fmt: skip
    clock.at += timedelta(minutes=20)
    await page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    await score(page, live, "assessor1", "20.00")
    await look(page, "sheet-veto", phone=True)
    await page.click("[data-sign]")
    await page.wait_for_selector("text=不能修改。")

    # Half a pair is nobody's business: the lead sees that one waits, and no mark of it.
    await enter(page, live, "lead", PASSWORD)
    room = f"{live}/scoring/marking/rooms/{world.rooms['P'].id}"
    await page.goto(f"{room}/agreement")
    assert "90.00" not in await page.inner_text("main")
    await look(page, "agreement-before")

    clock.at += timedelta(minutes=3)
    await score(page, live, "assessor2", "20.05")
    await page.click("[data-sign]")
    await page.wait_for_selector("text=不能修改。")
    await enter(page, live, "lead", PASSWORD)
    await page.goto(f"{room}/agreement")
    await look(page, "agreement", phone=True)
    assert "90.00 / 84.00" in await page.inner_text("main")
    await page.goto(live + "/language/en?back=/")
    await page.goto(f"{room}/agreement")
    await look(page, "agreement-en")
    await page.goto(live + "/language/zh?back=/")
    await page.goto(f"{room}/agreement")
    await page.click("text=去裁定")
    await page.wait_for_url("**/decisions#*")
    await look(page, "decisions")
    await page.fill("[name=value]", "84")
    await page.fill("[name=reason]", "当面复测外圆为 20.05")
    await page.click("text=裁定这名考生的得分")
    await page.wait_for_selector("text=已裁定。")
    async with services.db.transaction() as session:
        (mark,) = await queries.marks(session, registration_id=world.registrations[0], detail=True)
        *_, lines = await queries.summary(session, world.rooms["P"].id)
    assert (mark.value, mark.source, mark.detail["path"]) == (84, MarkSource.LEAD, "lead")
    assert [line.spread for line in lines if line.sitting.seat_no in (1, 9)] == [6, None]


async def test_the_sheet_editor_shows_what_an_assessor_will_see(page: "Page", world: World, live: str) -> None:
    await page.set_viewport_size({"width": 1400, "height": 1000})
    await enter(page, live, "writer", PASSWORD)
    await page.goto(f"{live}/exam/catalogue/schemes/{world.scheme.id}")
    await page.click("main button:has-text('编辑评分表')")
    await page.wait_for_url("**/drafts/*")
    await page.click("text=编辑评分表")
    await page.wait_for_selector(".e-pane .sheet-row")
    await page.click("details:has([id='s1.r1.code']) summary")
    await page.fill("[id='s1.r1.name_zh']", "主轴外圆")
    await page.locator(".e-pane h3", has_text="主轴外圆").wait_for()
    await page.fill("[id='s1.r1.points']", "四十")
    await page.locator("[data-said='s1.r1'] .lint", has_text="不是数字").wait_for()
    await look(page, "editor-wrong")
    await page.fill("[id='s1.r1.points']", "40")
    await page.locator("[data-errors]", has_text="没有错误").wait_for()
    await page.click("section[id=s3] button:has-text('总体评价')")
    await page.wait_for_url("**#s3")
    assert await page.locator("[id='s3.r4.l5.zh']").count() == 1, "five levels to describe"
    await page.click("[value='row-remove:3:4']")
    await page.wait_for_selector("[id='s3.r4.code']", state="detached")
    await look(page, "editor", phone=True)
    await page.click("text=检查差异并提交")
    assert "主轴外圆" in await page.inner_text("main")
    await look(page, "draft", phone=True)
    await page.click("text=提交批准")
    await page.wait_for_selector("text=等待没有参与编写的另一人批准")
    await enter(page, live, "second", PASSWORD)
    await page.click("text=考核方案的新版本待您批准")
    await page.click("text=考评员的页面 >> nth=0")
    await page.fill("[name=row-A1]", "20.05")
    await page.locator("[data-total]", has_text="34.00").wait_for()
    await look(page, "preview")
    await page.go_back()
    await page.click("text=批准并发布")
    await page.wait_for_selector("text=第 2 版")
