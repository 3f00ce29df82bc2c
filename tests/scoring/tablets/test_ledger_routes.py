"""The ledger's pages, files by USB, and a lost tablet keyed in: over HTTP, by those who may, in words."""

import base64
import hashlib
import json
from random import Random
from uuid import UUID

import httpx
import pytest

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.services import Services
from scoring.marking.actions import Received, receive_sheet
from scoring.tablets import actions, queries
from scoring.tablets.rules.events import Kind
from scoring.tablets.rules.evidence import announced
from scoring.tablets.rules.slips import slip
from tests.conftest import NOW as MADE
from tests.scoring.pages import _token, plain_text, post, sign_in
from tests.scoring.tablets.test_actions import NOW, Site, make_site, send
from tests.scoring.tablets.test_paper_ways import SIGNED
from tests.scoring.tablets.world import export_file, photo
from tests.scoring.world import PASSWORD, finish


async def people(services: Services, site: Site) -> None:
    """Accounts of the site's head and of an officer."""
    scopes = {
        "head": Grant(Role.SITE_HEAD, Scope("site", str(site.world.rooms["P"].site_id))),
        "officer": Grant(Role.EXAM_OFFICER, Scope("organisation", str(site.world.scheme.organisation_id))),
    }
    async with services.db.transaction() as session:
        for login, grant in scopes.items():
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=[grant], now=MADE
            )


async def ready(services: Services) -> Site:
    """The part is over; two candidates were scored by both, the third by nobody."""
    async with services.db.transaction() as session:
        site = await make_site(session)
        await finish(session, site.world, "P")
        for candidate in range(2):
            for assessor in range(2):
                site.tablet.score(site.sheet(candidate, assessor), Random(candidate))
        await send(session, site)
    await people(services, site)
    return site


async def test_a_gap_is_seen_in_words_and_signed_by_the_officer(client: httpx.AsyncClient, services: Services) -> None:
    site = await ready(services)
    path = f"/scoring/tablets/rooms/{site.world.rooms['P'].id}"
    await sign_in(client, "assessor1")
    assert (await client.get(path)).status_code == 404
    await sign_in(client, "head")
    assert "还有 2 处没有对平" in plain_text((await client.get("/scoring/tablets/rooms")).text)
    text = plain_text((await client.get(path)).text)
    assert "3 号工位，考评员 assessor1" in text and "请考务管理员写明理由后关闭" in text
    seen = (await client.get(path)).text.split("live?seen=")[1][:64]
    assert (await post(client, path + "/closing", page=path, seen=seen, reason="丢失")).status_code == 409
    await sign_in(client, "officer")
    refused = await post(client, path + "/closing", page=path, seen=seen)
    assert refused.status_code == 422 and "请写明为什么在没有对平时关闭本场" in refused.text
    stale = await post(client, path + "/closing", page=path, seen="0" * 64, reason="平板被水泡坏")
    assert stale.status_code == 409 and "平板被水泡坏" in stale.text, "what was typed is kept"
    assert (await post(client, path + "/closing", page=path, seen=seen, reason="平板被水泡坏")).status_code == 303
    text = plain_text((await client.get(path)).text)
    assert "本场已带缺口关闭" in text and "平板被水泡坏" in text
    part = await client.get(path + "/live?seen=" + seen, headers={"HX-Request": "true"})
    assert part.status_code == 200 and "<html" not in part.text and "data-poll" in part.text
    assert "带缺口关闭" in (await client.get("/scoring/tablets/rooms")).text


async def test_a_lost_tablet_is_keyed_in_from_paper(client: httpx.AsyncClient, services: Services) -> None:
    """One typing error is caught without saying where; another person reads the slip again; then the session balances."""
    site = await ready(services)
    room = site.world.rooms["P"].id
    path = f"/scoring/tablets/rooms/{room}"
    ids = [one.account_id for one in site.world.assessors]
    async with services.db.transaction() as session:
        place = site.world.rooms["P"].site_id
        found = [one for one in ids if one]
        await actions.give_badges(session, services.vault, site.head, site_id=place, account_ids=found, now=NOW)
        badges = [(await queries.badge_numbers(session, one))[0] for one in found]
    for assessor, badge in zip(found, badges, strict=True):
        typed = slip("202600000003", badge, 1, SIGNED, 0)
        sent = {f"row-{code}": str(value).lower() for code, value in SIGNED.items()} | {
            "sitting": str(site.world.sittings["P", 2]), "assessor": str(assessor), "overtime": "0", "slip": typed,
            "reason": "平板丢失",
        }  # fmt: skip
        await sign_in(client, "head")
        form = await client.get(f"{path}/keying?sitting={sent['sitting']}&assessor={assessor}")
        assert form.status_code == 200 and 'name="row-A1"' in form.text
        wrong = await post(client, path + "/keying", **sent | {"row-B1": "2"})
        assert wrong.status_code == 422
        assert "填写的内容与凭条不符" in wrong.text and 'value="平板丢失"' in wrong.text
        missing = await post(client, path + "/keying", **{**sent, "slip": ""})
        assert missing.status_code == 422 and "请填写凭条校验码" in missing.text
        kept = await post(client, path + "/keying", **sent)
        assert kept.status_code == 303, kept.text
        keyed = kept.headers["location"]
        assert typed not in (await client.get(keyed)).text, "the slip is read off the paper"
        assert (await post(client, keyed + "/check", page=keyed, slip=typed)).status_code == 409
        await sign_in(client, "lead")
        checked = await post(client, keyed + "/check", page=keyed, slip=typed)
        assert checked.status_code == 303, checked.text
    text = plain_text((await client.get(path)).text)
    assert "已对平" in text and "已补录" in text
    form = await client.get(f"{path}/keying?sitting={sent['sitting']}&assessor={assessor}&correcting=1")
    assert 'name="correction"' in form.text
    better = sent | {"row-C1": "1", "slip": slip("202600000003", badge, 2, SIGNED | {"C1": 1}, 0), "correcting": "1"}
    bare = await post(client, path + "/keying", **better)
    assert bare.status_code == 422 and "请照纸上写明更正理由" in bare.text and 'name="correcting"' in bare.text
    kept = await post(client, path + "/keying", **better, correction="看错刻度")
    assert kept.status_code == 303, kept.text
    await sign_in(client, "head")
    keyed = kept.headers["location"]
    await post(client, keyed + "/check", page=keyed, slip=better["slip"])
    text = plain_text((await client.get(keyed)).text)
    assert "更正由考评组长会签后生效" in text and "看错刻度" in text


async def test_a_file_is_uploaded_and_told_what_it_came_to(client: httpx.AsyncClient, services: Services) -> None:
    site = await ready(services)
    site.tablet.write(Kind.OPENED, site.sheet(2))
    await sign_in(client, "head")

    async def upload(data: bytes) -> httpx.Response:
        token = await _token(client, "/scoring/tablets/imports")
        return await client.post(
            "/scoring/tablets/imports", data={"_csrf_token": token}, files={"file": ("kaowu-tablet-T07.json", data)}
        )

    good = export_file(site.tablet, site.signer, services.vault.exchange_key)
    for data, words in (
        (b"PK\x03\x04", "这不是平板导出的文件"),
        (json.dumps(good | {"sealed": good["sealed"][:-12] + "AAAAAAAAAAA="}).encode(), "导出后被改动过"),
        (json.dumps(good | {"format": "kaowu-tablet-export/2"}).encode(), "kaowu-tablet-export/2"),
    ):
        answer = await upload(data)
        assert answer.status_code in (403, 422), answer.status_code
        assert words in answer.text
    answer = await upload(json.dumps(good).encode())
    assert answer.status_code == 303
    text = plain_text((await client.get(answer.headers["location"])).text)
    assert "新收 1 条" in text and f"原来已有 {len(site.tablet.events) - 1} 条" in text
    await sign_in(client, "assessor1")
    assert (await client.get("/scoring/tablets/imports")).status_code == 403


async def test_the_file_of_a_stolen_tablet_is_taken_by_a_second_person(
    client: httpx.AsyncClient, services: Services
) -> None:
    site = await ready(services)
    async with services.db.transaction() as session:
        await actions.revoke(session, site.head, tablet_id=site.tablet.id, reason="被盗", now=NOW)
    site.tablet.write(Kind.OPENED, site.sheet(2))
    await sign_in(client, "head")
    token = await _token(client, "/scoring/tablets/imports")
    data = json.dumps(export_file(site.tablet, site.signer, services.vault.exchange_key)).encode()
    answer = await client.post(
        "/scoring/tablets/imports", data={"_csrf_token": token}, files={"file": ("a.json", data)}
    )
    path = answer.headers["location"]
    assert "等待第二人核对" in (await client.get(path)).text
    assert (await post(client, path, take="true")).status_code == 409
    await sign_in(client, "officer")
    assert (await post(client, path, take="false")).status_code == 422
    assert (await post(client, path, take="true")).status_code == 303
    assert "新收 1 条" in plain_text((await client.get(path)).text)


async def test_a_photo_is_kept_and_shown_beside_its_sheet(client: httpx.AsyncClient, services: Services) -> None:
    site = await ready(services)
    data = photo()
    sha256 = hashlib.sha256(data).hexdigest()
    path = f"/scoring/tablets/evidence?device={site.tablet.id}&sha256={sha256}"
    signature = base64.b64encode(site.signer.sign(announced(str(site.tablet.id), sha256, len(data)))).decode()
    for header, sent, status in ((signature, data + b"x", 403), ("not base 64", data, 422), (signature, data, 200)):
        answer = await client.post(
            path, content=sent, headers={"x-tablet-signature": header, "accept": "application/json"}
        )
        assert answer.status_code == status, answer.text
    assert answer.json() == {"kept": sha256}
    assert (await client.post(path.replace(sha256, "x"), content=data)).status_code == 422
    site.tablet.write(Kind.EVIDENCE, site.sheet(0), sha256=sha256, row="C2", bytes=len(data))
    site.tablet.write(Kind.EVIDENCE, site.sheet(0), sha256="f" * 64, row="C2", bytes=1)
    site.tablet.write(Kind.SIGNED, site.sheet(2), answers=SIGNED, overtime=0, note="")
    async with services.db.transaction() as session:
        await send(session, site)
        own = site.sheet(0).assessor_id
        sheet = await receive_sheet(
            session, site.world.assessors[0],
            Received(sitting_id=site.world.sittings["P", 0], assessor_id=own, answers=SIGNED, overtime_minutes=0), now=NOW,
        )  # fmt: skip
    records = f"/scoring/tablets/sheets/{sheet.id}/records"
    for login, status in (("assessor1", 200), ("lead", 200), ("officer", 200), ("assessor2", 404)):
        await sign_in(client, login)
        shown = await client.get(records)
        assert shown.status_code == status, login
        picture = await client.get(f"/scoring/tablets/sheets/{sheet.id}/photos/{sha256}")
        assert (picture.status_code == 200) is (status == 200)
        if status == 200:
            assert picture.content == data and picture.headers["content-type"] == "image/jpeg"
            assert "照片还没有送到" in shown.text
    await sign_in(client, "lead")
    assert (await client.get(f"/scoring/tablets/sheets/{sheet.id}/photos/{'f' * 64}")).status_code == 404


@pytest.mark.parametrize("address", ["/scoring/tablets/rooms", "/scoring/tablets/imports"])
async def test_an_empty_list_says_what_to_do(client: httpx.AsyncClient, services: Services, address: str) -> None:
    async with services.db.transaction() as session:
        grant = Grant(Role.SITE_HEAD, Scope("site", str(UUID(int=5))))
        await accounts.create_staff(
            session, SYSTEM, login="head", name="head", password=PASSWORD, grants=[grant], now=MADE
        )
    await sign_in(client, "head")
    assert 'class="empty"' in (await client.get(address)).text


async def test_who_verifies_marks_is_led_to_the_ledger_and_only_reads_it(
    client: httpx.AsyncClient, services: Services
) -> None:
    site = await ready(services)
    batch, path = (
        f"/scoring/marking/batches/{site.world.batch_id}",
        f"/scoring/tablets/rooms/{site.world.rooms['P'].id}",
    )
    await sign_in(client, "verifier")
    assert f'href="{path}"' in (await client.get(batch)).text
    shown = await client.get(path)
    assert shown.status_code == 200
    assert "/closing" not in shown.text and "/keying" not in shown.text
    await sign_in(client, "typist1")
    assert path not in (await client.get(batch)).text
    assert (await client.get(path)).status_code == 403
