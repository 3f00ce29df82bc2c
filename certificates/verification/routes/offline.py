"""The page that checks a file in the browser, without a server once it is loaded: what it trusts, its words, its worker.

The page carries the roots, the keys whose loss two people declared, and the ledger's key and witnesses. It asks nobody: what
happened to a certificate after it was issued it cannot know, and says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final

from litestar import Response, get

from certificates.issuing.signer import roots
from certificates.keys import queries as keys
from certificates.keys.rules.purposes import Purpose
from certificates.ledger.signer import origin_of, policy_of, verifier
from certificates.verification.routes.shared import unlisted
from exam.accounts.guards import AppRequest, AppServices, public
from exam.kernel.pages import STATIC, asset, page
from exam.kernel.services import Services

PAGE: Final = "/verify/offline"
TEMPLATE: Final = "pages/certificates/verification/offline.html"
MODULES: Final = ("cms.js", "der.js", "ledger.js", "page.js", "pdf.js")
_KEPT: Final = ("kaowu.css", "pages/certificates-verification.css", "kaowu.js", "mark.svg")


@get(PAGE, guards=[public])
async def offline(request: AppRequest, services: AppServices) -> Response[Any]:
    """The page, with what it trusts."""
    async with services.db.transaction() as session:
        lost = [one.certificate_sha256 for one in await keys.cutoffs(session) if one.purpose is Purpose.DOCUMENT]
    return unlisted(page(request, TEMPLATE, trust=trust(services, lost)))


@get(f"{PAGE}/worker.js", guards=[public])
async def worker() -> Response[bytes]:
    """The service worker, with the list of the files it keeps."""
    files = [{"url": PAGE, "sha256": ""}, {"url": "/static/signs.svg", "sha256": ""}]
    files += [{"url": f"/static/verify/{name}", "sha256": _hash(_module(name))} for name in MODULES]
    files += [{"url": asset(name), "sha256": _hash((STATIC / name).read_bytes())} for name in _KEPT]
    head = f"const VERSION = {json.dumps(_version())};\nconst FILES = {json.dumps(files)};\n".encode()
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": PAGE}
    return Response(head + _module("worker.js"), media_type="text/javascript; charset=utf-8", headers=headers)


def trust(services: Services, lost: list[str]) -> dict[str, Any]:
    """What a reader of this installation's certificates relies on."""
    settings = services.settings
    origin, policy = origin_of(settings), policy_of(settings)
    return {
        "roots": [base64.b64encode(one).decode() for one in roots(settings)],
        "lost": lost,
        "origin": origin,
        "log": verifier(settings, origin).vkey,
        "witnesses": [one.verifier.vkey for one in policy.witnesses],
        "quorum": policy.least,
    }


def _module(name: str) -> bytes:
    return (STATIC / "verify" / name).read_bytes()


def _version() -> str:
    return _hash(b"".join(_module(name) for name in (*MODULES, "worker.js")))[:16]


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


ROUTES = [offline, worker]
