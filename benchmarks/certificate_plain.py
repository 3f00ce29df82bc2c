"""What the press is measured against: the same certificates drawn plainly by WeasyPrint, and with pyHanko to the same conformance.

Runs as ``python -m benchmarks.certificate_plain HOME COUNT`` in a process of its own, because WeasyPrint reads its font
configuration once. Frame and seal are SVG here, as in any page of HTML; the fonts are our prepared ones (TrueType), which
favours WeasyPrint. Prints CPU milliseconds of one page, the first of each kind left out.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import weasyprint
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from weasyprint.urls import URLFetcher, URLFetcherResponse

from benchmarks.guilloche import frame_svg
from certificates.issuing.documents.drawing import context_of, qr_png
from certificates.issuing.documents.seal import seal_svg
from certificates.issuing.signer import DEMO_CHAIN, signer_of
from exam.demo.photos import portrait
from exam.kernel import fonts, printing
from exam.kernel.settings import Settings
from tests.certificates.issuing.documents.people import ADDRESS, FILES, WORST, intent_of

_SHEET = (
    "<style>body{{background:url(asset:frame.svg) 0 0/297mm 210mm no-repeat}}"
    ".seal{{position:absolute;left:214mm;top:149mm;width:40mm}}</style>"
)


class _Assets(URLFetcher):  # type: ignore[misc]
    """Hands out what belongs to a certificate."""

    def __init__(self, assets: dict[str, bytes]) -> None:
        super().__init__()
        self._assets = assets

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        kind = "image/svg+xml" if url.endswith("svg") else "image/jpeg" if url.endswith("jpg") else "image/png"
        return URLFetcherResponse(url, self._assets[url], {"Content-Type": kind})


def main() -> None:
    """Draw and print the two figures."""
    home, count = Path(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        key, chain = _key(home, Path(folder))
        signer = SimpleSigner.load(str(key), str(chain))  # type: ignore[no-untyped-call]
        assert signer is not None
        print(
            json.dumps(
                {
                    "plain_ms": _time(lambda serial: _draw(serial, home, conforming=False), count),
                    "conforming_ms": _time(lambda serial: _signed(_draw(serial, home, conforming=True), signer), count),
                }
            )
        )


def _time(draw: Callable[[int], bytes], count: int) -> float:
    draw(0)
    for serial in range(len(WORST)):
        portrait(serial)
    begun = time.process_time()
    for serial in range(1, count + 1):
        draw(serial)
    return (time.process_time() - begun) / count * 1000


def _draw(serial: int, home: Path, *, conforming: bool) -> bytes:
    intent = intent_of(WORST[serial % len(WORST)], serial)
    address = f"{ADDRESS}/v/{intent.token}"
    html = printing.render_print(
        "certificate", "v1", **context_of(intent.face, intent.number, intent.id_number, address)
    )
    seal = '<img class="seal" src="asset:seal.svg" alt="电子签章"></body>'
    html = html.replace("</head>", _SHEET.format() + "</head>").replace("</body>", seal)
    assets = {
        "asset:photo.jpg": portrait(serial % len(WORST)),
        "asset:qr.png": qr_png(address),
        "asset:frame.svg": frame_svg().encode(),
        "asset:seal.svg": seal_svg(
            intent.face.organisation_name_zh, "证书专用章", fonts.prepare(home).serif_bold
        ).encode(),
    }

    document = weasyprint.HTML(string=html, base_url="asset:", url_fetcher=_Assets(assets))
    if not conforming:
        return bytes(document.write_pdf())
    files = [weasyprint.Attachment(string=one.data, name=one.name, relationship=one.relationship) for one in FILES]
    return bytes(document.write_pdf(pdf_variant="pdf/a-3a", attachments=files))


def _signed(data: bytes, signer: SimpleSigner) -> bytes:
    out = io.BytesIO()
    meta = signers.PdfSignatureMetadata(
        field_name="Seal", subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256"
    )
    field = fields.SigFieldSpec("Seal", on_page=0, box=(606, 59, 720, 172))
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    asyncio.run(signers.PdfSigner(meta, signer, new_field_spec=field).async_sign_pdf(writer, output=out))
    return out.getvalue()


def _key(home: Path, folder: Path) -> tuple[Path, Path]:
    """The demo's own key, as files that pyHanko can read."""
    settings = Settings(home=home)
    signer_of(settings)
    leaf = folder / "leaf.pem"
    leaf.write_bytes(
        x509.load_pem_x509_certificates((settings.keys / DEMO_CHAIN).read_bytes())[0].public_bytes(Encoding.PEM)
    )
    return settings.keys / "demo-signer.key", leaf


if __name__ == "__main__":
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    main()
