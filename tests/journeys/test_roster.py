"""An institution's day at registration in a browser: a roster refused by name, corrected, imported; photos; the officer's check."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from python_calamine import CalamineWorkbook

from exam.accounts.actions import create_staff
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel.services import Services
from exam.registration import queries
from exam.registration.rules import RegistrationStatus
from tests.exam.registration.test_routes import photo
from tests.exam.registration.world import NOW, World, make_world, row, workbook
from tests.journeys.pages import enter
from tests.templates.axe import axe

if TYPE_CHECKING:
    from playwright.async_api import FilePayload, Page

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"


@pytest.fixture
async def world(services: Services) -> World:
    async with services.db.transaction() as session:
        made = await make_world(session)
        for login, role, scope in (
            ("school", Role.INSTITUTION, Scope("institution", str(made.school.id))),
            ("officer", Role.EXAM_OFFICER, Scope("organisation", str(made.web.organisation_id))),
        ):
            await create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, grants=[Grant(role, scope)], now=NOW
            )
    return made


async def choose(page: "Page", name: str, data: bytes, filename: str) -> None:
    """Put a file into a field and send its form."""
    await page.set_input_files(f"#{name}", {"name": filename, "mimeType": "application/octet-stream", "buffer": data})
    await page.click(f"form:has(#{name}) button[type=submit]")


async def test_refused_corrected_imported_checked(
    live: str, page: "Page", world: World, services: Services, tmp_path: Path
) -> None:
    roster = f"{live}/exam/registration/batches/{world.batch.id}/roster"
    await enter(page, live, "school", PASSWORD)
    await page.goto(roster)
    assert await page.inner_text(".empty-title") == "还没有导入名单"
    await axe(page)

    await choose(page, "roster", workbook([row(1), row(2, 姓名="王 芳"), row(3, 等级="四级")]), "名单.xlsx")
    await page.wait_for_url("**/checks/**")
    assert await page.inner_text("h1") == "名单没有导入"
    assert [await one.inner_text() for one in await page.query_selector_all("tr[data-code] th")] == ["3", "4"]
    await axe(page)
    async with page.expect_download() as started:
        await page.click("text=下载更正表")
    sheet = tmp_path / "sheet.xlsx"
    await (await started.value).save_as(sheet)
    grid = CalamineWorkbook.from_filelike(io.BytesIO(sheet.read_bytes())).get_sheet_by_index(0).to_python()
    assert "姓名中间有空格" in str(grid[2][0])

    await choose(page, "roster", workbook([row(1), row(2, 姓名="王芳"), row(3)]), "名单-更正.xlsx")
    await page.wait_for_url("**/roster?institution=*")
    assert "名单已全部导入：3 条报名，3 名考生。" in await page.inner_text(".flash")
    assert await page.locator("tbody tr th[scope=row] .person").count() == 3
    await axe(page)

    pictures = [*(f"不在名单{n}.jpg" for n in range(41)), "1.jpg"]  # more than one request carries
    files: list[FilePayload] = [{"name": name, "mimeType": "image/jpeg", "buffer": photo()} for name in pictures]
    await page.set_input_files("#photos", files)
    await page.click("form:has(#photos) button[type=submit]")
    await page.wait_for_selector("[data-outcome] li >> nth=40")
    assert await page.inner_text("form:has(#photos) [data-words]") == "已保存的照片：1"
    await axe(page)

    await page.goto(f"{roster}?missing=photo")
    assert await page.locator("tbody tr th[scope=row] .person").count() == 2
    await page.click("tbody tr th[scope=row] a >> nth=0")
    await page.wait_for_selector("text=还缺少：照片。")
    await axe(page)

    await enter(page, live, "officer", PASSWORD)
    await page.goto(f"{live}/exam/registration/batches/{world.batch.id}/check")
    await axe(page)
    await page.click("text=通过材料齐全的 1 条")
    await page.wait_for_selector(".flash:has-text('已通过 1 条报名')")
    await page.check("[data-all]")
    await page.fill("#reason", "请补照片")
    await page.click("button[value=give_back]")
    await page.wait_for_selector(".flash:has-text('已退回 2 条报名')")
    async with services.db.transaction() as session:
        found = await queries.registrations(session, batch_id=world.batch.id)
    assert sorted(one.status for one in found) == [
        RegistrationStatus.CONSENT_CONFIRMED,
        *[RegistrationStatus.RETURNED] * 2,
    ]


async def test_every_page_is_accessible(live: str, page: "Page", world: World) -> None:
    await enter(page, live, "officer", PASSWORD)
    for path in (
        "batches", "batches/new", f"batches/{world.batch.id}", "institutions", f"institutions/{world.school.id}", "units",
        "search?q=x",
    ):  # fmt: skip
        await page.goto(f"{live}/exam/registration/{path}")
        await axe(page)
        await page.emulate_media(color_scheme="dark")
        await axe(page)
        await page.emulate_media(color_scheme="light")
        await page.set_viewport_size({"width": 320, "height": 640})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, path
        await page.set_viewport_size({"width": 1280, "height": 800})


async def test_it_works_without_script(live: str, world: World, browser: "object") -> None:
    """Every step is plain HTML: the upload, the refusal and the way back."""
    context = await browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = await context.new_page()
    await enter(page, live, "school", PASSWORD)
    await page.goto(f"{live}/exam/registration/batches/{world.batch.id}/roster")
    await choose(page, "roster", workbook([row(1, 手机="1")]), "名单.xlsx")
    assert await page.inner_text("h1") == "名单没有导入"
    await choose(page, "roster", workbook([row(1)]), "名单.xlsx")
    assert "1 条报名" in await page.inner_text(".flash")
    await choose(page, "photos", photo(), "没有这个人.jpg")
    assert await page.inner_text("h1") == "有照片没有保存"
    await page.click("text=回到名单")
    await choose(page, "photos", photo(), "1.jpg")
    assert "已保存 1 张照片" in await page.inner_text(".flash")
    await context.close()
