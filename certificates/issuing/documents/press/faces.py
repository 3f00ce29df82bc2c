"""The fonts of the press: measured, and cut down to the glyphs of one certificate with HarfBuzz.

Our fonts carry no shaping tables (`exam.kernel.fonts`): a character is one glyph of one width, which holds for Han, Latin
and their punctuation and for nothing that joins, stacks or runs from right to left. `Unsure` names what does.
"""

from __future__ import annotations

import hashlib
import struct
import threading
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import uharfbuzz as hb

from exam.kernel import fonts

_DROPPED: Final = tuple(
    int.from_bytes(tag, "big") for tag in (b"cmap", b"name", b"post", b"OS/2", b"gasp", b"vhea", b"vmtx")
)
_PANGO: Final = 1024
_ZLIB: Final = 4
_BATCH: Final = 100  # entries of one bfchar section (Adobe technical note 5411)


class Unsure(Exception):
    """The press does not know how this would be laid out; WeasyPrint draws it. The text names what and why."""


@dataclass
class Face:
    """One font. Advances are in thousandths of its size."""

    name: str
    glyphs: Glyphs
    advances: Advances
    prepared: Any = field(repr=False)
    ascent: int
    descent: int
    box: tuple[int, int, int, int]

    _sizes: dict[float, Scaled] = field(default_factory=dict, repr=False)

    def at(self, size: float) -> Scaled:
        """The advances in pixels at a size in pixels; asking for a character raises `Unsure`."""
        found = self._sizes.get(size)
        if found is None:
            found = self._sizes[size] = Scaled(self.advances, size)
        return found


class Glyphs(dict[str, int]):
    """Characters to glyphs, asked once each."""

    def __init__(self, name: str, font: Any) -> None:
        super().__init__()
        self._name, self._font = name, font

    def __missing__(self, character: str) -> int:
        glyph = self._font.get_nominal_glyph(ord(character))
        if not glyph:
            raise Unsure(f"no glyph: {self._name} U+{ord(character):04X}")
        if _joins(character):
            raise Unsure(f"shaping: U+{ord(character):04X}")
        self[character] = glyph
        return int(glyph)


class Advances(dict[str, int]):
    """Characters to advances, asked once each."""

    def __init__(self, glyphs: Glyphs, font: Any) -> None:
        super().__init__()
        self._glyphs, self._font = glyphs, font

    def __missing__(self, character: str) -> int:
        advance = self[character] = int(self._font.get_glyph_h_advance(self._glyphs[character]))
        return advance


class Scaled(dict[str, float]):
    """Advances as Pango measures them: the size cut and each advance rounded to a 1024th of a pixel."""

    def __init__(self, advances: Advances, size: float) -> None:
        super().__init__()
        self._advances, self._units = advances, int(size * _PANGO)

    def __missing__(self, character: str) -> float:
        advance = (self._advances[character] * self._units + 500) // 1000 / _PANGO
        self[character] = advance
        return advance


def _joins(character: str) -> bool:
    """Whether a character is set together with its neighbours, or against the direction of the line."""
    category = unicodedata.category(character)
    return (
        category[0] in "MC"
        or unicodedata.bidirectional(character) in ("R", "AL", "AN")
        or unicodedata.combining(character) != 0
    )


@dataclass(frozen=True)
class Subset:
    """A font cut down for one certificate: its objects' bytes, and the code of each character in hexadecimal."""

    codes: Mapping[str, str]
    tag: str
    program: bytes
    length: int
    widths: str
    to_unicode: bytes


def faces(home: Path) -> dict[tuple[str, bool], Face]:
    """The faces by family and boldness, opened by the first thread that asks; homes that share fonts share them."""
    with _lock:
        return _faces(folder_of(home))


def folder_of(home: Path) -> Path:
    """Where the fonts of an installation lie."""
    return fonts.prepare(home).serif.parent.resolve()


_lock = threading.Lock()


@lru_cache(maxsize=2)
def _faces(folder: Path) -> dict[tuple[str, bool], Face]:
    known = fonts.prepare(folder.parent)
    paths = {
        ("Kaowu Serif", False): known.serif,
        ("Kaowu Serif", True): known.serif_bold,
        ("Kaowu Sans", False): known.sans,
        ("Kaowu Sans", True): known.sans_bold,
    }
    return {key: _open(path) for key, path in paths.items()}


def _open(path: Path) -> Face:
    face = hb.Face(hb.Blob.from_file_path(str(path)))
    if face.upem != 1000:
        raise ValueError(f"{path.name}: {face.upem} units")
    font = hb.Font(face)
    name = path.stem.rpartition("-")[0]
    glyphs = Glyphs(name, font)
    extents = font.get_font_extents("ltr")
    box = struct.unpack(">4h", face.reference_table("head").data[36:44])
    return Face(
        name=name,
        glyphs=glyphs,
        advances=Advances(glyphs, font),
        prepared=hb.subset_preprocess(face),
        ascent=extents.ascender,
        descent=extents.descender,
        box=box,
    )


def subset(face: Face, characters: Iterable[str]) -> Subset:
    """Cut a font down to these characters; the same characters give the same bytes."""
    ordered = sorted((face.glyphs[character], character) for character in set(characters))
    glyphs = [glyph for glyph, _ in ordered]
    if len(set(glyphs)) != len(glyphs):
        raise Unsure("two characters of one glyph")
    wanted = hb.SubsetInput()
    wanted.sets(hb.SubsetInputSets.GLYPH_INDEX).update(glyphs)
    wanted.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(_DROPPED)
    cut = hb.subset(face.prepared, wanted)
    if cut.glyph_count != len(glyphs) + 1:
        raise Unsure("a glyph that needs others")
    program = cut.blob.data
    signs = [character for _, character in ordered]
    codes = {character: f"{place:04x}" for place, character in enumerate(signs, start=1)}
    digest = hashlib.sha256("".join(signs).encode()).digest()
    return Subset(
        codes=codes,
        tag="".join(chr(65 + byte % 26) for byte in digest[:6]),
        program=zlib.compress(program, _ZLIB),
        length=len(program),
        widths=f"[1[{' '.join(str(face.advances[one]) for one in signs)}]]",
        to_unicode=zlib.compress(_to_unicode(signs), _ZLIB),
    )


def _to_unicode(signs: Sequence[str]) -> bytes:
    """ISO 32000-1 9.10.3: what each code means."""
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo <</Registry (Adobe)/Ordering (UCS)/Supplement 0>> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <ffff> endcodespacerange",
    ]
    for start in range(0, len(signs), _BATCH):
        part = signs[start : start + _BATCH]
        lines.append(f"{len(part)} beginbfchar")
        lines += [
            f"<{start + place:04x}> <{sign.encode('utf-16-be').hex()}>" for place, sign in enumerate(part, start=1)
        ]
        lines.append("endbfchar")
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines).encode()
