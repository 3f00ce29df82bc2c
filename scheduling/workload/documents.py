"""The workbook of hours of duty: one sheet by person, one with every duty; texts are texts, hours are numbers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any

import xlsxwriter

from exam.kernel.clock import CHINA
from exam.kernel.i18n import translate
from exam.sittings.rules import DUTY_LABELS
from scheduling.workload.queries import Workload
from scheduling.workload.rules import PersonHours, Served, hours

PEOPLE = (
    ("院校", 24),
    ("姓名", 12),
    ("职责", 12),
    ("计划场次", 10),
    ("实际场次", 10),
    ("计划时数", 10),
    ("实际时数", 10),
)
DUTIES = (
    ("院校", 24), ("姓名", 12), ("职责", 12), ("批次", 16), ("站点", 24), ("考场", 14), ("日期", 12), ("安排开始", 10), ("安排结束", 10),
    ("实际开启", 10), ("实际关闭", 10),
)  # fmt: skip
_TEXT = {"num_format": "@", "quote_prefix": True}
TOTAL = "合计"


def hours_book(found: Workload) -> bytes:
    """The workbook; the same period with the same duties gives the same bytes."""
    out = io.BytesIO()
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": f"{found.first} – {found.last}", "created": datetime.combine(found.last, time())})
        formats = (
            book.add_format(_TEXT), book.add_format({**_TEXT, "bold": True, "bottom": 1}),
            book.add_format({"num_format": "0.00"}), book.add_format({"num_format": "0"}),
        )  # fmt: skip
        _sheet(book, "按人汇总", PEOPLE, (_person(one) for one in found.people), formats)
        _sheet(book, "逐场明细", DUTIES, (_duty(one) for one in found.duties), formats)
    return out.getvalue()


def _person(one: PersonHours) -> list[Any]:
    duty = translate(DUTY_LABELS[one.duty]) if one.duty else TOTAL
    counts = [one.sessions, one.sessions_held, hours(one.planned_minutes), hours(one.served_minutes)]
    return [one.institution, one.name, duty, *counts]


def _duty(one: Served) -> list[Any]:
    start = one.starts_at.astimezone(CHINA)
    times = [
        f"{at.astimezone(CHINA):%H:%M}" if at else ""
        for at in (one.starts_at, one.ends_at, one.opened_at, one.closed_at)
    ]
    place = [one.batch_code, one.site_name, one.room_name, f"{start:%Y-%m-%d}"]
    return [one.institution, one.name, translate(DUTY_LABELS[one.duty]), *place, *times]


def _sheet(
    book: Any,
    name: str,
    columns: Sequence[tuple[str, int]],
    rows: Iterable[list[Any]],
    formats: tuple[Any, Any, Any, Any],
) -> None:
    text, head, decimal, whole = formats
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 2)
    for place, (words, width) in enumerate(columns):
        sheet.set_column(place, place, width, text)
        sheet.write_string(0, place, words, head)
    for line, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, place, value, text)
            else:
                sheet.write_number(line, place, value, whole if isinstance(value, int) else decimal)
