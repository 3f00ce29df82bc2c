"""The template and the correction sheet as files: what stands where, and that nothing in them can run."""

import io
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.crypto import Vault
from exam.kernel.i18n import use_locale
from exam.registration import actions
from exam.registration.documents import correction_sheet, roster_template
from exam.registration.rules import RosterResult
from exam.registration.rules.reading import read_roster
from exam.registration.rules.template import NEWEST, NOTES_SHEET_NAME, SHEET_NAME
from tests.exam.registration.world import HEADS, NOW, World, id_number, make_world, row, workbook


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_or_create(tmp_path / "keys")


async def load(session: AsyncSession, vault: Vault, world: World, data: bytes) -> RosterResult:
    return await actions.import_roster(
        session, world.secretary, vault, batch_id=world.batch.id, institution_id=world.school.id, filename="名单.xlsx",
        data=data, now=NOW,
    )  # fmt: skip


def grid(data: bytes, sheet: str = SHEET_NAME) -> list[list[object]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return [list(line) for line in book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)]


async def test_the_template_has_the_columns_and_explains_them(session: AsyncSession) -> None:
    world = await make_world(session)
    data = roster_template([world.web, world.web_intermediate])
    assert grid(data)[0] == HEADS
    notes = grid(data, NOTES_SHEET_NAME)
    assert [line[0] for line in notes[1 : len(HEADS) + 1]] == HEADS
    assert [line[2] for line in notes[-2:]] == ["WEB 证书", "WEB 证书"]
    assert {problem.code for problem in read_roster(data, NEWEST).problems} == {"rows_none"}


def test_the_template_of_no_batch_is_still_a_template() -> None:
    assert grid(roster_template([]))[0] == HEADS


async def test_the_correction_sheet_holds_every_row_with_its_errors(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    rows = [row(1), row(2, 姓名="王 芳", 手机="1"), row(3, 证件号码=id_number(3)[:17])]
    result = await load(session, vault, world, workbook(rows, above=["报名表"]))
    lines = grid(correction_sheet(result))
    assert lines[1] == ["检查结果", "建议值", *HEADS]
    assert lines[2][:2] == ["", ""]
    assert lines[2][3] == row(1)["姓名"]
    assert "姓名中间有空格" in str(lines[3][0])
    assert "手机号码" in str(lines[3][0])
    assert lines[3][1] == "姓名：王芳"
    assert "应为 18 位" in str(lines[4][0])
    assert lines[4][6] == id_number(3)[:17]


async def test_a_corrected_sheet_comes_back_in(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    result = await load(session, vault, world, workbook([row(1), row(2, 姓名="王 芳")]))
    lines = [["" if value is None else str(value) for value in line] for line in grid(correction_sheet(result))]
    heads = lines[0]
    fixed = [dict(zip(heads, line, strict=True)) | {"姓名": line[3].replace(" ", "")} for line in lines[1:]]
    again = await load(session, vault, world, workbook(fixed, heads=heads))
    assert [problem.code for problem in again.problems] == []
    assert again.registered_count == 2


@pytest.mark.parametrize("attack", ['=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1", "https://x.example"])
async def test_nothing_in_the_sheet_can_run(session: AsyncSession, vault: Vault, attack: str) -> None:
    world = await make_world(session)
    result = await load(session, vault, world, workbook([row(1, 姓名="王 芳", 班级=attack)]))
    data = correction_sheet(result)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert 'quotePrefix="1"' in styles
    assert attack.strip() in [str(value).strip() for value in grid(data)[1]]


async def test_problems_of_the_whole_file_have_a_sheet(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    result = await load(session, vault, world, b"")
    assert grid(correction_sheet(result), "整个文件的问题")[1][0] == "文件是空的。"
    with use_locale("en"):
        assert grid(correction_sheet(result), "整个文件的问题")[1][0] == "The file is empty."
