"""What is looked at before a number is spent: who cannot be printed and why, and pictures of what will be printed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pypdfium2
from PIL import Image

from certificates.issuing.documents.drawing import Intent, draw, printable_of
from certificates.issuing.rules.face import TEMPLATE, Eligible
from exam.kernel.errors import Problem

SAMPLE_NUMBER: Final = "0" * 20 + "X"
PDFIUM: Final = threading.Lock()
"""PDFium answers one thread at a time."""
_PIXELS: Final = 1000


def problems_of(
    items: Sequence[Eligible], home: Path, photo_of: Callable[[str], bytes] | None = None
) -> dict[UUID, list[Problem]]:
    """Why a certificate cannot be printed, by registration; who can be printed is not there.

    With `photo_of` the photos are looked at too: for the few of a group, not for the thousands of a list.
    """
    found: dict[UUID, list[Problem]] = {}
    for one in items:
        _, problems = printable_of([one], home, photo_of)
        if problems:
            found[one.registration_id] = problems
    return found


def sample_of(item: Eligible, now: datetime) -> Intent:
    """What would be drawn for somebody, under an invented number, with the masked ID number and a code that leads nowhere."""
    return Intent(
        id=UUID(int=0),
        number=SAMPLE_NUMBER,
        version=1,
        token="sample",
        template=TEMPLATE,
        face=item.face,
        id_number=item.face.id_masked,
        photo_sha256=item.photo_sha256 or "",
        numbered_at=now,
    )


def picture_of(intent: Intent, **drawing: Any) -> bytes:
    """A picture (PNG) of what a certificate will look like, small and without a signature; `drawing` is handed to `draw`."""
    drawn = draw(intent, **drawing)
    with PDFIUM:
        document = pypdfium2.PdfDocument(drawn)
        try:
            page = document[0]
            picture: Image.Image = page.render(scale=_PIXELS / page.get_width(), may_draw_forms=False).to_pil()
        finally:
            document.close()
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
