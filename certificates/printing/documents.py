"""Stored certificates on sheets: the page of the signed PDF as it is, placed as a picture; nothing is drawn again.

The seal is the appearance of the signature's field: paper has no fields, so it is laid into the page. The frame is the form
under the page (`exam.kernel.pdf_worker`): on pre-printed stock it is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from certificates.printing.rules.sheets import INK, POINTS_PER_MM, Place, Setting, place

FRAMES: Final = ("/Frame", "/Under")
"""The name of the form under the page: of the press (`certificates.issuing.documents.press`), of WeasyPrint's way."""
_WIDTH: Final = 297 * POINTS_PER_MM
_HEIGHT: Final = 210 * POINTS_PER_MM


class NoFrame(ValueError):
    """The page has no frame of its own form: it cannot be left out."""


def sheets(certificates: Sequence[bytes], setting: Setting) -> bytes:
    """One sheet for each stored certificate, in order; raises `NoFrame`, ValueError for no certificate."""
    if not certificates:
        raise ValueError("nothing to print")
    with pikepdf.new() as out:
        for data in certificates:
            with pikepdf.open(BytesIO(data)) as source:
                _add(out, source, setting)
        return _saved(out)


def test_sheet(setting: Setting) -> bytes:
    """A ruled sheet to measure a printer's offset with: a cross in each corner and millimetre rules from the middle."""
    lines = [f"{0.1 * 5:.2f} w 0 0 0 RG"]
    for x in (20, 277):
        for y in (20, 190):
            lines += [_line(x - 8, y, x + 8, y), _line(x, y - 8, x, y + 8)]
    for step in range(-20, 21):
        long = 6 if step % 10 == 0 else 4 if step % 5 == 0 else 2.5
        lines += [
            _line(148.5 + step, 105, 148.5 + step, 105 + long),
            _line(148.5, 105 + step, 148.5 + long, 105 + step),
        ]
    with pikepdf.new() as out:
        spot = place(_WIDTH, _HEIGHT, setting)
        page = out.add_blank_page(page_size=(spot.width, spot.height))
        content = f"q 1 0 0 1 {spot.x:.3f} {spot.y:.3f} cm {' '.join(lines)} Q {_marks(spot)}"
        page.Contents = out.make_stream(content.encode())
        return _saved(out)


def _add(out: Pdf, source: Pdf, setting: Setting) -> None:
    first = source.pages[0]
    if not setting.background:
        _leave_out_frame(first)
    left, low, right, high = (float(edge) for edge in first.mediabox)
    spot = place(right - left, high - low, setting)
    seals = _seals(first)
    if "/Annots" in first.obj:
        del first.obj["/Annots"]  # paper has no fields
    sheet = out.add_blank_page(page_size=(spot.width, spot.height))
    forms = Dictionary({"/Page": out.copy_foreign(first.as_form_xobject())})
    parts = [f"q 1 0 0 1 {spot.x - left:.3f} {spot.y - low:.3f} cm /Page Do Q"]
    for number, (form, matrix) in enumerate(seals):
        forms[f"/Seal{number}"] = out.copy_foreign(form)
        parts.append(f"q 1 0 0 1 {spot.x - left:.3f} {spot.y - low:.3f} cm {matrix} cm /Seal{number} Do Q")
    sheet.Resources = Dictionary(XObject=forms)
    sheet.Contents = out.make_stream(" ".join([*parts, _marks(spot)]).encode())
    bleed = setting.bleed_mm * POINTS_PER_MM
    x, y, right, high = spot.trim
    sheet.obj.TrimBox = Array([x, y, right, high])
    sheet.obj.BleedBox = Array([x - bleed, y - bleed, right + bleed, high + bleed])


def _leave_out_frame(page: pikepdf.Page) -> None:
    found = page.resources.get("/XObject", Dictionary())
    frames = [name for name in FRAMES if name in found]
    if not frames:
        raise NoFrame
    for name in frames:
        found[name].write(b"")


def _seals(page: pikepdf.Page) -> list[tuple[Object, str]]:
    """The appearances of the fields on the page, with the matrix that brings each into its rectangle (ISO 32000-2, 12.5.5)."""
    found: list[tuple[Object, str]] = []
    annotations: Any = page.obj.get("/Annots", Array())
    for annotation in annotations:
        appearance = annotation.get("/AP", Dictionary()).get("/N")
        if annotation.get("/Subtype") != Name.Widget or appearance is None or "/BBox" not in appearance:
            continue
        x, y, right, high = (float(edge) for edge in annotation.Rect)
        a, b, c, d = (float(edge) for edge in appearance.BBox)
        if c == a or d == b:
            continue
        wide, tall = (right - x) / (c - a), (high - y) / (d - b)
        found.append((appearance, f"{wide:.5f} 0 0 {tall:.5f} {x - a * wide:.3f} {y - b * tall:.3f}"))
    return found


def _marks(spot: Place) -> str:
    if not spot.marks:
        return ""
    lines = " ".join(f"{x:.3f} {y:.3f} m {to_x:.3f} {to_y:.3f} l S" for x, y, to_x, to_y in spot.marks)
    return f"q {INK} {lines} Q"


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    a, b, c, d = (one * POINTS_PER_MM for one in (x, y, to_x, to_y))
    return f"{a:.3f} {b:.3f} m {c:.3f} {d:.3f} l S"


def _saved(out: Pdf) -> bytes:
    data = BytesIO()
    out.save(data, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return data.getvalue()
