"""A site head sets up a rehearsal, ticks a drill, signs; a second person signs; the site is ready on every page that asks."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.rehearsal import actions
from exam.rehearsal.rules import Drill
from tests.conftest import NOW
from tests.journeys.pages import enter, look
from tests.scheduling.pages import PASSWORD
from tests.scheduling.world import make_world

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


def _head(site_id: UUID) -> Actor:
    return Actor(UUID(int=7), "head", (Grant(Role.SITE_HEAD, Scope("site", str(site_id))),))


CLOSED = """UPDATE exam.room_sessions SET status = 'closed', expected = 3, present = 0, absent = 3"""


async def test_a_site_becomes_ready(live: str, page: "Page", services: Services, clock: FixedClock) -> None:
    async with services.db.transaction() as session:
        world = await make_world(session)
        grants = {"head": Grant(Role.SITE_HEAD, Scope("site", str(world.site_id))), "second": Grant(Role.INVIGILATOR)}
        for login, grant in grants.items():
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=(grant,), now=NOW
            )
    await enter(page, live, "head", PASSWORD)
    await page.goto(f"{live}/exam/rehearsal")
    assert "没有有效的就绪记录" in await page.inner_text("main")
    await page.click("main th a")
    await page.check("[name=rooms] >> nth=0")
    await page.fill("#logins", "second")
    await look(page, "rehearsal-site", phone=True)
    await page.click("form[action^='/exam/rehearsal/sites/'] button[type=submit]")
    await page.wait_for_selector("text=1. 走完每个考场")
    here = page.url.split("?")[0]
    await page.fill("#seen-line", "平板继续评分，恢复后 12 条全部送达")
    await page.click("form:has(#seen-line) button")
    await page.wait_for_selector("text=12 条全部送达")
    await look(page, "rehearsal", phone=True)

    clock.at = NOW + timedelta(hours=3)
    async with services.db.transaction() as session:
        found = await session.scalar(text("SELECT id FROM exam.rehearsals"))
        await session.execute(text("UPDATE exam.sittings SET status = 'absent', absent_at = ends_at"))
        await session.execute(text(CLOSED))
        for drill in Drill:
            await actions.tick(
                session, _head(world.site_id), rehearsal_id=found, drill=drill, seen="正常", now=clock.now()
            )
    await enter(page, live, "head", PASSWORD)  # three hours later
    await page.goto(here)
    await page.click("text=主考签署")
    await page.wait_for_selector("text=等第二人签署")
    await enter(page, live, "second", PASSWORD)
    await page.goto(here)
    await page.click("text=以第二人身份签署")
    await page.wait_for_selector("text=由head、second签署")
    await look(page, "rehearsal-signed")
    await enter(page, live, "head", PASSWORD)
    await page.context.add_cookies([{"name": "kaowu_language", "value": "en", "url": live}])
    await page.goto(f"{live}/exam/rehearsal")
    assert "Ready" in await page.inner_text("main table")
    await look(page, "rehearsal-overview-en", phone=True)
