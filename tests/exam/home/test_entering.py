"""The public pages of registering in person through HTTP: what they show, refuse and never tell."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from exam.home import entering
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from exam.registration import actions, queries
from exam.registration.rules import BatchStatus
from tests.exam.registration.test_routes import photo, token
from tests.exam.registration.world import CLOSES, NOW, OPENS, WUHAN, id_number
from tests.scheduling.world import World, make_world

NUMBER = id_number(41, birth="19900301")
TYPED = {
    "name": "林小满", "id_type": "resident", "id_number": NUMBER, "phone": "16400000041", "prefecture_code": WUHAN.code,
    "eligible": "true", "consent": "true",
}  # fmt: skip


@pytest.fixture
async def world(services: Services) -> World:
    async with services.db.transaction() as session:
        return await make_world(session)


def address(world: World) -> str:
    return f"/register/{world.batch.id}/{world.scheme.id}"


async def send(client: httpx.AsyncClient, world: World, picture: bytes | None = None, **changes: Any) -> httpx.Response:
    """A stranger with a fresh browser fills in the form."""
    client.cookies.clear()
    client.headers["X-CSRF-Token"] = await token(client)
    form = (await client.get(address(world))).text
    found = re.search(r'name="key" value="([^"]+)"', form)
    assert found
    files = {"photo": ("me.jpg", photo() if picture is None else picture, "image/jpeg")}
    return await client.post(address(world), data={"key": found[1], **TYPED, **changes}, files=files)


async def receipt(client: httpx.AsyncClient, answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return (await client.get(answer.headers["location"])).text


async def test_before_any_batch_the_list_says_so(client: httpx.AsyncClient) -> None:
    page = await client.get("/register")
    assert page.status_code == 200
    assert "现在没有可以报名的批次" in page.text


async def test_the_pages_lead_from_the_batch_to_the_form(client: httpx.AsyncClient, world: World) -> None:
    assert f'href="/register/{world.batch.id}"' in (await client.get("/register")).text
    offers = (await client.get(f"/register/{world.batch.id}")).text
    assert f'href="{address(world)}"' in offers
    assert "武汉市" in offers
    form = (await client.get(address(world))).text
    assert f'value="{WUHAN.code}"' in form
    assert "429004" not in form  # no site there
    assert (await client.get(f"/register/{world.batch.id}/{world.batch.id}")).status_code == 409
    assert (await client.get(f"/register/{world.scheme.id}")).status_code == 404


async def test_outside_the_window_there_is_no_form(
    client: httpx.AsyncClient, world: World, clock: FixedClock, services: Services
) -> None:
    for at in (OPENS - timedelta(seconds=1), CLOSES):
        clock.at = at
        assert address(world) not in (await client.get(f"/register/{world.batch.id}")).text
        assert (await client.get(address(world))).status_code == 409
    clock.at = NOW
    async with services.db.transaction() as session:
        await actions.move_batch(
            session, world.officer, batch_id=world.batch.id, to=BatchStatus.CANCELLED, reason="停办", now=NOW
        )
    assert (await client.get(f"/register/{world.batch.id}")).status_code == 404
    assert (await client.get(address(world))).status_code == 404


async def test_problems_stand_beside_their_fields_and_what_was_typed_stays(
    client: httpx.AsyncClient, world: World, services: Services
) -> None:
    answer = await send(client, world, photo(413, 413), phone="12345", consent="")
    assert answer.status_code == 422
    for field in ("phone", "consent", "photo"):
        assert f'id="{field}-problem"' in answer.text
    assert 'id="name-problem"' not in answer.text
    assert 'value="林小满"' in answer.text
    assert 'name="eligible" type="checkbox" value="true" checked' in answer.text
    empty = await client.post(address(world), data={"key": "k"})
    assert empty.status_code == 422
    assert 'id="photo-problem"' in empty.text
    nothing = await client.post(address(world), data={})
    assert nothing.status_code == 422
    async with services.db.transaction() as session:
        assert await queries.registrations(session) == []


async def test_errors_are_said_in_the_readers_language(client: httpx.AsyncClient, world: World) -> None:
    client.cookies.clear()
    client.headers["X-CSRF-Token"] = await token(client)
    client.cookies.set("kaowu_language", "en")
    answer = await client.post(address(world), data={"key": "k", **TYPED, "phone": ""}, files={})
    assert answer.status_code == 422
    assert not re.search(r'class="problem"[^>]*>[^<]*<[^>]*></span>[^<]*[一-鿿]', answer.text)


def shape(page: str) -> str:
    """A page without what differs between any two people and moments."""
    page = re.sub(r"R\d{10}|(?:[0-9A-Z]{4}-){5}[0-9A-Z]{3,4}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{6}\*{8}\w{4}", "·", page)
    return re.sub(r'(csrf[-_]token"? (?:content|value)=")[^"]*|name="_csrf_token" value="[^"]*"', "·", page)


async def test_a_known_number_gets_the_answer_of_an_unknown_one(client: httpx.AsyncClient, world: World) -> None:
    fresh = await receipt(client, await send(client, world))
    again = await receipt(client, await send(client, world))  # the same person's number, from another browser
    stranger = await receipt(client, await send(client, world, name="林小满", phone="16400000099"))
    assert shape(fresh) == shape(again) == shape(stranger)
    assert NUMBER not in fresh
    mine = (await client.get("/exam/registration/mine")).text
    assert mine.count("<article") == 1
    for path in ("/", "/scoring/outcomes/mine", "/certificates/mine", "/exam/sittings/mine", "/scoring/reviews/mine"):
        assert (await client.get(path)).status_code == 200, path


async def test_the_second_try_in_the_same_browser_says_so(client: httpx.AsyncClient, world: World) -> None:
    assert (await send(client, world)).status_code == 303
    client.headers["X-CSRF-Token"] = await token(client)
    files = {"photo": ("me.jpg", photo(), "image/jpeg")}
    answer = await client.post(address(world), data={"key": "another", **TYPED}, files=files)
    assert answer.status_code == 409
    assert "您在这个批次已经报了这个证书等级" in answer.text


async def test_too_many_forms_from_one_network_wait(
    client: httpx.AsyncClient, world: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "_ATTEMPTS", 2)
    for _ in range(2):
        assert (await send(client, world, phone="1")).status_code == 422
    refused = await send(client, world)
    assert refused.status_code == 429
    assert 'value="林小满"' in refused.text  # nothing of what was typed is lost
    clock.at = NOW + timedelta(minutes=10)
    assert (await send(client, world)).status_code == 303


async def test_no_number_reaches_an_address_or_the_log(
    client: httpx.AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    answer = await send(client, world)
    assert NUMBER not in str(answer.headers)
    await send(client, world, name="?")
    assert NUMBER not in caplog.text
    assert "林小满" not in caplog.text
