"""A key on another machine: the client of the signing protocol (`certificates.keys.rules.remote`), over HTTP or HTTPS.

What comes back is verified under the pinned certificate before anybody gets it. A request that got no answer is sent
again: signing twice does no harm, the certificate's number was spent before.
"""

from __future__ import annotations

import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import msgspec
from cryptography import x509

from certificates.keys.rules.purposes import Algorithm, Purpose, algorithm_of
from certificates.keys.rules.remote import SECRET_BYTES, Answer, Ask, NotAuthentic, require_answer, tag
from certificates.keys.rules.ring import Entry
from certificates.keys.signer.port import CannotSign, common_name, narrow, read_chain, read_secret, verify

_SECONDS: Final = 5.0
_TRIES: Final = 3
_PAUSE_SECONDS: Final = 0.2


@dataclass(frozen=True)
class RemoteSigner:
    """See `Signer`."""

    name: str
    specimen: bool
    chain: tuple[x509.Certificate, ...]
    algorithm: Algorithm
    entry: Entry
    client: httpx.Client = field(repr=False)
    secret: bytes = field(repr=False)

    def raw(self, message: bytes) -> bytes:
        """See `Signer.raw`."""
        ask = Ask(key=self.entry.key or self.entry.name, purpose=str(self.entry.purpose), message=message)
        signature = _post(self.client, self.secret, "/v1/sign", ask).signature
        verify(self.chain[0], signature, message)
        return signature


def remote_signer(entry: Entry, folder: Path) -> RemoteSigner:
    """The signer of a ring's entry; the service is asked when the first signature is wanted."""
    chain = read_chain(folder / entry.certificate)
    algorithm = narrow(algorithm_of(chain[0].public_key()), Purpose(entry.purpose))
    return RemoteSigner(
        common_name(chain[0]), entry.specimen, chain, algorithm, entry, client_of(entry, folder), secret_of(entry, folder)
    )  # fmt: skip


def fetch_chain(entry: Entry, folder: Path) -> str:
    """Ask the service for the chain of a key (PEM), to compare its hash before it is pinned."""
    ask = Ask(key=entry.key or entry.name, purpose=str(entry.purpose))
    with client_of(entry, folder) as client:
        return _post(client, secret_of(entry, folder), "/v1/key", ask).chain


def secret_of(entry: Entry, folder: Path) -> bytes:
    """The shared secret of a ring's entry."""
    try:
        secret = bytes.fromhex(read_secret(folder / entry.secret_file).decode().strip())
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise CannotSign(reason=f"{entry.secret_file}: {SECRET_BYTES} bytes in hex")
    return secret


def client_of(entry: Entry, folder: Path) -> httpx.Client:
    """An HTTP client that shows the client certificate, where there is one, and follows nothing."""
    verified: ssl.SSLContext | bool = True
    try:
        if entry.authority or entry.client_certificate:
            verified = ssl.create_default_context(cafile=folder / entry.authority if entry.authority else None)
            if entry.client_certificate:
                verified.load_cert_chain(folder / entry.client_certificate, folder / entry.client_key)
    except (OSError, ssl.SSLError) as error:
        raise CannotSign(reason=f"TLS: {type(error).__name__}") from None
    return httpx.Client(base_url=entry.url, timeout=_SECONDS, verify=verified, trust_env=False, follow_redirects=False)


def _post(
    client: httpx.Client, secret: bytes, path: str, ask: Ask, pause: Callable[[float], None] = time.sleep
) -> Answer:
    body = msgspec.json.encode(ask)
    for left in reversed(range(_TRIES)):
        made = tag(secret, path, body, at=int(time.time()), nonce=secrets.token_hex(16))
        try:
            answer = client.post(path, content=body, headers={"Authorization": made.text()})
            if answer.status_code == 200:
                require_answer(secret, made.mac, answer.content, answer.headers.get("Kaowu-Answer", ""))
                return msgspec.json.decode(answer.content, type=Answer)
            if answer.status_code < 500 or not left:
                raise CannotSign(reason=f"{ask.key}: HTTP {answer.status_code}")
        except (httpx.HTTPError, msgspec.DecodeError, NotAuthentic) as error:
            if not left:
                raise CannotSign(reason=f"{ask.key}: {type(error).__name__}") from None
        pause(_PAUSE_SECONDS)
    raise AssertionError("unreachable")
