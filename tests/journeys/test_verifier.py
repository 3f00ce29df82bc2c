"""Somebody with a certificate in hand, on a phone and at a desk: the code, the number, the file; and one refusal."""

# ruff: noqa: F811 - pytest hands fixtures over by the name of the parameter

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from certificates.issuing import actions, jobs, queries
from certificates.verification import routes
from exam.accounts.rules import Actor
from exam.kernel.services import Services
from tests.certificates.conftest import (  # noqa: F401 - the fixtures of a final batch
    batch_id,
    clock,
    db,
    final,
    home,
    officer,
    unreleased,
)
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_public_verifier(
    live: str,
    page: Page,
    services: Services,
    officer: Actor,
    batch_id: UUID,
    tmp_path: Path,
) -> None:
    routes._limiters.clear()
    await jobs.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        issued, _ = await queries.page_of(session, officer, batch_id=batch_id)
    one, other = issued[0], issued[1]

    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{live}/v/{one.token}")
    assert "真实有效" in await page.inner_text("h1")
    assert one.face.holder_name not in await page.inner_text("main")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await axe(page)

    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto(f"{live}/verify")
    await page.fill("#number", one.number.lower())
    await page.fill("#name", one.face.holder_name)
    await page.click("text=查验证书")
    await page.wait_for_selector(".verdict")
    assert "真实有效" in await page.inner_text("h1")
    assert one.face.organisation_name_zh in await page.inner_text("main")

    file = tmp_path / "certificate.pdf"
    file.write_bytes(services.files.get(one.sha256 or ""))
    await page.goto(f"{live}/verify")
    await page.set_input_files("#file", file)
    await page.click("text=查验这份文件")
    await page.wait_for_selector(".verdict")
    assert "真实有效" in await page.inner_text("h1")
    await axe(page)

    file.write_bytes(file.read_bytes().replace(b"PPKLite", b"PPKLitf", 1))
    await page.goto(f"{live}/verify")
    await page.set_input_files("#file", file)
    await page.click("text=查验这份文件")
    await page.wait_for_selector(".verdict")
    assert "文件被改动过" in await page.inner_text("h1")

    await page.goto(f"{live}/verify")
    await page.fill("#number", one.number)
    await page.fill("#name", "查无此人")
    await page.click("text=查验证书")
    await page.wait_for_selector(".verdict")
    assert "没有查到" in await page.inner_text("h1")
    assert one.face.organisation_name_zh not in await page.inner_text("main")

    async with services.db.transaction() as session:
        await actions.revoke(
            session, officer, services.vault, certificate_id=other.id, reason="查实舞弊", now=services.clock.now()
        )
    await page.goto(f"{live}/v/{other.token}")
    assert "已撤销" in await page.inner_text("h1")
    await page.goto(f"{live}/language/en?back=/v/{other.token}")
    assert "revoked" in (await page.inner_text("h1")).lower()
    await axe(page)
