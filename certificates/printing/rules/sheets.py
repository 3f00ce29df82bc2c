"""Where the page stands on the sheet: bleed, crop marks, and the printer's offset on pre-printed stock. Points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exam.kernel.errors import N_, Problem

POINTS_PER_MM: Final = 72 / 25.4
OFFSET_LIMIT_MM: Final = 20.0
BLEED_LIMIT_MM: Final = 5.0
MARK_MM: Final = 5.0
GAP_MM: Final = 2.0
INK: Final = "0 0 0 RG 0.25 w"

Line = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How one printer prints: found with the test sheet, kept as its profile."""

    dx_mm: float = 0.0  # to the right
    dy_mm: float = 0.0  # upwards
    bleed_mm: float = 0.0
    crop_marks: bool = False
    background: bool = True  # False: the frame is on the paper already


@dataclass(frozen=True)
class Place:
    """A sheet: its size, where the page's lower left corner stands on it, its trim box and the lines of the crop marks."""

    width: float
    height: float
    x: float
    y: float
    trim: tuple[float, float, float, float]
    marks: tuple[Line, ...]


def setting_problems(setting: Setting) -> list[Problem]:
    """What no printer can be asked for; empty when it can."""
    found = []
    for field, value in (("dx_mm", setting.dx_mm), ("dy_mm", setting.dy_mm)):
        if abs(value) > OFFSET_LIMIT_MM:
            found.append(
                Problem(
                    field=field,
                    code="offset",
                    message=N_("偏移不能超过 20 毫米。"),
                    way_out=N_("请重新测量测试页；偏得更多时请检查纸盒和纸张方向。"),
                )
            )
    if not 0 <= setting.bleed_mm <= BLEED_LIMIT_MM:
        found.append(
            Problem(
                field="bleed_mm",
                code="bleed",
                message=N_("出血须在 0 到 5 毫米之间。"),
                way_out=N_("印刷厂通常要求 3 毫米。"),
            )
        )
    return found


def place(page_width: float, page_height: float, setting: Setting) -> Place:
    """The sheet for a page of this size: as large as the page, and larger by bleed and marks where they are asked for."""
    bleed = setting.bleed_mm * POINTS_PER_MM
    margin = bleed + ((GAP_MM + MARK_MM) * POINTS_PER_MM if setting.crop_marks else 0)
    x, y = margin, margin
    trim = (x, y, x + page_width, y + page_height)
    marks = _marks(trim, bleed + GAP_MM * POINTS_PER_MM) if setting.crop_marks else ()
    return Place(
        width=page_width + 2 * margin,
        height=page_height + 2 * margin,
        x=x + setting.dx_mm * POINTS_PER_MM,
        y=y + setting.dy_mm * POINTS_PER_MM,
        trim=trim,
        marks=marks,
    )


def _marks(trim: tuple[float, float, float, float], gap: float) -> tuple[Line, ...]:
    """Two lines at each corner, outside of the bleed, that point at the edges of the trimmed sheet."""
    left, low, right, high = trim
    length = MARK_MM * POINTS_PER_MM
    across = [
        line
        for y in (low, high)
        for line in ((left - gap - length, y, left - gap, y), (right + gap, y, right + gap + length, y))
    ]
    upright = [
        line
        for x in (left, right)
        for line in ((x, low - gap - length, x, low - gap), (x, high + gap, x, high + gap + length))
    ]
    return (*across, *upright)
