"""The stored page on a sheet: moved, marked, its seal in it, its frame left out; nothing drawn again."""

from __future__ import annotations

from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name

from certificates.printing.documents import NoFrame, sheets
from certificates.printing.documents import test_sheet as ruled
from certificates.printing.rules.sheets import POINTS_PER_MM, Setting


def stored(*, frame: bool = True) -> bytes:
    """A page with a grey frame (the form under it), a black square, and a red seal in a signature field."""
    with pikepdf.new() as made:
        page = made.add_blank_page(page_size=(841.89, 595.28))
        box = Array([0, 0, 10, 10])
        under = made.make_stream(
            b"0.5 g 0 0 50 595 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 842, 596])
        )
        seal = made.make_stream(b"1 0 0 rg 0 0 10 10 re f", Type=Name.XObject, Subtype=Name.Form, BBox=box)
        if frame:
            page.obj.Resources = Dictionary(XObject=Dictionary(Under=under))
        page.Contents = made.make_stream((b"/Under Do " if frame else b"") + b"0 g 100 100 100 100 re f")
        widget = Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, Rect=Array([600, 60, 700, 160]), AP=Dictionary(N=seal)
        )
        page.obj.Annots = Array([made.make_indirect(widget)])
        out = BytesIO()
        made.save(out)
    return out.getvalue()


def pixel(data: bytes, x: float, y: float, page: int = 0) -> tuple[int, ...]:
    document = pypdfium2.PdfDocument(data)
    picture = document[page].render(may_draw_forms=False).to_pil().convert("RGB")
    return tuple(picture.getpixel((int(x), picture.height - 1 - int(y))))


WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (255, 0, 0)


def test_the_page_as_it_is_with_its_seal() -> None:
    data = sheets([stored(), stored()], Setting())
    for page in (0, 1):
        assert pixel(data, 150, 150, page) == BLACK
        assert pixel(data, 650, 110, page) == RED
        assert pixel(data, 595, 110, page) == WHITE
        assert pixel(data, 25, 300, page) not in (WHITE, BLACK)
    assert data == sheets([stored(), stored()], Setting())


def test_no_frame_on_pre_printed_stock() -> None:
    data = sheets([stored()], Setting(background=False))
    assert pixel(data, 25, 300) == WHITE
    assert pixel(data, 150, 150) == BLACK
    with pytest.raises(NoFrame):
        sheets([stored(frame=False)], Setting(background=False))


def test_offset_bleed_and_marks() -> None:
    moved = sheets([stored()], Setting(dx_mm=10, dy_mm=0))
    assert pixel(moved, 105, 150) == WHITE
    assert pixel(moved, 205, 150) == BLACK
    data = sheets([stored()], Setting(bleed_mm=3, crop_marks=True))
    margin = 10 * POINTS_PER_MM
    assert pixel(data, 150 + margin, 150 + margin) == BLACK
    with pikepdf.open(BytesIO(data)) as made:
        trim = [float(edge) for edge in made.pages[0].trimbox]
        assert trim == pytest.approx([margin, margin, margin + 841.89, margin + 595.28], abs=0.01)
        bleed = [float(edge) for edge in made.pages[0].obj.BleedBox]
        assert bleed[0] == pytest.approx(7 * POINTS_PER_MM, abs=0.01)


def test_nothing_to_print() -> None:
    with pytest.raises(ValueError, match="nothing"):
        sheets([], Setting())


def test_the_test_sheet_shows_the_offset() -> None:
    assert pypdfium2.PdfDocument(ruled(Setting(crop_marks=True)))[0].get_size()[0] > 842
    assert ruled(Setting()) != ruled(Setting(dx_mm=1))
