"""Records how WeasyPrint laid a marked page out, so that it can be laid out again without it; runs in the drawing child.

The marks are taken out of the boxes before the layout and their values put in, so that what is measured is the page as
it will be. What the record cannot express (a float, a justified line, a box that shrinks around a field) is refused by
name: such a page is drawn by WeasyPrint each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder

from exam.kernel.pdf_layout import (
    END,
    START,
    Flow,
    Fragment,
    Item,
    Layout,
    Node,
    Ornament,
    Paragraph,
    Picture,
    Type,
    pieces_of,
)

_FAMILIES: Final = ("Kaowu Serif", "Kaowu Sans")
_BOLD_WEIGHT: Final = 600
_NEAR: Final = 1.5  # pixels between an ornament and the edge it belongs to
_SAME: Final = 0.02
_ARTIFACT: Final = re.compile(r"/Artifact\s+BMC\n(.*?)\nEMC", re.DOTALL)
_NUMBER: Final = r"-?\d*\.?\d+"
_POINT: Final = re.compile(rf"({_NUMBER}) ({_NUMBER}) (?:m|l)\b")
_RECTANGLE: Final = re.compile(rf"({_NUMBER}) ({_NUMBER}) ({_NUMBER}) ({_NUMBER}) re\b")
_TAGS: Final = {
    "div": "Div",
    "main": "Part",
    "article": "Art",
    "section": "Sect",
    "blockquote": "BlockQuote",
    "p": "P",
    "span": "Span",
    "table": "Table",
    "thead": "THead",
    "tbody": "TBody",
    "tfoot": "TFoot",
    "tr": "TR",
    "th": "TH",
    "td": "TD",
    "img": "Figure",
    **{f"h{level}": f"H{level}" for level in range(1, 7)},
}
_PLAIN: Final = {
    "text_transform": "none",
    "float": "none",
    "opacity": 1,
    "transform": (),
    "direction": "ltr",
    "text_decoration_line": "none",
    "word_spacing": 0,
}


class Recorder:
    """Watches one page from its boxes to its lines."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._items: dict[int, list[Item]] = {}
        self._fields: set[int] = set()
        self._runs = 0
        self._pictures: dict[int, int] = {}
        self._found: list[Picture] = []
        self._paragraphs: list[Paragraph] = []
        self._flows: list[Flow] = []
        self._edges: list[tuple[float, float, float, float, int]] = []
        self._rows: list[tuple[float, float, int]] = []
        self._structure: tuple[Node, ...] = ()
        self._refused: list[str] = []

    # ------------------------------------------------------------ before the layout

    def prepare(self, root: Any) -> Any:
        """Take the marks out of the boxes and note the runs and the structure."""
        self._structure = tuple(node for node in self._nodes(root, None) if isinstance(node, Node))
        for box in _all(root):
            for name, wanted in _PLAIN.items():
                value = box.style[name]
                if value != wanted and value not in (set(), frozenset(), ()):
                    self._refuse(f"{name}: {value}", box)
            if isinstance(box, (boxes.FlexContainerBox, boxes.GridContainerBox)):
                self._refuse("display", box)
        return root

    def _nodes(self, box: Any, parent: Any) -> Iterator[int | Node]:
        """The structure below a box; boxes without an element of their own add nothing."""
        if isinstance(box, boxes.TextBox):
            yield self._run(box)
            return
        if isinstance(box, boxes.ReplacedBox):
            number = len(self._pictures)
            box.record_picture = number
            self._pictures[number] = number
            yield Node(tag="Figure", lang="", kids=(-1 - number,))
            return
        if isinstance(box, boxes.BlockContainerBox) and any(isinstance(one, boxes.LineBox) for one in box.children):
            box.record_paragraph = len(self._items)
            self._items[box.record_paragraph] = []
        if isinstance(box, boxes.InlineBox):
            self._gap(box, "left")
        kids = [kid for child in getattr(box, "children", ()) for kid in self._nodes(child, box)]
        if isinstance(box, boxes.InlineBox):
            self._gap(box, "right")
        tag = _TAGS.get(box.element_tag or "") if parent is None or box.element is not parent.element else None
        lang = box.element.get("lang", "") if tag and box.element is not None else ""
        if tag and (kids or tag in ("TD", "TH")):
            columns = getattr(box, "colspan", 1) if tag in ("TD", "TH") else 1
            yield Node(tag=tag, lang=lang, kids=tuple(kids), columns=columns, scope=box.element.get("scope", ""))
        else:
            yield from kids

    def _run(self, box: Any) -> int:
        """Number a run, note its pieces, put the values where the marks were."""
        self._runs += 1
        box.record_run = number = self._runs
        pieces = pieces_of(box.text)
        box.text = "".join(self._values[piece.text] if piece.field else piece.text for piece in pieces)
        items = self._items[max(self._items)]
        if box.text == "\n":
            items.append(Item(breaks=True))
            return number
        if any(piece.field for piece in pieces):
            self._fields.add(max(self._items))
        items.append(Item(run=number, pieces=pieces, type=self._type(box)))
        return number

    def _type(self, box: Any) -> Type:
        style = box.style
        family = style["font_family"][0]
        if family not in _FAMILIES or style["font_style"] != "normal":
            self._refuse(f"font: {family} {style['font_style']}", box)
        if style["vertical_align"] not in ("baseline", 0) and not isinstance(box, boxes.TableCellBox):
            self._refuse(f"vertical-align: {style['vertical_align']}", box)
        colour = style["color"]
        if colour.alpha != 1:
            self._refuse("colour", box)
        spacing = style["letter_spacing"]
        return Type(
            family=family,
            bold=style["font_weight"] >= _BOLD_WEIGHT,
            size=style["font_size"],
            spacing=0.0 if spacing == "normal" else spacing,
            colour=tuple(round(one, 6) for one in colour.to("srgb").coordinates),
        )

    def _gap(self, box: Any, side: str) -> None:
        parts = [
            box.style[f"{name}_{side}{'_width' if name == 'border' else ''}"]
            for name in ("margin", "border", "padding")
        ]
        width = sum(part if isinstance(part, (int, float)) else part.value for part in parts if part != "auto")
        if width:
            self._items[max(self._items)].append(Item(gap=float(width), closes=side == "right"))

    # ------------------------------------------------------------ after the layout

    def record(self, document: Any, content: str, meta: Mapping[str, str]) -> Layout:
        """What became of it; `content` is the page's own PDF operators."""
        if len(document.pages) != 1:
            self._refused.append(f"pages: {len(document.pages)}")
        page = document.pages[0]._page_box
        for child in page.children:
            self._flow(child, -1, None, cell=False)
        return Layout(
            width=page.width,
            height=page.height,
            lang=meta["lang"],
            title=pieces_of(meta["title"]),
            author=pieces_of(meta["author"]),
            subject=pieces_of(meta["subject"]),
            paragraphs=tuple(self._paragraphs),
            pictures=tuple(self._found),
            ornaments=tuple(self._ornament(one) for one in _ARTIFACT.findall(content)),
            flows=tuple(self._flows),
            structure=self._structure,
            refusals=tuple(dict.fromkeys(self._refused)),
        )

    def _flow(self, box: Any, parent: int, shrinks: Any, *, cell: bool) -> None:
        loose = isinstance(box, AbsolutePlaceholder)
        if loose:
            box = box._box
        if isinstance(box, (boxes.LineBox, boxes.TextBox, boxes.InlineBox)):
            return
        if isinstance(box, boxes.ReplacedBox):
            self._picture(box, parent)
            return
        inside = isinstance(box, boxes.TableCellBox)
        row = isinstance(box, boxes.TableRowBox)
        number = len(self._flows)
        fixed = box.style["height"] != "auto" and not row
        kind = "row" if row else "fixed" if fixed else "stack"
        if loose and box.style["width"] == "auto" and "auto" in (box.style["left"], box.style["right"]):
            shrinks = box
        paragraph = -1
        self._flows.append(Flow(kind=kind, parent=parent, loose=loose))
        if row:
            self._rows.append((box.position_y, box.position_y + box.height, number))
        elif not isinstance(box, (boxes.TableBox, boxes.TableRowGroupBox)):
            self._edges.append((*_border_box(box), number))
        lines = [child for child in getattr(box, "children", ()) if isinstance(child, boxes.LineBox)]
        if lines and hasattr(box, "record_paragraph"):
            paragraph = len(self._paragraphs)
            self._paragraphs.append(self._paragraph(box, lines, cell or inside))
            if shrinks is not None and box.record_paragraph in self._fields:
                self._refuse("a box that shrinks around a field", box)
        bottom = _content_bottom(box, lines) if inside else 0.0
        self._flows[number] = Flow(kind=kind, parent=parent, loose=loose, paragraph=paragraph, bottom=bottom)
        for child in getattr(box, "children", ()):
            self._flow(child, number, shrinks, cell=cell or inside)

    def _paragraph(self, box: Any, lines: list[Any], cell: bool) -> Paragraph:
        style = box.style
        align = {"start": "left", "end": "right"}.get(style["text_align_all"], style["text_align_all"])
        if align not in ("left", "center", "right"):
            self._refuse(f"text-align: {align}", box)
        if style["white_space"] not in ("normal", "nowrap"):
            self._refuse(f"white-space: {style['white_space']}", box)
        heights = {round(line.height, 2) for line in lines}
        if len(heights) != 1:
            self._refuse("lines of different height", box)
        found = tuple(tuple(_fragments(line)) for line in lines)
        indent = style["text_indent"]
        first = lines[0]
        return Paragraph(
            x=box.content_box_x(),
            width=box.width,
            indent=indent.value / 100 * box.width if indent.unit == "%" else indent.value,
            align=align,
            wraps=style["white_space"] == "normal",
            top=first.position_y,
            line_height=first.height,
            baseline=next((one.baseline for line in found for one in line), first.position_y + first.baseline),
            items=tuple(self._items[box.record_paragraph]),
            lines=found,
            cell=cell,
        )

    def _picture(self, box: Any, parent: int) -> None:
        self._found.append(
            Picture(
                source=box.element.get("src", ""),
                alt=pieces_of(box.element.get("alt", "")),
                box=(box.content_box_x(), box.content_box_y(), box.width, box.height),
                fit=box.style["object_fit"],
                flow=len(self._flows),
            )
        )
        if self._found[-1].source == "" or box.record_picture != len(self._found) - 1:
            self._refuse("order of pictures", box)
        loose = not box.is_in_normal_flow()
        self._flows.append(Flow(kind="fixed", parent=parent, loose=loose))
        self._edges.append((*_border_box(box), len(self._flows) - 1))

    def _ornament(self, operators: str) -> Ornament:
        """What it hangs on: the edge of a row, or the smallest box around it."""
        points = [(float(x), float(y)) for x, y in _POINT.findall(operators)]
        for x, y, width, height in (
            (float(a), float(b), float(c), float(d)) for a, b, c, d in _RECTANGLE.findall(operators)
        ):
            points += [(x, y), (x + width, y + height)]
        if not points:
            self._refused.append("an ornament without a place")
            return Ornament(operators, 0, START)
        left, right = min(x for x, _ in points), max(x for x, _ in points)
        top, bottom = min(y for _, y in points), max(y for _, y in points)
        if bottom - top < _NEAR:
            for row_top, row_bottom, flow in self._rows:
                if abs(row_bottom - bottom) < _NEAR:
                    return Ornament(operators, flow, END)
                if abs(row_top - top) < _NEAR:
                    return Ornament(operators, flow, START)
        around = [
            ((x2 - x1) * (y2 - y1), flow)
            for x1, y1, x2, y2, flow in self._edges
            if x1 - _NEAR <= left and right <= x2 + _NEAR and y1 - _NEAR <= top and bottom <= y2 + _NEAR
        ]
        if not around:
            self._refused.append("an ornament that belongs to nothing")
            return Ornament(operators, 0, START)
        return Ornament(operators, min(around)[1], START)

    def _refuse(self, what: str, box: Any) -> None:
        self._refused.append(f"<{box.element_tag}> {what}")


def _all(box: Any) -> Iterator[Any]:
    yield box
    for child in getattr(box, "children", ()):
        yield from _all(child)


def _border_box(box: Any) -> tuple[float, float, float, float]:
    x, y = box.border_box_x(), box.border_box_y()
    return x, y, x + box.border_width(), y + box.border_height()


def _content_bottom(box: Any, lines: list[Any]) -> float:
    """Where a cell's content ends with its padding, before its row stretched it."""
    ends = [line.position_y + line.height for line in lines]
    ends += [
        child.position_y + child.margin_height()
        for child in box.children
        if not isinstance(child, (boxes.LineBox, AbsolutePlaceholder))
    ]
    padding = box.style["padding_bottom"]
    return float(max(ends, default=box.position_y) + padding.value)


def _fragments(line: Any) -> Iterator[Fragment]:
    for box in _all(line):
        if isinstance(box, boxes.TextBox) and hasattr(box, "record_run"):
            yield Fragment(box.record_run, box.text, box.position_x, box.position_y + box.baseline, box.width)
