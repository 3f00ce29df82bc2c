"""What a message of each purpose looks like: a signing service refuses to sign a credential with the key for documents.

The four shapes exclude each other: a document's signed attributes are a DER SET that names the signer's certificate (RFC 5652,
RFC 5035), a credential is a JWS signing input (RFC 7515), a checkpoint is text that ends with a line break (C2SP signed-note),
a manifest of an export is JSON.
"""

from __future__ import annotations

import base64
import json
from typing import Final

from certificates.keys.rules.purposes import Purpose

TRIAL: Final = b"kaowu: trial of a key; this signature stands for nothing"
"""Signed to see whether key and certificate belong together; no shape of a purpose fits it."""

_DER_SET: Final = 0x31


def fits(purpose: Purpose, message: bytes, certificate_sha256: bytes) -> bool:
    """Whether a message looks like what a key of this purpose signs."""
    match purpose:
        case Purpose.DOCUMENT:
            return message[:1] == bytes([_DER_SET]) and certificate_sha256 in message
        case Purpose.CREDENTIAL:
            return _is_signing_input(message)
        case Purpose.LEDGER:
            return _is_note(message)
        case Purpose.EXPORT:
            return message[:1] == b"{" and _is_json(message)


def _is_signing_input(message: bytes) -> bool:
    head, dot, body = message.partition(b".")
    try:
        said = json.loads(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    except ValueError:
        return False
    return bool(dot and body) and isinstance(said, dict) and said.get("alg") == "ES256"


def _is_note(message: bytes) -> bool:
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.endswith("\n") and text.count("\n") > 1 and not text.startswith("{")


def _is_json(message: bytes) -> bool:
    try:
        json.loads(message)
    except ValueError:
        return False
    return True
