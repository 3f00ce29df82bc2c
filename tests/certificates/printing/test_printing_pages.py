"""The officer's way: paper in, a printer and its test sheet, an order with its file, a spoiled sheet by two; refusals on the page."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

import httpx
import pytest

from certificates.printing import jobs
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.catalogue import actions as catalogue
from exam.kernel.services import Services
from exam.registration import actions as registration
from tests.certificates.printing import test_printing_actions as given
from tests.certificates.printing.test_printing_documents import stored
from tests.conftest import NOW
from tests.exam.registration.world import CLOSES, OPENS

PASSWORD = "correct horse battery"
HOME = "/certificates/printing"


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    html = (await client.get("/verify")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    return await client.post(path, data={"_csrf_token": found[1], **fields})


@pytest.fixture
async def organisation(services: Services) -> UUID:
    async with services.db.transaction() as session:
        id = await catalogue.add_organisation(
            session, SYSTEM, code="WL01", name_zh="物流样本培训评价组织", name_en="Specimen", now=NOW
        )
        for login in ("first", "second"):
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD,
                grants=[Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(id)))], now=NOW,
            )  # fmt: skip
    return id


@pytest.fixture
async def batch(services: Services, organisation: UUID) -> str:
    """A batch with one certificate, whose stored page is invented."""
    async with services.db.transaction() as session:
        made = await registration.create_batch(
            session, SYSTEM, code="B1", name_zh="第一批次", name_en="First", province_code="42", scheme_ids=[],
            registration_opens_at=OPENS, registration_closes_at=CLOSES, first_day=date(2026, 6, 20),
            last_day=date(2026, 6, 21), now=NOW,
        )  # fmt: skip
        row = given.certificate(1, "甲校")
        row.organisation_id, row.batch_id, row.sha256 = organisation, made.id, services.files.put(stored())
        session.add(row)
    return str(made.id)


async def enter(client: httpx.AsyncClient, login: str) -> None:
    client.cookies.clear()
    assert (await post(client, "/sign-in", login=login, secret=PASSWORD)).status_code == 303


async def test_from_blank_paper_to_a_second_sheet(
    client: httpx.AsyncClient, services: Services, organisation: UUID, batch: str
) -> None:
    await enter(client, "first")
    own = {"organisation_id": str(organisation)}
    assert (await post(client, f"{HOME}/intake", first="A0002", last="A0001", **own)).status_code == 422
    assert (
        await post(client, f"{HOME}/printers", name="二楼", dx_mm="1.5", preprinted="true", **own)
    ).status_code == 303
    page = (await client.get(HOME)).text
    tested = re.search(rf"{HOME}/printers/([0-9a-f-]+)/test.pdf", page)
    assert tested and (await client.get(tested[0])).content.startswith(b"%PDF")
    wanted = {"printer_id": tested[1], "batch_id": batch}
    refused = await post(client, f"{HOME}/orders", **wanted)
    assert refused.status_code == 409 and "空白证书纸只剩 0 张" in refused.text
    await post(client, f"{HOME}/intake", first="A0001", last="A0003", **own)
    order = (await post(client, f"{HOME}/orders", **wanted)).headers["location"]
    assert (await client.get(f"{order}/sheets.pdf")).content.startswith(b"%PDF")
    assert (await client.get(f"{order}/parts/1/file")).status_code == 404
    assert "制作印制文件" in (await client.get(order)).text
    await jobs.print_part(services, {"order_id": order.rsplit("/", 1)[1], "part": 1})
    assert f"{order}/parts/1/file" in (await client.get(order)).text
    assert (await client.get(f"{order}/parts/1/file")).content.startswith(b"%PDF")
    assert "没有要印的证书" in (await post(client, f"{HOME}/orders", **wanted)).text
    shown = (await client.get(order)).text
    sheet = re.search(rf"{HOME}/papers/[0-9a-f-]+", shown)
    assert sheet and "A0001" in shown
    assert (await post(client, f"{sheet[0]}/report", reason="卡纸")).status_code == 303
    assert (await post(client, f"{sheet[0]}/confirm")).status_code == 403
    await enter(client, "second")
    assert "已见废页" in (await client.get(HOME)).text
    assert (await post(client, f"{sheet[0]}/confirm")).status_code == 303
    assert "A0002" in (await client.get(order)).text
    again = await client.get(f"{order}/sheets.pdf", params={"serial": "A0002"})
    assert again.content.startswith(b"%PDF")
    assert (await client.get(f"{order}/sheets.pdf", params={"serial": "A0001"})).status_code == 404
