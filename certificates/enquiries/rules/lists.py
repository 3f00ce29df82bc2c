"""A list of certificates to check: two columns found by their heads, every wrong row named, or the rows. Pure.

The workbook is opened with the same suspicion as a roster (exam.registration.rules.workbook); numbers and names are text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from certificates.issuing.rules.numbers import LENGTH_LIMIT, normalised
from exam.kernel.errors import N_, Problem
from exam.registration.rules.sheet import Cell, CellKind, Sheet
from exam.registration.rules.workbook import Unreadable, is_workbook, read_workbook

SHEET: Final = "查验名单"
NUMBER: Final = "证书编号"
NAME: Final = "姓名"
ROW_LIMIT: Final = 2000
FILE_LIMIT_BYTES: Final = 2_000_000
NAME_LIMIT: Final = 60
SHOWN_PROBLEMS: Final = 50
_HEAD_ROWS: Final = 10


class Asked(msgspec.Struct, frozen=True):
    """One row: where it stands, and what was typed."""

    row: int
    number: str
    name: str


class Wrong(msgspec.Struct, frozen=True):
    """A problem that travels between processes."""

    message: str
    way_out: str = ""
    row: int | None = None
    field: str = ""
    code: str = ""
    facts: dict[str, str] = {}

    def problem(self) -> Problem:
        """The problem, as pages show it."""
        return Problem(
            message=self.message, way_out=self.way_out, row=self.row, field=self.field, code=self.code, facts=self.facts
        )


class Reading(msgspec.Struct, frozen=True):
    """What a file held: rows, or what is wrong with it."""

    rows: list[Asked]
    problems: list[Wrong]


_TEMPLATE: Final = N_("请下载模板，把编号和姓名粘贴到“查验名单”里。")


def read_list(data: bytes) -> Reading:
    """The rows of an .xlsx; where anything is wrong there are problems and no rows."""
    if not is_workbook(data):
        return _refused(Wrong(N_("这不是 .xlsx 文件。"), _TEMPLATE, code="file_kind"))
    try:
        sheet, _ = read_workbook(data, lambda one: _heads(one) is not None)
    except Unreadable as error:
        found = error.problem
        if found.code.startswith(("sheet_", "rows_")):
            found = Problem(message=N_("文件里没有找到查验名单，或名单太大。"), way_out=_TEMPLATE, code=found.code)
        facts = {key: str(value) for key, value in found.facts.items()}
        return _refused(Wrong(found.message, found.way_out, code=found.code, facts=facts))
    heads = _heads(sheet)
    if heads is None:
        return _refused(Wrong(N_("没有找到“证书编号”和“姓名”两列的表头。"), _TEMPLATE, code="heads"))
    return _rows(sheet, *heads)


def row_problems(row: int, number: str, name: str) -> list[Wrong]:
    """What is wrong with a number and a name, whoever sent them."""
    found = []
    if not normalised(number):
        found.append(Wrong(N_("请填写证书编号。"), row=row, field=NUMBER, code="number_missing"))
    elif len(normalised(number)) > LENGTH_LIMIT:
        found.append(Wrong(N_("证书编号太长。"), row=row, field=NUMBER, code="number_long"))
    if not name.strip():
        found.append(Wrong(N_("请填写姓名。"), row=row, field=NAME, code="name_missing"))
    elif len(name) > NAME_LIMIT:
        found.append(Wrong(N_("姓名太长。"), row=row, field=NAME, code="name_long"))
    return found


def _rows(sheet: Sheet, head_row: int, number_at: int, name_at: int) -> Reading:
    rows, problems = [], []
    for line in sheet.rows:
        number, name = line.cell(number_at), line.cell(name_at)
        if line.number <= head_row or (number.empty and name.empty):
            continue
        found = [*_kind_problems(line.number, NUMBER, number), *_kind_problems(line.number, NAME, name)]
        problems += found or row_problems(line.number, number.text, name.text)
        rows.append(Asked(line.number, number.text.strip(), name.text.strip()))
        if len(rows) > ROW_LIMIT:
            limit = Wrong(N_("一次最多查验 %(limit)s 行。"), N_("请拆成几个文件。"), code="rows_many", facts={"limit": str(ROW_LIMIT)})  # fmt: skip
            return _refused(limit)
    if not rows:
        return _refused(Wrong(N_("名单里没有任何一行。"), _TEMPLATE, code="rows_none"))
    return _refused(*problems[: SHOWN_PROBLEMS + 1]) if problems else Reading(rows, [])


def _kind_problems(row: int, field: str, cell: Cell) -> list[Wrong]:
    if cell.kind in (CellKind.TEXT, CellKind.EMPTY):
        return []
    if cell.kind is CellKind.NUMBER and field == NUMBER:
        way_out = N_("请把这一列设为文本，重新键入编号：数字格式会丢失末尾几位。")
        return [Wrong(N_("编号是数字格式，不是文本。"), way_out, row=row, field=field, code="cell_number")]
    way_out = N_("请清空这一格，直接键入内容。")
    return [Wrong(N_("这一格不是文字（公式、日期或错误值）。"), way_out, row=row, field=field, code="cell_kind")]


def _heads(sheet: Sheet) -> tuple[int, int, int] | None:
    """The row of the heads and where number and name stand."""
    for line in sheet.rows[:_HEAD_ROWS]:
        words = [cell.text.replace(" ", "").removesuffix("*") for cell in line.cells]
        if NUMBER in words and NAME in words:
            return line.number, words.index(NUMBER), words.index(NAME)
    return None


def _refused(*problems: Wrong) -> Reading:
    return Reading([], list(problems))


def as_problems(found: Sequence[Wrong]) -> list[Problem]:
    """The problems for a refusal, cut where there are too many to read."""
    shown = [one.problem() for one in found[:SHOWN_PROBLEMS]]
    if len(found) > SHOWN_PROBLEMS:
        message = N_("还有更多行需要更正，只列出前 %(n)s 处。")
        shown.append(Problem(message=message, facts={"n": SHOWN_PROBLEMS}, code="more"))
    return shown
