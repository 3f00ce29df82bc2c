"""A pack opens with a badge and its PIN and with nothing else, names no candidate, and writes the passes."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.demo.photos import portrait
from exam.kernel.crypto import Vault
from exam.kernel.files import DiskStore, FileStore
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules.photos import prepare_photo
from scoring.tablets import actions, queries
from scoring.tablets.rules.badges import (
    BadgeReasonMissing,
    NotOnDutyHere,
    PinMalformed,
    PinsDiffer,
    PinTooEasy,
    require_pin,
)
from scoring.tablets.rules.devices import MessageInvalid, NeverHeard, Oddness, SignatureWrong, TabletRevoked
from scoring.tablets.rules.events import Kind
from scoring.tablets.rules.packs import ASK, Ask, read_ask, sheet_data, sheet_sha256, short_codes
from tests.scoring.tablets.opening import open_pack
from tests.scoring.tablets.test_actions import NOW, Site, make_site, send
from tests.scoring.tablets.world import Signer

PIN = "482913"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_or_create(tmp_path / "keys")


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return DiskStore(tmp_path / "files")


async def _badges(session: AsyncSession, vault: Vault, site: Site, *with_pin: int) -> list[str]:
    """Badges for both assessors, a PIN for some; what their QR codes say."""
    accounts = [one.account_id for one in site.world.assessors if one.account_id]
    place = site.world.rooms["P"].site_id
    await actions.give_badges(session, vault, site.head, site_id=place, account_ids=accounts, now=NOW)
    for one in with_pin:
        await actions.choose_pin(session, vault, site.world.assessors[one], pin=PIN, again=PIN, now=NOW, rounds=10)
    texts = await queries.badge_texts(session, vault, accounts)
    return [texts[one] for one in accounts]


async def _ask(session: AsyncSession, vault: Vault, files: FileStore, site: Site) -> dict[str, Any]:
    ask = Ask(tablet_id=site.tablet.id, at="2026-05-16T08:40:00+08:00")
    return await actions.pack(session, vault, files, ask, site.signer.sign(ask.body), now=NOW)


async def test_a_badge_and_its_pin_open_the_pack(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    site = await make_site(session)
    qr, other = await _badges(session, vault, site, 0)
    answer = await _ask(session, vault, files, site)
    assert [one["id"] for one in answer["rooms"]] == [str(site.world.rooms["P"].id)]
    assert answer["waiting"] == ["assessor2", "lead"]
    inside = open_pack(answer, qr, PIN)
    for wrong in ("482914", "", "48291"):
        with pytest.raises(InvalidTag):
            open_pack(answer, qr, wrong)
    with pytest.raises(StopIteration):
        open_pack(answer, other, PIN)
    stolen = qr[:-4] + ("AAAA" if qr[-4:] != "AAAA" else "BBBB")
    with pytest.raises(InvalidTag):
        open_pack(answer, stolen, PIN)
    (room,) = inside["rooms"]
    component = site.world.component("P")
    assert (room["sheet"], room["sheet_sha256"]) == (
        sheet_data(component.sheet or {}),
        sheet_sha256(component.sheet or {}),
    )
    assert [one["seat"] for one in room["candidates"]] == [1, 2, 3]
    assert all(one["present"] for one in room["candidates"])
    assert {one["name"]: one["badge"] is not None for one in room["assessors"]} == {
        "assessor1": True, "assessor2": True, "lead": False
    }  # fmt: skip
    assert base64.b64decode(inside["export_key"]) == vault.exchange_key
    assert (inside["counter"], inside["last"]) == (0, 0)


async def test_nobody_stands_in_a_pack_by_name_or_number(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    site = await make_site(session)
    qr, _ = await _badges(session, vault, site, 0)
    text = json.dumps(open_pack(await _ask(session, vault, files, site), qr, PIN), ensure_ascii=False)
    people = await registration.registrations(session, batch_id=site.world.batch_id)
    assert people
    for one in people:
        assert one.name not in text
        assert one.id_masked not in text


async def test_passes_come_with_the_pack(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    """Who can open the pack may be spoken for, nobody else; no pack for a foreign key or a revoked tablet."""
    site = await make_site(session, passes=False)
    await _badges(session, vault, site, 0)
    site.tablet.write(Kind.OPENED, site.sheet(0, 0))
    site.tablet.write(Kind.OPENED, site.sheet(0, 1))
    before = await _ask(session, vault, files, site)
    assert len(before["badges"]) == 1
    assert (await send(session, site)).refused == ((2, Oddness.NO_PASS),)
    ask = Ask(tablet_id=site.tablet.id, at="x")
    with pytest.raises(SignatureWrong):
        await actions.pack(session, vault, files, ask, Signer().sign(ask.body), now=NOW)
    await actions.revoke(session, site.head, tablet_id=site.tablet.id, reason="丢失", now=NOW)
    with pytest.raises(TabletRevoked):
        await _ask(session, vault, files, site)


async def test_a_lost_badge_and_a_forgotten_pin_open_nothing_more(
    session: AsyncSession, vault: Vault, files: FileStore
) -> None:
    site = await make_site(session)
    first, second = await _badges(session, vault, site, 0, 1)
    place, (one, two) = site.world.rooms["P"].site_id, [who.account_id for who in site.world.assessors]
    assert one and two
    with pytest.raises(BadgeReasonMissing):
        await actions.reset_pin(session, site.head, site_id=place, account_id=two, reason=" ", now=NOW)
    await actions.reset_pin(session, site.head, site_id=place, account_id=two, reason="忘记", now=NOW)
    await actions.replace_badge(session, vault, site.head, site_id=place, account_id=one, reason="丢失", now=NOW)
    answer = await _ask(session, vault, files, site)
    assert answer["badges"] == []
    await actions.choose_pin(session, vault, site.world.assessors[0], pin=PIN, again=PIN, now=NOW, rounds=10)
    again = (await queries.badge_texts(session, vault, [one]))[one]
    answer = await _ask(session, vault, files, site)
    assert open_pack(answer, again, PIN)
    for old in (first, second):
        with pytest.raises(StopIteration):
            open_pack(answer, old, PIN)
    assert set(await queries.badge_numbers(session, one)) == {again.split(":")[2], first.split(":")[2]}
    stranger = site.world.invigilator.account_id
    assert stranger
    with pytest.raises(NotOnDutyHere):
        await actions.give_badges(session, vault, site.head, site_id=place, account_ids=[stranger], now=NOW)


async def test_a_tablet_that_came_back_has_an_empty_pack(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    site = await make_site(session)
    await _badges(session, vault, site, 0)
    room = site.world.rooms["P"].id
    with pytest.raises(NeverHeard):
        await actions.take_back(session, site.head, tablet_id=site.tablet.id, room_session_id=room, now=NOW)
    assert (await _ask(session, vault, files, site))["rooms"]
    await actions.take_back(session, site.head, tablet_id=site.tablet.id, room_session_id=room, now=NOW)
    assert (await _ask(session, vault, files, site))["rooms"] == []
    assert [one.device_id for one in (await queries.ledger(session, room)).devices] == [site.tablet.id]
    await actions.give_out(session, site.head, tablet_id=site.tablet.id, room_session_id=room, now=NOW)
    assert (await _ask(session, vault, files, site))["rooms"]


async def test_a_tablet_that_was_never_used_is_waited_for_no_more(session: AsyncSession) -> None:
    site = await make_site(session)
    room = site.world.rooms["P"].id
    await actions.take_back(
        session, site.head, tablet_id=site.tablet.id, room_session_id=room, unused_reason="备用，未使用", now=NOW
    )
    assert (await queries.ledger(session, room)).devices == ()


async def test_the_door_hands_the_pack_out(client: httpx.AsyncClient, services: Services) -> None:
    async with services.db.transaction() as session:
        site = await make_site(session)
        qr, _ = await _badges(session, services.vault, site, 0)
    body = {"format": ASK, "device": str(site.tablet.id), "at": "2026-05-16T08:40:00+08:00"}
    signature = base64.b64encode(site.signer.sign(body)).decode()
    answer = await client.post("/scoring/tablets/packs", json=body, headers={"x-tablet-signature": signature})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {
        "format", "device", "now", "pack", "rooms", "badges", "waiting", "nonce", "sealed"
    }  # fmt: skip
    if answer.json()["rooms"]:
        assert open_pack(answer.json(), qr, PIN)["rooms"]


@pytest.mark.parametrize(
    ("pin", "again", "why"),
    [("123456", "123456", PinTooEasy), ("987654", "987654", PinTooEasy), ("890123", "890123", PinTooEasy),
     ("111111", "111111", PinTooEasy), ("123123", "123123", PinTooEasy), ("121212", "121212", PinTooEasy),
     ("48291", "48291", PinMalformed), ("4829１3", "4829１3", PinMalformed), ("", "", PinMalformed),
     ("482913", "482914", PinsDiffer)],
)  # fmt: skip
def test_a_pin_that_is_guessed_first_is_refused(pin: str, again: str, why: type[Exception]) -> None:
    with pytest.raises(why):
        require_pin(pin, again)
    require_pin(PIN, PIN)


def test_fractions_are_texts_and_codes_tell_tickets_apart() -> None:
    assert sheet_data({"a": 0.5, "b": [1.0, "2.50"], "c": None, "d": True}) == {
        "a": "0.5", "b": [1, "2.50"], "c": None, "d": True
    }  # fmt: skip
    assert short_codes(["20260001", "20260002"]) == ["0001", "0002"]
    assert short_codes(["11230001", "11240001"]) == ["30001", "40001"]
    assert short_codes([]) == []


@pytest.mark.parametrize(
    "sent", [None, {}, {"format": ASK, "device": "7", "at": ""}, {"format": ASK, "device": 7, "at": ""}]
)
def test_what_is_no_ask_is_refused(sent: object) -> None:
    with pytest.raises(MessageInvalid):
        read_ask(sent)


async def test_a_photo_is_small_and_carries_nothing_else(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    site = await make_site(session)
    qr, _ = await _badges(session, vault, site, 0)
    kept = files.put(prepare_photo(portrait(1)))
    statement = text("UPDATE exam.registrations SET photo_sha256 = :kept WHERE id = :id")
    await session.execute(statement, {"kept": kept, "id": site.world.registrations[0]})
    await session.execute(statement, {"kept": "0" * 64, "id": site.world.registrations[1]})
    (room,) = open_pack(await _ask(session, vault, files, site), qr, PIN)["rooms"]
    first, *others = [one["photo"] for one in room["candidates"]]
    assert others == [None, None], "bytes that are not there are no photo"
    head, data = first.split(",")
    assert head == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.width <= 200 and image.height == 280 and not image.getexif()
    assert len(data) < 30_000
