"""An exam officer's day at the arrangement in a browser: propose, read who is left and why, refuse, make room, publish, look at the seats."""

from typing import TYPE_CHECKING

import pytest

from exam.catalogue.rules import Form
from exam.kernel.services import Services
from scheduling.sites import actions as sites
from tests.exam.kernel.print_home import link_fonts
from tests.exam.registration.world import NOW
from tests.journeys.pages import enter, look
from tests.scheduling.pages import account
from tests.scheduling.world import World, close, make_world, register, staff

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
async def world(services: Services) -> World:
    """A hundred and twenty candidates for eight stations over two days: some are left until a room is added."""
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, 114, school=0)
        await register(session, made, 6, school=2)
        await staff(session, made, 0, 12, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 12, may_invigilate=True, may_head=False, assess=True)
        await close(session, made)
    return made


async def test_proposes_explains_and_publishes(
    live: str, page: "Page", world: World, services: Services, working: None
) -> None:
    link_fonts(services.settings.home)
    await enter(page, live, await account(services, world.officer))
    await page.goto(f"{live}/scheduling/coverage")
    assert await page.locator(".tile-covered").count() == 1
    await look(page, "coverage")
    await page.goto(f"{live}/scheduling/plans")
    await page.click("tbody th a")
    await page.wait_for_url("**/scheduling/plans/*-*")
    assert "还没有编排" in await page.inner_text(".empty")
    await look(page, "arrangement-empty")

    await page.click(".page-head button:has-text('编排')")
    await page.wait_for_selector("#unplaced")
    row = page.locator("table[class*=table] tr", has_text="请增加考期")
    assert "能到的站点都已排满" in await row.first.inner_text()
    await look(page, "arrangement-left")
    await row.first.locator("a").first.click()
    assert "未安排" in await page.inner_text("main")
    await look(page, "why-unplaced")
    await page.go_back()

    await page.click(".page-head a:has-text('发布安排')")
    assert "没有座位，不会拿到准考证" in await page.inner_text("main")
    await page.fill("#gaps_reason", "   ")
    await page.click("form.form button[type=submit]")
    await page.wait_for_selector(".error-summary")
    assert "必须写明理由" in await page.inner_text(".error-summary")
    await look(page, "publish-refused")

    async with services.db.transaction() as session:
        for number in range(2):
            await sites.add_room(
                session, world.secretaries[0], site_id=world.site_id, code=f"P{number}", name_zh=f"实训室 {number + 2}",
                form=Form.PRACTICAL_GENERAL, seats=10, spares=1, now=NOW,
            )  # fmt: skip
    await page.goto(f"{live}/scheduling/plans/{world.batch.id}")
    await page.click(".page-head button:has-text('重新编排')")
    await page.wait_for_selector(".flash")
    assert "安排 120 人，未安排 0 人，岗位空缺 0 个" in await page.inner_text(".flash")
    await look(page, "arrangement")

    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/calendar")
    assert await page.locator(".lane-bar").count() > 3
    await look(page, "calendar")
    await page.locator("tbody tr th a").first.click()
    assert 0 < await page.locator(".seat:not(.seat-empty)").count() <= await page.locator(".seat").count() == 27
    await look(page, "session")
    await page.locator("text=为什么坐这里").first.click()
    assert "座位：用种子" in await page.inner_text("main")
    await look(page, "why")
    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/duties")
    await look(page, "duties")

    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/publish")
    await look(page, "publish")
    await page.click("form.form button[type=submit]")
    await page.wait_for_selector(".flash")
    assert "安排已发布：120 人可以领取准考证" in await page.inner_text(".flash")
    assert await page.locator(".page-head button").count() == 0
    await look(page, "published")

    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/prints")
    await look(page, "prints")
    await page.check("#what-schedule")
    await page.click("#by-site ~ form button[type=submit]")
    await page.wait_for_url("**/runs/*")
    await look(page, "print-running")
    await page.wait_for_selector(".page-head a[href$='/file']", timeout=60_000)
    assert "已准备好：1 份" in await page.inner_text("main")
    await look(page, "print-ready")
    printed = await page.request.get(await page.locator(".page-head a[href$='/file']").evaluate("a => a.href"))
    assert (await printed.body()).startswith(b"%PDF")
    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/prints")
    assert await page.locator("tbody a[href$='/file']").count() == 1
    await look(page, "prints-own")


async def test_an_application_is_reviewed_step_by_step(
    live: str, page: "Page", world: World, services: Services
) -> None:
    await enter(page, live, await account(services, world.officer))
    await page.goto(f"{live}/scheduling/sites")
    await look(page, "sites")
    await page.goto(f"{live}/scheduling/sites/{world.site_id}")
    await look(page, "site")
    await page.goto(f"{live}/scheduling/approvals/{world.approval_id}")
    await look(page, "approval")
    await page.goto(f"{live}/scheduling/examiners")
    await look(page, "examiners")
    await page.locator("tbody th a").first.click()
    await look(page, "examiner")
    await page.goto(f"{live}/scheduling/conditions/{world.scheme.certificate_id}")
    await look(page, "conditions")
