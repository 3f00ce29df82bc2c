"""From the bytes of a roster file to its sheet and layout: size, kind, head row, columns."""

import difflib
import re
import unicodedata
from collections import Counter

from exam.kernel.errors import Problem
from exam.registration.rules.delimited import read_delimited
from exam.registration.rules.problems import problem
from exam.registration.rules.sheet import Layout, Reading, Sheet, SheetRow, letter
from exam.registration.rules.template import (
    HEAD_SEARCH_ROWS,
    LARGEST_FILE_MB,
    MOST_ROWS,
    PASSED_OVER,
    Column,
    RosterTemplate,
)
from exam.registration.rules.workbook import Unreadable, is_workbook, read_workbook

_FEWEST_HEADS = 3
_MB = 1024 * 1024


def read_roster(data: bytes, template: RosterTemplate) -> Reading:
    """Read a roster file of any accepted kind; what stands in the way becomes the reading's problems."""
    if not data.strip():
        return Reading(sheet=None, layout=None, problems=(problem("file_empty"),))
    if len(data) > LARGEST_FILE_MB * _MB:
        found = problem("file_large", size=round(len(data) / _MB, 1), limit=LARGEST_FILE_MB)
        return Reading(sheet=None, layout=None, problems=(found,))
    try:
        sheet, problems = _sheet(data, template)
    except Unreadable as error:
        return Reading(sheet=None, layout=None, problems=(error.problem,))
    layout, head_problems = find_layout(sheet, template)
    problems = (*problems, *head_problems)
    if layout is None:
        return Reading(sheet=sheet, layout=None, problems=problems)
    return Reading(sheet=sheet, layout=layout, problems=(*problems, *_count_problems(sheet, layout)))


def _sheet(data: bytes, template: RosterTemplate) -> tuple[Sheet, tuple[Problem, ...]]:
    if is_workbook(data):
        return read_workbook(data, lambda sheet: _head_row(sheet, template) is not None)
    return read_delimited(data), ()


def find_layout(sheet: Sheet, template: RosterTemplate) -> tuple[Layout | None, tuple[Problem, ...]]:
    """Find the head row and place the template's columns in it."""
    head = _head_row(sheet, template)
    if head is None:
        return None, (problem("head_none", searched=HEAD_SEARCH_ROWS),)
    heads = tuple(_plain(cell.text) for cell in head.cells)
    by_head = template.by_head
    positions: dict[str, int] = {}
    for position, text in enumerate(heads):
        if text in by_head:
            positions.setdefault(by_head[text].key, position)
    layout = Layout(head_row=head.number, heads=heads, positions=positions)
    return layout, tuple(_head_problems(sheet, layout, template))


def _head_row(sheet: Sheet, template: RosterTemplate) -> SheetRow | None:
    """The row among the first that holds the most heads of the template, at least three."""
    first = [row for row in sheet.rows if not row.empty][:HEAD_SEARCH_ROWS]
    known = set(template.by_head) | {synonym for column in template.columns for synonym in column.synonyms}
    best = max(first, key=lambda row: _heads_in(row, known), default=None)
    return best if best is not None and _heads_in(best, known) >= _FEWEST_HEADS else None


def _heads_in(row: SheetRow, known: set[str]) -> int:
    return sum(_plain(cell.text) in known for cell in row.cells)


def _plain(head: str) -> str:
    """A head without blanks, line breaks, the star of required columns, and full-width forms."""
    return re.sub(r"[\s*＊:：]+", "", unicodedata.normalize("NFKC", head))


def _head_problems(sheet: Sheet, layout: Layout, template: RosterTemplate) -> list[Problem]:
    by_head = template.by_head
    row = layout.head_row
    counts = Counter(text for text in layout.heads if text)
    unknown = [text for text in counts if text not in by_head and text not in PASSED_OVER]
    problems = [
        problem("head_double", row=row, column=text, count=count)
        for text, count in counts.items()
        if count > 1 and text in by_head
    ]
    for column in template.columns:
        if column.key in layout.positions:
            continue
        renamed = _renamed(column, unknown)
        if renamed:
            unknown.remove(renamed)
            problems.append(problem("head_renamed", row=row, column=column.head, found=renamed))
        elif column.must_stand:
            problems.append(problem("head_missing", row=row, column=column.head))
    problems += [problem("head_unknown", row=row, found=text) for text in unknown]
    problems += _blank_heads(sheet, layout)
    return problems


def _renamed(column: Column, unknown: list[str]) -> str:
    """The unknown head that probably means this column."""
    for text in unknown:
        if text in column.synonyms:
            return text
    close = difflib.get_close_matches(column.head, unknown, n=1, cutoff=0.7)
    return close[0] if close else ""


def _blank_heads(sheet: Sheet, layout: Layout) -> list[Problem]:
    """Columns that hold something below an empty head."""
    width = max((len(row.cells) for row in sheet.rows), default=0)
    blank = {position for position in range(width) if position >= len(layout.heads) or not layout.heads[position]}
    filled = {
        position
        for row in sheet.rows
        if row.number > layout.head_row
        for position in blank
        if not row.cell(position).empty
    }
    return [problem("head_blank", row=layout.head_row, letter=letter(position)) for position in sorted(filled)]


def _count_problems(sheet: Sheet, layout: Layout) -> tuple[Problem, ...]:
    count = sum(not row.empty for row in sheet.rows if row.number > layout.head_row)
    if count == 0:
        return (problem("rows_none"),)
    if count > MOST_ROWS:
        return (problem("rows_many", count=count, limit=MOST_ROWS),)
    return ()
