"""Sets a compiled page with the values of one certificate: lines broken, what follows moved, what does not fit named.

The rules are those that WeasyPrint followed when the page was recorded: greedy lines, blocks that grow push what follows
them down, a table row is as high as its highest cell. Where the recorded page does not tell what would happen, the press
is `Unsure`. Lengths are in CSS pixels from the upper left corner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from certificates.issuing.documents.press.breaking import may_break
from certificates.issuing.documents.press.faces import Face, Unsure
from exam.kernel.pdf_layout import END, Item, Layout, Paragraph, Type

_SLACK: Final = 0.001  # a line may be so much wider than its column
_KNIFE_EDGE: Final = 0.002  # nearer to the end of the line than this, the press does not decide
_RISE, _DROP = 0.86, 0.14  # of the size: how far the ink of a line reaches from its base line
_TOUCH: Final = 1.0  # pixels that two inks may share

Rectangle = tuple[float, float, float, float]
Faces = Mapping[tuple[str, bool], Face]


@dataclass(frozen=True)
class Overflow(Exception):
    """A text that has no room: what it is, and what it would cover or leave."""

    text: str
    reason: str  # wide (longer than its line), page (leaves the page), covers (runs over something else)


@dataclass(frozen=True)
class Set:
    """A stretch of a run on one line."""

    run: int
    type: Type
    text: str
    x: float
    baseline: float
    width: float

    @property
    def ink(self) -> Rectangle:
        size = self.type.size
        return self.x, self.baseline - _RISE * size, self.x + self.width, self.baseline + _DROP * size


@dataclass
class Page:
    """Everything in its place. `shifts` tells how far each flow box moved down, `growths` how much it grew."""

    sets: list[Set] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)
    growths: list[float] = field(default_factory=list)
    wide: list[Set] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)  # the paragraph of each set

    @property
    def moved(self) -> bool:
        return any(self.shifts) or any(self.growths)

    def shift(self, flow: int, place: int) -> float:
        """How far something moves that hangs on a flow box."""
        return self.shifts[flow] + (self.growths[flow] if place == END else 0.0)


def set_page(layout: Layout, values: Mapping[str, str], faces: Faces) -> Page:
    """Set a page; raises `Unsure`. What is too wide is set as it is and noted."""
    page = Page()
    lines = [_lines(one, values, faces) if has_fields(one) else None for one in layout.paragraphs]
    _flow(
        layout,
        [len(one.lines if found is None else found) for one, found in zip(layout.paragraphs, lines, strict=True)],
        page,
    )
    of_flow = {flow.paragraph: number for number, flow in enumerate(layout.flows) if flow.paragraph >= 0}
    for number, (paragraph, found) in enumerate(zip(layout.paragraphs, lines, strict=True)):
        shift = page.shifts[of_flow[number]]
        if found is None:
            recorded = _recorded(paragraph, shift)
            page.sets += recorded
            page.owners += [number] * len(recorded)
            continue
        for place, line in enumerate(found):
            for one in _placed(paragraph, place, line, shift):
                page.sets.append(one)
                page.owners.append(number)
                if line.too_wide:
                    page.wide.append(one)
    return page


def recorded_page(layout: Layout) -> Page:
    """The page as it was recorded, every paragraph as it stands there."""
    page = Page(shifts=[0.0] * len(layout.flows), growths=[0.0] * len(layout.flows))
    for number, paragraph in enumerate(layout.paragraphs):
        found = _recorded(paragraph, 0.0)
        page.sets += found
        page.owners += [number] * len(found)
        edge = paragraph.x + paragraph.width + _TOUCH
        page.wide += [one for one in found if one.x + one.width > edge]
    return page


def has_fields(paragraph: Paragraph) -> bool:
    """Whether its words depend on the certificate; others stand as they were recorded."""
    return any(piece.field for item in paragraph.items for piece in item.pieces)


def _recorded(paragraph: Paragraph, shift: float) -> list[Set]:
    types = {item.run: item.type for item in paragraph.items if item.type is not None}
    return [
        Set(one.run, types[one.run], one.text, one.x, one.baseline + shift, one.width)
        for line in paragraph.lines
        for one in line
        if one.text.strip() and one.run in types
    ]


@dataclass
class _Line:
    """One line: stretches of runs with the gap before each, its width without hanging spaces."""

    parts: list[tuple[float, Item, str, float]]
    width: float
    too_wide: bool = False


def _lines(paragraph: Paragraph, values: Mapping[str, str], faces: Faces) -> list[_Line]:
    """Break a paragraph; most stand on one line and are only measured."""
    indent = paragraph.indent
    parts: list[tuple[float, Item, str, float]] = []
    at, gap, spaces = indent, 0.0, 0.0
    for item in paragraph.items:
        if item.breaks:
            return _broken(paragraph, values, faces)
        if item.type is None:
            gap += item.gap
            continue
        text = "".join([values[piece.text] if piece.field else piece.text for piece in item.pieces])
        if not text:
            continue
        width = _width(item.type, text, faces)
        parts.append((gap, item, text, width))
        at += gap + width
        gap = 0.0
        spaces = _width(item.type, " ", faces) if text[-1] == " " else 0.0
    ends = at - spaces
    if abs(ends - paragraph.width) < _KNIFE_EDGE:
        raise Unsure("a line that just fits")
    if ends + gap <= paragraph.width + _SLACK or not paragraph.wraps:
        if spaces:
            parts[-1] = (*parts[-1][:2], parts[-1][2].rstrip(" "), parts[-1][3] - spaces)
        return [_Line(parts, ends - indent + gap, ends > paragraph.width + _SLACK)]
    return _broken(paragraph, values, faces)


def _width(kind: Type, text: str, faces: Faces) -> float:
    return sum(map(faces[kind.family, kind.bold].at(kind.size).__getitem__, text)) + kind.spacing * len(text)


@dataclass
class _Sign:
    """A character of a paragraph that is broken by hand."""

    item: Item
    character: str
    width: float
    before: float = 0.0  # gap that opens here
    after: float = 0.0  # gap that closes here
    forced: bool = False  # the line ends after it


def _broken(paragraph: Paragraph, values: Mapping[str, str], faces: Faces) -> list[_Line]:
    """Greedy lines (css-text-3, 5): as much as fits up to a place where a line may end."""
    if any(item.gap for item in paragraph.items):
        raise Unsure("gaps in a paragraph of several lines")
    signs = _signs(paragraph, values, faces)
    lines: list[_Line] = []
    start, count = 0, len(signs)
    while start < count:
        end = _line_end(paragraph, signs, start, first=not lines)
        lines.append(_line(paragraph, signs[start:end], first=not lines))
        start = end
        while start < count and signs[start].character == " " and not signs[start - 1].forced:
            start += 1
    return lines


def _signs(paragraph: Paragraph, values: Mapping[str, str], faces: Faces) -> list[_Sign]:
    signs: list[_Sign] = []
    gap = 0.0
    for item in paragraph.items:
        if item.breaks and signs:
            signs[-1].forced = True
        elif item.type is None and item.closes and signs:
            signs[-1].after += item.gap
        elif item.type is None:
            gap += item.gap
        else:
            advances = faces[item.type.family, item.type.bold].at(item.type.size)
            text = "".join([values[piece.text] if piece.field else piece.text for piece in item.pieces])
            for character in text:
                width = advances[character] + item.type.spacing
                signs.append(_Sign(item, character, width, before=gap))
                gap = 0.0
    return signs


def _line_end(paragraph: Paragraph, signs: Sequence[_Sign], start: int, *, first: bool) -> int:
    at, chance = paragraph.indent if first else 0.0, 0
    for place in range(start, len(signs)):
        sign = signs[place]
        if place > start and not signs[place - 1].forced and may_break(signs[place - 1].character, sign.character):
            chance = place
        at += sign.before + sign.width
        ends = at + sign.after if place + 1 == len(signs) or sign.after == 0 else at
        if sign.character != " " and paragraph.wraps:
            if abs(ends - paragraph.width) < _KNIFE_EDGE and _may_end(signs, place):
                raise Unsure("a line that just fits")
            if ends > paragraph.width and chance > start:
                return chance
        at += sign.after
        if sign.forced:
            return place + 1
    return len(signs)


def _may_end(signs: Sequence[_Sign], place: int) -> bool:
    """Whether a line could end after this character."""
    if place + 1 == len(signs) or signs[place].forced or signs[place + 1].character == " ":
        return True
    return may_break(signs[place].character, signs[place + 1].character)


def _line(paragraph: Paragraph, signs: Sequence[_Sign], *, first: bool) -> _Line:
    """Gather the stretches of each run; spaces at the end hang."""
    shown = list(signs)
    while shown and shown[-1].character == " ":
        shown.pop()
    parts: list[tuple[float, Item, str, float]] = []
    total = gap = 0.0
    for sign in shown:
        if parts and parts[-1][1] is sign.item and not gap and not sign.before:
            before, item, text, width = parts[-1]
            parts[-1] = (before, item, text + sign.character, width + sign.width)
        else:
            parts.append((gap + sign.before, sign.item, sign.character, sign.width))
        total += sign.before + sign.width + sign.after
        gap = sign.after
    edge = (paragraph.indent if first else 0.0) + total
    return _Line(parts, total, edge > paragraph.width + _SLACK)


def _placed(paragraph: Paragraph, place: int, line: _Line, shift: float) -> list[Set]:
    indent = paragraph.indent if place == 0 else 0.0
    room = paragraph.width - indent - line.width
    x = paragraph.x + indent + {"left": 0.0, "center": room / 2, "right": room}[paragraph.align]
    baseline = paragraph.baseline + shift + place * paragraph.line_height
    placed: list[Set] = []
    for gap, item, text, width in line.parts:
        x += gap
        if item.type is not None and text.strip():
            placed.append(Set(item.run, item.type, text, x, baseline, width))
        x += width
    return placed


def _flow(layout: Layout, counts: Sequence[int], page: Page) -> None:
    """How much each box grows against the recorded page, and how far it moves (CSS 2.2, 10.6.3 and 17.5.3)."""
    flows, paragraphs = layout.flows, layout.paragraphs
    size = len(flows)
    page.growths, page.shifts = [0.0] * size, [0.0] * size
    if all(count == len(one.lines) for count, one in zip(counts, paragraphs, strict=True)):
        return
    children: list[list[int]] = [[] for _ in flows]
    for number, flow in enumerate(flows):
        if flow.parent >= 0 and not flow.loose:
            children[flow.parent].append(number)
    growths = page.growths
    for number in range(size - 1, -1, -1):
        flow = flows[number]
        if flow.paragraph >= 0:
            one = paragraphs[flow.paragraph]
            growths[number] = (counts[flow.paragraph] - len(one.lines)) * one.line_height
        elif flow.kind == "row":
            before = max((flows[cell].bottom for cell in children[number]), default=0.0)
            after = max((flows[cell].bottom + growths[cell] for cell in children[number]), default=0.0)
            growths[number] = after - before
        elif flow.kind == "stack":
            growths[number] = sum(growths[child] for child in children[number])
    for number, flow in enumerate(flows):
        if flow.parent < 0:
            continue
        page.shifts[number] += page.shifts[flow.parent]
        if growths[number] and not flow.loose and flows[flow.parent].kind not in ("row", "fixed"):
            siblings = children[flow.parent]
            for later in siblings[siblings.index(number) + 1 :]:
                page.shifts[later] += growths[number]


def overflows(layout: Layout, page: Page, inset: float) -> list[Overflow]:
    """What has no room on the page; empty when all is well. `inset` is the white edge that nothing may enter (pixels)."""
    found = [Overflow(one.text, "wide") for one in page.wide]
    inks = [one.ink for one in page.sets]
    pictures = [
        (x, y + page.shifts[one.flow], x + width, y + height + page.shifts[one.flow])
        for one in layout.pictures
        for x, y, width, height in (one.box,)
    ]
    for place, (one, ink) in enumerate(zip(page.sets, inks, strict=True)):
        if ink[0] < inset or ink[1] < inset or ink[2] > layout.width - inset or ink[3] > layout.height - inset:
            found.append(Overflow(one.text, "page"))
        owner = page.owners[place]
        others = (inks[other] for other in range(place) if page.owners[other] != owner)
        if any(_meet(ink, other) for other in others) or any(_meet(ink, picture) for picture in pictures):
            found.append(Overflow(one.text, "covers"))
    return found


def covered(page: Page, box: Rectangle) -> list[str]:
    """The texts on which something lies that is laid over the page: the seal (pixels from the upper left)."""
    return [one.text for one in page.sets if _meet(one.ink, box)]


def _meet(one: Rectangle, other: Rectangle) -> bool:
    return (
        one[0] + _TOUCH < other[2]
        and other[0] + _TOUCH < one[2]
        and one[1] + _TOUCH < other[3]
        and other[1] + _TOUCH < one[3]
    )
