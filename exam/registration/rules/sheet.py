"""A sheet as it was sent: rows and cells with what kind of thing each cell held, whatever the file format was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exam.kernel.errors import Problem


class CellKind(StrEnum):
    """What the file says a cell holds."""

    EMPTY = "empty"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its words as a reader would see them, and its kind."""

    text: str = ""
    kind: CellKind = CellKind.EMPTY

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it to read."""
        return self.kind is CellKind.EMPTY or (self.kind is CellKind.TEXT and not self.text.strip())


EMPTY = Cell()


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row, numbered as the spreadsheet numbers it."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def empty(self) -> bool:
        """Whether no cell holds anything."""
        return all(cell.empty for cell in self.cells)

    def cell(self, position: int) -> Cell:
        """The cell at a position from 0; empty beyond the end of the row."""
        return self.cells[position] if position < len(self.cells) else EMPTY


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The rows of one sheet, with what only a spreadsheet knows: merged ranges, hidden rows and columns."""

    name: str
    rows: tuple[SheetRow, ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()  # first row, first column, last row, last column; rows from 1
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()  # from 0


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the head stands and which column of the template is where."""

    head_row: int
    heads: tuple[str, ...]
    positions: Mapping[str, int] = field(hash=False)  # column key -> position


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came out of a file: a sheet, its layout, and what is wrong with the file as a whole."""

    sheet: Sheet | None
    layout: Layout | None
    problems: tuple[Problem, ...]


def letter(position: int) -> str:
    """The spreadsheet's name of a column position from 0: 0 -> A, 25 -> Z, 26 -> AA."""
    name = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def cell_name(row: int, position: int) -> str:
    """The spreadsheet's name of a cell; rows from 1, positions from 0."""
    return f"{letter(position)}{row}"
