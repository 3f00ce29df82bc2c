"""Photos of evidence: the door a tablet sends them through, and where those look at them who may see the sheet."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, post
from litestar.params import QueryParameter

from exam.accounts.guards import AppRequest, AppServices, public
from exam.kernel.pages import json_response
from scoring.tablets import actions
from scoring.tablets.rules.devices import MessageInvalid
from scoring.tablets.rules.evidence import BYTES_MOST, EvidenceTooLarge

SIGNATURE = "x-tablet-signature"


@post("/scoring/tablets/evidence", guards=[public], exclude_from_csrf=True, status_code=200)
async def keep(
    request: AppRequest,
    services: AppServices,
    device: UUID,
    sha256: Annotated[str, QueryParameter(pattern="^[0-9a-f]{64}$")],
) -> Response[Any]:
    """Keep a photo. Its signature covers hash and length, so nobody else fills the store. Answered after the commit."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > BYTES_MOST:
        raise EvidenceTooLarge(size=round(int(length) / 1_000_000, 1), limit=BYTES_MOST // 1_000_000)
    try:
        signature = base64.b64decode(request.headers.get(SIGNATURE, ""), validate=True)
    except (ValueError, binascii.Error) as error:
        raise MessageInvalid from error
    data = await request.body()
    async with services.db.transaction() as session:
        kept = await actions.keep_photo(
            session, services.files, tablet_id=device, sha256=sha256, data=data, signature=signature,
            now=services.clock.now(),
        )  # fmt: skip
    return json_response({"kept": kept})


ROUTES = [keep]
