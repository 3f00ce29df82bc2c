"""The certificate's frame as the SVG that a page of HTML would have for a background: the same lines, each written out."""

from __future__ import annotations

import re
from functools import lru_cache
from math import cos, pi, sin
from typing import Final

from certificates.issuing.documents import guilloche as frame

_LINE: Final = re.compile(r"([\d.]+) ([\d.]+) ([\d.]+) RG ([\d.]+) w (.*) S")


@lru_cache(maxsize=1)
def frame_svg() -> str:
    """The whole sheet, about 200 KB."""
    parts = [
        _moved(part, frame.WIDTH_MM / 2, frame.HEIGHT_MM / 2 + 6, turn * pi / 3)
        for turn in range(6)
        for part in frame._ground()
    ]
    for horizontal in (True, False):
        length, across = (frame.WIDTH_MM, frame.HEIGHT_MM) if horizontal else (frame.HEIGHT_MM, frame.WIDTH_MM)
        count = frame._periods(horizontal)
        for edge in (frame._MARGIN, across - frame._MARGIN):
            for period in range(count):
                along = frame._MARGIN + (length - 2 * frame._MARGIN) * period / count
                x, y = (along, edge) if horizontal else (edge, along)
                parts += [_moved(part, x, y, 0) for part in frame._band(horizontal=horizontal)]
    for x in (frame._MARGIN, frame.WIDTH_MM - frame._MARGIN):
        for y in (frame._MARGIN, frame.HEIGHT_MM - frame._MARGIN):
            parts += [_moved(part, x, y, turn * pi / 4) for turn in range(8) for part in frame._corner()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{frame.WIDTH_MM}mm" height="{frame.HEIGHT_MM}mm" '
        f'viewBox="0 0 {frame.WIDTH_MM} {frame.HEIGHT_MM}" fill="none">{"".join(parts)}</svg>'
    )


def _moved(line: str, x: float, y: float, angle: float) -> str:
    found = _LINE.fullmatch(line)
    assert found is not None
    colour = ",".join(str(round(float(one) * 255)) for one in found.groups()[:3])
    points = [float(one) for one in re.findall(r"-?[\d.]+", found[5])]
    placed = " ".join(
        f"{x + px * cos(angle) - py * sin(angle):.2f} {y + px * sin(angle) + py * cos(angle):.2f}"
        for px, py in zip(points[::2], points[1::2], strict=True)
    )
    return f'<path d="M{placed}" stroke="rgb({colour})" stroke-width="{found[4]}"/>'
