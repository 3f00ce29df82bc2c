"""For programs that check credentials: the issuer's did:web documents and keys, and the status lists.

A status list is signed anew at most every 30 seconds and may be kept by others for 30 more: a revocation shows everywhere
within a minute.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath

from certificates.issuing.credentials import issuer_document, sign_credential
from certificates.issuing.rules.credential import LIST_LENGTH, LIST_SECONDS, MEDIA_TYPE, status_list_of
from certificates.ledger import queries as ledger
from certificates.verification import queries
from exam.accounts.guards import AppServices, public
from exam.catalogue import queries as catalogue
from exam.kernel.errors import NotFound
from exam.kernel.services import Services

_DOCUMENT_SECONDS: Final = 300
_lists: dict[tuple[str, int], tuple[datetime, bytes]] = {}


@get("/.well-known/did.json", guards=[public])
async def own_document(services: AppServices) -> Response[bytes]:
    """The keys of this installation, which signs the status lists."""
    return _document(issuer_document(services.settings), "application/did+json")


@get("/issuers/{code:str}/did.json", guards=[public])
async def document(services: AppServices, code: FromPath[str]) -> Response[bytes]:
    """The keys that credentials of an awarding organisation are signed with."""
    async with services.db.transaction() as session:
        if code not in {one.code for one in await catalogue.organisations(session)}:
            raise NotFound
    return _document(issuer_document(services.settings, code), "application/did+json")


@get("/.well-known/jwks.json", guards=[public])
async def keys(services: AppServices) -> Response[bytes]:
    """The same keys as a JWK set (RFC 7517)."""
    found = [one["publicKeyJwk"] for one in issuer_document(services.settings)["verificationMethod"]]
    return _document({"keys": found}, "application/jwk-set+json")


@get("/certificates/status/{number:int}", guards=[public])
async def status_list(services: AppServices, number: FromPath[int]) -> Response[bytes]:
    """A page of the status lists as a signed credential."""
    data = await _list(services, number)
    return Response(data, media_type=MEDIA_TYPE, headers=_headers(LIST_SECONDS))


async def _list(services: Services, number: int) -> bytes:
    now = services.clock.now()
    key = (str(services.settings.home), number)
    kept = _lists.get(key)
    if kept is not None and 0 <= (now - kept[0]).total_seconds() < LIST_SECONDS:
        return kept[1]
    async with services.db.transaction() as session:
        if number < 0 or number * LIST_LENGTH > await ledger.size(session):
            raise NotFound
        ended = await queries.ended_indexes(session, number)
    data = sign_credential(services.settings, status_list_of(services.settings.base_url, number, ended, now=now))
    _lists[key] = (now, data)
    return data


def _document(value: dict[str, Any], media_type: str) -> Response[bytes]:
    return Response(json.dumps(value).encode(), media_type=media_type, headers=_headers(_DOCUMENT_SECONDS))


def _headers(seconds: int) -> dict[str, str]:
    """Anybody's program may read these, from any page."""
    return {"Cache-Control": f"public, max-age={seconds}", "Access-Control-Allow-Origin": "*"}


ROUTES = [own_document, document, keys, status_list]
