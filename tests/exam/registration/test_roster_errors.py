"""Wrong rosters, each a real file: every kind is named by its own code at its row, and no table changes."""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel import i18n
from exam.kernel.crypto import Vault
from exam.kernel.db import Base
from exam.kernel.settings import TREE
from exam.registration import actions
from exam.registration.rules import BatchStatus, RosterResult, check_character
from exam.registration.rules.problems import KINDS
from exam.registration.rules.template import LARGEST_FILE_MB, LARGEST_UNPACKED_MB, MOST_COLUMNS, MOST_ROWS
from tests.exam.registration.world import (
    CLOSES,
    HEADS,
    NOW,
    OPENS,
    World,
    csv_text,
    id_number,
    make_world,
    on_sheet,
    rezip,
    row,
    workbook,
)

Found = list[tuple[str, int | None]]
Case = tuple[bytes, Found]

ID = HEADS.index("证件号码")
PHONE = HEADS.index("手机")


def one(head: str, value: Any, code: str, **more: str) -> Case:
    """A right row with one wrong cell."""
    return workbook([row(1), row(2) | {head: value} | more]), [(code, 3)]


def file(data: bytes, code: str, at: int | None = None) -> Case:
    """A file that is wrong as a whole."""
    return data, [(code, at)]


def twisted(twist: Callable[[Any, Any], None], *found: tuple[str, int | None]) -> Case:
    """Two right rows in a workbook that was tampered with."""
    return workbook([row(1), row(2)], twist=twist), list(found)


def number(first: str) -> str:
    """17 digits with the check character that belongs to them."""
    return first + check_character(first)


# ---------------------------------------------------------------- files


def ole(stream: str) -> bytes:
    """The beginning of a compound file, with the name of a stream in it."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1024 + stream.encode("utf-16-le") + b"\0" * 512


def bomb() -> bytes:
    """A small package that unpacks to more than is read."""
    data = workbook([row(1)])
    return rezip(data, lambda _, body: body, {"xl/media/image1.png": b"\0" * (LARGEST_UNPACKED_MB + 1) * 1024 * 1024})


def lying_zip() -> bytes:
    """A package cut in the middle of a member."""
    data = workbook([row(n) for n in range(1, 40)])
    return data[: len(data) // 2]


def encrypted_zip() -> bytes:
    """A package whose members are marked as encrypted."""
    data = bytearray(workbook([row(1)]))
    start = 0
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (found := data.find(mark, start)) >= 0:
            data[found + offset] |= 1
            start = found + 4
    return bytes(data)


def document() -> bytes:
    """A package that is not a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return out.getvalue()


def entities() -> bytes:
    """A sheet with a document type, as an entity bomb would have."""
    data = workbook([row(1)])
    return rezip(
        data,
        lambda name, body: body.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
        if name.endswith("sheet1.xml") else body,
    )  # fmt: skip


def two_sheets(book: Any, sheet: Any) -> None:
    other = book.add_worksheet("名单2")
    for column, head in enumerate(HEADS):
        other.write_string(0, column, head)


def hidden_sheet(book: Any, sheet: Any) -> None:
    two_sheets(book, sheet)
    book.get_worksheet_by_name("名单2").hide()


def macro() -> bytes:
    return rezip(workbook([row(1)]), lambda _, body: body, {"xl/vbaProject.bin": b"\xd0\xcf"})


WITHOUT_PHONE = [head for head in HEADS if head != "手机"]
RENAMED = ["身份证号" if head == "证件号码" else head for head in HEADS]
UNKNOWN = [*HEADS, "备注"]
DOUBLE = [*HEADS, "姓名"]
NO_HEAD = [f"列{n}" for n, _ in enumerate(HEADS)]

FILES: dict[str, Case] = {
    "nothing in it": file(b" \r\n", "file_empty"),
    "too large": file(b"x" * (LARGEST_FILE_MB * 1024 * 1024 + 1), "file_large"),
    "a picture": file(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "csv_encoding", None),
    "binary that happens to decode": file(b"\0\1\2\3" * 500, "file_kind"),
    "a Word document": file(document(), "file_kind"),
    "an old .xls": file(ole("Workbook"), "file_old_excel"),
    "a password": file(ole("EncryptedPackage"), "file_password"),
    "an encrypted package": file(encrypted_zip(), "file_password"),
    "macros": file(macro(), "file_macro"),
    "a cut package": file(lying_zip(), "file_damaged"),
    "a document type in the sheet": file(entities(), "file_damaged"),
    "a bomb": file(bomb(), "file_bomb"),
    "mixed encodings": file(csv_text([row(1)]).encode("gb18030") + csv_text([row(2)]).encode() + b"\xff\xff", "csv_encoding"),
    "a quote never closed": file(csv_text([row(1)]).encode() + b'"abc', "csv_broken"),
    "an empty workbook": file(workbook([], heads=[]), "sheet_none"),
    "two rosters": (workbook([row(1)], sheet_name="名单1", twist=two_sheets), [("sheet_ambiguous", None)]),
    "a hidden roster": (workbook([row(1)], twist=hidden_sheet), [("sheet_hidden", None)]),
    "a dimension that lies": file(on_sheet(workbook([row(n) for n in range(1, 31)]), 'ref="A1:S31"', 'ref="A1:S2"'), "sheet_dimension"),
    "a cell far to the right": twisted(lambda b, s: s.write(1, MOST_COLUMNS + 900, "x"), ("sheet_wide", None)),
    "no head": file(workbook([row(1)], heads=NO_HEAD), "head_none"),
    "a column missing": (workbook([row(1)], heads=WITHOUT_PHONE), [("head_missing", 1), ("cell_required", 2)]),
    "a column renamed": (
        workbook([row(1) | {"身份证号": row(1)["证件号码"]}], heads=RENAMED), [("head_renamed", 1), ("cell_required", 2)]
    ),
    "a column of one's own": file(workbook([row(1)], heads=UNKNOWN), "head_unknown", 1),
    "a column twice": file(workbook([row(1)], heads=DOUBLE), "head_double", 1),
    "a column without a head": twisted(lambda b, s: s.write(1, len(HEADS), "x"), ("head_blank", 1)),
    "nobody in it": file(workbook([]), "rows_none"),
    "too many": file(csv_text([{"姓名": "某"}] * (MOST_ROWS + 2000)).encode(), "rows_many"),
    "an empty row between": (workbook([row(1), {}, row(2)]), [("row_empty", 3)]),
    "a hidden row": twisted(lambda b, s: s.set_row(2, None, None, {"hidden": True}), ("row_hidden", 3)),
    "a hidden column": twisted(lambda b, s: s.set_column(PHONE, PHONE, None, None, {"hidden": True}), ("column_hidden", 1)),
    "merged cells": twisted(lambda b, s: s.merge_range(1, 9, 2, 9, "软件技术", b.add_format()), ("cell_merged", 2), ("major_missing", 3)),
}  # fmt: skip

# ---------------------------------------------------------------- cells and rows

CELLS: dict[str, Case] = {
    "an ID as a number": one("证件号码", 4.29999200605e17, "id_number_cell"),
    "an ID in scientific notation": one("证件号码", "4.29999E+17", "id_scientific"),
    "an ID that lost its end": one("证件号码", id_number(1)[:15] + "000", "id_precision"),
    "a bad check digit": one("证件号码", id_number(1)[:17] + ("1" if id_number(1)[17] != "1" else "2"), "id_check_digit"),
    "17 digits": one("证件号码", id_number(1)[:17], "id_length"),
    "15 digits": one("证件号码", "429999060501001", "id_fifteen"),
    "an ID with dashes": one("证件号码", f"{id_number(1)[:6]}-{id_number(1)[6:]}", "id_characters"),
    "30 February": one("证件号码", number("42999920060230011"), "id_birth_impossible"),
    "born tomorrow": one("证件号码", number("42999920260517011"), "id_birth_future"),
    "ten years old": one("证件号码", number("42999920160501011"), "id_age"),
    "a residence permit as an ID card": one("证件号码", number("81000020060501011"), "id_kind"),
    "a passport as a permit": one("证件类型", "台湾居民来往大陆通行证", "id_format", 证件号码="E12345678"),
    "an unknown document": one("证件类型", "学生证", "id_type_unknown"),
    "full-width digits in the ID": one("证件号码", id_number(1).translate({48 + n: 0xFF10 + n for n in range(10)}), "cell_full_width"),
    "full-width digits in the phone": one("手机", "１６４００００００１２", "cell_full_width"),
    "a phone with a digit less": one("手机", "1640000001", "phone_format"),
    "no phone": one("手机", "", "cell_required"),
    "a zero-width blank": one("班级", "软件\u200b2401", "cell_control"),
    "a NUL": (csv_text([row(1), row(2, 班级="软件\x002401")]).encode(), [("cell_control", 3)]),
    "a line break": one("班级", "软件\n2401", "cell_line_break"),
    "a formula": twisted(lambda b, s: s.write_formula(2, PHONE, "=1640000000+2", None, "16400000002"), ("cell_formula", 3)),
    "a formula in a CSV": (csv_text([row(1), row(2, 班级="=1+1")]).encode(), [("cell_formula", 3)]),
    "an error value": twisted(lambda b, s: s.write_formula(2, PHONE, "=NA()", None, "#N/A"), ("cell_formula", 3)),
    "an error value left as text": (csv_text([row(1), row(2, 手机="#N/A")]).encode(), [("cell_error", 3)]),
    "a class name too long": one("班级", "班" * 41, "cell_long"),
    "a name too long": one("姓名", "阿" * 41, "name_long"),
    "one character": one("姓名", "李", "name_short"),
    "a lost character": one("姓名", "王?", "name_lost_character"),
    "a private character": one("姓名", "王\ue123", "name_private_character"),
    "a blank inside": one("姓名", "王 芳", "name_blank_inside"),
    "a wrong dot": one("姓名", "艾力•买买提", "name_dot"),
    "a title": one("姓名", "王芳(班长)", "name_characters"),
    "no name": one("姓名", "", "cell_required"),
    "an unknown gender": one("性别", "M", "gender_unknown"),
    "the other gender": one("性别", "女", "gender_mismatch"),
    "another birthday": one("出生日期", "2006-05-02", "birth_mismatch"),
    "a day that does not exist": one("出生日期", "2006-02-30", "birth_unreadable"),
    "a birthday yet to come": one("出生日期", "2027-01-01", "birth_future"),
    "a birthday nobody reads": one("出生日期", "五月一日", "birth_unreadable"),
    "an unknown people": one("民族", "火星族", "ethnicity_unknown"),
    "another school's code": one("院校代码", "4299900002", "institution_other"),
    "an unknown category": one("考生类别", "往届", "channel_unknown"),
    "no major": one("专业", "", "major_missing"),
    "an unknown certificate": one("证书名称", "网页设计师", "certificate_unknown"),
    "an unknown level": one("等级", "四级", "level_unknown"),
    "a level it does not have": one("等级", "高级", "level_not_in_certificate"),
    "not offered here": one("证书名称", "LOG 证书", "not_offered"),
    "no consent": one("本人同意", "", "consent_missing"),
    "consent refused": one("本人同意", "否", "consent_refused"),
    "an unknown payer": one("缴费方式", "老师垫付", "payer_unknown"),
    "a student who pays": one("缴费方式", "自费", "payer_school_self"),
    "a waiver without reason": one("缴费方式", "减免", "waiver_reason_missing", 减免证明编号="证 1 号"),
    "a waiver without proof": one("缴费方式", "减免", "waiver_proof_missing", 减免原因="孤儿"),
    "an unknown reason": one("缴费方式", "减免", "waiver_reason_unknown", 减免原因="想省钱", 减免证明编号="证 1 号"),
    "a reason without a waiver": one("减免原因", "孤儿", "waiver_without_payer"),
    "the same row twice": (workbook([row(1), row(2), row(2, 序号="3")]), [("double_in_file", 4)]),
    "one ID, two names": (workbook([row(1), row(2), row(3, 证件号码=row(2)["证件号码"])]), [("person_conflict_in_file", 4)]),
    "one serial twice": (workbook([row(1), row(2, 序号="1")]), [("serial_double", 3)]),
}  # fmt: skip


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_or_create(tmp_path / "keys")


async def load(session: AsyncSession, vault: Vault, world: World, data: bytes, now: datetime = NOW) -> RosterResult:
    return await actions.import_roster(
        session, world.secretary, vault, batch_id=world.batch.id, institution_id=world.school.id, filename="名单.xlsx",
        data=data, now=now,
    )  # fmt: skip


def found(result: RosterResult) -> Found:
    return [(problem.code, problem.row) for problem in result.problems]


async def fingerprint(session: AsyncSession) -> dict[str, str]:
    """A hash of the contents of every table."""
    made = {}
    for table in Base.metadata.sorted_tables:
        query = text(f"SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {table.fullname} t")
        made[table.fullname] = hashlib.sha256((await session.execute(query)).scalar_one().encode()).hexdigest()
    return made


async def test_every_wrong_roster_is_named_and_changes_nothing(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    before = await fingerprint(session)
    cases = FILES | CELLS
    results = {name: await load(session, vault, world, data) for name, (data, _) in cases.items()}
    assert {name: found(result) for name, result in results.items()} == {
        name: wanted for name, (_, wanted) in cases.items()
    }
    assert {name for name, result in results.items() if result.accepted or result.registered_count} == set()
    assert await fingerprint(session) == before
    assert len({problem.code for result in results.values() for problem in result.problems}) >= 60


async def test_all_of_them_at_once_are_all_named(session: AsyncSession, vault: Vault) -> None:
    """Thirty kinds of wrong rows in one file: thirty named errors, each at its row."""
    world = await make_world(session)
    before = await fingerprint(session)
    rows: list[dict[str, Any]] = [row(1)]
    wanted: Found = []
    for changes, code in THIRTY:
        rows.append(row(len(rows) + 1) | changes)
        wanted.append((code, len(rows) + 1))
    result = await load(session, vault, world, workbook(rows))
    assert found(result) == wanted
    assert len({code for code, _ in wanted}) == len(THIRTY) >= 30
    assert await fingerprint(session) == before


THIRTY: list[tuple[dict[str, Any], str]] = [
    ({"证件号码": 4.29999200605e17}, "id_number_cell"),
    ({"证件号码": "4.29999E+17"}, "id_scientific"),
    ({"证件号码": "429999200605010014"}, "id_check_digit"),
    ({"证件号码": "42999920060501"}, "id_length"),
    ({"证件号码": "429999060501001"}, "id_fifteen"),
    ({"证件号码": "4299992006050100１1"}, "cell_full_width"),
    ({"证件号码": number("42999920060230011")}, "id_birth_impossible"),
    ({"证件号码": number("42999920990101011")}, "id_birth_future"),
    ({"证件号码": number("42999920160501011")}, "id_age"),
    ({"证件号码": number("81000020060501011")}, "id_kind"),
    ({"证件类型": "护照", "证件号码": "护照号"}, "id_format"),
    ({"证件类型": "工作证"}, "id_type_unknown"),
    ({"姓名": "王?"}, "name_lost_character"),
    ({"姓名": "王\ue123"}, "name_private_character"),
    ({"姓名": "王 芳"}, "name_blank_inside"),
    ({"姓名": "艾力•买买提"}, "name_dot"),
    ({"姓名": "李"}, "name_short"),
    ({"姓名": "王芳1"}, "name_characters"),
    ({"性别": "未知"}, "gender_unknown"),
    ({"性别": "女"}, "gender_mismatch"),
    ({"出生日期": "2001-01-01"}, "birth_mismatch"),
    ({"民族": "汉汉族"}, "ethnicity_unknown"),
    ({"手机": "12345"}, "phone_format"),
    ({"考生类别": "其他"}, "channel_unknown"),
    ({"专业": ""}, "major_missing"),
    ({"证书名称": "没有的证书"}, "certificate_unknown"),
    ({"等级": "五级"}, "level_unknown"),
    ({"证书名称": "LOG 证书"}, "not_offered"),
    ({"本人同意": ""}, "consent_missing"),
    ({"缴费方式": "自费"}, "payer_school_self"),
    ({"缴费方式": "减免", "减免原因": "孤儿"}, "waiver_proof_missing"),
    ({"班级": "班" * 41}, "cell_long"),
    ({"班级": "软件\u200b班"}, "cell_control"),
    ({"院校代码": "1"}, "institution_other"),
]


async def test_pilot_majors_and_quota(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session, quota=1, majors=["510203", "现代物流管理"])
    rows = [row(1), row(2, 专业="美术", 专业代码="550101"), row(3), row(4, 专业="现代物流管理", 专业代码="")]
    assert found(await load(session, vault, world, workbook(rows))) == [
        ("major_not_pilot", 3), ("quota_exceeded", 3), ("quota_exceeded", 4), ("quota_exceeded", 5),
    ]  # fmt: skip


async def test_a_school_without_a_pilot(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await session.execute(text("DELETE FROM exam.pilots"))
    result = await load(session, vault, world, workbook([row(1), row(2, 考生类别="社会", 缴费方式="自费")]))
    assert found(result) == [("pilot_missing", 2)]


@pytest.mark.parametrize(
    ("now", "code"),
    [(OPENS - timedelta(seconds=1), "window_before"), (CLOSES, "window_after")],
)
async def test_outside_the_window(session: AsyncSession, vault: Vault, now: datetime, code: str) -> None:
    world = await make_world(session)
    assert found(await load(session, vault, world, workbook([row(1)]), now)) == [(code, None)]
    both = await load(session, vault, world, workbook([row(1, 手机="1")]), now)
    assert found(both) == [(code, None), ("phone_format", 2)]


async def test_a_batch_that_is_not_open(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await actions.move_batch(
        session, world.officer, batch_id=world.batch.id, to=BatchStatus.REGISTRATION_CLOSED, now=NOW
    )
    assert found(await load(session, vault, world, workbook([row(1)]))) == [("batch_not_open", None)]


def test_every_kind_says_what_to_do_in_both_languages() -> None:
    english = i18n.catalogue("en")
    for code, kind in KINDS.items():
        assert kind.message, code
        assert kind.way_out, code
        assert kind.message in english, code
        assert kind.way_out in english, code


@pytest.mark.parametrize(
    ("head", "value", "suggested"),
    [
        ("证件号码", f"{id_number(2)[:6]} {id_number(2)[6:]}", id_number(2)),
        ("手机", "１６４００００００１２", "16400000012"),
        ("手机", "+86 164-0000-0012", "16400000012"),
        ("姓名", "王 芳", "王芳"),
        ("姓名", "艾力•买买提", "艾力·买买提"),
        ("班级", "软件\u200b2401", "软件2401"),
    ],
)
async def test_a_suggested_value_passes(
    session: AsyncSession, vault: Vault, head: str, value: str, suggested: str
) -> None:
    world = await make_world(session)
    (problem,) = (await load(session, vault, world, workbook([row(2) | {head: value}]))).problems
    assert (problem.field, problem.facts["suggestion"]) == (head, suggested)
    assert found(await load(session, vault, world, workbook([row(2) | {head: suggested}]))) == []


def test_the_format_s_page_names_every_column_and_problem() -> None:
    page = (TREE / "docs" / "formats" / "roster.md").read_text(encoding="utf-8")
    assert [code for code in KINDS if f"| `{code}` |" not in page] == []
    assert [head for head in HEADS if f"| {head} |" not in page] == []
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) <= set(KINDS)


def test_every_kind_has_a_file_that_shows_it() -> None:
    """No code without a case: those of the window and the register are shown in tests of their own."""
    shown = {code for _, wanted in (FILES | CELLS).values() for code, _ in wanted}
    elsewhere = {
        "window_before", "window_after", "batch_not_open", "quota_exceeded", "pilot_missing", "major_not_pilot",
        "double_registered", "person_conflict",
    }  # fmt: skip
    assert set(KINDS) - shown == elsewhere
