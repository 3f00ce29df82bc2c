"""Where the page stands: untouched without a setting; offset moves it, bleed and marks widen the sheet around it."""

from __future__ import annotations

import pytest

from certificates.printing.rules.sheets import POINTS_PER_MM, Setting, place, setting_problems

A4 = (841.89, 595.28)


def test_nothing_asked_nothing_moved() -> None:
    spot = place(*A4, Setting())
    assert (spot.width, spot.height, spot.x, spot.y, spot.marks) == (*A4, 0, 0, ())
    assert spot.trim == (0, 0, *A4)


def test_an_offset_moves_the_page_and_not_the_trim() -> None:
    spot = place(*A4, Setting(dx_mm=1, dy_mm=-2))
    assert (spot.x, spot.y) == pytest.approx((POINTS_PER_MM, -2 * POINTS_PER_MM))
    assert spot.trim == (0, 0, *A4)


def test_marks_point_at_the_corners_and_stay_out_of_the_bleed() -> None:
    spot = place(*A4, Setting(bleed_mm=3, crop_marks=True))
    assert spot.width == pytest.approx(A4[0] + 2 * 10 * POINTS_PER_MM)
    left, low, right, high = spot.trim
    assert len(spot.marks) == 8
    out = 5 * POINTS_PER_MM - 1e-6
    for x, y, to_x, to_y in spot.marks:
        assert y in (low, high) if y == to_y else x in (left, right)
        inside_x = left - out < x < right + out and left - out < to_x < right + out
        inside_y = low - out < y < high + out and low - out < to_y < high + out
        assert not (inside_x and inside_y)
        assert min(x, y, to_x, to_y) > -0.01 and max(x, to_x) < spot.width + 0.01 and max(y, to_y) < spot.height + 0.01


def test_what_no_printer_can_do() -> None:
    assert setting_problems(Setting()) == []
    found = setting_problems(Setting(dx_mm=21, dy_mm=-20.5, bleed_mm=6))
    assert [one.field for one in found] == ["dx_mm", "dy_mm", "bleed_mm"]
