"""Printed documents as templates: ``templates/print/<document>/<version>/`` becomes one page of HTML for the printer.

A folder holds ``template.html``, ``style.css``, ``metadata.json`` (title, page, fields) and ``dummy.json`` (a filled
example, used by previews and tests). A version is never changed once documents were made with it: a new look is a new
folder. ``templates/print/common/`` holds what all share: the head and foot of domain.md section 7 (batch, certificate
and level, site, room, session, page n/m, print time, document number with a QR code of its id) and the plain,
black-and-white safe table style.

    {% extends "common/document.html" %}
    {% block main %}{{ doc.sheet(head) }} … {% endblock %}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from exam.kernel import filters, i18n
from exam.kernel.settings import TREE

QR_SCHEME: Final = "qr:"
FOLDER: Final = TREE / "templates" / "print"


@dataclass(frozen=True, kw_only=True)
class PrintHead:
    """What stands at the head and the foot of a printed sheet; what does not apply stays empty."""

    title: str
    document_id: UUID | str  # printed as a QR code, so that a sheet on a desk finds its record
    number: str  # the document number a person reads out
    printed_at: datetime
    title_en: str = ""
    batch: str = ""
    certificate: str = ""  # certificate and level
    site: str = ""  # name and code
    room: str = ""
    session: str = ""  # component, day and time
    printed_by: str = ""
    correction: str = ""  # stands under the title of a sheet that makes another one void


def render_print(document: str, version: str = "v1", *, locale: i18n.Locale = "zh", **context: Any) -> str:
    """Return the HTML of a printed document, its styles inside, for `exam.kernel.pdf.render_pdf`."""
    template = _environment().get_template(f"{document}/{version}/template.html")
    with i18n.use_locale(locale):
        return template.render(style=_style(document, version), locale=locale, **context)


def metadata(document: str, version: str = "v1") -> dict[str, Any]:
    """The document's ``metadata.json``."""
    found: dict[str, Any] = json.loads((FOLDER / document / version / "metadata.json").read_text("utf-8"))
    return found


def template_sha256(document: str, version: str = "v1") -> str:
    """The hash of what decides how a document looks: its template, style and metadata."""
    digest = hashlib.sha256()
    for name in ("template.html", "style.css", "metadata.json"):
        digest.update(hashlib.sha256((FOLDER / document / version / name).read_bytes()).digest())
    return digest.hexdigest()


def dummy(document: str, version: str = "v1") -> dict[str, Any]:
    """The document's filled example."""
    found: dict[str, Any] = json.loads((FOLDER / document / version / "dummy.json").read_text("utf-8"))
    return found


def documents() -> list[tuple[str, str]]:
    """Every printed document with its versions."""
    return sorted((path.parent.parent.name, path.parent.name) for path in FOLDER.glob("*/v*/template.html"))


def qr_svg(text: str, *, error: str = "m", label: str = "") -> Markup:
    """A QR code (ISO/IEC 18004) as an inline SVG without size: the style sheet of the page gives it one.

    `label` is what a screen reader or a tagged PDF says instead of the picture.
    """
    code = segno.make(text, error=error, micro=False)
    size = code.symbol_size(scale=1, border=0)[0]
    path = "".join(_runs(code.matrix))
    alternative = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" {alt}>'
        '<path d="{path}" fill="#000"/></svg>'
    ).format(size=size, alt=alternative, path=path)


def qr_image(text: str, *, error: str = "m", label: str = "") -> Markup:
    """The code as an image of a printed page: `exam.kernel.pdf` draws it from the address, ten times as fast as an SVG."""
    alternative = label or ""
    return Markup('<img class="qr" src="{scheme}{error}/{text}" alt="{label}">').format(
        scheme=QR_SCHEME, error=error, text=quote(text, safe=""), label=alternative
    )


def qr_png(text: str, *, error: str = "m", scale: int = 8) -> bytes:
    """The same code as a picture of black and white pixels without a border: quicker to draw where speed counts."""
    out = BytesIO()
    segno.make(text, error=error, micro=False).save(out, kind="png", scale=scale, border=0)
    return out.getvalue()


def _runs(matrix: Any) -> list[str]:
    """Each horizontal run of dark modules as one rectangle: few, exact shapes without gaps between them."""
    runs: list[str] = []
    for y, row in enumerate(matrix):
        start: int | None = None
        for x, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
                start = None
    return runs


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(filters.FILTERS)
    environment.globals.update(filters.GLOBALS)
    environment.globals["qr_svg"] = qr_image
    return environment


@lru_cache(maxsize=64)
def _style(document: str, version: str) -> Markup:
    """The common style and the document's own; both are files of ours, so they enter the page as they are."""
    paths: tuple[Path, ...] = (FOLDER / "common" / "style.css", FOLDER / document / version / "style.css")
    return Markup("\n".join(path.read_text("utf-8") for path in paths if path.exists()))


def preview(
    document: str, version: str = "v1", *, locale: i18n.Locale = "zh", extra: Mapping[str, Any] | None = None
) -> str:
    """The document filled with its own example."""
    return render_print(document, version, locale=locale, **{**dummy(document, version), **(extra or {})})
