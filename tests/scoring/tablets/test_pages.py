"""The pages of those who run a site, and an assessor's own: a code, a hand-out, badges, a PIN; who may see them."""

import re
from datetime import timedelta
from random import Random

import httpx
import pytest

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from scoring.tablets import queries
from scoring.tablets.rules.fleet import TabletState, tablet_state
from tests.scoring.pages import plain_text, post, sign_in
from tests.scoring.tablets.test_actions import NOW, Site, make_site, send
from tests.scoring.world import PASSWORD

HREF = "/scoring/tablets"


@pytest.fixture
async def site(services: Services, clock: FixedClock) -> Site:
    async with services.db.transaction() as session:
        made = await make_site(session)
        await accounts.create_staff(
            session, SYSTEM, login="head", name="主考", password=PASSWORD, grants=made.head.grants, now=NOW
        )
    clock.at = made.world.rooms["P"].starts_at + timedelta(minutes=5)
    return made


async def test_a_site_head_enrols_gives_out_takes_back_and_revokes(
    client: httpx.AsyncClient, services: Services, site: Site
) -> None:
    await sign_in(client, "head")
    first = plain_text((await client.get(HREF)).text)
    assert "T07" in first and "3 名考评员，0 名已设 PIN" in first
    room, place = site.world.rooms["P"], site.world.rooms["P"].site_id
    fresh = await post(client, f"{HREF}/codes", page=HREF, site_id=str(place), label="T08")
    assert re.search(r"\d{4} \d{4}", plain_text(fresh.text)) and "<svg" in fresh.text
    taken = await post(client, f"{HREF}/codes", page=HREF, site_id=str(place), label="T07")
    assert taken.status_code == 409 and "本站点已有名为 T07 的平板" in taken.text
    silent = await post(client, f"{HREF}/{site.tablet.id}/returns", page=HREF, room_session_id=str(room.id))
    assert silent.status_code == 409 and "没送出的记录" in silent.text
    back = await post(
        client, f"{HREF}/{site.tablet.id}/returns", page=HREF, room_session_id=str(room.id), unused_reason="备用"
    )
    assert back.status_code == 303
    out = await post(client, f"{HREF}/handouts", page=HREF, room_session_id=str(room.id), tablet_id=str(site.tablet.id))
    assert out.status_code == 303
    gone = await post(client, f"{HREF}/{site.tablet.id}/revocation", page=HREF, reason="丢失")
    assert gone.status_code == 303
    assert "已停用" in (await client.get(HREF)).text


async def test_badges_are_printed_and_a_pin_chosen(client: httpx.AsyncClient, services: Services, site: Site) -> None:
    await sign_in(client, "head")
    place, (one, _) = str(site.world.rooms["P"].site_id), site.world.assessors
    assert "未生成" in (await client.get(f"{HREF}/badges")).text
    printed = await post(client, f"{HREF}/badges/print", page=f"{HREF}/badges", site_id=place)
    assert printed.headers["content-type"] == "application/pdf"
    await sign_in(client, "assessor1")
    assert (await client.get(HREF)).status_code == 403
    needed = await client.get("/")
    assert "为评分证设置 PIN" in needed.text
    easy = await post(client, f"{HREF}/badge", pin="123456", again="123456")
    assert easy.status_code == 422 and "太容易被猜到" in easy.text
    chosen = await post(client, f"{HREF}/badge", pin="482913", again="482913")
    assert chosen.status_code == 303
    assert "为评分证设置 PIN" not in (await client.get("/")).text
    await sign_in(client, "head")
    for step, words in (("reset", "重新设置"), ("replacement", "旧证已作废")):
        answer = await post(
            client, f"{HREF}/badges/{one.account_id}/{step}", page=f"{HREF}/badges", site_id=place, reason="丢失"
        )
        assert answer.status_code == 303
        assert words in (await client.get(f"{HREF}/badges")).text
    async with services.db.transaction() as session:
        assert one.account_id and len(await queries.badge_numbers(session, one.account_id)) == 2


async def test_another_site_is_nobody_elses(client: httpx.AsyncClient, site: Site) -> None:
    await sign_in(client, "head")
    assert (await client.get(f"{HREF}?site={site.tablet.id}")).status_code == 403
    assert (await client.get(f"{HREF}/badges?site=x")).status_code == 403


async def test_what_waits_is_tried_again(client: httpx.AsyncClient, services: Services, site: Site) -> None:
    async with services.db.transaction() as session:
        site.tablet.score(site.sheet(0), Random(1))
        await send(session, site)
    await sign_in(client, "head")
    room = site.world.rooms["P"].id
    again = await post(client, f"{HREF}/rooms/{room}/entry", page=HREF)
    assert again.status_code == 303
    async with services.db.transaction() as session:
        (told,) = await queries.settlements(session, room_session_ids=[room])
    assert told.code == "EntriesInvalid"


@pytest.mark.parametrize(
    ("revoked", "behind", "seen", "out", "state"),
    [(True, True, None, True, TabletState.REVOKED), (False, True, 0, True, TabletState.BEHIND),
     (False, False, None, True, TabletState.UNHEARD), (False, False, 3, True, TabletState.SILENT),
     (False, False, 1, True, TabletState.OUT), (False, False, None, False, TabletState.READY)],
)  # fmt: skip
def test_one_word_says_how_a_tablet_stands(
    revoked: bool, behind: bool, seen: int | None, out: bool, state: TabletState
) -> None:
    seen_at = None if seen is None else NOW - timedelta(minutes=seen)
    windows = [(NOW - timedelta(hours=1), NOW + timedelta(hours=1))] if out else []
    assert tablet_state(revoked=revoked, behind=behind, seen_at=seen_at, windows=windows, now=NOW) is state
