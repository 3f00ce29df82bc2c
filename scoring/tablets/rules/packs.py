"""The pack: what a tablet needs for a session, sealed under a key that only a badge and its PIN unwrap (docs/formats/tablets.md).

AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces; keys and nonces come from outside, so the same ones give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from exam.kernel.canonical import canonical
from scoring.tablets.rules.devices import MessageInvalid
from scoring.tablets.rules.events import sha256

PACK: Final = "kaowu-tablet-pack/1"
ASK: Final = "kaowu-tablet-ask/1"
WRAP: Final = "kaowu-tablet-wrap/1"
NONCE_BYTES: Final = 12
KEPT_AFTER: Final = timedelta(hours=12)
"""Sessions that ended longer ago are in no pack [C]."""
AHEAD: Final = timedelta(hours=36)
"""Sessions that begin later are not yet in it [C]."""
CODE_LENGTH: Final = 4


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a tablet sends to get its pack."""

    tablet_id: UUID
    at: str  # the tablet's clock, as sent

    @property
    def body(self) -> dict[str, Any]:
        """What is signed."""
        return {"format": ASK, "device": str(self.tablet_id), "at": self.at}


@dataclass(frozen=True, kw_only=True)
class Opener:
    """One badge that opens a pack."""

    number: str
    name: str
    salt: bytes
    rounds: int
    key: bytes  # W


def read_ask(sent: Any) -> Ask:
    """An ask from what was sent; raises MessageInvalid."""
    if not isinstance(sent, dict) or set(sent) != {"format", "device", "at"} or sent["format"] != ASK:
        raise MessageInvalid
    try:
        device = UUID(sent["device"])
    except (ValueError, TypeError, AttributeError) as error:
        raise MessageInvalid from error
    if str(device) != sent["device"] or not isinstance(sent["at"], str) or len(sent["at"]) > 40:
        raise MessageInvalid
    return Ask(tablet_id=device, at=sent["at"])


def current(starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether a session belongs into a pack that is asked for now."""
    return ends_at >= now - KEPT_AFTER and starts_at <= now + AHEAD


def seal_pack(
    device: UUID, content: Mapping[str, Any], openers: Sequence[Opener], *, key: bytes, nonces: Sequence[bytes]
) -> dict[str, Any]:
    """The members `pack`, `badges`, `nonce` and `sealed`. `nonces`: one for the content, then one for each opener."""
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    bound = canonical({"format": PACK, "device": str(device), "badges": [one.number for one in openers]})
    return {
        "pack": hashlib.sha256(plain).hexdigest(),
        "badges": [
            {
                "badge": one.number,
                "name": one.name,
                "salt": _text(one.salt),
                "rounds": one.rounds,
                "wrapped": _text(_wrap(device, one, key, nonce)),
            }
            for one, nonce in zip(openers, nonces[1:], strict=True)
        ],
        "nonce": _text(nonces[0]),
        "sealed": _text(AESGCM(key).encrypt(nonces[0], plain, bound)),
    }


def sheet_data(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A score sheet's definition as it stands in a pack: a fraction is a text, as in everything that is hashed."""
    found = _plain(definition)
    assert isinstance(found, dict)
    return found


def sheet_sha256(definition: Mapping[str, Any]) -> str:
    """By which both sides know a version of a score sheet."""
    return sha256(sheet_data(definition))


def short_codes(tickets: Sequence[str]) -> list[str]:
    """Of each ticket its last digits, as many as tell the tickets of a room apart, at least four."""
    for length in range(CODE_LENGTH, max([CODE_LENGTH, *(len(one) for one in tickets)]) + 1):
        found = [one[-length:] for one in tickets]
        if len(set(found)) == len(found):
            return found
    return list(tickets)


def _wrap(device: UUID, opener: Opener, key: bytes, nonce: bytes) -> bytes:
    bound = canonical({"format": WRAP, "device": str(device), "badge": opener.number})
    return nonce + AESGCM(opener.key).encrypt(nonce, key, bound)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, Decimal)):
        number = Decimal(str(value))
        return int(number) if number == number.to_integral_value() else format(number.normalize(), "f")
    return value
