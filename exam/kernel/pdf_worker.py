"""The child that draws: HTML to PDF through WeasyPrint, every address denied, with finishing touches before it is written.

Runs as ``python -m exam.kernel.pdf_worker`` under the limits of `exam.kernel.sandbox`. The fonts are the only ones
fontconfig is told of (FONTCONFIG_FILE), so a document looks the same on every machine and a font configuration stays
warm from one document to the next. What a page shares with thousands of others (a border, a seal) is a PDF page of
its own, laid under or into the drawn one without being drawn again.
"""

from __future__ import annotations

import gc
import os
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import pikepdf
import pydyf  # type: ignore[import-untyped]
import segno
import weasyprint
import weasyprint.document
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont
from weasyprint.layout import LayoutContext
from weasyprint.pdf import fonts as drawn_fonts
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from exam.kernel.pdf_record import Recorder
from exam.kernel.pdf_xmp import xmp_packet
from exam.kernel.sandbox import serve

_SCHEME: Final = "asset:"
_QR_SCHEME: Final = "qr:"
_QR_SCALE: Final = 8
_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "svg": "image/svg+xml",
    "css": "text/css",
    "webp": "image/webp",
}
_CONFORMING: Final = "pdf/a-3a"
_UNDER: Final = "Under"
_NUMBERED: Final = '<meta name="page-numbers"'
_NUMBER_POINTS: Final = 8.0
_NUMBER_SIGNS: Final = "0123456789 /"
_NUMBER_RIGHT: Final = 14 / 25.4 * 72  # points from the right edge to the end of the number
_NUMBER_BOTTOM: Final = 13 / 25.4 * 72  # points from the lower edge to its base line
_LARGE_FONT_BYTES: Final = 1_000_000
_SWEEP_BYTES: Final = 100_000  # of HTML drawn between two sweeps of the collector
_STYLE_ELEMENT: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class SealField(msgspec.Struct, frozen=True):
    """A signature field to be prepared: where it stands (points, from the lower left) and what a reader is told."""

    name: str
    box: tuple[float, float, float, float]
    tooltip: str
    appearance: bytes  # a one-page PDF
    reserved: int  # bytes kept for the signature
    signer: str
    reason: str
    signed_at: str  # PDF date


class Attachment(msgspec.Struct, frozen=True):
    """A file that goes with the document (ISO 19005-3, 6.8): associated with it, compressed."""

    name: str
    mime: str
    description: str
    data: bytes
    relationship: str


class Drawing(msgspec.Struct, frozen=True):
    """One request: the page, what it may fetch, and what is laid under it."""

    html: str
    assets: dict[str, bytes] = {}
    variant: str | None = None
    underlay: bytes | None = None  # a one-page PDF, laid under every page as an artifact
    seal: SealField | None = None
    attachments: tuple[Attachment, ...] = ()
    dated: str = ""  # PDF date of the document and of its attachments
    values: dict[str, str] | None = None  # of the marked fields: record the layout instead of drawing


class _Assets(URLFetcher):  # type: ignore[misc]
    """Hands out what came with the request and nothing else; any other address stops the drawing."""

    def __init__(self, assets: dict[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self._assets = assets
        self.denied: list[str] = []

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url.startswith(_QR_SCHEME):
            level, _, text = url.removeprefix(_QR_SCHEME).partition("/")
            return URLFetcherResponse(url, _qr(level, unquote(text)), {"Content-Type": "image/png"})
        name = url.removeprefix(_SCHEME)
        if not url.startswith(_SCHEME) or name not in self._assets:
            self.denied.append(url[:200])
            raise FatalURLFetchingError(url)
        kind = _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        return URLFetcherResponse(url, self._assets[name], {"Content-Type": kind})


@lru_cache(maxsize=1)
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@lru_cache(maxsize=4096)
def _qr(level: str, text: str) -> bytes:
    """A QR code (ISO/IEC 18004) of black and white pixels; nothing is fetched for it."""
    out = BytesIO()
    segno.make(text, error=level, micro=False).save(out, kind="png", scale=_QR_SCALE, border=0)
    return out.getvalue()


@lru_cache(maxsize=64)
def _style(text: str) -> weasyprint.CSS:
    """A style sheet of a template, parsed once for all its documents; it can fetch nothing."""
    return weasyprint.CSS(string=text, base_url=_SCHEME, url_fetcher=_Assets({}), font_config=_fonts())


def _skip_large_copies() -> None:
    """A font's bytes are needed only once it is subset: do not copy ten megabytes per font and document before that."""
    copy = drawn_fonts.get_hb_object_data

    def copied(face: Any, *arguments: Any) -> Any:
        blob = drawn_fonts.harfbuzz.hb_face_reference_blob(face)
        length = drawn_fonts.harfbuzz.hb_blob_get_length(blob)
        drawn_fonts.harfbuzz.hb_blob_destroy(blob)
        return b"" if length > _LARGE_FONT_BYTES else copy(face, *arguments)

    drawn_fonts.get_hb_object_data = copied


class _Runnings(defaultdict[int, list[Any]]):
    """The running elements of a name by page; a page without one has none, instead of being unknown."""

    def get(self, key: int, default: Any = None) -> Any:
        return super().get(key, [] if default is None else default)


def _lay_out_once() -> None:
    """Running heads stand in the margins, which are filled last: a new one is no reason to lay its page out again."""
    make = LayoutContext.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        self.running_elements = defaultdict(lambda: _Runnings(list))

    LayoutContext.__init__ = init


def drawing_requests() -> Callable[[bytes], bytes]:
    """What answers a request (msgpack of `Drawing`) with the PDF.

    Garbage is collected between drawings, not during them: a page is a large and living tree that the collector
    would walk again and again, a third of the whole time. What the first drawings leave behind (fonts, styles, their
    caches) lives as long as the process: it is never walked again either, or each sweep would cost as much as a page.
    """
    gc.freeze()
    gc.disable()
    drawn, warm = 0, False

    def draw(request: bytes) -> bytes:
        nonlocal drawn, warm
        drawing = msgspec.msgpack.decode(request, type=Drawing)
        drawn += len(drawing.html)
        try:
            return _draw(drawing) if drawing.values is None else _record(drawing, drawing.values)
        finally:
            if drawn >= _SWEEP_BYTES:
                drawn = 0
                gc.collect()
                if not warm:
                    gc.freeze()
                    warm = True

    return draw


def _draw(drawing: Drawing, finisher: Callable[[weasyprint.Document, pydyf.PDF], None] | None = None) -> bytes:
    options: dict[str, Any] = {"font_config": _fonts(), "pdf_variant": drawing.variant}
    assets = _Assets(drawing.assets)
    data = b""
    try:
        options["stylesheets"] = [_style(text) for text in _STYLE_ELEMENT.findall(drawing.html)]
        page = _STYLE_ELEMENT.sub("", drawing.html)
        html = weasyprint.HTML(string=page, base_url=_SCHEME, url_fetcher=assets)
        document = html.render(**options)
        data = document.write_pdf(finisher=finisher or partial(_finish, drawing), **options)
    except FatalURLFetchingError as denied:  # not an Exception, so that most of WeasyPrint does not swallow it
        assets.denied.append(str(denied))
    if assets.denied:
        raise PermissionError(f"address denied: {assets.denied[0]}")
    return data


def _record(drawing: Drawing, values: dict[str, str]) -> bytes:
    """The layout of a marked page (msgpack of `exam.kernel.pdf_layout.Layout`)."""
    recorder = Recorder(values)
    found: list[bytes] = []
    make = weasyprint.document.build_formatting_structure

    def marked(*arguments: Any) -> Any:
        return recorder.prepare(make(*arguments))

    def finish(document: weasyprint.Document, pdf: pydyf.PDF) -> None:
        known = document.metadata
        meta = {
            "lang": known.lang,
            "title": known.title,
            "author": ", ".join(known.authors),
            "subject": known.description,
        }
        streams = {item.reference: item for item in pdf.objects}
        lines = streams[_pages(pdf)[0]["Contents"]].stream
        content = b"\n".join(pydyf._to_bytes(line) for line in lines).decode()
        layout = recorder.record(document, content, {key: text or "" for key, text in meta.items()})
        found.append(msgspec.msgpack.encode(layout))

    weasyprint.document.build_formatting_structure = marked
    try:
        _draw(drawing, finish)
    finally:
        weasyprint.document.build_formatting_structure = make
    return found[0]


def _number_pages(document: weasyprint.Document, pdf: pydyf.PDF) -> None:
    """Write "n / m" on each page once they are counted; a counter in the page would have every page laid out twice.

    Drawn as outlines at the end of the page's own stream, where the y axis points down.
    """
    streams = {f"{item.number} 0 R".encode(): item for item in pdf.objects if hasattr(item, "stream")}
    pages = _pages(pdf)
    for number, (page, drawn) in enumerate(zip(pages, document.pages, strict=True), start=1):
        words = f"{number} / {len(pages)}"
        width = sum(_signs()[sign][1] for sign in words) * _NUMBER_POINTS
        x, y = drawn.width * 0.75 - _NUMBER_RIGHT - width, drawn.height * 0.75 - _NUMBER_BOTTOM
        out = ["/Artifact BMC q 0 g"]
        for sign in words:
            path, advance = _signs()[sign]
            out.append(f"q {_NUMBER_POINTS:g} 0 0 -{_NUMBER_POINTS:g} {x:.2f} {y:.2f} cm {path} f Q")
            x += advance * _NUMBER_POINTS
        streams[page["Contents"]].stream.append(" ".join([*out, "Q EMC"]).encode())


@lru_cache(maxsize=1)
def _signs() -> dict[str, tuple[str, float]]:
    """Of each sign of a page number its outline in PDF operators and its advance, for a size of one.

    All at once, so that the font can go: once a glyph is read, fontTools holds every one of them.
    """
    font = TTFont(os.environ["KAOWU_CHILD_FONT"], lazy=True)
    glyphs, names, units = font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm
    found = {}
    for sign in _NUMBER_SIGNS:
        glyph = glyphs[names[ord(sign)]]
        pen = _PathPen(glyphs, 1 / units)
        glyph.draw(pen)
        found[sign] = " ".join(pen.operators), glyph.width / units
    return found


class _PathPen(BasePen):  # type: ignore[misc]
    """Writes an outline as PDF path operators (ISO 32000-1, 8.5.2)."""

    def __init__(self, glyphs: Any, scale: float) -> None:
        super().__init__(glyphs)
        self._scale = scale
        self.operators: list[str] = []

    def _add(self, operator: str, *points: tuple[float, float]) -> None:
        numbers = [f"{number * self._scale:.4f}" for point in points for number in point]
        self.operators.append(" ".join([*numbers, operator]))

    def _moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802 - the pen protocol's names
        self._add("m", point)

    def _lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._add("l", point)

    def _curveToOne(self, one: Any, two: Any, three: Any) -> None:  # noqa: N802
        self._add("c", one, two, three)

    def _closePath(self) -> None:  # noqa: N802
        self.operators.append("h")


def _finish(drawing: Drawing, document: weasyprint.Document, pdf: pydyf.PDF) -> None:
    """What is added to the drawn pages before they are written."""
    if _NUMBERED in drawing.html:
        _number_pages(document, pdf)
    if drawing.underlay is not None:
        _lay_under(pdf, _form(pdf, drawing.underlay))
    if drawing.seal is not None:
        _add_seal(pdf, drawing.seal)
    if drawing.variant == _CONFORMING:
        _describe(drawing, document, pdf)
    if drawing.attachments:
        _attach(pdf, drawing.attachments, drawing.dated)


def _describe(drawing: Drawing, document: weasyprint.Document, pdf: pydyf.PDF) -> None:
    """One packet of metadata that names both standards (WeasyPrint's is of one standard alone)."""
    known = document.metadata
    if drawing.dated:
        pdf.info["CreationDate"] = pdf.info["ModDate"] = pydyf.String(drawing.dated)
    packet = xmp_packet(
        title=known.title or "",
        author=", ".join(known.authors),
        subject=known.description or "",
        producer=f"WeasyPrint {weasyprint.__version__}",
        dated=drawing.dated,
    )
    stream = next(item for item in pdf.objects if item.reference == pdf.catalog["Metadata"])
    stream.stream = [packet]
    stream.compress = False


def _attach(pdf: pydyf.PDF, attachments: Sequence[Attachment], dated: str) -> None:
    """ISO 32000-1 7.11.4 (embedded files), ISO 19005-3 6.8 and annex E (associated files of the whole document)."""
    names = pydyf.Array()
    files = pydyf.Array()
    for one in sorted(attachments, key=lambda one: one.name):
        extra = {
            "Type": "/EmbeddedFile",
            "Subtype": f"/{one.mime.replace('/', '#2F')}",
            "Params": pydyf.Dictionary({"Size": len(one.data), "ModDate": pydyf.String(dated)}),
        }
        stream = pydyf.Stream([one.data], extra, compress=True)
        pdf.add_object(stream)
        specification = pydyf.Dictionary(
            {
                "Type": "/Filespec",
                "F": pydyf.String(one.name),
                "UF": pydyf.String(one.name),
                "Desc": pydyf.String(one.description),
                "AFRelationship": f"/{one.relationship}",
                "EF": pydyf.Dictionary({"F": stream.reference, "UF": stream.reference}),
            }
        )
        pdf.add_object(specification)
        names.extend([pydyf.String(one.name), specification.reference])
        files.append(specification.reference)
    pdf.catalog.setdefault("Names", pydyf.Dictionary())["EmbeddedFiles"] = pydyf.Dictionary({"Names": names})
    pdf.catalog["AF"] = files


def _pages(pdf: pydyf.PDF) -> list[Any]:
    return [item for item in pdf.objects if isinstance(item, dict) and item.get("Type") == "/Page"]


@lru_cache(maxsize=32)
def _opened(data: bytes) -> tuple[pikepdf.Pdf, pikepdf.Object]:
    """The only page of a document as a form, and the document, which must live as long."""
    document = pikepdf.open(BytesIO(data))
    form = document.pages[0].as_form_xobject()
    form.write(zlib.compress(form.read_bytes(), 9), filter=pikepdf.Name.FlateDecode)
    return document, form


def _form(pdf: pydyf.PDF, data: bytes) -> bytes:
    """Put the only page of another document in as a form, its streams as the compressed bytes they are."""
    found: bytes = _copied(pdf, _opened(data)[1])
    return found


def _copied(pdf: pydyf.PDF, thing: Any) -> Any:
    match thing:
        case pikepdf.Stream():
            values = {key[1:]: _copied(pdf, value) for key, value in thing.items() if key != "/Length"}
            made = pydyf.Stream([thing.read_raw_bytes()], values)
            pdf.add_object(made)
            return made.reference
        case pikepdf.Dictionary():
            return pydyf.Dictionary({key[1:]: _copied(pdf, value) for key, value in thing.items()})
        case pikepdf.Array():
            return pydyf.Array([_copied(pdf, value) for value in thing])
        case pikepdf.Name():
            return str(thing)
        case bool():
            return "true" if thing else "false"
        case pikepdf.String():
            raise ValueError("a form with strings was not expected")
    return thing


def _lay_under(pdf: pydyf.PDF, form: bytes) -> None:
    """Put the form below everything else, marked as an artifact so that no reader reads it out."""
    before = pydyf.Stream([f"/Artifact BMC q /{_UNDER} Do Q EMC".encode()])
    pdf.add_object(before)
    objects = {item.reference: item for item in pdf.objects}
    for page in _pages(pdf):
        resources = objects[page["Resources"]]
        resources["XObject"][_UNDER] = form
        page["Contents"] = pydyf.Array([before.reference, page["Contents"]])


class _Plain(pydyf.Dictionary):  # type: ignore[misc]
    """Kept out of the compressed object streams: the signer must find it in the file."""

    @property
    def compressible(self) -> bool:
        return False


def _add_seal(pdf: pydyf.PDF, seal: SealField) -> None:
    """Make the signature field with its appearance and its place in the structure, the signature left open.

    ISO 32000-1 12.7.4.5 (signature fields), 12.8.1 (ByteRange); ISO 14289-1 7.18.4 (a widget stands in a Form).
    """
    page = _pages(pdf)[0]
    value = _Plain(
        {
            "Type": "/Sig",
            "Filter": "/Adobe.PPKLite",
            "SubFilter": "/ETSI.CAdES.detached",
            "ByteRange": "[0 9999999999 9999999999 9999999999]",
            "Contents": f"<{'00' * seal.reserved}>",
            "Name": pydyf.String(seal.signer),
            "Reason": pydyf.String(seal.reason),
            "M": pydyf.String(seal.signed_at),
        }
    )
    pdf.add_object(value)
    field = pydyf.Dictionary(
        {
            "Type": "/Annot",
            "Subtype": "/Widget",
            "FT": "/Sig",
            "T": pydyf.String(seal.name),
            "TU": pydyf.String(seal.tooltip),
            "Contents": pydyf.String(seal.tooltip),
            "Lang": pydyf.String("zh-CN"),
            "F": 132,
            "Rect": pydyf.Array(seal.box),
            "V": value.reference,
            "P": page.reference,
            "AP": pydyf.Dictionary({"N": _form(pdf, seal.appearance)}),
        }
    )
    pdf.add_object(field)
    page.setdefault("Annots", pydyf.Array()).append(field.reference)
    page["Tabs"] = "/S"
    pdf.catalog["AcroForm"] = pydyf.Dictionary({"Fields": pydyf.Array([field.reference]), "SigFlags": 3})
    if "StructTreeRoot" in pdf.catalog:
        _into_structure(pdf, page, field, seal.tooltip)


def _into_structure(pdf: pydyf.PDF, page: Any, field: Any, text: str) -> None:
    objects = {item.reference: item for item in pdf.objects}
    root = objects[pdf.catalog["StructTreeRoot"]]
    document = objects[root["K"][0]]
    numbers = objects[root["ParentTree"]]["Nums"]
    key = max(numbers[::2], default=-1) + 1
    element = pydyf.Dictionary(
        {
            "Type": "/StructElem",
            "S": "/Form",
            "P": document.reference,
            "Pg": page.reference,
            "Alt": pydyf.String(text),
            "K": pydyf.Dictionary({"Type": "/OBJR", "Obj": field.reference, "Pg": page.reference}),
        }
    )
    pdf.add_object(element)
    document["K"].append(element.reference)
    numbers.extend([key, element.reference])
    field["StructParent"] = key
    root["ParentTreeNextKey"] = key + 1


if __name__ == "__main__":
    _skip_large_copies()
    _lay_out_once()
    serve(drawing_requests())
