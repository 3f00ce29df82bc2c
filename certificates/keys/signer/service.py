"""The reference server of the remote signing protocol: ``kaowu keys serve`` on the machine that holds the keys.

A bare ASGI application: two addresses, no database, no framework. It signs with the keys of its own ring, only for the
purpose the key has and only what looks like that purpose's messages, and writes one line per signature before it answers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes

from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.remote import (
    MESSAGE_LIMIT_BYTES,
    SKEW_SECONDS,
    Answer,
    Ask,
    NotAuthentic,
    answer_mac,
    read_tag,
    require_tag,
)
from certificates.keys.rules.shapes import TRIAL, fits
from certificates.keys.signer.files import pem_chain
from certificates.keys.signer.port import CannotSign, Signer

_LIMIT_BYTES = MESSAGE_LIMIT_BYTES * 2  # base64 and what stands around it
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class _No(Exception):
    """The status with which a request is refused; why stands in the log of the service, not in the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Service:
    """The keys it may use (by name, with their purpose), the shared secret, and the log of what was signed."""

    signers: Mapping[str, tuple[Purpose, Signer]]
    secret: bytes = field(repr=False)
    log: Path
    now: Callable[[], float] = time.time
    _used: dict[str, int] = field(default_factory=dict, repr=False)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        status, body, mac = 200, b"", ""
        try:
            body, mac = self._answer(scope, await _read(receive))
        except _No as refused:
            status = refused.status
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if mac:
            headers.append((b"kaowu-answer", mac.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Mapping[str, Any], body: bytes) -> tuple[bytes, str]:
        path = str(scope["path"])
        if scope["method"] != "POST" or path not in ("/v1/sign", "/v1/key"):
            raise _No(404)
        head = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        mac = self._authenticate(path, body, head.decode("latin-1"))
        try:
            ask = msgspec.json.decode(body, type=Ask)
        except msgspec.DecodeError:
            raise _No(400) from None
        found = self.signers.get(ask.key)
        if found is None or found[0] != ask.purpose:
            raise _No(403)
        signer = found[1]
        said = Answer(chain=pem_chain(tuple(signer.chain)).decode())
        if path == "/v1/sign":
            said = Answer(signature=self._sign(ask, signer))
        answer = msgspec.json.encode(said)
        return answer, answer_mac(self.secret, mac, answer)

    def _authenticate(self, path: str, body: bytes, head: str) -> str:
        now = int(self.now())
        try:
            sent = read_tag(head)
            require_tag(self.secret, path, body, sent, now=now)
        except NotAuthentic:
            raise _No(401) from None
        self._used = {nonce: at for nonce, at in self._used.items() if now - at <= 2 * SKEW_SECONDS}
        if sent.nonce in self._used:
            raise _No(401)
        self._used[sent.nonce] = sent.at
        return sent.mac

    def _sign(self, ask: Ask, signer: Signer) -> bytes:
        purpose = self.signers[ask.key][0]
        named = signer.chain[0].fingerprint(hashes.SHA256())
        if len(ask.message) > MESSAGE_LIMIT_BYTES:
            raise _No(413)
        if ask.message != TRIAL and not fits(purpose, ask.message, named):
            raise _No(422)
        self._note(ask)
        try:
            return signer.raw(ask.message)
        except CannotSign:
            raise _No(503) from None

    def _note(self, ask: Ask) -> None:
        """One line per signature, on the disk before the signature leaves."""
        at = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds")
        line = {"at": at, "key": ask.key, "purpose": ask.purpose, "message_sha256": sha256(ask.message).hexdigest()}
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


async def _read(receive: Receive) -> bytes:
    """The body of a request, no longer than any right one."""
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = bool(event.get("more_body", False))
        if len(body) > _LIMIT_BYTES:
            raise _No(413)
    return body
