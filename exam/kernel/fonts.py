"""The fonts of printed documents: Noto Serif SC and Noto Sans SC (SIL OFL 1.1), turned into TrueType once at set-up.

Cubic outlines cost several times as much to subset and to store in each PDF as quadratic ones, and most of the
package's tables (vertical setting, layout features) are never used by our pages. A bold face is not in the package;
it is made by emboldening the regular outlines. The files are kept in ``<home>/fonts`` under names of our own, because
the OFL keeps the original names for unmodified fonts. `prepare` may be called at any time, by any number of processes.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import pylopdf_fonts_zh_cn
import uharfbuzz
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

_EDITION: Final = "1"
"""Part of the file names: a changed conversion makes new files instead of trusting old ones."""

_TOLERANCE_UNITS: Final = 1.0
_BOLD_EM: Final = 0.026  # added to every stroke
_TRUETYPE: Final = "\000\001\000\000"
_DROPPED: Final = ("CFF ", "VORG", "DSIG", "BASE", "vhea", "vmtx", "GSUB", "GPOS", "GDEF")
_FAMILY, _STYLE, _UNIQUE, _FULL, _POSTSCRIPT = 1, 2, 3, 4, 6  # name ids, OpenType "name" table


@dataclass(frozen=True)
class Face:
    """One font file to make."""

    family: str
    bold: bool
    source: Path
    path: Path


@dataclass(frozen=True)
class Fonts:
    """The prepared files: families "Kaowu Serif" and "Kaowu Sans", each regular and bold."""

    serif: Path
    sans: Path
    serif_bold: Path
    sans_bold: Path


def prepare(home: Path) -> Fonts:
    """Make the font files that are not there yet (about half a minute the first time) and say where they are."""
    folder = home / "fonts"
    faces = [
        Face(family, bold, source, folder / f"{family.replace(' ', '')}-{'Bold' if bold else 'Regular'}-{_EDITION}.ttf")
        for bold in (False, True)
        for family, source in (
            ("Kaowu Serif", pylopdf_fonts_zh_cn.serif_path()),
            ("Kaowu Sans", pylopdf_fonts_zh_cn.sans_path()),
        )
    ]
    missing = [face for face in faces if not face.path.exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
            list(pool.map(convert, missing))
    return Fonts(*(face.path for face in faces))


def convert(face: Face) -> None:
    """Write one face as a static TrueType font, whole or not at all."""
    font = TTFont(face.source)
    glyphs = _quadratic(face, font.getGlyphOrder())
    for tag in _DROPPED:
        if tag in font:
            del font[tag]
    font["loca"] = newTable("loca")
    font["glyf"] = newTable("glyf")
    font["glyf"].glyphOrder = font.getGlyphOrder()
    font["glyf"].glyphs = glyphs
    font.sfntVersion = _TRUETYPE
    font["head"].glyphDataFormat = 0
    font["post"].formatType = 3.0
    _set_maxp(font["maxp"])
    _set_bearings(font)
    _set_names(font, face)
    _save(font, face.path)


def _quadratic(face: Face, order: list[str]) -> dict[str, Any]:
    source = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(face.source))))
    if face.bold:
        source.synthetic_bold = (_BOLD_EM, _BOLD_EM, True)
    glyphs: dict[str, Any] = {}
    for index, name in enumerate(order):
        pen = TTGlyphPen(None)
        source.draw_glyph_with_pen(index, Cu2QuPen(pen, _TOLERANCE_UNITS, reverse_direction=True))
        glyphs[name] = pen.glyph()
    return glyphs


def _set_maxp(table: Any) -> None:
    table.tableVersion = 0x00010000
    table.maxZones = 1
    for name in (
        "maxTwilightPoints",
        "maxStorage",
        "maxFunctionDefs",
        "maxInstructionDefs",
        "maxStackElements",
        "maxSizeOfInstructions",
        "maxComponentElements",
    ):
        setattr(table, name, 0)


def _set_bearings(font: Any) -> None:
    """In TrueType the left side bearing is the outline's own edge."""
    glyf = font["glyf"]
    for name, (advance, _) in list(font["hmtx"].metrics.items()):
        glyph = glyf.glyphs[name]
        glyph.recalcBounds(glyf)
        font["hmtx"].metrics[name] = (advance, glyph.xMin)


def _set_names(font: Any, face: Face) -> None:
    style = "Bold" if face.bold else "Regular"
    full = f"{face.family} {style}"
    text = {
        _FAMILY: face.family,
        _STYLE: style,
        _UNIQUE: f"{full} {_EDITION}",
        _FULL: full,
        _POSTSCRIPT: full.replace(" ", ""),
    }
    kept = [record for record in font["name"].names if record.nameID in (0, 13, 14)]
    font["name"].names = kept
    for number, value in text.items():
        font["name"].setName(value, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 700 if face.bold else 400
    font["OS/2"].fsSelection = 0x20 if face.bold else 0x40
    font["head"].macStyle = 1 if face.bold else 0


def _save(font: Any, path: Path) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            font.save(file)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
