"""The certificate's frame and ground: guilloche lines as on banknotes, computed, drawn once, laid under every certificate.

Pure arithmetic to SVG in millimetres. The frame is a band of interlaced waves with rosettes in its corners, the ground
a large pale rosette; both are hard to copy by hand and print well in black and white.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, pi, sin
from typing import Final

WIDTH_MM: Final = 297.0
HEIGHT_MM: Final = 210.0
_INK: Final = "#0b5351"
_GOLD: Final = "#b08d3c"
_PALE: Final = "#dfeae8"
_MARGIN: Final = 13.0
_WAVES: Final = 6
_STEP: Final = 0.7

Point = tuple[float, float]


def frame_svg() -> str:
    """The whole sheet as one SVG document."""
    parts = [*_ground(), *_band(), *_corners(), *_rules()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{HEIGHT_MM}mm" '
        f'viewBox="0 0 {WIDTH_MM} {HEIGHT_MM}" fill="none">{"".join(parts)}</svg>'
    )


def _ground() -> Iterator[str]:
    """A pale rosette in the middle of the sheet: rings of petals, each ring turned against the next."""
    centre = (WIDTH_MM / 2, HEIGHT_MM / 2 + 6)
    for ring in range(9):
        radius, depth = 30.0 + 5.2 * ring, 7.5 + 0.9 * ring
        points = [
            _polar(centre, radius + depth * sin(18 * angle + ring * pi / 9) * cos(6 * angle), angle)
            for angle in _turn(720)
        ]
        yield _path(points, _PALE, 0.13, closed=True)


def _band() -> Iterator[str]:
    """Interlaced sine waves along the four sides, in whole periods so that they meet in the corners."""
    for wave in range(_WAVES):
        phase = 2 * pi * wave / _WAVES
        colour = _GOLD if wave % 3 == 2 else _INK
        for horizontal in (True, False):
            length = (WIDTH_MM if horizontal else HEIGHT_MM) - 2 * _MARGIN
            periods = round(length / 9.0)
            for near in (True, False):
                yield _path(_side(horizontal, near, length, periods, phase), colour, 0.16)


def _side(horizontal: bool, near: bool, length: float, periods: int, phase: float) -> list[Point]:
    count = int(length / _STEP)
    points: list[Point] = []
    for index in range(count + 1):
        along = length * index / count
        turn = 2 * pi * periods * along / length
        across = 2.6 * sin(turn + phase) + 0.9 * sin(3 * turn - phase)
        if horizontal:
            points.append((_MARGIN + along, (_MARGIN if near else HEIGHT_MM - _MARGIN) + across))
        else:
            points.append(((_MARGIN if near else WIDTH_MM - _MARGIN) + across, _MARGIN + along))
    return points


def _corners() -> Iterator[str]:
    for x in (_MARGIN, WIDTH_MM - _MARGIN):
        for y in (_MARGIN, HEIGHT_MM - _MARGIN):
            yield f'<circle cx="{x}" cy="{y}" r="7.4" fill="#fff" stroke="{_GOLD}" stroke-width="0.25"/>'
            for ring in range(4):
                points = [_polar((x, y), 3.4 + 2.6 * sin(8 * angle + ring * pi / 4), angle) for angle in _turn(360)]
                yield _path(points, _INK if ring % 2 else _GOLD, 0.14, closed=True)


def _rules() -> Iterator[str]:
    for inset, width, colour in ((7.6, 0.5, _INK), (8.6, 0.18, _GOLD), (18.6, 0.18, _GOLD), (19.4, 0.35, _INK)):
        yield (
            f'<rect x="{inset}" y="{inset}" width="{WIDTH_MM - 2 * inset:g}" height="{HEIGHT_MM - 2 * inset:g}" '
            f'stroke="{colour}" stroke-width="{width}"/>'
        )


def _turn(steps: int) -> Iterator[float]:
    return (2 * pi * step / steps for step in range(steps))


def _polar(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * cos(angle), centre[1] + radius * sin(angle)


def _path(points: list[Point], colour: str, width: float, *, closed: bool = False) -> str:
    steps = " ".join(f"{x:.2f} {y:.2f}" for x, y in points)
    return f'<path d="M{steps}{"Z" if closed else ""}" stroke="{colour}" stroke-width="{width}"/>'
