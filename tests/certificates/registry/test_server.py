"""The built-in registry over HTTP: its key, its idempotency, what it refuses, files, and the credit bank."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openpyxl import load_workbook

from certificates.platform.documents import batch_file, format_of
from certificates.platform.rules import Deed, PlatformRecord, Submission
from certificates.registry.server import ROUTES, Registry, registry_key
from exam.kernel.db import Database
from exam.kernel.services import Services
from tests.certificates.platform.conftest import db as db
from tests.certificates.platform.conftest import home as home
from tests.certificates.platform.test_rules import RECORD

REGISTRY = Registry()


@pytest.fixture
async def line(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app: Any = REGISTRY.of(services)
    headers = {"Authorization": f"Bearer {registry_key(services).decode()}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry", headers=headers) as client:
        yield client


def row(record: PlatformRecord, deed: str = "register") -> dict[str, Any]:
    return {"key": record.key, "deed": deed, "reason": "", "record": record.as_data()}


async def send(line: httpx.AsyncClient, *rows: dict[str, Any], key: str = "") -> httpx.Response:
    key = key or str(uuid4())
    return await line.post(
        "/certificates/batches", json={"submission": key, "rows": list(rows)}, headers={"Idempotency-Key": key}
    )


async def test_nothing_but_the_public_query_without_the_key(line: httpx.AsyncClient, db: Database) -> None:
    line.headers["Authorization"] = "Bearer wrong"
    for handler in ROUTES:
        (path,) = handler.paths
        method = "GET" if "GET" in handler.http_methods else "POST"
        answer = await line.request(method, path.replace("{number:str}", "N1"))
        assert answer.status_code == (404 if "public" in path else 200 if path == "/health" else 401), path


async def test_the_same_key_gets_the_same_answer_and_another_body_is_a_conflict(line: httpx.AsyncClient) -> None:
    first = await send(line, row(RECORD), row(RECORD), key="k1")
    again = await send(line, row(RECORD), row(RECORD), key="k1")
    assert first.status_code == 200
    assert first.json() == again.json()
    one, two = first.json()["receipts"]
    assert one == two and one["accepted"] and one["record_sha256"]
    assert (await send(line, row(RECORD), key="k1")).status_code == 409
    assert (await send(line, row(RECORD), key="k2")).json()["receipts"] == [one]
    asked = (await line.get("/certificates/receipts", params={"key": ["N1/1", "N2/1"]})).json()
    assert (asked["receipts"], asked["unknown"]) == ([one], ["N2/1"])


async def test_what_is_wrong_with_a_row_is_named_and_the_others_are_taken(line: httpx.AsyncClient) -> None:
    good = replace(RECORD, number="N2")
    wrong = [
        ("missing", row(replace(RECORD, holder_name=" "))),
        ("id_number", row(replace(RECORD, id_number="123"))),
        ("level", row(replace(RECORD, level="特级"))),
        ("hash", row(replace(RECORD, sha256="x"))),
        ("too_long", row(replace(RECORD, certificate_name="名" * 81))),
        ("key", {**row(RECORD), "key": "N9/1"}),
        ("unknown", row(replace(RECORD, number="N9"), "withdraw")),
    ]
    receipts = (await send(line, row(good), *[one for _, one in wrong])).json()["receipts"]
    assert [one["code"] for one in receipts] == ["", *[code for code, _ in wrong]]
    changed = (await send(line, row(replace(good, holder_name="李四")))).json()["receipts"][0]
    assert (changed["accepted"], changed["code"]) == (False, "conflict")
    listed = (await line.get("/certificates", params={"organisation": "WL01"})).json()
    assert [one["key"] for one in listed["records"]] == ["N2/1"]
    assert "张三" not in str(listed)


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"submission": "k", "rows": [{}]}', b'{"submission": "other", "rows": []}']
)
async def test_what_cannot_be_read_is_refused_whole(line: httpx.AsyncClient, body: bytes) -> None:
    answer = await line.post("/certificates/batches", content=body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 400


async def test_the_list_comes_in_pages_and_anybody_may_ask_for_a_number(line: httpx.AsyncClient) -> None:
    await send(line, *[row(replace(RECORD, number=f"N{n}")) for n in range(5)])
    await send(line, row(replace(RECORD, number="N3"), "withdraw"))
    keys: list[str] = []
    after = ""
    while True:
        page = (await line.get("/certificates", params={"organisation": "WL01", "limit": 2, "after": after})).json()
        keys += [one["key"] for one in page["records"]]
        after = page["next"]
        if not after:
            break
    assert keys == [f"N{n}/1" for n in range(5)]
    del line.headers["Authorization"]
    assert (await line.get("/public/certificates/N1")).json()["status"] == "in_force"
    assert (await line.get("/public/certificates/N3")).json()["status"] == "withdrawn"


async def test_a_batch_file_gets_its_receipt_file_and_the_same_file_the_same_receipts(
    line: httpx.AsyncClient, home: Path
) -> None:
    data = batch_file(format_of(home), "P1", [Submission(deed=Deed.REGISTER, record=RECORD)])
    first = await line.post("/certificates/files", content=data)
    again = await line.post("/certificates/files", content=data)
    assert first.content == again.content
    path = home / "receipt.xlsx"
    home.mkdir(exist_ok=True)
    path.write_bytes(first.content)
    cells = [[cell.value for cell in line] for line in load_workbook(path)["回执"].iter_rows()]
    assert cells[1][:4] == ["N1", "1", "登记", "成功"]
    assert (await line.post("/certificates/files", content=b"nonsense")).status_code == 400


async def test_credit_goes_from_proposal_to_conversion(line: httpx.AsyncClient) -> None:
    proposal = {
        "certificate_code": "WLG", "certificate_name": "物流管理", "level": "初级", "organisation_code": "WL01",
        "version": 1, "hours": "128", "credits": "8", "rule": "16 学时 1 学分",
    }  # fmt: skip
    await send(line, row(RECORD))
    assert (await line.post("/credits/types", json={**proposal, "credits": "0"})).status_code == 400
    assert (await line.post("/credits/types", json=proposal)).json()["status"] == "review"
    assert (await line.post("/credits/types", json={**proposal, "hours": "1"})).status_code == 409
    learner = {"id_type": RECORD.id_type, "id_number": RECORD.id_number, "store": ["N1"]}

    async def state() -> str:
        answer = (await line.post("/credits/states", json={"numbers": ["N1", "N2"]})).json()
        assert answer["unknown"] == ["N2"]
        return str(answer["states"][0]["state"])

    assert await state() == "account_missing"
    conversion = {"number": "N1", "school_code": "10001", "status": "converted", "course": "仓储实务", "credits": "4"}
    early = await line.post("/credits/conversions", json=conversion, headers={"Idempotency-Key": "c1"})
    assert early.json() == {"accepted": False, "code": "not_stored"}
    assert (await line.post("/credits/learners", json={"learners": [learner]})).json() == {"stored": []}
    assert await state() == "account_open"  # the value is not published yet
    types = (await line.post("/credits/types/query", json={"types": [proposal]})).json()["types"]
    assert (types[0]["status"], types[0]["recognised"]) == ("published", "8")
    assert (await line.post("/credits/learners", json={"learners": [learner]})).json() == {"stored": ["N1"]}
    assert await state() == "stored"
    for key, accepted in (("c2", True), ("c2", True), ("c3", False)):
        answer = await line.post("/credits/conversions", json=conversion, headers={"Idempotency-Key": key})
        assert answer.json()["accepted"] is accepted
