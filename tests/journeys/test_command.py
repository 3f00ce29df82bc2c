"""The command centre in a browser: what is wrong stands on top, it changes by itself, also when PostgreSQL ended every connection."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from exam.accounts.rules import SYSTEM
from exam.faults import actions as faults
from exam.faults.rules import FaultKind
from exam.kernel.clock import FixedClock
from exam.kernel.db import Database
from exam.kernel.services import Services
from exam.sittings import actions
from tests.conftest import NOW
from tests.exam.examroom import PASSWORD, make_examroom
from tests.journeys.pages import enter, look

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

START = NOW + timedelta(hours=1)


async def test_the_office_sees_the_day_change(live: str, page: "Page", services: Services, clock: FixedClock) -> None:
    room = await make_examroom(services, START)
    clock.at = START - timedelta(minutes=5)
    await page.set_viewport_size({"width": 1280, "height": 900})
    await enter(page, live, "officer", PASSWORD)
    await page.goto(f"{live}/exam/command")
    await page.wait_for_selector("[data-line][data-state=live]")
    assert "离开考 5 分钟还没有开启" in await page.inner_text(".problems")
    await look(page, "command", phone=True)

    async with services.db.transaction() as session:
        await actions.open_room(session, SYSTEM, room_session_id=room.room.id, now=clock.now())
        await actions.check_in_many(session, SYSTEM, sitting_ids=room.ids[:3], now=clock.now())
    await page.wait_for_selector("td.tone-needs:has-text('3/4')")  # nobody loaded the page again

    other = Database(services.settings.database_url, pool_size=1)
    async with other.transaction() as session:
        await session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )  # fmt: skip
    async with other.transaction() as session:
        place = await faults.where(session, room_session_id=room.room.id, now=clock.now())
        since = clock.now() - timedelta(minutes=50)
        await faults.report(session, SYSTEM, place, kind=FaultKind.NETWORK, facts="断网", since=since, now=clock.now())
    await other.dispose()
    await page.wait_for_selector(".problem-line.tone-stopped:has-text('断网 50 分钟')")
    await page.click(".problem-line .note a")
    await page.wait_for_selector("text=给本站点发通知")
    await look(page, "command-site")
    await page.context.add_cookies([{"name": "kaowu_language", "value": "en", "url": live}])
    await page.goto(f"{live}/exam/command")
    await look(page, "command-en", phone=True)
