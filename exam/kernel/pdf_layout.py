"""What is known of a page once it is laid out: its paragraphs with their runs, pictures, lines, flow and structure.

Plain data that the drawing child records (`exam.kernel.pdf_record`) and others lay out again with other words in its
fields. Lengths are in CSS pixels from the upper left corner, as WeasyPrint has them. A field stands in the page's HTML as
``MARK_OPEN name MARK_CLOSE``.
"""

from __future__ import annotations

from typing import Final

import msgspec

MARK_OPEN: Final = "\ue000"
MARK_CLOSE: Final = "\ue001"

START, END = 0, 1
"""Where an ornament hangs on its flow box."""


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text, or the name of the field that stands there."""

    text: str
    field: bool = False


class Type(msgspec.Struct, frozen=True):
    """How a run is set."""

    family: str
    bold: bool
    size: float
    spacing: float  # between characters
    colour: tuple[float, float, float]


class Item(msgspec.Struct, frozen=True):
    """A part of a paragraph in reading order: a run of text, a gap beside an inline box, or a forced line break."""

    run: int = -1  # of text: its number
    pieces: tuple[Piece, ...] = ()
    type: Type | None = None
    gap: float = 0.0
    closes: bool = False  # the gap belongs to what stands before it
    breaks: bool = False


class Fragment(msgspec.Struct, frozen=True):
    """What stands of a run on one line."""

    run: int
    text: str
    x: float
    baseline: float
    width: float


class Paragraph(msgspec.Struct, frozen=True):
    """Text in lines."""

    x: float
    width: float
    indent: float
    align: str  # left, center, right
    wraps: bool
    top: float
    line_height: float
    baseline: float  # of the first line
    items: tuple[Item, ...]
    lines: tuple[tuple[Fragment, ...], ...]
    cell: bool  # in a table cell, whose column a long word would widen


class Picture(msgspec.Struct, frozen=True):
    """An image: its place and how the source fills it (CSS object-fit)."""

    source: str
    alt: tuple[Piece, ...]
    box: tuple[float, float, float, float]  # x, y, width, height
    fit: str
    flow: int


class Ornament(msgspec.Struct, frozen=True):
    """What is drawn but not read: PDF operators, and the flow box that it moves with."""

    operators: str
    flow: int
    place: int  # START, END


class Flow(msgspec.Struct, frozen=True):
    """A box in the flow of the page: what grows in it moves what follows it."""

    kind: str  # stack, row, fixed (keeps its height, or stands on its own)
    parent: int
    loose: bool  # out of the flow: moves nothing beside it
    paragraph: int = -1
    bottom: float = 0.0  # of a cell: where its content ends


class Node(msgspec.Struct, frozen=True):
    """The logical structure; a kid is a run's number, or a picture's counted down from -1, or another node."""

    tag: str
    lang: str
    kids: tuple[int | Node, ...]
    columns: int = 1
    scope: str = ""


class Layout(msgspec.Struct, frozen=True):
    """One page."""

    width: float
    height: float
    lang: str
    title: tuple[Piece, ...]
    author: tuple[Piece, ...]
    subject: tuple[Piece, ...]
    paragraphs: tuple[Paragraph, ...]
    pictures: tuple[Picture, ...]
    ornaments: tuple[Ornament, ...]
    flows: tuple[Flow, ...]
    structure: tuple[Node, ...]
    refusals: tuple[str, ...]  # what nobody but WeasyPrint can lay out again


def pieces_of(text: str) -> tuple[Piece, ...]:
    """The pieces of a marked text."""
    found: list[Piece] = []
    for index, part in enumerate(text.split(MARK_OPEN)):
        name, mark, rest = part.partition(MARK_CLOSE)
        if index and mark:
            found.append(Piece(name, True))
            part = rest
        if part:
            found.append(Piece(part))
    return tuple(found)


def mark(name: str) -> str:
    """The mark of a field in the HTML."""
    return f"{MARK_OPEN}{name}{MARK_CLOSE}"
