"""The list of those to notify, as a workbook: who, what has changed, from where to where. Every cell is text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from exam.kernel.filters import format_datetime
from exam.kernel.i18n import translate
from exam.sittings.rules import DUTY_LABELS
from scheduling.planning.rules.plan import UnplacedReason
from scheduling.repairs.queries import RepairView
from scheduling.repairs.rules.repair import LEFT_REASONS

_CELL = {"num_format": "@", "quote_prefix": True}


def notify_book(view: RepairView) -> bytes:
    """The workbook of a repair: candidates on one sheet, staff on the other."""
    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, {"constant_memory": True, **options}) as book:
        book.set_properties({"title": view.batch.code, "created": view.repair.made_at.replace(tzinfo=None)})
        text, head = book.add_format(_CELL), book.add_format({**_CELL, "bold": True, "bottom": 1})
        _sheet(
            book, "考生", ("姓名", "准考证号", "院校", "科目", "原安排", "新安排", "说明"), _people(view), (text, head)
        )
        _sheet(book, "工作人员", ("姓名", "职责", "原安排", "新安排"), _staff(view), (text, head))
    return out.getvalue()


def _people(view: RepairView) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for one in (*view.moved, *view.placed, *view.left):
        why = translate(LEFT_REASONS[UnplacedReason(one.reason)]) if one.reason else ""
        who = (one.registration.name, one.ticket_no, one.registration.institution_name_zh or "社会考生")
        none: dict[str, Any] = {"component": {"name_zh": ""}, "before": None, "after": None}
        rows += [
            (*who, line["component"]["name_zh"], _place(line["before"]), _place(line["after"]), why)
            for line in one.lines or (none,)
        ]
    return rows


def _staff(view: RepairView) -> list[tuple[str, ...]]:
    return [
        (one.examiner.name, DUTY_LABELS[line["duty"]], _place(line["before"]), _place(line["after"]))
        for one in view.staff
        for line in one.lines
    ]


def _place(place: Mapping[str, Any] | None) -> str:
    if place is None:
        return "—"
    seat = f" {place['seat_no']} 号" if place.get("seat_no") else ""
    return f"{format_datetime(place['starts_at'])} {place['site']['name_zh']} {place['room']['name_zh']}{seat}"


def _sheet(book: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[str]], formats: tuple[Any, Any]) -> None:
    text, head = formats
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    for place, title in enumerate(heads):
        sheet.set_column(place, place, 36 if "安排" in title else 18, text)
        sheet.write_string(0, place, title, head)
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            sheet.write_string(number, place, value, text)
