"""The offline page in Chromium: genuine, altered, foreign, badly proved files, with the server cut off and without a reload."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certificates.keys.signer import signer_of
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from tests.certificates import proofs
from tests.exam.kernel.print_home import link_fonts
from tests.journeys.pages import look

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


async def drop(page: Page, data: bytes, name: str = "certificate.pdf") -> str:
    """Give a file to the page and return its verdict."""
    await page.evaluate("document.getElementById('answer').removeAttribute('data-verdict')")
    await page.set_input_files("#file", {"name": name, "mimeType": "application/pdf", "buffer": data})
    place = page.locator("#answer[data-verdict]")
    await place.wait_for()
    return str(await place.get_attribute("data-verdict"))


async def test_a_file_is_checked_without_a_server(live: str, services: Services, page: Page, tmp_path: Path) -> None:
    link_fonts(services.settings.home)
    own = replace(services, settings=replace(services.settings, base_url=live))
    signer = signer_of(services.settings)
    made = proofs.sealed(own)
    genuine = proofs.file_of(own, made, signer)
    await page.goto(f"{live}/verify/offline")
    await page.locator("#kept:visible").wait_for()
    await look(page, "verify-offline", phone=True)
    await page.context.set_offline(True)
    await page.reload()  # from the device
    assert await drop(page, genuine) == "intact"
    marks = await page.locator("#answer .checks b").all_inner_texts()
    assert marks == ["是"] * 7 + ["未检查"]  # no witnesses are configured here
    assert made.intent.face.holder_name in await page.inner_text("#answer")
    await look(page, "verify-offline-intact", phone=True)

    assert await drop(page, genuine + b" ") == "altered"
    flipped = bytearray(genuine)
    flipped[len(flipped) // 2] ^= 1
    assert await drop(page, bytes(flipped)) == "altered"
    assert await drop(page, re.sub(rb"/Contents <3082", b"/Contents <3083", genuine)) == "altered"
    assert await drop(page, b"not a file", "x.pdf") == "not_pdf"
    assert await drop(page, b"%PDF-1.7\n%%EOF") == "unsigned"

    other = make_services(Settings(home=tmp_path / "other", database_url=services.settings.database_url))
    assert await drop(page, proofs.file_of(own, made, signer_of(other.settings))) == "foreign"
    record = made.record | {"number": "another"}
    assert await drop(page, proofs.file_of(own, made, signer, made.attached(record=record))) == "unproved"
    forged = proofs.sealed(own, head_of=replace(own, settings=replace(own.settings, home=tmp_path / "other")))
    assert await drop(page, proofs.file_of(own, made, signer, made.attached(text=forged.proof.text))) == "unproved"
    marks = await page.locator("#answer .checks b").all_inner_texts()
    assert marks[4:7] == ["是", "是", "否"]
    assert await drop(page, proofs.file_of(own, made, signer, [])) == "intact"
    assert (await page.locator("#answer .checks b").all_inner_texts())[4:] == ["未检查"] * 4
    await other.db.dispose()
