"""A real certificate of the press on a sheet, drawn by an outside program: moved exactly, bled and marked, its frame left out."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from certificates.issuing.documents.drawing import drawn
from certificates.printing.documents import sheets
from certificates.printing.rules.sheets import Setting
from tests.certificates.issuing.documents.people import Studio, intent_of
from tests.exam.kernel.print_home import print_home

PER_MM = 2
RESOLUTION = 25.4 * PER_MM
FAR = 64  # of 255
SAME = 0.006
OTHER = 0.03


@pytest.fixture(scope="module")
def pressed() -> bytes:
    """One certificate as the press made it."""
    made = drawn(intent_of({}), **Studio(print_home()).arguments())
    assert made.reason == ""
    return made.data


def picture(data: bytes, tmp_path: Path) -> Image.Image:
    """What mutool draws of it, two pixels a millimetre."""
    path = tmp_path / "sheet.pdf"
    path.write_bytes(data)
    done = subprocess.run(
        ["mutool", "draw", "-q", "-r", str(RESOLUTION), "-c", "gray", "-F", "pgm", "-o", "-", str(path), "1"],
        capture_output=True, check=True,
    )  # fmt: skip
    return Image.open(BytesIO(done.stdout)).convert("L")


def differs(one: Image.Image, other: Image.Image) -> float:
    """The share of the pixels that are clearly others (measured 0.003 where a glyph is rounded to another pixel)."""
    counts = ImageChops.difference(one, other).histogram()
    return sum(counts[FAR:]) / sum(counts)


def test_moved_by_exactly_the_offset(pressed: bytes, tmp_path: Path) -> None:
    plain = picture(sheets([pressed], Setting()), tmp_path)
    moved = picture(sheets([pressed], Setting(dx_mm=10, dy_mm=-5)), tmp_path)
    wide, tall = plain.size
    right, down = 10 * PER_MM, 5 * PER_MM
    assert differs(plain.crop((0, 0, wide - right, tall - down)), moved.crop((right, down, wide, tall))) < SAME
    beside = moved.crop((right - 1, down, wide - 1, tall))  # half a millimetre off is seen
    assert differs(plain.crop((0, 0, wide - right, tall - down)), beside) > OTHER


def test_bleed_and_marks_around_the_same_page(pressed: bytes, tmp_path: Path) -> None:
    plain = picture(sheets([pressed], Setting()), tmp_path)
    sheet = picture(sheets([pressed], Setting(bleed_mm=3, crop_marks=True)), tmp_path)
    wide, tall = plain.size
    margin = 10 * PER_MM
    inside = sheet.crop((margin + 2, margin + 2, margin + wide - 2, margin + tall - 2))
    assert differs(plain.crop((2, 2, wide - 2, tall - 2)), inside) < SAME
    marks = sheet.crop((0, margin - 3, 4 * PER_MM, margin + 3))
    assert marks.getextrema()[0] < 250  # type: ignore[operator]
    assert sheet.crop((0, 0, 4 * PER_MM, 4 * PER_MM)).getextrema() == (255, 255)


def test_the_frame_is_left_out_and_nothing_else(pressed: bytes, tmp_path: Path) -> None:
    plain = picture(sheets([pressed], Setting()), tmp_path)
    bare = picture(sheets([pressed], Setting(background=False)), tmp_path)
    wide = plain.size[0]
    edge = (0, 0, wide, 12 * PER_MM)
    assert plain.crop(edge).getextrema()[0] < 250  # type: ignore[operator]
    assert bare.crop(edge).getextrema() == (255, 255)
    middle = (25 * PER_MM, 30 * PER_MM, wide - 25 * PER_MM, 190 * PER_MM)  # words, photo, code and seal
    assert differs(plain.crop(middle), bare.crop(middle)) < SAME
    assert bare.crop(middle).getextrema()[0] < 50  # type: ignore[operator]
