"""A tablet is lost before it sent everything: the ledger says what is missing, the sheet is keyed in from the slip on paper with one
typing error caught, a second person checks it, and the officer signs what stays missing."""

from random import Random
from typing import TYPE_CHECKING

import pytest

from exam.kernel.services import Services
from scoring.tablets import actions, queries
from scoring.tablets.rules.events import Kind
from scoring.tablets.rules.slips import slip
from tests.journeys.pages import enter, look, picture
from tests.scoring.tablets.test_actions import NOW, Site, make_site
from tests.scoring.tablets.test_ledger_routes import people
from tests.scoring.tablets.test_paper_ways import SIGNED
from tests.scoring.tablets.world import Signer, Tablet, message
from tests.scoring.world import PASSWORD, finish

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

SLIP_TICKET = "202600000003"


async def _lost(services: Services) -> tuple[Site, str]:
    """T07 sent all it has; T08 sent four of seven records and is gone. The slip of the sheet on it."""
    async with services.db.transaction() as session:
        site = await make_site(session)
        await finish(session, site.world, "P")
        room, lost = site.world.rooms["P"], Signer()
        id = await actions.register(
            session, site.head, site_id=room.site_id, label="T08", public_key=lost.public, now=NOW
        )
        await actions.give_out(session, site.head, tablet_id=id, room_session_id=room.id, now=NOW)
        for one in site.world.assessors:
            await actions.sign_in(session, one, tablet_id=id, now=NOW)
        for candidate, which in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 1)):
            site.tablet.write(Kind.SIGNED, site.sheet(candidate, which), answers=SIGNED, overtime=0, note="")
        gone = Tablet(id)
        gone.score(site.sheet(2), Random(1))
        for tablet, signer, events in (
            (site.tablet, site.signer, site.tablet.events), (gone, lost, gone.events[:4]),
        ):  # fmt: skip
            sent = message(tablet, events)
            await actions.take(session, sent, signer.sign(sent.body), now=NOW)
        assessor = site.sheet(2).assessor_id
        place = room.site_id
        await actions.give_badges(session, services.vault, site.head, site_id=place, account_ids=[assessor], now=NOW)
        badge = (await queries.badge_numbers(session, assessor))[0]
    await people(services, site)
    return site, slip(SLIP_TICKET, badge, 1, SIGNED, 0)


async def test_a_lost_tablet_is_keyed_in_and_the_session_closed(live: str, page: "Page", services: Services) -> None:
    site, proof = await _lost(services)
    await page.set_viewport_size({"width": 1024, "height": 768})
    await enter(page, live, "head", PASSWORD)
    await page.goto(f"{live}/scoring/tablets/rooms")
    await look(page, "ledger-rooms", phone=True)
    await page.click("main table a")
    assert "平板 T08：第 5–8 号记录" in await page.inner_text("main")
    await look(page, "ledger", phone=True)
    await page.click(".gap-list a")
    keying = page.url
    for code, value in SIGNED.items():
        if code == "A1":
            await page.fill('input[name="row-A1"]', "20.00")
        elif code == "C1":
            await page.fill('input[name="row-C1"]', "0")
        else:
            await page.check(f'input[name="row-{code}"][value="{str(value).lower()}"]', force=True)
    await page.check('input[name="row-B1"][value="2"]', force=True)  # a slip of the finger
    await page.fill("#overtime", "0")
    await page.fill("#slip", proof.replace("-", " ").lower())
    await page.fill("#reason", "平板 T08 丢失")
    await look(page, "keying", phone=True)
    await page.click("text=核对凭条并保存")
    assert "填写的内容与凭条不符" in await page.inner_text("main")
    assert await page.input_value('input[name="row-A1"]') == "20.00"
    await picture(page, "keying-caught")
    await page.check('input[name="row-B1"][value="3"]', force=True)
    await page.click("text=核对凭条并保存")
    await page.wait_for_url("**/keyed/**")
    keyed = page.url
    await look(page, "keyed", phone=True)
    await enter(page, live, "lead", PASSWORD)
    await page.goto(keyed)
    await page.fill("#slip", proof)
    await page.click("text=与纸质一致，生效")
    assert "已生效" in await page.inner_text("main")
    await enter(page, live, "officer", PASSWORD)
    await page.goto(f"{live}/scoring/tablets/rooms/{site.world.rooms['P'].id}")
    assert "已补录" in await page.inner_text("main")
    await page.click("summary:has-text('带缺口关闭本场')")
    await page.fill("#reason", "T08 丢失，评分表已按纸质补录")
    await picture(page, "ledger-signing")
    await page.click("text=签名并关闭")
    assert "本场已带缺口关闭" in await page.inner_text("main")
    await picture(page, "ledger-closed")
    await page.goto(keying)
    await page.click("text=补录纸上的更正")
    await page.locator("#correction").wait_for()
    await page.set_viewport_size({"width": 1024, "height": 768})
    tops = await page.evaluate("[...document.querySelectorAll('.nav li')].map(one => one.offsetTop)")
    assert len(tops) > 8 and len(set(tops)) == 1, "an officer's places stand in one row"
    await look(page, "keying-correction", phone=True)
    await page.goto(f"{live}/scoring/tablets/imports")
    await look(page, "imports", phone=True)
    await page.context.add_cookies([{"name": "kaowu_language", "value": "en", "url": live}])
    for address, name in (
        (f"/scoring/tablets/rooms/{site.world.rooms['P'].id}", "ledger-en"), ("/scoring/tablets/imports", "imports-en"),
        (keyed.removeprefix(live), "keyed-en"),
    ):  # fmt: skip
        await page.goto(live + address)
        await picture(page, name)
