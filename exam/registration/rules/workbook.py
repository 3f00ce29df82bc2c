"""An .xlsx as bytes -> a sheet. Values come from calamine; what it does not tell is read from the XML itself.

ISO/IEC 29500 (Office Open XML), opened with suspicion: sizes are measured while unpacking and never believed from the
archive's own directory; a document type declaration is refused (no entities); the written area is measured before a
grid of that size is made. The sheet's ``<dimension>`` is only compared: a reader that trusts it loses candidates.
"""

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from exam.kernel.errors import Problem
from exam.registration.rules.problems import problem
from exam.registration.rules.sheet import Cell, CellKind, Sheet, SheetRow, cell_name
from exam.registration.rules.template import (
    HEAD_SEARCH_ROWS,
    LARGEST_UNPACKED_MB,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    NOTES_SHEET_NAME,
    SHEET_NAME,
)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MB = 1024 * 1024
_BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
    LookupError, OverflowError,
)  # fmt: skip
_MOST_MEMBERS = 1000
_MOST_ROWS_READ = MOST_ROWS + HEAD_SEARCH_ROWS + 1000


class Unreadable(Exception):
    """The file cannot be a roster; carries the problem that says why."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.code)
        self.problem = found


@dataclass
class _Marks:
    """What the XML of one sheet says beside the values."""

    kinds: dict[tuple[int, int], CellKind] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    declared: str = ""
    last_row: int = 0
    last_column: int = -1


@dataclass(frozen=True)
class _Part:
    """A worksheet of the package."""

    name: str
    path: str
    visible: bool


def is_workbook(data: bytes) -> bool:
    """Say whether the bytes begin like a workbook of any age, whatever the file is called."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE))


def read_workbook(data: bytes, looks_like_roster: Callable[[Sheet], bool]) -> tuple[Sheet, tuple[Problem, ...]]:
    """Return the sheet that holds the roster and what is wrong with the file; raises :class:`Unreadable`."""
    if data.startswith(_OLE):
        raise Unreadable(problem("file_password" if _ENCRYPTED in data else "file_old_excel"))
    members = _unpack(data)
    if any(name.endswith("vbaProject.bin") for name in members):
        raise Unreadable(problem("file_macro"))
    if "xl/workbook.xml" not in members:
        raise Unreadable(problem("file_kind"))
    try:
        found = [(part, _scan(members[part.path])) for part in _parts(members)]
        sheets = [(part, marks, _values(data, part, marks)) for part, marks in found if marks.last_row]
    except (expat.ExpatError, CalamineError, LookupError, ValueError, OverflowError, _Forbidden) as error:
        raise Unreadable(problem("file_damaged")) from error
    return _choose(sheets, looks_like_roster)


def _choose(
    sheets: list[tuple[_Part, _Marks, Sheet]], looks_like_roster: Callable[[Sheet], bool]
) -> tuple[Sheet, tuple[Problem, ...]]:
    """The sheet by its name, else the only one that looks like a roster, else the only one there is."""
    hidden = [part.name for part, _, sheet in sheets if not part.visible and looks_like_roster(sheet)]
    problems = [problem("sheet_hidden", sheet=name) for name in hidden]
    seen = [entry for entry in sheets if entry[0].visible and entry[0].name.strip() != NOTES_SHEET_NAME]
    named = [entry for entry in seen if entry[0].name.strip() == SHEET_NAME]
    alike = [entry for entry in seen if looks_like_roster(entry[2])]
    for choice in (named, alike, seen):
        if len(choice) == 1:
            _part, marks, sheet = choice[0]
            return sheet, (*problems, *_dimension_problem(marks))
    if alike:
        names = "、".join(part.name for part, _, _ in alike)
        raise Unreadable(problem("sheet_ambiguous", sheets=names))
    raise Unreadable(problems[0] if problems else problem("sheet_none"))


def _dimension_problem(marks: _Marks) -> tuple[Problem, ...]:
    """A declared range that ends above the last written row makes other readers lose the rows below it."""
    match = re.search(r"(\d+)$", marks.declared)
    if not match or int(match.group(1)) >= marks.last_row:
        return ()
    actual = f"A1:{cell_name(marks.last_row, marks.last_column)}"
    lost = marks.last_row - int(match.group(1))
    return (problem("sheet_dimension", declared=marks.declared, actual=actual, lost=lost),)


# ---------------------------------------------------------------- the package


def _unpack(data: bytes) -> Mapping[str, bytes]:
    """Unpack the XML parts, counting every byte that comes out; raises :class:`Unreadable`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > _MOST_MEMBERS:
                raise Unreadable(problem("file_bomb", limit=LARGEST_UNPACKED_MB))
            if len({info.filename for info in infos}) < len(infos):  # two readers could read two different sheets
                raise Unreadable(problem("file_damaged"))
            if any(info.flag_bits & 1 for info in infos):
                raise Unreadable(problem("file_password"))
            return dict(_members(archive, infos))
    except _BROKEN_ZIP as error:
        raise Unreadable(problem("file_damaged")) from error


def _members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[tuple[str, bytes]]:
    left = LARGEST_UNPACKED_MB * _MB
    for info in infos:
        pieces = []
        keep = info.filename.endswith((".xml", ".rels", "vbaProject.bin"))
        with archive.open(info) as stream:
            while piece := stream.read(256 * 1024):
                left -= len(piece)
                if left < 0:
                    raise Unreadable(problem("file_bomb", limit=LARGEST_UNPACKED_MB))
                if keep:
                    pieces.append(piece)
        if keep:
            yield info.filename, b"".join(pieces)


def _parts(members: Mapping[str, bytes]) -> list[_Part]:
    """The worksheets that the workbook names, in its order."""
    targets: dict[str, str] = {}
    parts: list[_Part] = []

    def relation(name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes["Target"]
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            targets[attributes["Id"]] = path

    def sheet(name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            key = next((value for at, value in attributes.items() if _local(at) == "id"), "")
            if key in targets:
                visible = attributes.get("state", "visible") == "visible"
                parts.append(_Part(attributes.get("name", ""), targets[key], visible))

    _parse(members["xl/_rels/workbook.xml.rels"], start=relation)
    _parse(members["xl/workbook.xml"], start=sheet)
    return parts[:MOST_SHEETS]


# ---------------------------------------------------------------- one sheet


class _Forbidden(Exception):
    """The XML declares a document type."""


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parse(
    xml: bytes, *, start: Callable[[str, Mapping[str, str]], None], end: Callable[[str], None] | None = None
) -> None:
    def refuse(*_: object) -> None:
        raise _Forbidden

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
    if end is not None:
        parser.EndElementHandler = lambda name: end(_local(name))
    parser.Parse(xml, True)


_KIND_OF_TYPE = {
    "s": CellKind.TEXT,
    "inlineStr": CellKind.TEXT,
    "str": CellKind.TEXT,
    "n": CellKind.NUMBER,
    "b": CellKind.BOOLEAN,
    "e": CellKind.ERROR,
    "d": CellKind.DATE,
}


class _Scanner:
    """Walks one sheet's XML and notes the kind of every written cell."""

    def __init__(self) -> None:
        self.marks = _Marks()
        self._row = 0
        self._column = -1
        self._kind = CellKind.NUMBER
        self._written = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        match name:
            case "c":
                self._start_cell(attributes)
            case "v" | "is":
                self._written = True
            case "f":
                self._written = True
                self._kind = CellKind.FORMULA
            case "row":
                self._row = int(attributes.get("r", self._row + 1))
                self._column = -1
                if _true(attributes.get("hidden")):
                    self.marks.hidden_rows.add(self._row)
            case "dimension":
                self.marks.declared = attributes.get("ref", "")
            case "mergeCell":
                self.marks.merged.append(_range(attributes.get("ref", "")))
            case "col" if _true(attributes.get("hidden")):
                first, last = int(attributes.get("min", 1)), int(attributes.get("max", 1))
                self.marks.hidden_columns.update(range(first - 1, min(last, MOST_COLUMNS)))

    def end(self, name: str) -> None:
        if name != "c" or not self._written:
            return
        self.marks.kinds[self._row, self._column] = self._kind
        self.marks.last_row = max(self.marks.last_row, self._row)
        self.marks.last_column = max(self.marks.last_column, self._column)
        if self._column >= MOST_COLUMNS:
            place = cell_name(self._row, self._column)
            raise Unreadable(problem("sheet_wide", row_no=self._row, cell=place))
        if self._row > _MOST_ROWS_READ:
            raise Unreadable(problem("rows_many", count=self._row, limit=MOST_ROWS))

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        reference = attributes.get("r", "")
        if reference:
            self._row, self._column = _place(reference)
        else:
            self._column += 1
        self._kind = _KIND_OF_TYPE.get(attributes.get("t", "n"), CellKind.TEXT)
        self._written = False


def _scan(xml: bytes) -> _Marks:
    scanner = _Scanner()
    _parse(xml, start=scanner.start, end=scanner.end)
    return scanner.marks


def _true(value: str | None) -> bool:
    return value in ("1", "true")


def _place(reference: str) -> tuple[int, int]:
    """ "AB12" -> (12, 27); raises ValueError."""
    match = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d{1,7})", reference)
    if not match:
        raise ValueError(reference)
    column = 0
    for character in match.group(1):
        column = column * 26 + ord(character) - ord("A") + 1
    return int(match.group(2)), column - 1


def _range(reference: str) -> tuple[int, int, int, int]:
    first, _, last = reference.partition(":")
    top, left = _place(first)
    bottom, right = _place(last or first)
    return top, left, bottom, right


# ---------------------------------------------------------------- values


def _values(data: bytes, part: _Part, marks: _Marks) -> Sheet:
    grid = _grid(data, part.name)
    rows = []
    for number in range(1, marks.last_row + 1):
        values = grid[number - 1] if number <= len(grid) else []
        cells = tuple(
            _cell(values[position] if position < len(values) else "", marks.kinds.get((number, position)))
            for position in range(marks.last_column + 1)
        )
        rows.append(SheetRow(number, cells))
    return Sheet(
        name=part.name,
        rows=tuple(rows),
        merged=tuple(marks.merged),
        hidden_rows=frozenset(marks.hidden_rows),
        hidden_columns=frozenset(marks.hidden_columns),
    )


def _grid(data: bytes, name: str) -> list[list[Any]]:
    """All values of a sheet from its first cell on; a panic inside the reader (Rust) is a damaged file, not a crash."""
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(name)
        return list(sheet.to_python(skip_empty_area=False))
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(name) from error
        raise


def _cell(value: object, kind: CellKind | None) -> Cell:
    if kind is None:
        return Cell()
    text = _words(value)
    if kind is CellKind.TEXT and not text:
        return Cell()
    if kind is CellKind.NUMBER and isinstance(value, date | time | timedelta):
        kind = CellKind.DATE
    return Cell(text, kind)


def _words(value: object) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
        case date():
            return value.isoformat()
    return str(value)
