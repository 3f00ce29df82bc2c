"""The ledger's conversations with others: asking a witness for its cosignature, and reading a published log.

A log is read from a folder or over HTTP, the same files in both.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

import httpx

from certificates.ledger.rules.checkpoints import AddCheckpoint, number
from certificates.ledger.rules.notes import BadNote, Note, Signature, holds, signatures_in
from certificates.ledger.rules.policy import Policy, Witness
from certificates.ledger.rules.witness import SIZE

_TIMEOUT_SECONDS: Final = 5.0
_ANSWER_MOST: Final = 20_000
_TRIES: Final = 3
FILE_MOST: Final = 20_000_000
Prove = Callable[[int], Awaitable[Sequence[bytes]]]
"""The consistency proof from a size to that of the checkpoint."""


class Ahead(Exception):
    """A witness knows a larger tree: somebody else of this log was quicker."""


class Unreachable(Exception):
    """The file cannot be had; the text says why."""


@dataclass(frozen=True)
class Asked:
    """What a witness answered: its cosignature, or why there is none."""

    witness: Witness
    signature: Signature | None = None
    problem: str = ""


def client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client that follows no redirect and waits for nobody long."""
    return httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_SECONDS, verify=_trust(), trust_env=False)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


async def ask(http: httpx.AsyncClient, witness: Witness, note: Note, *, size: int, guess: int, prove: Prove) -> Asked:
    """Ask one witness to cosign; `guess` is the size that it cosigned last, as far as we know. Raises `Ahead`."""
    old, late = guess, False
    try:
        for _ in range(_TRIES):
            body = AddCheckpoint(old, tuple(await prove(old)), str(note)).text
            try:
                answer = await http.post(f"{witness.url}/add-checkpoint", content=body.encode())
            except httpx.TimeoutException:  # it may have cosigned: asked again, it says so
                late = True
                continue
            late = False
            if len(answer.content) > _ANSWER_MOST:
                return Asked(witness, problem="the answer is too long")
            if answer.status_code == httpx.codes.OK:
                return _taken(witness, note, answer.text)
            if answer.status_code != httpx.codes.CONFLICT or not answer.headers.get("content-type", "").startswith(
                SIZE
            ):
                return Asked(witness, problem=f"{answer.status_code} {answer.text.strip()[:120]}")
            old = number(answer.text.removesuffix("\n"))
            if old > size:
                raise Ahead(witness.name)
    except (httpx.HTTPError, httpx.InvalidURL, BadNote) as error:
        return Asked(witness, problem=f"{type(error).__name__} {error}".strip())
    return Asked(witness, problem="no answer in time" if late else "the size it names changes again and again")


def _taken(witness: Witness, note: Note, text: str) -> Asked:
    for signature in signatures_in(text):
        if holds(note.text, signature, witness.verifier):
            return Asked(witness, signature)
    return Asked(witness, problem="the answer has no signature of its key")


def cosigned(policy: Policy, note: Note, asked: Sequence[Asked]) -> Note:
    """The note with the cosignatures that came, in the policy's order."""
    came = {one.witness: one.signature for one in asked if one.signature is not None}
    return Note(note.text, (*note.signatures, *(came[one] for one in policy.witnesses if one in came)))


class Source(Protocol):
    """A published log."""

    async def get(self, path: str) -> bytes:
        """The bytes of one of its files; raises `Unreachable`."""


@dataclass(frozen=True)
class Folder:
    """A log in a folder."""

    path: Path

    async def get(self, path: str) -> bytes:
        try:
            return (self.path / path).read_bytes()
        except OSError as error:
            raise Unreachable(f"{path}: {type(error).__name__}") from error


@dataclass(frozen=True)
class Site:
    """A log at an address."""

    http: httpx.AsyncClient
    address: str

    async def get(self, path: str) -> bytes:
        try:
            async with self.http.stream("GET", f"{self.address.rstrip('/')}/{path}") as answer:
                if answer.status_code != httpx.codes.OK:
                    raise Unreachable(f"{path}: {answer.status_code}")
                data = bytearray()
                async for part in answer.aiter_bytes():
                    data += part
                    if len(data) > FILE_MOST:
                        raise Unreachable(f"{path}: more than {FILE_MOST} bytes")
                return bytes(data)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{path}: {type(error).__name__} {error}".strip()) from error
