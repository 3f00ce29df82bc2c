"""``kaowu ledger witness``: a process of its own that cosigns checkpoints over HTTP (C2SP tlog-witness).

It needs no database. What it cosigned last stands in one file per log, written whole and synced before the answer goes out;
two processes cannot share a folder.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.ledger.rules.notes import BadNote, Kind, verifier_named, verifier_of
from certificates.ledger.rules.witness import REQUEST_MOST, TEXT, Reply, Witnessing, answer, origin_of
from exam.kernel.clock import Clock
from exam.kernel.errors import N_, Invalid, Unavailable
from exam.kernel.files import sync_folder, write_whole
from exam.kernel.i18n import translate
from exam.kernel.locks import try_exclusive

KEY: Final = "witness.key"
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class BadLogKey(Invalid):
    """A log's key cannot be read."""

    message = N_("登记簿的公钥无法识别：%(reason)s。")


class InUse(Unavailable):
    """Another witness works with this folder."""

    message = N_("目录 %(folder)s 已被另一个见证进程使用。")
    way_out = N_("每个见证进程用自己的目录。")


@dataclass
class WitnessServer:
    """An ASGI application: answers, and keeps what it cosigned."""

    witness: Witnessing
    folder: Path
    clock: Clock = field(default_factory=Clock)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(scope["type"])  # uvicorn then does without lifespan
        reply = await self._reply(scope["method"], scope["path"], receive)
        headers = [(b"content-type", reply.media.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body.encode()})

    async def _reply(self, method: str, path: str, receive: Receive) -> Reply:
        if method == "POST" and path == "/add-checkpoint":
            body = await _body(receive)
            return Reply(413, "too long\n") if body is None else await self.add(body)
        kept = self._files().get(path.removesuffix("/checkpoint").strip("/")) if path.endswith("/checkpoint") else None
        if method in ("GET", "HEAD") and kept is not None and kept.exists():
            return Reply(200, kept.read_text("utf-8"), media=TEXT)
        return Reply(404, "not found\n")

    async def add(self, body: str) -> Reply:
        """Answer one request; requests about one log one after the other."""
        try:
            origin = origin_of(body)
        except BadNote as error:
            return Reply(400, f"{error}\n")
        file = self._files().get(_hash(origin))
        if file is None:
            return Reply(404, "unknown log\n")
        async with self._locks.setdefault(origin, asyncio.Lock()):
            kept = file.read_text("utf-8") if file.exists() else None
            reply = answer(self.witness, body, kept, time=int(self.clock.now().timestamp()))
            if reply.kept is not None:
                await asyncio.to_thread(write_whole, file, reply.kept.encode(), 0o644)
            return reply

    def _files(self) -> dict[str, Path]:
        return {_hash(log.name): self.folder / f"{_hash(log.name)}.checkpoint" for log in self.witness.logs}


def _hash(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()


async def _body(receive: Receive) -> str | None:
    data = bytearray()
    while True:
        message = await receive()
        data += message.get("body", b"")
        if len(data) > REQUEST_MOST:
            return None
        if not message.get("more_body"):
            return data.decode("utf-8", "replace")


def open_witness(name: str, folder: Path, logs: list[str], *, clock: Clock | None = None) -> WitnessServer:
    """A witness in a folder; its key is made there when there is none. Raises `BadLogKey`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / KEY
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
        sync_folder(folder)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    try:
        known = [verifier_named(one) for one in logs]
        own = verifier_of(name, Kind.COSIGNATURE, key.public_key())
    except BadNote as error:
        raise BadLogKey(reason=str(error)) from error
    return WitnessServer(Witnessing(own, key.sign, known), folder, clock or Clock())


def run(arguments: argparse.Namespace) -> int:
    """Witness until stopped."""
    server = open_witness(arguments.name, arguments.state, arguments.log)
    held = try_exclusive(arguments.state / ".lock")
    if held is None:
        raise InUse(folder=arguments.state)
    address = f"http://{arguments.host}:{arguments.port}"
    vkey = server.witness.verifier.vkey
    if arguments.json:
        print(json.dumps({"address": address, "key": vkey}), flush=True)
    else:
        print(translate(N_("见证方已启动：%(address)s\n  公钥 %(key)s"), address=address, key=vkey), flush=True)
    with held:
        uvicorn.run(server, host=arguments.host, port=arguments.port, log_level="warning", lifespan="off")
    return 0
