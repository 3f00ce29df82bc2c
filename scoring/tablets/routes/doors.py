"""The door for tablets: one signed message in, one receipt out (docs/formats/tablets.md)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from litestar import Response, post

from exam.accounts.guards import AppRequest, AppServices, public
from exam.kernel.pages import json_response
from scoring.tablets import actions
from scoring.tablets.rules.devices import MessageInvalid, read_message

SIGNATURE = "x-tablet-signature"
DEPTH_MOST = 8
"""Lists and objects inside each other in a message; deeper is none of ours."""


@post("/scoring/tablets/messages", guards=[public], exclude_from_csrf=True, status_code=200)
async def message(request: AppRequest, services: AppServices) -> Response[Any]:
    """Take a tablet's message. The signature stands for a sign-in: there may be no line for one. The receipt is sent when the
    transaction is committed, so whatever it confirms is there."""
    sent, signature = _read(await request.body(), request.headers.get(SIGNATURE, ""))
    async with services.db.transaction() as session:
        receipt = await actions.take(session, read_message(sent), signature, now=services.clock.now())
    return json_response(receipt.body)


def _read(body: bytes, signature: str) -> tuple[Any, bytes]:
    if max_depth(body) > DEPTH_MOST:
        raise MessageInvalid
    try:
        return json.loads(body), base64.b64decode(signature, validate=True)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise MessageInvalid from error


def max_depth(body: bytes) -> int:
    """How deep a JSON text goes, brackets in texts counted too: more than there is, never less."""
    deepest = depth = 0
    for byte in body:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


ROUTES = [message]
