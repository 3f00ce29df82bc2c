"""The door for tablets over HTTP: committed before it is confirmed, a plain refusal for everything else, never a 500."""

import base64
import json
from random import Random

import httpx
import pytest

from exam.accounts.rules import Role, Scope
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.signals.actions import announce
from exam.signals.rules import Reach
from exam.sittings.actions import stop
from scoring.tablets import actions, queries
from scoring.tablets.rules.events import Kind
from tests.exam.day import person
from tests.scoring.tablets.test_actions import Site, make_site
from tests.scoring.tablets.world import message
from tests.scoring.world import GOOD

PATH = "/scoring/tablets/messages"


async def _site(services: Services) -> Site:
    async with services.db.transaction() as session:
        site = await make_site(session)
    site.tablet.score(site.sheet(0), Random(1))
    return site


async def _post(client: httpx.AsyncClient, body: object, signature: bytes) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"x-tablet-signature": base64.b64encode(signature).decode(), "content-type": "application/json"}
    return await client.post(PATH, content=content, headers=headers)


async def test_what_is_confirmed_is_there(client: httpx.AsyncClient, services: Services) -> None:
    site = await _site(services)
    sent = message(site.tablet, site.tablet.events)
    answer = await _post(client, sent.body, site.signer.sign(sent.body))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"confirmed": len(site.tablet.events), "missing": [], "refused": []}
    async with services.db.transaction() as session:
        assert len(await queries.events(session, tablet_ids=[site.tablet.id])) == len(site.tablet.events)


async def test_who_asks_hears_the_news_of_its_rooms(
    client: httpx.AsyncClient, services: Services, clock: FixedClock
) -> None:
    """Announcements, attendance as it is now, own sheets that were not entered; a message that does not ask hears nothing."""
    site = await _site(services)
    room = site.world.rooms["P"]
    clock.at = room.starts_at
    site.tablet.write(Kind.SIGNED, site.sheet(2), answers=GOOD, overtime=0, note="", sheet_sha256="0" * 64)
    sent = message(site.tablet, site.tablet.events, hear=True)
    before = (await _post(client, sent.body, site.signer.sign(sent.body))).json()["news"]
    assert (before["announcements"], before["sheets"]) == ([], [])
    assert {one["status"] for one in before["candidates"]} == {"started"}
    async with services.db.transaction() as session:
        await actions.project(session, room_session_id=room.id, now=clock.at)
        await announce(session, site.head, reach=Reach.SITE, target_id=room.site_id, zh="延时十分钟", now=clock.at)
        elsewhere = site.world.rooms["T"]
        other = person(Role.SITE_HEAD, Scope("site", str(elsewhere.site_id)), name="other")
        await announce(session, other, reach=Reach.ROOM, target_id=elsewhere.id, zh="别处", now=clock.at)
        await stop(session, site.world.invigilator, sitting_id=site.sheet(1).sitting_id, reason="x", now=clock.at)
    sent = message(site.tablet, [], hear=True)
    after = (await _post(client, sent.body, site.signer.sign(sent.body))).json()["news"]
    assert [(one["zh"], one["en"]) for one in after["announcements"]] == [("延时十分钟", "延时十分钟")]
    stopped = next(one for one in after["candidates"] if one["sitting"] == str(site.sheet(1).sitting_id))
    assert (stopped["status"], len(after["candidates"])) == ("stopped", 3)
    refused = next(one for one in after["sheets"] if one["sitting"] == str(site.sheet(2).sitting_id))
    assert (refused["version"], refused["code"]) == (1, "OlderSheet")
    assert "重新下载考务包" in refused["zh"]
    assert "pack" in refused["en"]
    sent = message(site.tablet, [])
    assert "news" not in (await _post(client, sent.body, site.signer.sign(sent.body))).json()


async def test_a_wrong_signature_is_said_in_words_and_takes_nothing(
    client: httpx.AsyncClient, services: Services
) -> None:
    site = await _site(services)
    sent = message(site.tablet, site.tablet.events)
    answer = await _post(client, sent.body, b"\0" * 64)
    assert answer.status_code == 403
    assert "签名不符" in answer.text
    async with services.db.transaction() as session:
        assert await queries.events(session, tablet_ids=[site.tablet.id]) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[" * 100_000, b'{"format": "kaowu-tablet-message/1"}', b"null", b'"\\ud800"', b"\xff", b"1e999"],
)
async def test_nonsense_is_refused_plainly(client: httpx.AsyncClient, services: Services, body: bytes) -> None:
    answer = await _post(client, body, b"\0" * 64)
    assert answer.status_code == 422, answer.text
    bad = await client.post(PATH, content=b"{}", headers={"x-tablet-signature": "not base 64"})
    assert bad.status_code == 422
