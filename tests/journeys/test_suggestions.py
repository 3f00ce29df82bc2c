"""A province at its coverage page in a browser: which application to approve and why, the way to its decision, what stays open."""

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from exam.kernel.services import Services
from exam.registration.models import InstitutionRow
from scheduling.sites.rules import ApprovalStatus, Standing
from tests.journeys.pages import enter, look
from tests.scheduling.pages import account
from tests.scheduling.world import World, close, make_world, open_site, register

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
async def world(services: Services) -> World:
    """A site in force in one prefecture; in the other an application that waits for the province; a branch asked for."""
    async with services.db.transaction() as session:
        made = await make_world(session, waiver=False)
        for number, east in enumerate((114.3, 114.4, 113.45)):
            place = InstitutionRow.id == made.schools[number].id
            await session.execute(update(InstitutionRow).where(place).values(latitude=30.5, longitude=east))
        await open_site(session, made, 2, until=ApprovalStatus.CONSULTED)
        await open_site(
            session, made, 1, standing=Standing.BRANCH, reason="分校区学生多", until=ApprovalStatus.SUBMITTED
        )
        await register(session, made, 20, school=0)
        await register(session, made, 30, school=2)
        await close(session, made)
    return made


async def test_the_province_reads_why_and_goes_to_decide(
    live: str, page: "Page", world: World, services: Services
) -> None:
    await enter(page, live, await account(services, world.province))
    await page.goto(f"{live}/scheduling/coverage")
    await page.wait_for_selector(".suggestion")
    (text,) = await page.locator(".suggestion").all_inner_texts()
    assert "仙桃市" in text and "批准后即覆盖" in text and "去办理" in text
    assert await page.locator(".tile-suggested").count() == 1
    assert "批准建议的站点即可覆盖" in await page.inner_text(".legend")
    assert "暂不需要" in await page.inner_text("#suggestions")
    await look(page, "suggestions", phone=True)
    await page.click(".suggestion a")
    await page.wait_for_url("**/scheduling/approvals/*")
    assert "协商确定" in await page.inner_text(".step-forms")
    await page.context.add_cookies([{"name": "kaowu_language", "value": "en", "url": live}])
    await page.goto(f"{live}/scheduling/coverage")
    assert "Sites to approve" in await page.inner_text("#suggestions")
    await look(page, "suggestions-en")


async def test_what_nobody_asks_for_is_told_with_the_way_out(live: str, page: "Page", services: Services) -> None:
    async with services.db.transaction() as session:
        made = await make_world(session, waiver=False)
    await enter(page, live, await account(services, made.province))
    await page.goto(f"{live}/scheduling/coverage")
    assert "没有可以建议的申请" in await page.inner_text("#suggestions .empty")
    await look(page, "suggestions-none", phone=True)
    await page.click(".gap-list a:has-text('说明理由')")
    await page.fill("#reason", "考生不足二十人")
    await page.fill("#valid_to", date(2026, 12, 31).isoformat())
    await page.click("form.form button[type=submit]")
    await page.wait_for_selector(".flash")
    assert "没有等待批准的申请" in await page.inner_text("#suggestions .empty")
    await look(page, "suggestions-done")
