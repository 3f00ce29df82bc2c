"""An assessor's day on a tablet: station, sheet, what is missing, a cut line, the signature; and one refusal."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from scoring.marking import queries
from tests.journeys.pages import enter, picture
from tests.scoring.world import PASSWORD, World, hold, make_world
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
TABLET = {"width": 820, "height": 1180}


@pytest.fixture
async def world(services: Services, clock: FixedClock) -> World:
    async with services.db.transaction() as session:
        made = await make_world(session, accounts=True)
        now = await hold(session, made, "P", absent=(2,))
    clock.at = now + timedelta(minutes=10)
    return made


async def test_an_assessor_scores_a_candidate(page: "Page", world: World, services: Services, live: str) -> None:
    await page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    await enter(page, live, "assessor1", PASSWORD)
    await page.goto(live + "/scoring/marking/stations")
    await picture(page, "stations")
    await axe(page)
    await page.click("text=1 号工位：开始评分")
    await page.wait_for_url("**/scoring/marking/sheets/*")
    await axe(page)
    state, missing, total = page.locator("[data-state]"), page.locator("[data-missing]"), page.locator("[data-total]")
    assert await missing.inner_text() == "还有 7 项未评"

    await page.fill("[name=row-A1]", "20.05")
    await page.wait_for_selector("[data-state].tone-done")
    assert (await total.inner_text(), await missing.inner_text()) == ("34.00", "还有 6 项未评")

    # The line is cut: the page says so, keeps the entry, and confirms when the line is back.
    await page.context.set_offline(True)
    await page.check("[name=row-A2][value=true]")
    await page.wait_for_selector("[data-state].tone-stopped")
    assert "没有保存" in await state.inner_text()
    assert await total.inner_text() == "34.00", "nothing is shown as counted that the server has not confirmed"
    await page.context.set_offline(False)
    await page.wait_for_selector("[data-state].tone-done", timeout=20_000)
    assert await total.inner_text() == "74.00"

    # A wrong reading is refused by its row, and the rest stands.
    await page.fill("[name=row-A1]", "2o.05")
    await page.wait_for_selector("[data-state].tone-stopped")
    assert "A1" in await state.inner_text()
    await page.fill("[name=row-A1]", "20.05")
    await page.wait_for_selector("[data-state].tone-done")

    # Signing with a blank row leads to it instead.
    await page.click("[data-sign]")
    await page.wait_for_function("location.hash === '#row-B1'")
    await page.check("[name=row-B1][value='2']")
    for _ in range(2):  # from blank to 0, then to 1
        await page.click("[data-row=C1] [data-step='1']")
    await page.check("[name=row-C2][value=false]")
    await page.check("[name=row-C3][value=false]")
    await page.click("[data-row=overtime] [data-step='1']")
    await page.locator("[data-missing]", has_text="全部已评").wait_for()
    await page.wait_for_selector("[data-state].tone-done")
    await picture(page, "sheet")
    await page.click("[data-sign]")
    await page.wait_for_selector("text=不能修改。")
    await picture(page, "signed")
    await axe(page)
    async with services.db.transaction() as session:
        (sheet,) = await queries.sheets(session, assessor_id=world.assessors[0].account_id)
    assert sheet.total is not None and f"{sheet.total:.2f}" == await page.locator("tfoot b").inner_text() == "89.67"


async def test_somebody_without_a_duty_is_refused(page: "Page", world: World, live: str) -> None:
    await page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    await enter(page, live, "invigilator", PASSWORD)
    answer = await page.goto(live + "/scoring/marking/stations")
    assert answer is not None and answer.status == 403
    await axe(page)


async def test_a_sheet_on_a_phone_and_without_script(page: "Page", world: World, live: str) -> None:
    """Every width works, and so does a page whose script never came."""
    await page.route("**/*.js*", lambda route: route.abort())
    await page.set_viewport_size({"width": 390, "height": 844})
    await enter(page, live, "assessor2", PASSWORD)
    await page.goto(live + "/scoring/marking/stations")
    await page.click("text=1 号工位：开始评分")
    await page.wait_for_url("**/scoring/marking/sheets/*")
    await page.fill("[name=row-A1]", "20.00")
    await page.click("main button:has-text('保存')")
    await page.wait_for_selector("text=还有 6 项未评")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await picture(page, "sheet-phone")
