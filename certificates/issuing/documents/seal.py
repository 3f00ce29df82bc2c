"""The issuer's round seal as it stands in the signature field: red ring, star, name along the arc.

The characters are drawn as outlines, because the appearance of a signature field may not carry fonts of its own in a
tagged document. Proportions follow the habit of Chinese official seals: 40 mm across, star in the middle, the name from
lower left over the top to lower right, a line of words below the star.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin
from pathlib import Path
from typing import Any, Final

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

SIZE_MM: Final = 40.0
_RED: Final = "#c8161d"
_UNIT: Final = 100.0  # half the seal in drawing units
_SPREAD_MAX: Final = 250.0  # degrees of arc the name may take


def seal_svg(name: str, words: str, font: Path) -> str:
    """The seal of an issuer; `words` stand below the star (the use of the seal)."""
    parts = [
        f'<circle cx="0" cy="0" r="96" fill="none" stroke="{_RED}" stroke-width="5"/>',
        f'<path d="{_star(30)}" fill="{_RED}"/>',
        *_arc(name, font),
        *_line(words, font),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE_MM}mm" height="{SIZE_MM}mm" '
        f'viewBox="-{_UNIT:g} -{_UNIT:g} {2 * _UNIT:g} {2 * _UNIT:g}">{"".join(parts)}</svg>'
    )


def _star(radius: float) -> str:
    points = []
    for corner in range(10):
        distance = radius if corner % 2 == 0 else radius * 0.382
        angle = -pi / 2 + corner * pi / 5
        points.append(f"{distance * cos(angle):.2f} {distance * sin(angle):.2f}")
    return f"M{' L'.join(points)}Z"


def _arc(name: str, font: Path) -> list[str]:
    """Each character stands upright on the circle, its foot to the middle."""
    count = len(name)
    if not count:
        return []
    spread = min(_SPREAD_MAX, 19.0 * count)
    size = min(30.0, spread / count * 1.32)
    step = spread / max(count - 1, 1)
    parts = []
    for index, character in enumerate(name):
        degrees = (index - (count - 1) / 2) * step
        parts.append(f'<g transform="rotate({degrees:.2f}) translate(0 -76)">{_glyph(character, font, size)}</g>')
    return parts


def _line(words: str, font: Path) -> list[str]:
    size = 17.0 if len(words) <= 6 else 100.0 / len(words)
    start = -(len(words) - 1) * size * 1.06 / 2
    return [
        f'<g transform="translate({start + index * size * 1.06:.2f} 55)">{_glyph(character, font, size)}</g>'
        for index, character in enumerate(words)
    ]


def _glyph(character: str, font: Path, size: float) -> str:
    """The outline of a character, its middle at the origin."""
    outline, advance, units = _outline(character, font)
    scale = size / units
    return (
        f'<path transform="scale({scale:.5f} -{scale:.5f}) translate({-advance / 2:g} {-units * 0.38:g})" '
        f'd="{outline}" fill="{_RED}"/>'
    )


@lru_cache(maxsize=512)
def _outline(character: str, font: Path) -> tuple[str, float, float]:
    opened = _font(font)
    glyphs = opened.getGlyphSet()
    name = opened.getBestCmap().get(ord(character), ".notdef")
    pen = SVGPathPen(glyphs)
    glyphs[name].draw(pen)
    return pen.getCommands(), glyphs[name].width, opened["head"].unitsPerEm


@lru_cache(maxsize=2)
def _font(path: Path) -> Any:
    return TTFont(path, lazy=True)
