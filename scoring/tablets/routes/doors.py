"""The doors for tablets, which their keys open: enrolment, packs, messages (docs/formats/tablets.md)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from litestar import Response, post

from exam.accounts.guards import AppRequest, AppServices, public
from exam.kernel.pages import json_response
from scoring.tablets import actions, queries
from scoring.tablets.rules.devices import MessageInvalid, read_message
from scoring.tablets.rules.enrolling import CodeWrong, read_enrolment
from scoring.tablets.rules.packs import read_ask

SIGNATURE = "x-tablet-signature"
DEPTH_MOST = 8
"""Lists and objects inside each other in a message; deeper is none of ours."""


@post("/scoring/tablets/messages", guards=[public], exclude_from_csrf=True, status_code=200)
async def message(request: AppRequest, services: AppServices) -> Response[Any]:
    """Take a tablet's message. The signature stands for a sign-in: there may be no line for one. The receipt is sent when the
    transaction is committed, so whatever it confirms is there."""
    sent, signature = _read(await request.body(), request.headers.get(SIGNATURE, ""))
    said, now = read_message(sent), services.clock.now()
    async with services.db.transaction() as session:
        receipt = await actions.take(session, said, signature, now=now)
    if not said.hear:
        return json_response(receipt.body)
    async with services.db.transaction() as session:  # what is confirmed waits for no news
        told = await queries.news(session, said.tablet_id, now)
    return json_response({**receipt.body, "news": told})


@post("/scoring/tablets/enrolments", guards=[public], exclude_from_csrf=True, status_code=200)
async def enrolment(request: AppRequest, services: AppServices) -> Response[Any]:
    """Register a tablet that holds a one-time code. Wrong codes are counted over the whole installation."""
    now = services.clock.now()
    sent, signature = _read(await request.body(), request.headers.get(SIGNATURE, ""))
    try:
        async with services.db.transaction() as session:
            await actions.require_code_tries(session, now)
            found = await actions.enrol(session, services.vault, read_enrolment(sent), signature, now=now)
            site = await queries.site_name(session, found.site_id)
    except CodeWrong:
        async with services.db.transaction() as session:
            await actions.count_wrong_code(session, now)
        raise
    return json_response(
        {
            "device": str(found.tablet_id),
            "label": found.label,
            "site": {"name": site.name_zh, "name_en": site.name_en},
            "now": now.isoformat(),
        }
    )


@post("/scoring/tablets/packs", guards=[public], exclude_from_csrf=True, status_code=200)
async def pack(request: AppRequest, services: AppServices) -> Response[Any]:
    """Hand a tablet what it needs for its sessions, sealed for the badges on duty."""
    sent, signature = _read(await request.body(), request.headers.get(SIGNATURE, ""))
    async with services.db.transaction() as session:
        answer = await actions.pack(
            session, services.vault, services.files, read_ask(sent), signature, now=services.clock.now()
        )
    return json_response(answer)


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


ROUTES = [message, enrolment, pack]
