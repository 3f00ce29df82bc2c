"""Many certificates at once: an officer lets an organisation in, its key opens lists and the interface, its quota holds."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import random
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event, text

from certificates.enquiries import actions
from certificates.enquiries import queries as own
from certificates.enquiries.rules.keys import PER_MINUTE, AskedTooFast, Caller, Channel, KeyRefused, QuotaSpent
from certificates.enquiries.rules.lists import NAME, NUMBER, Asked
from certificates.enquiries.rules.openapi import API_ROWS, PATH
from certificates.issuing import actions as issuing
from certificates.issuing import jobs, queries
from certificates.verification.routes.shared import limiters
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel import audit
from exam.kernel.clock import FixedClock, china_date
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.services import Services
from tests.certificates.conftest import TODAY
from tests.certificates.enquiries.rules.test_lists import book
from tests.certificates.enquiries.schema import faults

PASSWORD = "correct horse battery"
PAGES = "/certificates/enquirers"


@pytest.fixture(autouse=True)
def fresh() -> None:
    limiters.clear()


@pytest.fixture
async def issued(services: Services, officer: Actor, batch_id: UUID) -> list[queries.Certificate]:
    """A batch of which the second certificate is revoked."""
    await jobs.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        found, _ = await queries.page_of(session, officer, batch_id=batch_id, limit=5)
        await issuing.revoke(
            session, officer, services.vault, certificate_id=found[1].id, reason="查实舞弊", now=services.clock.now()
        )
    return found


async def admitted(services: Services, officer: Actor, *, quota: int = 100) -> tuple[UUID, str]:
    """An organisation with a key."""
    ends_on = china_date(TODAY) + timedelta(days=30)
    async with services.db.transaction() as session:
        id = await actions.admit(
            session,
            officer,
            organisation_id=UUID(officer.grants[0].scope.id),
            name="某某公司",
            contact="王经理 010-12345678",
            purpose="招聘核对",
            quota=quota,
            ends_on=ends_on,
            now=TODAY,
        )
        key = await actions.give_key(
            session, officer, services.vault, id=id, label="人事系统", ends_on=ends_on, now=TODAY
        )
    return id, key


async def token_of(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="_csrf_token" value="([^"]+)"', (await client.get("/verify")).text)
    assert found
    return found[1]


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await client.post(path, data={"_csrf_token": await token_of(client), **fields})


async def send(client: httpx.AsyncClient, key: str, lines: list[list[Any]], reason: str = "招聘") -> httpx.Response:
    fields = {"_csrf_token": await token_of(client), "key": key, "reason": reason}
    return await client.post("/verify/list", data=fields, files={"file": ("a.xlsx", book(lines, strings_to_formulas=False))})  # fmt: skip


async def ask(client: httpx.AsyncClient, key: str, body: Any, **headers: str) -> httpx.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers}
    return await client.post(PATH, content=data, headers=head)


async def used(services: Services, id: UUID) -> int:
    async with services.db.transaction() as session:
        return (await own.quota(session, id, 100, services.clock.now())).used


async def test_an_officer_lets_in_and_a_list_is_checked(
    client: httpx.AsyncClient, services: Services, officer: Actor, issued: list[queries.Certificate]
) -> None:
    issuer = officer.grants[0].scope.id
    async with services.db.transaction() as session:
        grants = [Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", issuer))]
        await accounts.create_staff(
            session, SYSTEM, login="tester", name="测试", password=PASSWORD, grants=grants, now=TODAY
        )
    await post(client, "/sign-in", login="tester", secret=PASSWORD)
    assert PAGES in (await client.get("/certificates")).text and "/verify/list" in (await client.get("/verify")).text
    form = {"organisation_id": issuer, "name": "某某公司", "contact": "王", "purpose": "招聘", "quota": "5"}
    late = await post(client, PAGES, **form, ends_on="2029-01-01")
    assert (late.status_code, "某某公司" in late.text) == (422, True)
    page = (await post(client, PAGES, **form, ends_on="2026-12-31")).headers["location"]
    made = await post(client, f"{page}/keys", label="名单", ends_on="2026-12-01")
    found = re.search(r'value="(kw_[\w-]{43})"', made.text)
    assert found
    key = found[1]
    assert key not in (await client.get(page)).text and key[:10] in (await client.get(page)).text
    client.cookies.clear()

    one, revoked = issued[0], issued[1]
    lines = [
        [NUMBER, NAME],
        [one.number.lower(), one.face.holder_name],
        [revoked.number, revoked.face.holder_name],
        [one.number, "=1+1"],
        ["X" * 21, "张三丰"],
    ]
    answer = await send(client, key, lines)
    assert answer.headers["cache-control"] == "no-store" and "还剩 1 条" in answer.text
    data = re.search(r'href="data:[^;]+;base64,([^"]+)"', answer.text)
    assert data
    rows = CalamineWorkbook.from_filelike(io.BytesIO(base64.b64decode(data[1]))).get_sheet_by_index(0).to_python()
    assert [row[3] for row in rows[1:]] == ["真实有效", "真实，但已撤销", "没有查到", "没有查到"]
    assert rows[3][2] == "=1+1" and all(isinstance(cell, str) for row in rows for cell in row)
    assert rows[3][4:8] == rows[4][4:8] == ["", "", "", ""]
    assert rows[1][4] == one.face.certificate_name_zh

    for bad, code in (([[NUMBER, NAME], ["A1", ""]], 422), (lines, 429)):
        refused = await send(client, key, bad)
        assert (refused.status_code, "没有查验任何一条" in refused.text) == (code, True)
    assert (await send(client, "kw_" + "x" * 43, lines)).status_code == 403
    assert (await send(client, key, lines[:2], reason=" ")).status_code == 422
    id = UUID(page.rsplit("/", 1)[1])
    assert await used(services, id) == 4
    async with services.db.transaction() as session:
        said = await session.scalar(
            text("SELECT string_agg(row_to_json(a)::text, ' ') FROM exam.audit_records AS a WHERE subject = 'enquirer'")
        )
        kept = await session.scalar(
            text("SELECT string_agg(row_to_json(e)::text, ' ') FROM certificates.enquiries AS e")
        )
        assert await audit.verify(session) == []
    assert "招聘" in said and '"genuine": 1' in said.replace('":1', '": 1')
    for secret in (key, one.number, one.face.holder_name):
        assert secret not in said and secret not in kept

    await post(client, "/sign-in", login="tester", secret=PASSWORD)
    assert "真实有效 1" in (await client.get(page)).text
    assert (await post(client, f"{page}/close", reason="")).status_code == 422
    assert (await post(client, f"{page}/close", reason="合同到期")).status_code == 303
    assert (await post(client, f"{page}/close", reason="再来")).status_code == 409
    assert (await send(client, key, lines[:2])).status_code == 403


async def test_two_requests_at_once_share_one_quota_and_keys_end(
    services: Services, officer: Actor, clock: FixedClock, issued: list[queries.Certificate]
) -> None:
    id, key = await admitted(services, officer, quota=65)
    caller = await own.caller(services.db, services.vault, key, TODAY)
    assert caller is not None

    async def check(rows: int) -> Any:
        asked = [Asked(place, "A1", "张三") for place in range(rows)]
        async with services.db.transaction() as session:
            return await actions.check(
                session, caller, asked, channel=Channel.API, reason="核对", now=services.clock.now()
            )

    both = await asyncio.gather(*(check(4) for _ in range(2)), *(check(60) for _ in range(2)), return_exceptions=True)
    assert sum(isinstance(one, QuotaSpent) for one in both) in (1, 2)
    assert await used(services, id) <= 65
    clock.at += timedelta(days=1)
    for _ in range(PER_MINUTE):
        await check(1)
    with pytest.raises(AskedTooFast):
        await check(1)
    async with services.db.transaction() as session:
        (one,) = await own.keys(session, id)
        assert one.last_used_at == clock.at
        stranger = Actor(
            officer.account_id, "", (Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(UUID(int=1)))),)
        )
        with pytest.raises(NotFound):
            await actions.revoke_key(session, stranger, id=id, key_id=one.id, now=clock.at)
        with pytest.raises(Forbidden):
            await actions.admit(
                session, stranger, organisation_id=UUID(officer.grants[0].scope.id), name="x", contact="x", purpose="x",
                quota=1, ends_on=china_date(clock.at), now=clock.at,
            )  # fmt: skip
        await actions.revoke_key(session, officer, id=id, key_id=one.id, now=clock.at)
    assert await own.caller(services.db, services.vault, key, clock.at) is None
    with pytest.raises(KeyRefused):  # the key was good when the request began
        await check(1)
    _, second = await admitted(services, officer)
    assert await own.caller(services.db, services.vault, second, clock.at) is not None
    assert await own.caller(services.db, services.vault, second, clock.at + timedelta(days=31)) is None
    with pytest.raises(KeyRefused):
        async with services.db.transaction() as session:
            await actions.check(session, Caller(id, UUID(int=1), ""), [], channel=Channel.API, reason="x", now=clock.at)


@pytest.fixture
async def statements(services: Services) -> AsyncIterator[list[str]]:
    """The SQL statements that are sent, in order."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engines = (services.db.engine.sync_engine, services.db._reader.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_the_interface_is_what_its_document_says(
    client: httpx.AsyncClient,
    services: Services,
    officer: Actor,
    clock: FixedClock,
    issued: list[queries.Certificate],
    statements: list[str],
) -> None:
    id, key = await admitted(services, officer, quota=400)
    document = (await client.get("/api/openapi.json")).json()
    (path,) = document["paths"]
    operation = document["paths"][path]["post"]
    one, revoked = issued[0], issued[1]

    def fits(answer: httpx.Response) -> None:
        described = operation["responses"][str(answer.status_code)]["content"]
        (kind,) = described
        assert answer.headers["content-type"].partition(";")[0] == kind
        assert faults(answer.json(), described[kind]["schema"], document) == []
        assert answer.headers["cache-control"] == "no-store"

    def row(number: str, name: str) -> dict[str, str]:
        return {"number": number, "name": name}

    many = [
        row(one.number, one.face.holder_name),
        row(revoked.number, revoked.face.holder_name),
        row("X" * 21, "张三丰"),
    ]
    good = await ask(client, key, {"certificates": many})
    fits(good)
    results = good.json()["results"]
    assert [result["verdict"] for result in results] == ["genuine", "revoked", "unknown"]
    assert results[0]["certificate"]["number"] == one.number and "certificate" not in results[2]
    assert (good.headers["ratelimit-limit"], good.headers["ratelimit-remaining"]) == ("400", "397")

    work = []
    for number in (one.number, "X" * 21):  # a wrong name and no such number
        statements.clear()
        unknown = await ask(client, key, {"certificates": [row(number, "张三丰")]})
        work.append((list(statements), unknown.json()["results"][0]["words"]))
        fits(unknown)
    assert work[0] == work[1]

    row_of = row("A1", "张三")
    bodies: list[Any] = [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"certificates":' + b"[" * 50_000, {"certificates": []}, {},
        {"certificates": [row_of] * (API_ROWS + 1)}, {"certificates": [{"number": "A1"}]}, {"certificates": [row("", "张")]},
        {"certificates": [row("A1", " ")]}, {"certificates": [row("A" * 99, "张")]}, {"certificates": [row_of | {"id": 1}]},
        {"certificates": row_of}, {"certificates": [row_of], "reason": 1}, {"certificates": [row_of], "reason": "字" * 201},
        {"certificates": [row("A\x001", "张\x00三\ud800")], "reason": 7},
    ]  # fmt: skip
    values = [None, 0, -1.5, True, "", "字", [], {}, ["a"], {"number": 1}, row_of, [row_of]]
    chance = random.Random("7 bodies")
    for _ in range(40):
        body = {chance.choice(["certificates", "reason", "x"]): chance.choice(values) for _ in range(2)}
        if faults(body, operation["requestBody"]["content"]["application/json"]["schema"], document):
            bodies.append(body)
    before = await used(services, id)
    for body in bodies:
        refused = await ask(client, key, body)
        assert refused.status_code == 422, body
        fits(refused)
    assert await used(services, id) == before
    named = (await ask(client, key, {"certificates": [row_of, row("", "张")]})).json()["problems"]
    assert [(each["row"], each["field"]) for each in named] == [(2, "number")]

    others = {
        401: await ask(client, "kw_wrong", {"certificates": [row_of]}),
        413: await ask(client, key, b" " * 200_001),
        415: await ask(client, key, {}, **{"Content-Type": "text/plain"}),
        429: [await ask(client, key, {"certificates": [row_of] * 200}) for _ in range(2)][1],
    }
    for status, answer in others.items():
        assert answer.status_code == status
        fits(answer)
        assert set(answer.json()["messages"]) == {"zh", "en"}
    assert others[401].headers["www-authenticate"] == "Bearer"
    assert int(others[429].headers["retry-after"]) > 0
    english = await ask(client, "kw_wrong", {}, **{"Accept-Language": "en-GB"})
    assert english.json()["title"] == english.json()["messages"]["en"]
    assert set(operation["responses"]) - {"200", "503"} == {"422", *map(str, others)}
    for _ in range(60):
        limited = await ask(client, "kw_wrong", {})
    assert limited.status_code == 429
