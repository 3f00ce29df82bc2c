"""The remote signing protocol ``kaowu-signing/1``: what is sent, and how both sides know each other (docs/formats/signing.md).

A request is a POST of JSON to ``/v1/sign`` (what is signed goes along whole, so that the service sees what it signs) or
to ``/v1/key``. Each is authenticated by HMAC-SHA-256 (RFC 2104) under a shared secret, over what is asked, when, and a
number used once; the answer likewise over the request's own tag, so that no answer stands for another question.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import msgspec

from exam.kernel.errors import N_, Refusal

FORMAT: Final = "kaowu-signing/1"
SKEW_SECONDS: Final = 60
SECRET_BYTES: Final = 32
MESSAGE_LIMIT_BYTES: Final = 65_536
_SCHEME: Final = "Kaowu-HMAC-SHA256"


class NotAuthentic(Refusal):
    """The other side does not hold the shared secret, or what it sent is old or was sent before."""

    message = N_("远程签名服务的身份核对没有通过。")


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request: which key, what it is for, and for ``/v1/sign`` the message."""

    format: str = FORMAT
    key: str
    purpose: str
    message: bytes = b""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: the chain as PEM for ``/v1/key``, the signature for ``/v1/sign``."""

    format: str = FORMAT
    chain: str = ""
    signature: bytes = b""


@dataclass(frozen=True)
class Tag:
    """The head ``Authorization`` of a request."""

    at: int  # seconds since 1970
    nonce: str  # 32 hex digits, used once
    mac: str  # 64 hex digits

    def text(self) -> str:
        """As it stands in the head."""
        return f"{_SCHEME} at={self.at}, nonce={self.nonce}, mac={self.mac}"


def tag(secret: bytes, path: str, body: bytes, *, at: int, nonce: str) -> Tag:
    """The tag of a request."""
    said = "\n".join((FORMAT, "request", path, str(at), nonce, hashlib.sha256(body).hexdigest()))
    return Tag(at, nonce, hmac.new(secret, said.encode(), hashlib.sha256).hexdigest())


def read_tag(head: str) -> Tag:
    """Read a head; raises `NotAuthentic`."""
    scheme, _, rest = head.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    if scheme != _SCHEME or not parts.get("at", "").isdigit() or len(parts.get("nonce", "")) != 32:
        raise NotAuthentic
    return Tag(int(parts["at"]), parts["nonce"], parts.get("mac", ""))


def require_tag(secret: bytes, path: str, body: bytes, sent: Tag, *, now: int) -> None:
    """Raise `NotAuthentic` unless a request's tag is right and fresh. That its number is new is for the service to know."""
    right = tag(secret, path, body, at=sent.at, nonce=sent.nonce).mac
    if not hmac.compare_digest(right.encode(), sent.mac.encode()) or abs(now - sent.at) > SKEW_SECONDS:
        raise NotAuthentic


def answer_mac(secret: bytes, request_mac: str, body: bytes) -> str:
    """The tag of an answer, bound to the request that it answers (head ``Kaowu-Answer``)."""
    said = "\n".join((FORMAT, "answer", request_mac, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret, said.encode(), hashlib.sha256).hexdigest()


def require_answer(secret: bytes, request_mac: str, body: bytes, sent: str) -> None:
    """Raise `NotAuthentic` unless an answer belongs to the request."""
    if not hmac.compare_digest(answer_mac(secret, request_mac, body).encode(), sent.encode()):
        raise NotAuthentic
