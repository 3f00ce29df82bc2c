"""Asks a time stamp authority (RFC 3161, 3.4: HTTP) with a bound in time; after a failure it is left alone for a while.

``KAOWU_TSA_URL`` names the authority, ``KAOWU_TSA_ROOTS`` the roots it must lead to, ``KAOWU_TSA_CREDENTIALS`` a file of
mode 0600 with ``user:password``. Every answer is read as strictly as a stranger's file before anybody gets it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certificates.keys.signer.port import CannotSign, read_chain, read_secret
from certificates.stamps.rules.tokens import BadToken, Fault, request, token_of
from exam.kernel.errors import N_, Unavailable
from exam.kernel.i18n import translate
from exam.kernel.settings import Settings

TOTAL_SECONDS: Final = 10.0
REST_SECONDS: Final = 30.0
"""After a failure nobody waits for the authority again for so long: a group of certificates fails at once, and is swept up later."""
_ANSWER_LIMIT_BYTES: Final = 64_000
FAULTS: Final = {
    Fault.UNREADABLE: N_("回答无法解读"),
    Fault.REFUSED: N_("机构拒绝：%(said)s"),
    Fault.WRONG_NONCE: N_("回答的不是这次请求"),
    Fault.WRONG_IMPRINT: N_("时间戳盖在别的内容上"),
    Fault.BAD_SIGNATURE: N_("时间戳的签名不对"),
    Fault.WRONG_PURPOSE: N_("机构的证书不是专用于时间戳的"),
    Fault.EXPIRED: N_("机构的证书已过期"),
    Fault.UNTRUSTED: N_("机构“%(said)s”不在 KAOWU_TSA_ROOTS 之下"),
    Fault.UNREACHABLE: N_("连接不上：%(said)s"),
    Fault.SLOW: N_("没有在限定时间内回答"),
}


class NoStamp(Unavailable):
    """The authority gave no usable time stamp; what waits for one stays where it is."""

    message = N_("没有取得时间戳（%(reason)s）。")
    way_out = N_("请检查 KAOWU_TSA_URL、KAOWU_TSA_ROOTS 和时间戳机构；待办的证书停在原处，恢复后自动继续。")


@dataclass
class Authority:
    """One authority as this process knows it."""

    url: str
    roots: tuple[x509.Certificate, ...]
    credentials: str = field(default="", repr=False)
    seconds: float = TOTAL_SECONDS
    rest: float = REST_SECONDS
    _rests_until: float = 0.0
    _why: str = ""

    def stamp(self, message: bytes) -> bytes:
        """The token (DER) over a message's SHA-256; raises `NoStamp`, at once while the authority rests. Blocks: call it in a thread."""
        if time.monotonic() < self._rests_until:
            raise NoStamp(reason=self._why)
        imprint, nonce = hashlib.sha256(message).digest(), secrets.randbits(63) | 1 << 62
        try:
            answer = asyncio.run(self._ask(request(imprint, nonce)))
            return token_of(answer, imprint, nonce, self.roots)[0]
        except BadToken as bad:
            self._why = translate(FAULTS[bad.fault], said=bad.said)
            self._rests_until = time.monotonic() + self.rest
            raise NoStamp(reason=self._why) from None

    async def _ask(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        if self.credentials:
            headers["Authorization"] = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        try:
            async with asyncio.timeout(self.seconds):
                return await self._post(body, headers)
        except (TimeoutError, httpx.TimeoutException):
            raise BadToken(Fault.SLOW) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise BadToken(Fault.UNREACHABLE, type(error).__name__) from None

    async def _post(self, body: bytes, headers: dict[str, str]) -> bytes:
        found = b""
        async with (
            httpx.AsyncClient(timeout=self.seconds, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", self.url, content=body, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise BadToken(Fault.UNREACHABLE, f"HTTP {answer.status_code}")
            async for some in answer.aiter_bytes():
                found += some
                if len(found) > _ANSWER_LIMIT_BYTES:
                    raise BadToken(Fault.UNREADABLE)
        return found


def authority_of(settings: Settings) -> Authority | None:
    """The authority of this installation, None where none is set; raises `NoStamp` where the rest of the setting is missing."""
    return _authority(settings) if settings.tsa_url else None


def stamp_roots(settings: Settings) -> list[bytes]:
    """The DER of the roots whose time stamps count here; none where none are set."""
    if settings.tsa_roots is None:
        return []
    return [one.public_bytes(serialization.Encoding.DER) for one in _roots(settings)]


@lru_cache(maxsize=4)
def _authority(settings: Settings) -> Authority:
    if settings.tsa_roots is None:
        raise NoStamp(reason="KAOWU_TSA_ROOTS")
    try:
        secret = read_secret(settings.tsa_credentials).decode().strip() if settings.tsa_credentials else ""
        return Authority(settings.tsa_url, _roots(settings), secret)
    except CannotSign as cannot:
        raise NoStamp(reason=cannot.facts["reason"]) from None


@lru_cache(maxsize=4)
def _roots(settings: Settings) -> tuple[x509.Certificate, ...]:
    assert settings.tsa_roots is not None
    return read_chain(settings.tsa_roots)
