"""A .csv as bytes -> a sheet (RFC 4180), whichever of the encodings in use in China it was saved in.

UTF-8 with or without a mark, UTF-16 with a mark, then GB18030 (of which GBK and GB 2312 are parts); bytes that are valid
in none are refused with the line, never guessed, for a wrong guess spoils names silently. All cells are text.
"""

import codecs
import csv
import io
import re

from exam.registration.rules.problems import problem
from exam.registration.rules.sheet import Cell, CellKind, Sheet, SheetRow
from exam.registration.rules.template import HEAD_SEARCH_ROWS, MOST_COLUMNS, MOST_ROWS
from exam.registration.rules.workbook import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",\t;"
_ERROR_VALUES = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")


def read_delimited(data: bytes) -> Sheet:
    """Return the sheet; raises :class:`Unreadable`."""
    text = decode(data)
    if text.count("\x00") > 8 or (text and sum(map(_odd, text[:4096])) > len(text[:4096]) // 20):
        raise Unreadable(problem("file_kind"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[SheetRow] = []
    try:
        for number, values in enumerate(reader, start=1):
            if number > MOST_ROWS + HEAD_SEARCH_ROWS + 1000:
                raise Unreadable(problem("rows_many", count=text.count("\n"), limit=MOST_ROWS))
            if len(values) > MOST_COLUMNS:
                raise Unreadable(problem("sheet_wide", row_no=number, cell=values[MOST_COLUMNS][:20]))
            rows.append(SheetRow(number, tuple(map(_cell, values))))
    except csv.Error as error:
        raise Unreadable(problem("csv_broken", line=reader.line_num)) from error
    while rows and rows[-1].empty:
        rows.pop()
    return Sheet(name="CSV", rows=tuple(rows))


def decode(data: bytes) -> str:
    """Turn the bytes into text by mark, then UTF-8, then GB18030; raises :class:`Unreadable`."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strictly(data, "gb18030")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(problem("csv_encoding", line=line)) from error


def _delimiter(text: str) -> str:
    """The delimiter that stands most often in the first rows that hold any."""
    head = "\n".join(text.splitlines()[:HEAD_SEARCH_ROWS])
    return max(_DELIMITERS, key=head.count)


def _odd(character: str) -> bool:
    return ord(character) < 32 and character not in "\t\r\n"


def _cell(value: str) -> Cell:
    if not value:
        return Cell()
    bare = value.strip()
    if bare.startswith("=") and len(bare) > 1:
        return Cell(value, CellKind.FORMULA)
    if _ERROR_VALUES.fullmatch(bare):
        return Cell(value, CellKind.ERROR)
    return Cell(value, CellKind.TEXT)
