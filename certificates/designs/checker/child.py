"""The child that tries designs: the template filled by the list of what is allowed, WeasyPrint with every address denied.

Runs as ``python -m certificates.designs.checker.child`` under `exam.kernel.sandbox`: limited in memory and time, no
network, no program. It draws once, measures what it drew, and makes the picture from the same drawing.
"""

from __future__ import annotations

import time
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import msgspec
import pikepdf
import pypdfium2
import segno
import weasyprint
from jinja2 import TemplateError, TemplateSyntaxError
from PIL import Image as Pictures
from weasyprint.formatting_structure import boxes
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from certificates.designs.checker import SECONDS, Trial, Tried
from certificates.designs.documents.templates import Fault, filled, template_faults
from certificates.designs.rules.fields import PHOTO, QR
from certificates.designs.rules.layout import Image, Measured, Text
from certificates.designs.rules.records import Source
from exam.kernel.sandbox import serve

_MM_PER_PX: Final = 25.4 / 96
_POINTS_PER_MM: Final = 72 / 25.4
_DPI: Final = 96


class _Assets(URLFetcher):  # type: ignore[misc]
    """Hands out the two pictures of a dummy and nothing else."""

    def __init__(self, assets: dict[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self._assets = assets

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        name = url.removeprefix("asset:")
        if not url.startswith("asset:") or name not in self._assets:
            raise FatalURLFetchingError(url)
        return URLFetcherResponse(url, self._assets[name], {"Content-Type": "image/png"})


def answer(request: bytes) -> bytes:
    """Try one design on one dummy."""
    begun = time.process_time()
    found = tried(msgspec.msgpack.decode(request, type=Trial))
    if time.process_time() - begun > SECONDS:
        found = Tried(faults=[Fault("slow")])
    return msgspec.msgpack.encode(found)


def tried(trial: Trial) -> Tried:
    """What comes of a trial; whatever the design does wrong is a fault with a line."""
    try:
        if faults := template_faults(trial.html):
            return Tried(faults=faults)
        page = filled(Source(html=trial.html, style=trial.style, seal_mm=trial.seal_mm), trial.dummy)
        document = weasyprint.HTML(
            string=page, base_url="asset:", url_fetcher=_Assets(_pictures(trial.dummy["address"]))
        ).render(font_config=_fonts())
        measured = measure(document)
        if not trial.picture:
            return Tried(measured=measured)
        data = _dressed(document.write_pdf(), trial)
        return Tried(measured=measured, pdf=data, png=_picture(data))
    except TemplateSyntaxError as error:
        return Tried(faults=[Fault("syntax", error.lineno, str(error.message)[:120])])
    except TemplateError as error:
        return Tried(faults=[Fault("name", 0, str(error)[:120])])
    except FatalURLFetchingError as error:
        return Tried(faults=[Fault("draw", 0, str(error)[:120])])
    except Exception as error:  # noqa: BLE001 - the author's design may do anything
        return Tried(faults=[Fault("draw", 0, type(error).__name__)])


def measure(document: weasyprint.Document) -> Measured:
    """Where every run of characters and every picture of the first page came to stand."""
    page = document.pages[0]._page_box
    texts: list[Text] = []
    images: list[Image] = []
    owners: dict[int, int] = {}
    within: list[Any] = []
    for box in page.descendants(placeholders=True):
        box = getattr(box, "_box", box)  # what is positioned stands behind a placeholder
        if isinstance(box, boxes.ReplacedBox):
            within.append(box.element)
            images.append(_image(box))
        elif isinstance(box, boxes.TextBox) and not any(box.element is one for one in within):
            number = owners.setdefault(id(box.element), len(owners))
            texts.append(_text(box, number))
    return Measured(len(document.pages), page.width * _MM_PER_PX, page.height * _MM_PER_PX, texts, images)


def _text(box: Any, number: int) -> Text:
    red, green, blue = box.style["color"].to("srgb").coordinates
    return Text(
        text=box.text,
        x=box.position_x * _MM_PER_PX,
        y=box.position_y * _MM_PER_PX,
        width=box.width * _MM_PER_PX,
        height=box.height * _MM_PER_PX,
        colour=(red, green, blue),
        size_pt=box.style["font_size"] * 0.75,
        owner=f"{number} {box.element_tag}",
    )


def _image(box: Any) -> Image:
    name = (box.element.get("src") or "").removeprefix("asset:")
    return Image(
        name,
        box.content_box_x() * _MM_PER_PX,
        box.content_box_y() * _MM_PER_PX,
        box.width * _MM_PER_PX,
        box.height * _MM_PER_PX,
    )


def _dressed(data: bytes, trial: Trial) -> bytes:
    """The page with the frame under it and the seal in its place, as a certificate will have them."""
    with pikepdf.open(BytesIO(data)) as document:
        page = document.pages[0]
        if trial.under:
            with pikepdf.open(BytesIO(trial.under)) as frame:
                page.add_underlay(frame.pages[0], None)
        if trial.seal:
            left, low, right, high = (edge * _POINTS_PER_MM for edge in trial.seal_mm)
            with pikepdf.open(BytesIO(trial.seal)) as seal:
                page.add_overlay(seal.pages[0], pikepdf.Rectangle(left, low, right, high))
        out = BytesIO()
        document.save(out)
    return out.getvalue()


def _picture(data: bytes) -> bytes:
    out = BytesIO()
    document = pypdfium2.PdfDocument(data)
    document[0].render(scale=_DPI / 72).to_pil().convert("RGB").save(out, "WEBP", quality=82, method=2)
    document.close()
    return out.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@lru_cache(maxsize=4)
def _pictures(address: str) -> dict[str, bytes]:
    """A grey portrait of nobody, and the code of an address."""
    code, portrait = BytesIO(), BytesIO()
    segno.make(address, micro=False).save(code, kind="png", scale=8, border=0)
    Pictures.new("RGB", (295, 413), "#d7dedc").save(portrait, "PNG")
    return {QR: code.getvalue(), PHOTO: portrait.getvalue()}


if __name__ == "__main__":
    serve(answer)
