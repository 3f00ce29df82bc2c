"""Workbooks that are given out: the roster template with its notes, and the correction sheet of a refused roster.

Every cell that holds data is a text cell, marked so by its format and by the quote prefix: an ID number keeps its digits,
and a value that begins with = + - @ is never taken for a formula, here or after the sheet is saved again.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter

from exam.catalogue.rules.records import Scheme
from exam.kernel.errors import Problem
from exam.kernel.i18n import gettext, translate
from exam.registration.rules.roster import RosterResult
from exam.registration.rules.sheet import Layout, Sheet
from exam.registration.rules.template import (
    NEWEST,
    NOTES_SHEET_NAME,
    RESULT_HEAD,
    SHEET_NAME,
    SUGGESTION_HEAD,
    RosterTemplate,
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILLED_ROWS = 1000  # rows of the template that carry the lists to choose from
_TRANSLATED_FACTS = ("what", "level", "status", "expected", "id_type", "value")
_FILE_SHEET_NAME = "整个文件的问题"


@dataclass(frozen=True, kw_only=True)
class Described:
    """A problem in the reader's language."""

    code: str
    row: int | None
    field: str
    message: str
    way_out: str
    suggestion: str


def described(problem: Problem) -> Described:
    """Put a problem into the present language; the words of the file itself stay as they stand there."""
    facts = {
        name: gettext(value) if name in _TRANSLATED_FACTS and isinstance(value, str) and value else value
        for name, value in problem.facts.items()
    }
    return Described(
        code=problem.code,
        row=problem.row,
        field=problem.field,
        message=translate(problem.message, **facts),
        way_out=translate(problem.way_out, **facts) if problem.way_out else "",
        suggestion=str(problem.facts.get("suggestion", "")),
    )


# ---------------------------------------------------------------- the template


def roster_template(offers: Sequence[Scheme], template: RosterTemplate = NEWEST) -> bytes:
    """The empty roster: heads, lists to choose from, and a page of notes; the certificates are those of a batch."""
    out = io.BytesIO()
    book = _book(out)
    text = book.add_format({"num_format": "@"})
    required = book.add_format({"num_format": "@", "bold": True, "bg_color": "#d9ecec", "bottom": 1, "text_wrap": True})
    optional = book.add_format({"num_format": "@", "bold": True, "bg_color": "#eeeeee", "bottom": 1, "text_wrap": True})
    sheet = book.add_worksheet(SHEET_NAME)
    certificates = tuple(dict.fromkeys(scheme.certificate_name_zh for scheme in offers))
    for place, column in enumerate(template.columns):
        sheet.set_column(place, place, column.width, text)
        sheet.write_string(0, place, column.head, required if column.required else optional)
        choices = certificates if column.key == "certificate" else column.choices
        if choices and len(",".join(choices)) <= 255:
            rule = {"validate": "list", "source": list(choices), "error_type": "warning"}
            sheet.data_validation(1, place, _FILLED_ROWS, place, rule)
    sheet.freeze_panes(1, 2)
    _notes(book, offers, template)
    book.close()
    return out.getvalue()


def _notes(book: Any, offers: Sequence[Scheme], template: RosterTemplate) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    notes = book.add_worksheet(NOTES_SHEET_NAME)
    notes.set_column(0, 0, 16)
    notes.set_column(1, 1, 10)
    notes.set_column(2, 2, 90)
    rows = [
        (
            column.head,
            gettext("必填") if column.required else gettext("可不填"),
            gettext(column.note) + (f"（{'、'.join(column.choices)}）" if column.choices else ""),
        )
        for column in template.columns
    ]
    for place, head in enumerate((gettext("列"), gettext("是否必填"), gettext("说明"))):
        notes.write_string(0, place, head, bold)
    for line, values in enumerate(rows, start=1):
        for place, value in enumerate(values):
            notes.write_string(line, place, value, wrap)
    line = len(rows) + 2
    notes.write_string(line, 0, gettext("本批次开考"), bold)
    for scheme in offers:
        line += 1
        notes.write_string(line, 0, scheme.level.zh)
        notes.write_string(line, 2, scheme.certificate_name_zh)


# ---------------------------------------------------------------- the correction sheet


def correction_sheet(result: RosterResult) -> bytes:
    """The rows as they were sent, at the rows where they stood, with what is wrong beside each and in its cell.

    Two columns are put in front (the result and sure corrections); the import passes over them, so the corrected sheet
    can be sent as it is.
    """
    out = io.BytesIO()
    book = _book(out)
    found = [described(problem) for problem in result.problems]
    if result.sheet is not None:
        _write_rows(book, result.sheet, result.layout, [one for one in found if one.row is not None])
    whole = [one for one in found if one.row is None]
    if whole or result.sheet is None:
        _write_whole(book, whole)
    book.close()
    return out.getvalue()


def _write_rows(book: Any, sheet: Sheet, layout: Layout | None, found: Iterable[Described]) -> None:
    formats = _formats(book)
    page = book.add_worksheet(SHEET_NAME)
    page.set_column(0, 0, 52, formats["text"])
    page.set_column(1, 1, 24, formats["text"])
    by_row: dict[int, list[Described]] = defaultdict(list)
    for one in found:
        if one.row is not None:
            by_row[one.row].append(one)
    heads = layout.heads if layout else ()
    passed_over = {place for place, head in enumerate(heads) if head in (RESULT_HEAD, SUGGESTION_HEAD)}
    kept = [
        place for place in range(max((len(row.cells) for row in sheet.rows), default=0)) if place not in passed_over
    ]
    head_row = layout.head_row if layout else 0
    for row in sheet.rows:
        line, wrong = row.number - 1, by_row.get(row.number, [])
        _write_result(page, line, row.number == head_row, wrong, formats)
        wrong_heads = {one.field for one in wrong}
        for place, source in enumerate(kept, start=2):
            cell = row.cell(source)
            head = heads[source] if source < len(heads) else ""
            bad = row.number != head_row and head != "" and head in wrong_heads
            style = formats["head"] if row.number == head_row else formats["wrong"] if bad else formats["text"]
            if cell.text:
                page.write_string(line, place, cell.text, style)
            elif bad:
                page.write_blank(line, place, None, style)
            if bad:
                words = "\n".join(f"{one.message}{one.way_out}" for one in wrong if one.field == head)
                page.write_comment(line, place, words[:1000], {"x_scale": 2})
    _set_widths(page, heads, kept)
    page.freeze_panes(head_row, 2)


def _write_result(page: Any, line: int, is_head: bool, wrong: Sequence[Described], formats: Mapping[str, Any]) -> None:
    if is_head:
        page.write_string(line, 0, RESULT_HEAD, formats["head"])
        page.write_string(line, 1, SUGGESTION_HEAD, formats["head"])
    if wrong:
        words = "\n".join(f"{one.field + '：' if one.field else ''}{one.message}{one.way_out}" for one in wrong)
        page.write_string(line, 0, words if not is_head else RESULT_HEAD, formats["result"])
    if wrong and is_head:
        page.write_comment(line, 0, "\n".join(f"{one.message}{one.way_out}" for one in wrong)[:2000], {"x_scale": 3})
    suggestions = [f"{one.field}：{one.suggestion}" for one in wrong if one.suggestion]
    if suggestions and not is_head:
        page.write_string(line, 1, "\n".join(suggestions), formats["suggestion"])


def _write_whole(book: Any, whole: Sequence[Described]) -> None:
    formats = _formats(book)
    page = book.add_worksheet(_FILE_SHEET_NAME)
    page.set_column(0, 1, 60)
    page.write_string(0, 0, gettext("问题"), formats["head"])
    page.write_string(0, 1, gettext("办法"), formats["head"])
    for line, one in enumerate(whole, start=1):
        page.write_string(line, 0, one.message, formats["result"])
        page.write_string(line, 1, one.way_out, formats["text"])


def _set_widths(page: Any, heads: Sequence[str], kept: Sequence[int]) -> None:
    by_head = NEWEST.by_head
    for place, source in enumerate(kept, start=2):
        column = by_head.get(heads[source]) if source < len(heads) else None
        page.set_column(place, place, column.width if column else 12)


def _formats(book: Any) -> dict[str, Any]:
    cell = {"num_format": "@", "valign": "top", "quote_prefix": True}
    return {
        "text": book.add_format(cell),
        "head": book.add_format({**cell, "bold": True, "bg_color": "#eeeeee", "bottom": 1, "text_wrap": True}),
        "wrong": book.add_format({**cell, "bg_color": "#f9d9d4", "border": 1, "border_color": "#b3261e"}),
        "result": book.add_format({**cell, "font_color": "#8c1d18", "text_wrap": True}),
        "suggestion": book.add_format({**cell, "font_color": "#1c5e2b", "text_wrap": True}),
    }


def _book(out: io.BytesIO) -> Any:
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False,
    }  # fmt: skip
    return xlsxwriter.Workbook(out, options)
