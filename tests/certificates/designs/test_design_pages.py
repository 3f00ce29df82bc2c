"""The officer's way through the pages: begin, be told the line of what is wrong, mend, submit, a second officer approves."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from certificates.designs import queries
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.catalogue import actions as catalogue
from exam.kernel.services import Services
from tests.conftest import NOW
from tests.exam.kernel.print_home import link_fonts

PASSWORD = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    link_fonts(tmp_path / "home")
    return tmp_path / "home"


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    html = (await client.get("/verify")).text
    found = re.search(r'name="_csrf_token" value="([^"]+)"', html)
    assert found
    return await client.post(path, data={"_csrf_token": found[1], **fields})


async def enter(client: httpx.AsyncClient, login: str) -> None:
    client.cookies.clear()
    assert (await post(client, "/sign-in", login=login, secret=PASSWORD)).status_code == 303


@pytest.fixture
async def organisation(services: Services) -> UUID:
    async with services.db.transaction() as session:
        id = await catalogue.add_organisation(
            session, SYSTEM, code="WL01", name_zh="物流样本培训评价组织", name_en="Specimen", now=NOW
        )
        grants = [Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(id)))]
        for login in ("first", "second"):
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=grants, now=NOW
            )
    return id


async def test_from_draft_to_force(client: httpx.AsyncClient, services: Services, organisation: UUID) -> None:
    source = queries.built_in()
    await enter(client, "first")
    assert "系统自带" in (await client.get("/certificates/designs")).text
    made = await post(client, "/certificates/designs", title="新版", organisation_id=str(organisation))
    here = made.headers["location"]
    typed = {"html": source.html, "seal": "214 21 254 61", "revision": "1", "dummy": "usual"}
    bad = source.style + "p::after { content: '指 定' }\n"
    line = bad.count("\n")
    shown = await post(client, f"{here}/preview", style=bad, **typed)
    assert f"样式第 {line} 行" in shown.text and "指定" in shown.text
    assert "data:image/webp;base64," in shown.text
    assert "四个数" in (await post(client, f"{here}/preview", style=bad, **{**typed, "seal": "x"})).text
    assert (await post(client, f"{here}/save", style=bad, **typed)).status_code == 303
    refused = await post(client, f"{here}/submit")
    assert refused.status_code == 422 and f"样式第 {line} 行" in refused.text
    good = source.style.replace("37pt", "36pt").replace("\n", "\r\n")
    assert (await post(client, f"{here}/save", style=good, **{**typed, "revision": "2"})).status_code == 303
    assert (await post(client, f"{here}/submit")).status_code == 303
    assert (await post(client, f"{here}/approve")).status_code == 403
    await enter(client, "second")
    page = (await client.get(here)).text
    assert page.count("<del>") == page.count("<ins>") == 1  # the line ends of browsers are no difference
    assert (await post(client, f"{here}/approve")).status_code == 303
    assert (await post(client, f"{here}/publish")).status_code == 303
    drawn = await client.get(f"{here}/preview.pdf?dummy=long")
    assert drawn.content.startswith(b"%PDF")
    seen = await client.get(f"{here}/picture.webp?dummy=long")
    assert seen.content[8:12] == b"WEBP" and f"{here}/picture.webp" in page
    assert len(page) < 60_000
    assert (await client.get(f"{here}?dummy=nobody")).status_code == 404
    listed = (await client.get("/certificates/designs")).text
    assert "WL01-v2" in listed
    assert "已编译，并用全部样例核对过" in (await client.get(here)).text
    async with services.db.transaction() as session:
        found = await queries.in_force(session, organisation)
        assert found and found.name == "WL01-v2" and found.way == "press"
