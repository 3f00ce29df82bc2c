"""H16 from the institution's request to the candidate's ticket, in a browser: asked for, granted, arranged, published, read."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from exam.accounts.rules import Role
from exam.kernel.services import Services
from exam.sittings import queries as sittings
from tests.exam.kernel.print_home import link_fonts
from tests.exam.kernel.test_printing import look as read_print
from tests.exam.registration.world import person
from tests.journeys.pages import enter, look
from tests.scheduling.pages import account
from tests.scheduling.world import World, close, make_world, register, staff

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

WHY, EVIDENCE = "右手书写困难", "残疾人证第 42 号"


@pytest.fixture
async def world(services: Services) -> World:
    """Twelve candidates of one school, confirmed, and the staff for them."""
    async with services.db.transaction() as session:
        made = await make_world(session)
        await register(session, made, 12, school=0)
        await staff(session, made, 0, 12, may_invigilate=True, may_head=True)
        await staff(session, made, 1, 12, may_invigilate=True, may_head=False, assess=True)
        await close(session, made)
    return made


async def test_from_the_request_to_the_ticket(
    live: str, page: "Page", world: World, services: Services, working: None
) -> None:
    link_fonts(services.settings.home)
    id = world.registrations[0]
    own = f"{live}/exam/registration/registrations/{id}"

    await enter(page, live, await account(services, world.secretaries[0]))
    await page.goto(own)
    await page.click("summary:has-text('申请便利措施')")
    await page.select_option(f"#ask-{id}-percent", "50")
    await page.check(f"#ask-{id}-ground_floor")
    await page.fill(f"#ask-reason-{id}", WHY)
    await page.fill(f"#ask-evidence-{id}", EVIDENCE)
    await look(page, "accommodation-ask", phone=True)
    await page.click("button:has-text('提交申请')")
    await page.wait_for_selector(".flash")
    card = await page.inner_text("#accommodations")
    assert "等待决定" in card and "延长时间 50%" in card and "一层考场" in card
    assert WHY not in card and EVIDENCE not in card  # the school typed it, and does not get it back
    await look(page, "accommodation-asked")

    await enter(page, live, await account(services, world.officer))
    await page.goto(f"{live}/exam/registration/batches/{world.batch.id}/accommodations")
    await look(page, "accommodations", phone=True)
    await page.click("tbody th a")
    assert WHY in await page.inner_text("#accommodations")
    await page.goto(f"{live}/language/en?back=/exam/registration/registrations/{id}")
    assert "Extra time 50%" in await page.inner_text("#accommodations")
    await look(page, "accommodation-decide-en", phone=True)
    await page.goto(f"{live}/language/zh?back=/exam/registration/registrations/{id}")
    await page.fill("#decide-reason", "原件已核对")
    await look(page, "accommodation-decide")
    await page.click("button:has-text('批准这些措施')")
    await page.wait_for_selector(".flash")
    assert "已批准" in await page.inner_text("#accommodations")

    await page.goto(f"{live}/scheduling/plans/{world.batch.id}")
    await page.click(".page-head button:has-text('编排')")
    await page.wait_for_selector(".flash")
    await look(page, "accommodation-arranged")
    await page.goto(f"{live}/scheduling/plans/{world.batch.id}/publish")
    await page.click("form.form button[type=submit]")
    await page.wait_for_selector(".flash")

    async with services.db.transaction() as session:
        seats = await sittings.sittings(session, registration_ids=[id])
        others = await sittings.sittings(session, registration_ids=[world.registrations[1]])
    assert {(one.granted_minutes, one.ends_at - one.starts_at) for one in seats} == {(30, timedelta(minutes=90))}
    assert {one.granted_minutes for one in others} == {0}

    ticket = await page.request.get(f"{live}/scheduling/plans/{world.batch.id}/tickets.pdf?registration_id={id}")
    _, words = read_print(await ticket.body(), 1)
    assert "便利措施" in words and "延长 30 分钟" in words and "一层考场" in words

    await enter(page, live, await account(services, world.secretaries[0]))
    await page.goto(own)
    assert "座位已经公布" in await page.inner_text("#accommodations")  # what is granted stands
    assert await page.locator("summary:has-text('撤回便利措施')").count() == 0

    await enter(page, live, await account(services, person(Role.CANDIDATE, "registration", id)))
    await page.goto(f"{live}/exam/sittings/mine")
    assert "含延长时间 30 分钟" in await page.inner_text("main")
    await look(page, "accommodation-mine", phone=True)
    await page.goto(f"{live}/exam/registration/mine")
    card = await page.inner_text(f"#accommodations-{id}")
    assert WHY in card and "原件已核对" in card
    await look(page, "accommodation-own", phone=True)
