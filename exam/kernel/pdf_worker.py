"""The child that draws: HTML to PDF through WeasyPrint, every address denied, then the finishing touches by pikepdf.

Runs as ``python -m exam.kernel.pdf_worker`` under the limits of `exam.kernel.sandbox`. The fonts are the only ones
fontconfig is told of (FONTCONFIG_FILE), so a document looks the same on every machine and a font configuration stays
warm from one document to the next. What a page shares with thousands of others (a border, a seal) is a PDF page of
its own, laid under or into the drawn one without being drawn again.
"""

from __future__ import annotations

import re
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import msgspec
import pikepdf
import weasyprint
from pikepdf import Array, Dictionary, Name, Stream, String
from weasyprint.pdf import fonts as drawn_fonts
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from exam.kernel.sandbox import serve

_SCHEME: Final = "asset:"
_TYPES: Final = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "svg": "image/svg+xml", "css": "text/css",
    "webp": "image/webp",
}
_CONFORMING: Final = "pdf/a-3a"
_LARGE_FONT_BYTES: Final = 1_000_000
_STYLE_ELEMENT: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_PDFUA_XMP: Final = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>PDF/UA version identifier</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description></rdf:RDF>"""


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


class Drawing(msgspec.Struct, frozen=True):
    """One request: the page, what it may fetch, and what is laid under it."""

    html: str
    assets: dict[str, bytes] = {}
    variant: str | None = None
    underlay: bytes | None = None  # a one-page PDF, laid under every page as an artifact
    seal: SealField | None = None


class _Assets(URLFetcher):  # type: ignore[misc]
    """Hands out what came with the request and nothing else; any other address stops the drawing."""

    def __init__(self, assets: dict[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self._assets = assets
        self.denied: list[str] = []

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        name = url.removeprefix(_SCHEME)
        if not url.startswith(_SCHEME) or name not in self._assets:
            self.denied.append(url[:200])
            raise FatalURLFetchingError(url)
        kind = _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        return URLFetcherResponse(url, self._assets[name], {"Content-Type": kind})


@lru_cache(maxsize=1)
def _fonts() -> FontConfiguration:
    return FontConfiguration()


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


def draw(request: bytes) -> bytes:
    """Draw one request (msgpack of `Drawing`) and return the PDF."""
    drawing = msgspec.msgpack.decode(request, type=Drawing)
    data = _draw_html(drawing)
    if drawing.underlay is None and drawing.seal is None:
        return data
    return _finish(data, drawing)


def _draw_html(drawing: Drawing) -> bytes:
    options: dict[str, Any] = {"font_config": _fonts(), "pdf_variant": drawing.variant}
    assets = _Assets(drawing.assets)
    data = b""
    try:
        options["stylesheets"] = [_style(text) for text in _STYLE_ELEMENT.findall(drawing.html)]
        page = _STYLE_ELEMENT.sub("", drawing.html)
        html = weasyprint.HTML(string=page, base_url=_SCHEME, url_fetcher=assets)
        document = html.render(**options)
        if drawing.variant == _CONFORMING:
            document.metadata.xmp_metadata.append(_PDFUA_XMP.encode())
        data = document.write_pdf(**options)
    except FatalURLFetchingError as denied:  # not an Exception, so that most of WeasyPrint does not swallow it
        assets.denied.append(str(denied))
    if assets.denied:
        raise PermissionError(f"address denied: {assets.denied[0]}")
    return data


def _finish(data: bytes, drawing: Drawing) -> bytes:
    with pikepdf.open(BytesIO(data)) as pdf:
        if drawing.underlay is not None:
            form = _copy(pdf, _opened(drawing.underlay)[1])
            for page in pdf.pages:
                _lay_under(pdf, page, form)
        if drawing.seal is not None:
            _add_seal(pdf, drawing.seal)
        out = BytesIO()
        pdf.save(
            out,
            deterministic_id=True,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
        )
    return out.getvalue()


@lru_cache(maxsize=32)
def _opened(data: bytes) -> tuple[pikepdf.Pdf, pikepdf.Object]:
    """The only page of a document as a form, and the document, which must live as long."""
    document = pikepdf.open(BytesIO(data))
    return document, document.pages[0].as_form_xobject()


def _copy(pdf: pikepdf.Pdf, thing: Any) -> Any:
    """A deep copy into another document, streams as the compressed bytes they are (copy_foreign is far slower)."""
    match thing:
        case Stream():
            made = Stream(pdf, thing.read_raw_bytes())
            for key, value in thing.items():
                if key != "/Length":
                    made[key] = _copy(pdf, value)
            return pdf.make_indirect(made)
        case Dictionary():
            return Dictionary({key: _copy(pdf, value) for key, value in thing.items()})
        case Array():
            return Array([_copy(pdf, value) for value in thing])
    return thing


def _lay_under(pdf: pikepdf.Pdf, page: pikepdf.Page, form: pikepdf.Object) -> None:
    """Put the form below everything else, marked as an artifact so that no reader reads it out."""
    name = page.add_resource(form, Name.XObject, prefix="Under")
    page.contents_add(Stream(pdf, f"/Artifact BMC q {name} Do Q EMC\n".encode()), prepend=True)


def _add_seal(pdf: pikepdf.Pdf, seal: SealField) -> None:
    """Make the signature field with its appearance and its place in the structure, the signature left open.

    ISO 32000-1 12.7.4.5 (signature fields), 12.8.1 (ByteRange); ISO 14289-1 7.18.4 (a widget stands in a Form).
    """
    page = pdf.pages[0]
    value = pdf.make_indirect(Dictionary(
        Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), SubFilter=Name("/ETSI.CAdES.detached"),
        Contents=String(b"\x00" * seal.reserved),
        ByteRange=Array([0, 9999999999, 9999999999, 9999999999]),
        Name=String(seal.signer), Reason=String(seal.reason), M=String(seal.signed_at),
    ))
    appearance = _copy(pdf, _opened(seal.appearance)[1])
    field = pdf.make_indirect(Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String(seal.name), TU=String(seal.tooltip),
        Contents=String(seal.tooltip), F=132, Rect=Array(list(seal.box)), V=value, P=page.obj,
        AP=Dictionary(N=appearance), Lang=String("zh-CN"),
    ))
    annotations = page.obj.get(Name.Annots)
    page.obj.Annots = Array([*(annotations if annotations is not None else []), field])
    page.obj.Tabs = Name.S
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array([field]), SigFlags=3))
    _into_structure(pdf, page, field, seal.tooltip)


def _into_structure(pdf: pikepdf.Pdf, page: pikepdf.Page, field: pikepdf.Object, text: str) -> None:
    root = pdf.Root.get(Name.StructTreeRoot)
    if root is None:
        return
    document = root.K if not isinstance(root.K, Array) else root.K[0]
    numbers = root.ParentTree.Nums
    key = max((int(numbers[index]) for index in range(0, len(numbers), 2)), default=-1) + 1
    element = pdf.make_indirect(Dictionary(
        Type=Name.StructElem, S=Name.Form, P=document, Pg=page.obj, Alt=String(text),
        K=Dictionary(Type=Name.OBJR, Obj=field, Pg=page.obj),
    ))
    children = document.get(Name.K)
    document.K = Array([*(children if isinstance(children, Array) else [children]), element])
    field.StructParent = key
    numbers.append(key)
    numbers.append(element)
    root.ParentTreeNextKey = key + 1


if __name__ == "__main__":
    _skip_large_copies()
    serve(draw)
