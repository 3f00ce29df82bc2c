"""The template of a list and its answers as workbooks: every cell text, nothing is a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import xlsxwriter

from certificates.enquiries.rules.lists import NAME, NUMBER, SHEET, Asked
from certificates.verification.rules import WORDS, Answer
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_
from exam.kernel.filters import format_datetime
from exam.kernel.i18n import locale, translate

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADS: Final = (
    N_("行"), N_("证书编号"), N_("姓名"), N_("查验结果"), N_("证书名称"), N_("等级"), N_("发证日期"), N_("培训评价组织"),
    N_("查验时间"),
)  # fmt: skip
_WIDTHS: Final = (8, 28, 16, 26, 34, 10, 14, 34, 30)


def template() -> bytes:
    """An empty list."""
    return _book(SHEET, [[NUMBER, NAME]], [28, 16])


def answers(asked: Sequence[Asked], found: Sequence[Answer], at: datetime) -> bytes:
    """A row for each row that was asked, in its order, in the reader's language."""
    when = format_datetime(at)
    lines = [[translate(head) for head in HEADS]]
    for one, answer in zip(asked, found, strict=True):
        lines.append([str(one.row), one.number, one.name, translate(WORDS[answer.verdict]), *facts(answer), when])
    return _book(SHEET, lines, _WIDTHS, at)


def facts(answer: Answer) -> list[str]:
    """Certificate, level, date and issuer of an answer; blank where nothing was found."""
    one = answer.facts
    if one is None:
        return ["", "", "", ""]
    if locale.get() == "en":
        return [one.certificate_en, one.level_en, one.issued_on.isoformat(), one.organisation_en]
    return [one.certificate_zh, one.level_zh, one.issued_on.isoformat(), one.organisation_zh]


def _book(name: str, lines: Sequence[Sequence[str]], widths: Sequence[int], at: datetime | None = None) -> bytes:
    out = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": (at or datetime(2026, 1, 1, tzinfo=CHINA)).replace(tzinfo=None)})
        text = book.add_format({"num_format": "@", "quote_prefix": True})
        head = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width, text)
        for row, line in enumerate(lines):
            for column, value in enumerate(line):
                sheet.write_string(row, column, value, text if row else head)
    return out.getvalue()
