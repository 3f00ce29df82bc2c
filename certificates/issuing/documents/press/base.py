"""What thousands of certificates of one shape and issuer share, as bytes compressed once: frame, seal, colours, structure.

The logical structure follows the template's elements (ISO 32000-1, 14.7 and 14.8; ISO 14289-1, 7): each run of text is a
marked content of its own, in reading order; pictures carry their alternate text with each certificate.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pikepdf

from certificates.issuing.documents.press.faces import Unsure
from certificates.issuing.documents.press.objects import HEADER, File, number, references, stream
from certificates.issuing.documents.press.template import Variant
from exam.kernel.pdf_layout import Item, Layout, Node

CATALOG, PAGES, PAGE, INFO, METADATA, CONTENT, SIGNATURE, WIDGET, FORM, ROOT, PARENTS, DOCUMENT = range(1, 13)
PROFILE, FRAME, SEAL = range(13, 16)
PICTURES: Final = 16  # and as many after it as the page has pictures

_BEST: Final = 9
_OPAQUE: Final = re.compile(rb"/[aA]1(?:\.0)? gs\n")
_GRAPHICS_STATE: Final = re.compile(rb"/\S+ gs\b")


@dataclass(frozen=True)
class Figure:
    """A picture's element: its number, its parent's, its marked content."""

    element: int
    parent: int
    mark: int


@dataclass(frozen=True)
class Base:
    """The beginning of every such file, and what the rest of it must know."""

    file: File
    marks: dict[int, tuple[int, str]]  # of each run: its marked content, the tag around it
    figures: tuple[Figure, ...]
    fonts: dict[tuple[str, bool], int]  # the face of each font resource: its number there
    first_font: int  # object number: five for each font
    next_number: int
    ornaments: str  # page operators, where nothing has moved


@lru_cache(maxsize=128)
def base_of(variant: Variant, frame: bytes, seal: bytes) -> Base:
    """The shared part for a shape, a frame and a seal (one-page PDFs)."""
    layout = variant.layout
    file = File()
    file.write(HEADER)
    fonts = {key: place for place, key in enumerate(sorted({(t.family, t.bold) for t in _types(layout)}))}
    first_font = PICTURES + len(layout.pictures)
    counter = _Counter(first_font + 5 * len(fonts))
    file.add(PROFILE, stream("/N 3/Filter/FlateDecode", zlib.compress(_profile(), _BEST)))
    _put_form(file, FRAME, frame, counter)
    _put_form(file, SEAL, seal, counter)
    structure = _Structure(layout, counter)
    height, width = layout.height * 0.75, layout.width * 0.75
    fonts_text = "".join(f"/F{place} {first_font + 5 * place} 0 R" for place in fonts.values())
    images = "".join(f"/I{place} {PICTURES + place} 0 R" for place in range(len(layout.pictures)))
    objects = {
        PAGES: f"<</Type/Pages/Count 1/Kids[{PAGE} 0 R]>>",
        PAGE: f"<</Type/Page/Parent {PAGES} 0 R/MediaBox[0 0 {number(width)} {number(height)}]/Contents {CONTENT} 0 R"
        f"/Resources<</Font<<{fonts_text}>>/XObject<</Frame {FRAME} 0 R{images}>>>>"
        f"/Annots[{WIDGET} 0 R]/Tabs/S/StructParents 0>>",
        ROOT: f"<</Type/StructTreeRoot/K {DOCUMENT} 0 R/ParentTree {PARENTS} 0 R/ParentTreeNextKey 2>>",
        PARENTS: f"<</Nums[0 {references(structure.parents)} 1 {FORM} 0 R]>>",
        DOCUMENT: f"<</Type/StructElem/S/Document/P {ROOT} 0 R/K{references([*structure.top, FORM])}>>",
        **structure.elements,
    }
    file.add_packed(counter.take(), objects, _BEST)
    ornaments = "\n".join(ornament_operators(one.operators) for one in layout.ornaments)
    return Base(file, structure.marks, tuple(structure.figures), fonts, first_font, counter.take(), ornaments)


def ornament_operators(operators: str) -> str:
    """The operators of an ornament without graphics states that say nothing; raises `Unsure` for others."""
    plain = _OPAQUE.sub(b"", operators.encode() + b"\n")
    if _GRAPHICS_STATE.search(plain) or b" Do" in plain or b" sh" in plain:
        raise Unsure("transparency or shading in the template")
    return plain.decode().strip()


@dataclass
class _Counter:
    present: int

    def take(self) -> int:
        self.present += 1
        return self.present - 1


class _Structure:
    """Numbers the elements of the logical structure; elements of pictures are left to each certificate."""

    def __init__(self, layout: Layout, counter: _Counter) -> None:
        self.elements: dict[int, str] = {}
        self.parents: list[int] = []  # of each marked content: its element
        self.marks: dict[int, tuple[int, str]] = {}
        self.figures: list[Figure] = []
        self._counter = counter
        self._silent = {
            item.run
            for paragraph in layout.paragraphs
            for item in paragraph.items
            if item.type is None or not any(piece.field or piece.text.strip() for piece in item.pieces)
        }
        spoken = {item.run for item in _items(layout) if item.type is not None}
        self._silent |= {
            run for node in _nodes(layout.structure) for run in node.kids if isinstance(run, int) and run > 0
        } - spoken
        self.top = [made for node in layout.structure for made in self._node(node, DOCUMENT)]

    def _node(self, node: Node, parent: int) -> Iterator[int]:
        element = self._counter.take()
        if node.tag == "Figure":
            self.figures.append(Figure(element, parent, len(self.parents)))
            self.parents.append(element)
            yield element
            return
        kids: list[str] = []
        for kid in node.kids:
            if isinstance(kid, Node):
                kids += [f"{made} 0 R" for made in self._node(kid, element)]
            elif kid not in self._silent:
                self.marks[kid] = (len(self.parents), node.tag)
                kids.append(str(len(self.parents)))
                self.parents.append(element)
        attributes = _attributes(node)
        lang = f"/Lang({node.lang})" if node.lang else ""
        self.elements[element] = (
            f"<</Type/StructElem/S/{node.tag}/P {parent} 0 R/Pg {PAGE} 0 R/K[{' '.join(kids)}]{lang}{attributes}>>"
        )
        yield element


def _attributes(node: Node) -> str:
    if node.tag == "TH":
        scope = {"row": "Row", "col": "Column"}.get(node.scope, "Both")
        return f"/A<</O/Table/Scope/{scope}{_columns(node)}>>"
    return f"/A<</O/Table{_columns(node)}>>" if node.tag == "TD" and node.columns > 1 else ""


def _columns(node: Node) -> str:
    return f"/ColSpan {node.columns}" if node.columns > 1 else ""


def _nodes(nodes: Sequence[int | Node]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, Node):
            yield node
            yield from _nodes(node.kids)


def _items(layout: Layout) -> Iterator[Item]:
    return (item for paragraph in layout.paragraphs for item in paragraph.items)


def _types(layout: Layout) -> Iterator[Any]:
    return (item.type for item in _items(layout) if item.type is not None)


def _put_form(file: File, at: int, page: bytes, counter: _Counter) -> None:
    """Put a page in as a form (8.10), its inner forms with it, its streams compressed once."""
    with pikepdf.open(BytesIO(page)) as opened:
        _put(file, at, opened.pages[0].as_form_xobject(), counter, {})


def _put(file: File, at: int, form: pikepdf.Object, counter: _Counter, known: dict[tuple[int, int], int]) -> None:
    inner: list[str] = []
    resources: Any = form.get("/Resources") or pikepdf.Dictionary()
    for name, one in (resources.get("/XObject") or pikepdf.Dictionary()).items():
        if one.objgen not in known:
            known[one.objgen] = counter.take()
            _put(file, known[one.objgen], one, counter, known)
        inner.append(f"{name} {known[one.objgen]} 0 R")
    content = _OPAQUE.sub(b"", form.read_bytes())
    if _GRAPHICS_STATE.search(content) or len(resources.get("/Font") or ()):
        raise Unsure("transparency or fonts in the frame or the seal")
    box = " ".join(number(float(edge)) for edge in form.BBox)
    used = f"/Resources<</XObject<<{''.join(inner)}>>>>" if inner else "/Resources<<>>"
    entries = f"/Type/XObject/Subtype/Form/BBox[{box}]{used}/Filter/FlateDecode"
    file.add(at, stream(entries, zlib.compress(content, _BEST)))


@lru_cache(maxsize=1)
def _profile() -> bytes:
    """The sRGB profile of the output intent, the one that WeasyPrint embeds."""
    found = find_spec("weasyprint")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "pdf" / "sRGB2014.icc").read_bytes()
