"""A member of society registers on a phone: refused with words beside the fields, registered, signed in again with the receipt."""

from typing import TYPE_CHECKING

import pytest

from exam.kernel.services import Services
from exam.registration import actions, queries
from exam.registration.rules import RegistrationStatus
from tests.exam.registration.test_routes import photo
from tests.exam.registration.world import NOW, id_number
from tests.scheduling.world import World, make_world
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Browser, FilePayload, Page

pytestmark = pytest.mark.browser

NUMBER = id_number(41, birth="19900301")
WRONG = NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2")
GOOD: "FilePayload" = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photo()}
SQUARE: "FilePayload" = {"name": "square.jpg", "mimeType": "image/jpeg", "buffer": photo(413, 413)}


@pytest.fixture
async def world(services: Services) -> World:
    async with services.db.transaction() as session:
        return await make_world(session)


async def fill(page: "Page", number: str, picture: "FilePayload") -> None:
    await page.select_option("#prefecture_code", "420100")
    await page.fill("#name", "林小满")
    await page.fill("#id_number", number)
    await page.fill("#phone", "16400000041")
    await page.set_input_files("#photo", picture)
    await page.check("#eligible")
    await page.check("#consent")


async def narrow(page: "Page") -> None:
    """Readable by everybody, and nothing beyond the edge of a small phone."""
    await axe(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_somebody_registers_on_a_phone(live: str, page: "Page", world: World, services: Services) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(live)
    await page.click("text=我要报名")
    await narrow(page)
    await page.click(".card-link a")
    await narrow(page)
    await page.click(".offer-list .button")
    await narrow(page)

    await fill(page, WRONG, SQUARE)
    await page.click("text=提交报名")
    await page.wait_for_selector("#id_number-problem")
    assert "校验码不符" in await page.inner_text("#id_number-problem")
    assert "宽高比" in await page.inner_text("#photo-problem")
    assert await page.locator(".field-bad").count() == 2
    assert await page.input_value("#name") == "林小满"
    assert await page.is_checked("#consent")
    assert await page.evaluate("document.querySelector('#photo').files[0].name") == "square.jpg"  # still chosen
    await narrow(page)
    async with services.db.transaction() as session:
        assert await queries.registrations(session) == []

    await page.fill("#id_number", NUMBER)
    await page.set_input_files("#photo", GOOD)
    await page.click("text=提交报名")
    await page.wait_for_url("**/exam/registration/mine/receipt")
    number, secret = [await one.inner_text() for one in await page.query_selector_all(".receipt-code")]
    await narrow(page)
    assert NUMBER not in page.url + await page.content()

    await page.context.clear_cookies()
    async with services.db.transaction() as session:
        one = (await queries.registrations(session, batch_id=world.batch.id))[0]
        await actions.give_back(session, world.officer, registration_ids=[one.id], reason="照片太暗", now=NOW)
    await page.goto(f"{live}/sign-in?kind=candidate")
    await page.fill("#login", number)
    await page.fill("#secret", secret)
    await page.click("main form button[type=submit]")
    await page.wait_for_url(f"{live}/")
    await narrow(page)
    await page.click(".next-thing .button")
    await page.wait_for_selector("text=照片太暗")
    await narrow(page)
    await page.set_input_files("#photo", GOOD)
    await page.click("text=更换照片并重新提交")
    await page.wait_for_selector(".chip:has-text('待审核')")
    await page.click("summary:has-text('退出报名')")
    await page.click("text=退出这条报名")
    await page.wait_for_selector(".chip:has-text('已退出')")
    async with services.db.transaction() as session:
        assert (await queries.registration(session, one.id)).status is RegistrationStatus.WITHDRAWN


async def test_it_works_without_script_and_in_english(
    live: str, browser: "Browser", world: World, services: Services
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{live}/language/en?back=/register/{world.batch.id}/{world.scheme.id}")
    await fill(page, WRONG, GOOD)
    await page.click("text=Submit the registration")
    assert "check" in (await page.inner_text("#id_number-problem")).lower()
    await fill(page, NUMBER, GOOD)
    await page.click("text=Submit the registration")
    assert await page.inner_text("h1") == "Registration receipt"
    await context.close()
