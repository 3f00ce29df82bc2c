"""The workbook for the platform: sessions on one sheet, candidates on the other, every cell text.

A number keeps its digits and a value that begins with = + - @ is never taken for a formula, here or after the sheet is
saved again (the quote prefix stays with the cell).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter

from scheduling.timetable.rules.platform import (
    CANDIDATES,
    COLUMNS_VERSION,
    SESSIONS,
    Column,
    PlatformBatch,
    candidate_rows,
    session_rows,
)

PLATFORM_SHEETS = 2
_CELL = {"num_format": "@", "quote_prefix": True}


def platform_book(found: PlatformBatch) -> tuple[bytes, int]:
    """The workbook and how many rows it has."""
    out = io.BytesIO()
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        # the same batch gives the same bytes: the file says when the exam is, not when it was written
        book.set_properties({"title": f"{found.batch.code} v{COLUMNS_VERSION}", "created": _moment(found)})
        formats = book.add_format(_CELL), book.add_format({**_CELL, "bold": True, "bottom": 1})
        rows = _sheet(book, "场次", SESSIONS, session_rows(found), formats)
        rows += _sheet(book, "考生", CANDIDATES, candidate_rows(found), formats)
    return out.getvalue(), rows


def _moment(found: PlatformBatch) -> Any:
    return found.batch.registration_closes_at.replace(tzinfo=None)


def _sheet(
    book: Any, name: str, columns: Sequence[Column], rows: Iterable[Mapping[str, str]], formats: tuple[Any, Any]
) -> int:
    text, head = formats
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 3)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width, text)
        sheet.write_string(0, place, column.head, head)
    count = 0
    for count, row in enumerate(rows, start=1):
        for place, column in enumerate(columns):
            sheet.write_string(count, place, row[column.key], text)
    if count:
        sheet.autofilter(0, 0, count, len(columns) - 1)
    return count
