"""What a tablet does with a pack: unwrap it with a badge and a PIN, as the page does (docs/formats/tablets.md)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from exam.kernel.canonical import canonical


def open_pack(answer: dict[str, Any], qr: str, pin: str) -> dict[str, Any]:
    """The inside of a pack; raises InvalidTag for a wrong PIN or badge, StopIteration for a badge that is not among them."""
    _, version, number, secret = qr.split(":")
    assert version == "1"
    badge = next(one for one in answer["badges"] if one["badge"] == number)
    salt = base64.b64decode(badge["salt"]) + base64.urlsafe_b64decode(secret + "==")
    key = hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, badge["rounds"])
    wrapped = base64.b64decode(badge["wrapped"])
    bound = canonical({"format": "kaowu-tablet-wrap/1", "device": answer["device"], "badge": number})
    pack_key = AESGCM(key).decrypt(wrapped[:12], wrapped[12:], bound)
    numbers = [one["badge"] for one in answer["badges"]]
    bound = canonical({"format": "kaowu-tablet-pack/1", "device": answer["device"], "badges": numbers})
    plain = AESGCM(pack_key).decrypt(base64.b64decode(answer["nonce"]), base64.b64decode(answer["sealed"]), bound)
    assert hashlib.sha256(plain).hexdigest() == answer["pack"]
    inside: dict[str, Any] = json.loads(plain)
    return inside
