"""A list as it is sent: rows, or every wrong row by its number and column; nothing in between."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter

from certificates.enquiries.rules.lists import NAME, NUMBER, ROW_LIMIT, SHOWN_PROBLEMS, Asked, as_problems, read_list


def book(lines: Sequence[Sequence[Any]], **options: Any) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": True, **options}) as made:
        sheet = made.add_worksheet("查验名单")
        for place, line in enumerate(lines):
            sheet.write_row(place, 0, line)
    return out.getvalue()


def wrong(data: bytes) -> list[tuple[str, int | None, str]]:
    found = read_list(data)
    assert found.rows == []
    return [(one.code, one.row, one.field) for one in found.problems]


def test_rows_are_found_by_their_heads() -> None:
    lines = [["2026 年招聘"], ["备注", NAME, NUMBER], ["x", " 张三 ", "a-1"], ["", "", ""], ["", "李四", "B2"]]
    found = read_list(book(lines))
    assert found.problems == []
    assert found.rows == [Asked(3, "a-1", "张三"), Asked(5, "B2", "李四")]


def test_every_wrong_row_is_named_by_row_and_column() -> None:
    lines: list[list[Any]] = [
        [NUMBER, NAME],
        ["A1", ""],
        [123456, "张三"],
        ["", "张三"],
        ["=1+1", "张三"],
        ["A" * 40, "张" * 61],
        ["A1", "张三"],
    ]
    assert wrong(book(lines)) == [
        ("name_missing", 2, NAME),
        ("cell_number", 3, NUMBER),
        ("number_missing", 4, NUMBER),
        ("cell_kind", 5, NUMBER),
        ("number_long", 6, NUMBER),
        ("name_long", 6, NAME),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_kind"),
        (b"%PDF-1.7", "file_kind"),
        (b"PK\x03\x04 broken", "file_damaged"),
        (book([]), "sheet_none"),
        (book([["a", "b"], ["c", "d"]]), "heads"),
        (book([[NUMBER, NAME]]), "rows_none"),
        (book([[NUMBER, NAME], *[["A1", "张三"]] * (ROW_LIMIT + 1)]), "rows_many"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(data: bytes, code: str) -> None:
    assert wrong(data) == [(code, None, "")]


def test_only_so_many_problems_are_shown() -> None:
    found = read_list(book([[NUMBER, NAME], *[["A1", ""]] * 200])).problems
    shown = as_problems(found)
    assert len(shown) == SHOWN_PROBLEMS + 1
    assert shown[-1].code == "more"
    assert as_problems([]) == []
