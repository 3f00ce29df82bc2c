"""The door for tablets over HTTP: committed before it is confirmed, a plain refusal for everything else, never a 500."""

import base64
import json
from random import Random

import httpx
import pytest

from exam.kernel.services import Services
from scoring.tablets import queries
from tests.scoring.tablets.test_actions import Site, make_site
from tests.scoring.tablets.world import message

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
