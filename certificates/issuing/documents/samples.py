"""What is looked at before a number is spent: who cannot be printed and why, and pictures of what will be printed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pypdfium2
from PIL import Image

from certificates.designs.queries import built_in_template
from certificates.designs.rules.records import Template
from certificates.issuing.documents.drawing import Intent, Prepared, draw, prepared
from certificates.issuing.rules.face import Eligible
from exam.kernel.errors import Problem
from exam.kernel.files import FileStore

SAMPLE_NUMBER: Final = "0" * 20 + "X"
PDFIUM: Final = threading.Lock()
"""PDFium answers one thread at a time."""
_PIXELS: Final = 1000


def problems_of(
    items: Sequence[Eligible],
    home: Path,
    photo_of: Callable[[str], bytes] | None = None,
    *,
    templates: Mapping[UUID, Template] | None = None,
) -> dict[UUID, list[Problem]]:
    """Why a certificate cannot be printed, by registration; who can be printed is not there.

    With `photo_of` the photos are looked at too: for the few of a group, not for the thousands of a list. `templates` are
    those of the organisations; where one is missing, it is the built-in one.
    """
    known = {**{one.organisation_id: built_in_template() for one in items}, **(templates or {})}
    return {
        one.item.registration_id: list(one.problems) for one in prepared(items, known, home, photo_of) if one.problems
    }


def prepare(item: Eligible, template: Template, *, home: Path, files: FileStore) -> tuple[Sequence[Problem], str]:
    """Look at one certificate that is to be begun: what keeps it from being printed, and what its intent names."""
    found = prepared([item], {item.organisation_id: template}, home, files.get)
    keep(found, files)
    return found[0].problems, found[0].compiled


def keep(found: Sequence[Prepared], files: FileStore) -> None:
    """Put the compiled shapes into the file store, from where every machine draws what was begun with them."""
    for frozen in sorted({one.variant.frozen for one in found if one.variant is not None}):
        files.put(frozen)


def sample_of(item: Eligible, template: Template, now: datetime) -> Intent:
    """What would be drawn for somebody, under an invented number, with the masked ID number and a code that leads nowhere."""
    return Intent(
        id=UUID(int=0),
        number=SAMPLE_NUMBER,
        version=1,
        token="sample",
        template=template,
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
