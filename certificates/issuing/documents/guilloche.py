"""The certificate's frame and ground: guilloche lines as on banknotes, computed, drawn once, laid under every certificate.

Pure arithmetic to PDF operators in millimetres from the upper left corner. The frame is a band of interlaced waves with
rosettes in its corners, the ground a large pale rosette; both are hard to copy by hand and print well in black and white.
Each figure repeats itself, so that one part of it is kept (a form, ISO 32000-1, 8.10) and set again and again: the sheet
takes 8 KB instead of 90.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from math import cos, pi, sin
from typing import Final

import pikepdf

WIDTH_MM: Final = 297.0
HEIGHT_MM: Final = 210.0
_POINTS: Final = 72 / 25.4
_INK: Final = "#0b5351"
_GOLD: Final = "#b08d3c"
_PALE: Final = "#dfeae8"
_MARGIN: Final = 13.0
_WAVES: Final = 6
_STEPS: Final = 42  # of one period of a wave
_PERIOD_MM: Final = 9.0
_CORNER_MM: Final = 7.4
_CIRCLE: Final = 0.5522847498  # where the control points of a quarter of a circle stand

Point = tuple[float, float]


def frame_pdf() -> bytes:
    """The whole sheet as a document of one page; always the same bytes."""
    with pikepdf.new() as document:
        forms = {
            "Petal": _form(document, _ground(), 80),
            "Across": _form(document, _band(horizontal=True), 12),
            "Down": _form(document, _band(horizontal=False), 12),
            "Leaf": _form(document, _corner(), 8),
        }
        turns = "\n".join(_set("Leaf", 0, 0, turn * pi / 4) for turn in range(8))
        disc = f"{_circle(_CORNER_MM)} 1 1 1 rg {_colour(_GOLD)} RG .25 w B"
        corner = _form(document, [disc, turns], 8)
        corner.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Leaf=forms.pop("Leaf")))
        forms["Corner"] = corner
        page = document.add_blank_page(page_size=(WIDTH_MM * _POINTS, HEIGHT_MM * _POINTS))
        page.Contents = document.make_stream("\n".join(_sheet()).encode())
        names = pikepdf.Dictionary({f"/{name}": form for name, form in forms.items()})
        page.Resources = pikepdf.Dictionary(XObject=names)
        out = BytesIO()
        document.save(out, deterministic_id=True)
    return out.getvalue()


def _sheet() -> Iterator[str]:
    yield f"{_POINTS:.6f} 0 0 -{_POINTS:.6f} 0 {HEIGHT_MM * _POINTS:.4f} cm 1 J 1 j"
    for turn in range(6):
        yield _set("Petal", WIDTH_MM / 2, HEIGHT_MM / 2 + 6, turn * pi / 3)
    for horizontal in (True, False):
        length, across = (WIDTH_MM, HEIGHT_MM) if horizontal else (HEIGHT_MM, WIDTH_MM)
        count = _periods(horizontal)
        for edge in (_MARGIN, across - _MARGIN):
            for period in range(count):
                along = _MARGIN + (length - 2 * _MARGIN) * period / count
                x, y = (along, edge) if horizontal else (edge, along)
                yield _set("Across" if horizontal else "Down", x, y, 0)
    for x in (_MARGIN, WIDTH_MM - _MARGIN):
        for y in (_MARGIN, HEIGHT_MM - _MARGIN):
            yield _set("Corner", x, y, 0)
    for inset, width, colour in ((7.6, 0.5, _INK), (8.6, 0.18, _GOLD), (18.6, 0.18, _GOLD), (19.4, 0.35, _INK)):
        yield (
            f"{_colour(colour)} RG {width} w {inset} {inset} {WIDTH_MM - 2 * inset:g} {HEIGHT_MM - 2 * inset:g} re S"
        )


def _ground() -> Iterator[str]:
    """A sixth of a pale rosette: rings of petals, each ring turned against the next."""
    for ring in range(9):
        radius, depth = 30.0 + 5.2 * ring, 7.5 + 0.9 * ring
        points = [
            _polar(radius + depth * sin(18 * angle + ring * pi / 9) * cos(6 * angle), angle)
            for angle in _turn(120, pi / 3)
        ]
        yield _path(points, _PALE, 0.13)


def _band(*, horizontal: bool) -> Iterator[str]:
    """One period of the interlaced sine waves along a side; whole periods meet in the corners."""
    length = ((WIDTH_MM if horizontal else HEIGHT_MM) - 2 * _MARGIN) / _periods(horizontal)
    for wave in range(_WAVES):
        phase = 2 * pi * wave / _WAVES
        points = [
            (length * turn / (2 * pi), 2.6 * sin(turn + phase) + 0.9 * sin(3 * turn - phase))
            for turn in _turn(_STEPS, 2 * pi)
        ]
        yield _path(points if horizontal else [(y, x) for x, y in points], _GOLD if wave % 3 == 2 else _INK, 0.16)


def _periods(horizontal: bool) -> int:
    return round(((WIDTH_MM if horizontal else HEIGHT_MM) - 2 * _MARGIN) / _PERIOD_MM)


def _corner() -> Iterator[str]:
    """An eighth of a small rosette."""
    for ring in range(4):
        points = [_polar(3.4 + 2.6 * sin(8 * angle + ring * pi / 4), angle) for angle in _turn(45, pi / 4)]
        yield _path(points, _INK if ring % 2 else _GOLD, 0.14)


def _form(document: pikepdf.Pdf, parts: Sequence[str] | Iterator[str], reach: float) -> pikepdf.Stream:
    """A form around the origin that reaches so many millimetres to each side."""
    return pikepdf.Stream(
        document,
        "\n".join(parts).encode(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[-reach, -reach, reach, reach],
    )


def _set(name: str, x: float, y: float, angle: float) -> str:
    turn = " ".join(f"{one:.6f}" for one in (cos(angle), sin(angle), -sin(angle), cos(angle))) if angle else "1 0 0 1"
    return f"q {turn} {x:.3f} {y:.3f} cm /{name} Do Q"


def _turn(steps: int, whole: float) -> Iterator[float]:
    return (whole * step / steps for step in range(steps + 1))


def _polar(radius: float, angle: float) -> Point:
    return radius * cos(angle), radius * sin(angle)


def _path(points: Sequence[Point], colour: str, width: float) -> str:
    steps = " l ".join(f"{x:.2f} {y:.2f}" for x, y in points[1:])
    return f"{_colour(colour)} RG {width} w {points[0][0]:.2f} {points[0][1]:.2f} m {steps} l S"


def _circle(radius: float) -> str:
    far, near = radius, radius * _CIRCLE
    return (
        f"{far} 0 m {far} {near:.4f} {near:.4f} {far} 0 {far} c -{near:.4f} {far} -{far} {near:.4f} -{far} 0 c "
        f"-{far} -{near:.4f} -{near:.4f} -{far} 0 -{far} c {near:.4f} -{far} {far} -{near:.4f} {far} 0 c h"
    )


def _colour(code: str) -> str:
    return " ".join(f"{int(code[at : at + 2], 16) / 255:.4g}" for at in (1, 3, 5))
