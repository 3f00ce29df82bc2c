"""The page of keys: an officer stops one, another confirms, both languages; who may not see it does not."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from certificates.keys import actions, queries
from certificates.keys.rules.authority import Validity
from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.register import KeyState
from certificates.keys.signer import open_entry, signer_of
from exam.accounts.actions import create_staff
from exam.accounts.queries import actor
from exam.accounts.rules import SYSTEM, Grant, Role
from exam.kernel.db import Database
from exam.kernel.services import Services
from tests.certificates.keys.makers import authority, file_entry
from tests.servers import Databases

if TYPE_CHECKING:
    from playwright.async_api import Page

PASSWORD = "a password of staff"
ROLES = {"first": Role.CERTIFICATE_OFFICER, "second": Role.EXAM_OFFICER, "stranger": Role.SCORE_OFFICER}
SOON = Validity(begin=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2027, 1, 3, tzinfo=UTC))


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    """An empty database: nothing here needs the road."""
    lent = await databases.lend()
    yield lent
    await databases.give_back(lent)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
async def staff(services: Services, tmp_path: Path) -> None:
    """Three people, a key that ends within 60 days, and the demo's key for credentials."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        for login, role in ROLES.items():
            await create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=[Grant(role)], now=now
            )
        purpose = Purpose.CREDENTIAL
        await actions.require_usable(session, signer_of(services.settings, purpose), purpose, now=now)
        signer = open_entry(file_entry(tmp_path, authority(), "doc-2026", validity=SOON), tmp_path)
        await actions.register(
            session, SYSTEM, signer, name="doc-2026", purpose=Purpose.DOCUMENT, backend="file", now=now
        )


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="_csrf_token" value="([^"]+)"', (await client.get("/verify")).text)
    assert found
    return await client.post(path, data={"_csrf_token": found[1], **fields})


async def enter(client: httpx.AsyncClient, login: str) -> None:
    client.cookies.clear()
    assert (await post(client, "/sign-in", login=login, secret=PASSWORD)).status_code == 303


async def state(services: Services) -> KeyState:
    async with services.db.transaction() as session:
        return (await queries.key(session, "doc-2026")).state(services.clock.now())


async def test_a_lost_key_takes_two_people(client: httpx.AsyncClient, services: Services, staff: None) -> None:
    assert (await client.get("/certificates/keys")).status_code in (302, 303, 401)
    await enter(client, "stranger")
    assert (await client.get("/certificates/keys")).status_code == 403
    assert (await post(client, "/certificates/keys/doc-2026/report", reason="x")).status_code == 403
    await enter(client, "first")
    seen = (await client.get("/certificates/keys")).text
    assert "即将到期" in seen
    assert "演示密钥" in seen
    assert "密钥“doc-2026”需要更换" in (await client.get("/")).text
    assert (
        await post(client, "/certificates/keys/doc-2026/report", cut_off="2099-01-01T00:00", reason="x")
    ).status_code == 422
    assert (await post(client, "/certificates/keys/doc-2026/report")).status_code == 422
    assert await state(services) is KeyState.EXPIRING
    sent = await post(client, "/certificates/keys/doc-2026/report", cut_off="2026-11-20T08:00", reason="U 盘遗失")
    assert sent.status_code == 303
    assert await state(services) is KeyState.STOPPED
    assert "等待另一人确认或撤回" in (await client.get("/certificates/keys")).text
    assert (await post(client, "/certificates/keys/doc-2026/report")).status_code == 403
    await enter(client, "second")
    assert "等待您确认" in (await client.get("/")).text
    assert (await post(client, "/certificates/keys/doc-2026/report", cut_off="2026-11-20T07:00")).status_code == 303
    assert await state(services) is KeyState.COMPROMISED
    async with services.db.transaction() as session:
        (cutoff,) = await queries.cutoffs(session)
    assert cutoff.at == datetime(2026, 11, 19, 23, tzinfo=UTC)


async def test_a_mistake_is_withdrawn(client: httpx.AsyncClient, services: Services, staff: None) -> None:
    await enter(client, "first")
    await post(client, "/certificates/keys/doc-2026/report", reason="疑似")
    await enter(client, "second")
    assert (await post(client, "/certificates/keys/doc-2026/withdraw", reason="找到了")).status_code == 303
    assert await state(services) is KeyState.EXPIRING


@pytest.mark.browser
@pytest.mark.skipif(not os.environ.get("KAOWU_PICTURES"), reason="only draws pictures")
async def test_pictures(live: str, page: Page, services: Services, staff: None) -> None:
    """For whoever changes the page: Chinese, English, a phone."""
    async with services.db.transaction() as session:
        first = await create_staff(
            session, SYSTEM, login="third", name="王五", password=PASSWORD, grants=[Grant(Role.EXAM_OFFICER)],
            now=services.clock.now(),
        )  # fmt: skip
        await actions.report(
            session,
            await actor(session, first),
            name="doc-2026",
            cut_off=None,
            reason="U 盘遗失。",
            now=services.clock.now(),
        )
    folder = Path(os.environ["KAOWU_PICTURES"])
    await page.goto(f"{live}/sign-in")
    await page.fill("[name=login]", "first")
    await page.fill("[name=secret]", PASSWORD)
    await page.click("main button[type=submit]")
    await page.goto(f"{live}/certificates/keys")
    await page.screenshot(path=folder / "keys-zh.png", full_page=True)
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.screenshot(path=folder / "keys-phone.png", full_page=True)
