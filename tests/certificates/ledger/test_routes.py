"""The ledger as the public sees it: its page, its checkpoint, its tiles; and an officer's decision about an erasure."""

from __future__ import annotations

import re
import shutil

import httpx
import pytest

from certificates.ledger import actions, queries
from certificates.ledger.client import Site
from certificates.ledger.commands.monitor import watch
from certificates.ledger.documents import folder_of
from certificates.ledger.jobs import seal
from certificates.ledger.rules import ErasureStatus
from certificates.ledger.rules.policy import read_policy
from exam.accounts.actions import create_staff
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.services import Services
from tests.certificates.ledger.test_actions import ORGANISATION, drafts, officer, wish
from tests.conftest import NOW

PASSWORD = "correct horse 9"


async def add(services: Services, count: int) -> None:
    async with services.db.transaction() as session:
        await actions.append(session, drafts(count, await queries.size(session)), now=NOW)


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="_csrf_token" value="([^"]+)"', (await client.get("/verify")).text)
    assert found
    return await client.post(path, data={"_csrf_token": found[1], **fields})


async def test_a_stranger_reads_and_checks_the_whole_ledger_over_http(
    services: Services, client: httpx.AsyncClient
) -> None:
    assert "还没有公布检查点" in (await client.get("/ledger")).text
    assert (await client.get("/ledger/checkpoint")).status_code == 404
    await add(services, 300)
    sealed = await seal(services)
    shown = await client.get("/ledger/checkpoint")
    assert (shown.text, shown.headers["content-type"], shown.headers["cache-control"]) == (
        sealed.text, "text/plain; charset=utf-8", "public, max-age=5",
    )  # fmt: skip
    full = await client.get("/ledger/tile/0/000")
    assert (len(full.content), full.headers["content-type"]) == (8192, "application/octet-stream")
    assert full.headers["cache-control"] == "public, max-age=31536000, immutable"
    policy = read_policy((await client.get("/ledger/policy")).text)
    source = Site(client, "/ledger")
    assert (await watch(source, policy, None)).findings == ()
    page = await client.get("/ledger")
    assert "300" in page.text
    assert sealed.head.root.hex() in page.text
    assert "目前没有见证方" in page.text
    shutil.rmtree(folder_of(services.settings))  # a host that sealed nothing itself answers from the database
    assert (await watch(source, policy, None)).findings == ()


@pytest.mark.parametrize(
    "path", ["0/001", "0/000.p/5", "entries/001", "1/000", "0/../../keys/master.key", "0/%2e%2e/0/000", "9/000", "x"]
)
async def test_nothing_else_is_served(services: Services, client: httpx.AsyncClient, path: str) -> None:
    await add(services, 4)
    await seal(services)
    await add(services, 4)  # not published yet
    assert (await client.get(f"/ledger/tile/{path}")).status_code == 404


async def test_an_officer_decides_what_another_asked(services: Services, client: httpx.AsyncClient) -> None:
    await add(services, 2)
    await seal(services)
    grant = Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(ORGANISATION)))
    async with services.db.transaction() as session:
        await create_staff(session, SYSTEM, login="second", name="钱二", password=PASSWORD, grants=[grant], now=NOW)
        await actions.ask_erasure(session, officer(), **wish("N0001"))
    assert (await post(client, "/sign-in", login="second", secret=PASSWORD)).status_code == 303
    page = await client.get("/certificates/ledger")
    assert "N0001" in page.text
    assert "同意抹除" in page.text
    async with services.db.transaction() as session:
        one = (await queries.erasures(session))[0]
    done = await post(client, f"/certificates/ledger/erasures/{one.id}", decision="grant")
    assert done.status_code == 303
    async with services.db.transaction() as session:
        assert (await queries.erasures(session))[0].status is ErasureStatus.GRANTED
        assert [bool(entry.salt) for entry in await queries.entries(session)] == [True, False]
    assert "已抹除" in (await client.get("/certificates/ledger")).text
