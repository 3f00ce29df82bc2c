"""A tablet's key: what it signs is checked here (FIPS 186-5, ECDSA P-256 with SHA-256; the raw r‖s of IEEE P1363)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from exam.kernel.canonical import canonical
from scoring.tablets.rules.devices import KeyUnusable, SignatureWrong

_RAW = 64  # bytes of r and s


def verify(public_key: bytes, body: Mapping[str, Any], signature: bytes, *, label: str = "") -> None:
    """Refuse a signature that is not this key's over this body (raw r‖s)."""
    try:
        plain = canonical(dict(body))
        if len(signature) != _RAW:
            raise InvalidSignature
        r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
        public_key_of(public_key).verify(encode_dss_signature(r, s), plain, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise SignatureWrong(label=label) from error


def public_key_of(key: bytes) -> ec.EllipticCurvePublicKey:
    """The P-256 key in a SubjectPublicKeyInfo (RFC 5280); raises KeyUnusable."""
    try:
        found = serialization.load_der_public_key(key)
    except (ValueError, TypeError) as error:
        raise KeyUnusable from error
    if not isinstance(found, ec.EllipticCurvePublicKey) or not isinstance(found.curve, ec.SECP256R1):
        raise KeyUnusable
    return found
