"""An exam officer asks what would be, compares, deletes and adopts; looks at the pictures; moves a session by hand."""

from typing import TYPE_CHECKING

import pytest

from exam.catalogue.rules import Form
from exam.kernel.services import Services
from scheduling.forks import queries as forks
from scheduling.sites import actions as sites
from scheduling.timetable import actions as timetable
from scheduling.timetable import queries
from tests.exam.registration.world import NOW
from tests.journeys.pages import enter, look
from tests.scheduling.pages import account
from tests.scheduling.world import World, close, make_world, register, staff

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
async def world(services: Services) -> World:
    """More candidates than eight stations serve on two days, spare computer rooms, and a draft."""
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, 170, school=0)
        await register(session, made, 10, school=2)
        await staff(session, made, 0, 12, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 12, may_invigilate=True, may_head=False, assess=True)
        for code in ("C8", "C9"):
            await sites.add_room(
                session, made.secretaries[0], site_id=made.site_id, code=code, name_zh=f"机房 {code}",
                form=Form.COMPUTER, seats=30, spares=3, now=NOW,
            )  # fmt: skip
        await close(session, made)
    async with services.db.transaction() as session:
        await timetable.propose(session, made.officer, batch_id=made.batch.id, seed=3, now=NOW)
    return made


async def test_asks_what_would_be_compares_and_deletes(
    live: str, page: "Page", world: World, services: Services, working: None
) -> None:
    await enter(page, live, await account(services, world.officer))
    base = f"{live}/scheduling/plans/{world.batch.id}"
    await page.goto(base)
    await page.click("aside a:has-text('如果……会怎样')")
    assert "还没有试算" in await page.inner_text("main")
    await look(page, "forks-empty", phone=True)

    await page.click("summary:has-text('多考一天')")
    await page.click("details[open] button:has-text('试算')")
    await page.wait_for_selector("#moved", timeout=60_000)
    assert "更好" in await page.inner_text(".section:has(#figures)")
    moved = await page.inner_text(".section:has(#moved)")
    assert "没有座位" in moved
    assert "考生1" in moved
    assert "把考期延长一天" in await page.inner_text("aside")
    assert await page.locator("summary:has-text('采用为草案')").count() == 0
    await look(page, "fork", phone=True)

    await page.goto(f"{base}/forks")
    await page.click("summary:has-text('路程上限')")
    await page.fill("#km", "900")
    await page.click("details[open] button:has-text('试算')")
    await page.wait_for_selector("#moved", timeout=60_000)
    await page.goto(f"{base}/forks")
    assert await page.locator("thead .fork-head").count() == 2
    await look(page, "forks", phone=True)

    await page.click(".fork-head a:has-text('多考一天')")
    await page.click("summary:has-text('删除')")
    await page.click("button:has-text('删除这次试算')")
    await page.wait_for_selector(".flash")
    assert await page.locator("thead .fork-head").count() == 1

    await page.click(".fork-head a")
    await page.click("summary:has-text('采用为草案')")
    await look(page, "fork-adopt", phone=True)
    await page.click("button:has-text('采用为新的草案')")
    await page.wait_for_selector(".flash")
    assert "已采用为草案第 2 版" in await page.inner_text(".flash")

    await page.goto(f"{base}/pictures")
    assert await page.locator("svg.chart-bars").count() == 2
    await look(page, "pictures", phone=True)


async def test_a_question_that_changes_nothing_is_refused(
    live: str, page: "Page", world: World, services: Services
) -> None:
    await enter(page, live, await account(services, world.officer))
    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/forks")
    await page.click("summary:has-text('换一个种子')")
    await page.fill("#seed", "3")
    await page.click("details[open] button:has-text('试算')")
    await page.wait_for_selector(".error-summary")
    assert "没有差别" in await page.inner_text(".error-summary")
    await look(page, "forks-refused", phone=True)


async def test_moves_a_session_by_hand(live: str, page: "Page", world: World, services: Services) -> None:
    await enter(page, live, await account(services, world.officer))
    async with services.db.transaction() as session:
        plan = await queries.latest(session, world.batch.id)
        assert plan
        held = await queries.sessions(session, plan.id)
        views = [await forks.move_view(session, world.officer, one.id) for one in held if one.form is Form.COMPUTER]
    one = next(view for view in views if view.possible and view.impossible)
    await page.goto(f"{live}/scheduling/plans/sessions/{one.session_id}")
    await page.click(".page-head a:has-text('移动这一场')")
    await look(page, "move", phone=True)

    await page.click("summary:has-text('会违反硬性约束')")
    await page.locator("details[open] input[name=to]").first.check()
    await page.fill("#reason", "设备检修")
    await page.click("button:has-text('移动')")
    await page.wait_for_selector(".error-summary")
    refused = await page.inner_text(".error-summary")
    assert "移到那里会违反硬性约束" in refused
    assert "H" in refused
    await look(page, "move-refused", phone=True)

    await page.locator("fieldset > .table-wrap input[name=to]").first.check()
    await page.click("button:has-text('移动')")
    await page.wait_for_selector(".flash")
    assert "草案现为第 2 版" in await page.inner_text(".flash")
    await look(page, "moved", phone=True)
