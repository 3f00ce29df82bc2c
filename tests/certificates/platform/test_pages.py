"""The platform officer's pages, through the application itself: a file goes out and comes back, ours against theirs, callbacks."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import timedelta
from uuid import uuid4

import httpx
from sqlalchemy import text

from certificates.platform import jobs, queries
from certificates.platform.rules import PlatformStatus
from certificates.registry.documents import read_batch_file, receipt_file
from certificates.registry.rules import Flaw, receipt
from certificates.registry.server import SIGNATURE, registry_key
from exam.accounts.rules import SYSTEM, Role
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services
from tests.certificates.platform.test_jobs import ORGANISATION, put
from tests.certificates.test_pages import post, sign_in


async def test_a_batch_goes_by_file_and_its_receipt_is_read_or_refused_by_row(
    client: httpx.AsyncClient, services: Services
) -> None:
    await put(services, 3)
    await sign_in(client, services, Role.CERTIFICATE_OFFICER, [ORGANISATION])
    assert "导出 3 本" in (await client.get("/certificates/platform/files")).text
    made = await post(client, "/certificates/platform/files", reason="报送")
    place = made.headers["location"]
    assert "已导出，待提交" in (await client.get(place)).text
    data = (await client.get(f"{place}/download.xlsx")).content
    assert hashlib.sha256(data).hexdigest() in (await client.get(place)).text
    number, rows = read_batch_file(data)
    now = services.clock.now()
    answers = [
        receipt(one.key, "register", now, platform_id="" if n else "R0", record_sha256=one.digest,
                flaws=[Flaw("major", "专业不符")] if n else [])
        for n, one in enumerate(rows)
    ]  # fmt: skip
    wrong = await send(client, f"{place}/receipt", receipt_file("P20000101-001", answers, at=now))
    assert wrong.status_code == 422 and "P20000101-001" in wrong.text
    assert "尚无结果" in (await client.get(place)).text
    taken = await send(client, f"{place}/receipt", receipt_file(number, answers, at=now))
    assert taken.status_code == 303
    page = (await client.get(place)).text
    assert "专业不符" in page and "回执已读入" in page
    listed = (await client.get("/certificates/platform?show=row_rejected")).text
    assert listed.count("已修正，重新上报") == 2


async def send(client: httpx.AsyncClient, path: str, data: bytes) -> httpx.Response:
    found = re.search(r'name="_csrf_token" value="([^"]+)"', (await client.get("/verify")).text)
    assert found
    return await client.post(path, data={"_csrf_token": found[1]}, files={"receipt": ("回执.xlsx", data)})


async def test_the_comparison_shows_each_difference_by_name_in_both_languages(
    client: httpx.AsyncClient, services: Services, clock: FixedClock
) -> None:
    await put(services, 2)
    await sign_in(client, services, Role.CERTIFICATE_OFFICER, [ORGANISATION])
    assert "还没有核对过" in (await client.get("/certificates/platform/reconciliation")).text
    await jobs.register_pending(services)
    async with services.db.transaction() as session:
        await session.execute(
            text("UPDATE platform.records SET record_sha256 = repeat('0', 64) WHERE number = 'N0000'")
        )
        await session.execute(text("DELETE FROM platform.records WHERE number = 'N0001'"))
    clock.advance(timedelta(seconds=1))
    await jobs.compare_registers(services, SYSTEM)
    page = (await client.get("/certificates/platform/reconciliation")).text
    assert "平台缺少" in page and "字段不一致" in page and "持证人信息" in page
    client.cookies.set("kaowu_language", "en")
    english = (await client.get("/certificates/platform/reconciliation")).text
    assert "Missing there" in english and "Fields differ" in english
    assert (await post(client, "/certificates/platform/reconciliation")).status_code == 303


async def test_a_callback_counts_only_with_its_signature(client: httpx.AsyncClient, services: Services) -> None:
    await put(services, 1)
    async with services.db.transaction() as session:
        await session.execute(text("UPDATE certificates.platform_registrations SET status = 'submitted'"))
        digest = await session.scalar(text("SELECT record_sha256 FROM certificates.platform_registrations"))
    answer = receipt("N0000/1", "register", services.clock.now(), platform_id="R0", record_sha256=str(digest))
    raw = json.dumps({"receipts": [answer]}).encode()
    good = hmac.new(registry_key(services), raw, hashlib.sha256).hexdigest()
    for signature, status in (("", 403), ("0" * 64, 403), (good, 204), (good, 204)):
        sent = await client.post("/certificates/platform/receipts", content=raw, headers={SIGNATURE: signature})
        assert sent.status_code == status
    async with services.db.transaction() as session:
        line = (await queries.lines(session, today=services.clock.now().date()))[0]
    assert (line.status, line.platform_id) == (PlatformStatus.ACCEPTED, "R0")
    nonsense = b'{"receipts": [1]}'
    signature = hmac.new(registry_key(services), nonsense, hashlib.sha256).hexdigest()
    sent = await client.post("/certificates/platform/receipts", content=nonsense, headers={SIGNATURE: signature})
    assert sent.status_code == 422


async def test_another_organisations_officer_sees_no_file_and_no_difference(
    client: httpx.AsyncClient, services: Services
) -> None:
    await put(services, 1)
    from_other = uuid4()
    await sign_in(client, services, Role.CERTIFICATE_OFFICER, [from_other])
    assert "没有等待上报的证书" in (await client.get("/certificates/platform/files")).text
    assert (await client.get(f"/certificates/platform/files/{from_other}")).status_code == 404
    assert "学分银行" in (await client.get("/certificates/credit")).text
    assert (await client.get("/certificates/credit/export/ODS_GZXZSSJ.xlsx")).content.startswith(b"PK")
    assert (await client.get("/certificates/credit/export/other.xlsx")).status_code == 404
    assert (await client.get("/certificates/credit/people")).status_code == 200
