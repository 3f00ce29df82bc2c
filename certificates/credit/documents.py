"""The two national reporting tables as workbooks (domain.md section 8): every cell text, rows that do not fit on a sheet of their own."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import xlsxwriter

from certificates.credit.rules import GZXZSSJ, XSJNZSSJ, Column, Reported, certificate_row, student_row, table_problems
from exam.kernel.clock import CHINA
from exam.kernel.i18n import gettext

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = Callable[[Reported, datetime], list[str]]
TABLES: Final[dict[str, tuple[str, Sequence[Column], Row]]] = {
    "certificates": ("ODS_GZXZSSJ", GZXZSSJ, certificate_row),
    "students": ("ODS_XSJNZSSJ", XSJNZSSJ, student_row),
}


def reporting_table(name: str, records: Sequence[Reported], *, at: datetime) -> tuple[bytes, int]:
    """The workbook of a table and how many rows were left out; what is wrong with them stands on the second sheet by number."""
    title, columns, row_of = TABLES[name]
    rows = [row_of(one, at.astimezone(CHINA)) for one in records]
    problems = table_problems(columns, rows)
    bad = {one.row for one in problems}
    good = [row for number, row in enumerate(rows, start=2) if number not in bad]
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": at.replace(tzinfo=None)})
        text = book.add_format({"num_format": "@"})
        _sheet(book, title, [[column.head for column in columns], *good], text)
        if problems:
            lines = [[gettext("证书编号"), gettext("列"), gettext("问题"), gettext("办法")]]
            for one in problems:
                assert one.row is not None
                number = records[one.row - 2].number
                lines.append([number, one.field, gettext(one.message) % dict(one.facts), gettext(one.way_out)])
            _sheet(book, gettext("未写入的行"), lines, text)
    return out.getvalue(), len(bad)


def _sheet(book: Any, name: str, lines: Sequence[Sequence[str]], text: Any) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(lines[0]) - 1, 18, text)
    for place, line in enumerate(lines):
        for column, value in enumerate(line):
            sheet.write_string(place, column, value, text)
