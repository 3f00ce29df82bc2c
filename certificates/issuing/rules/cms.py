"""The detached signature of a PDF, built by hand: CMS SignedData (RFC 5652) of the profile PAdES B-B (ETSI EN 319 142-1).

Everything but the signature value is arithmetic on bytes (DER, ITU-T X.690), so that the key may live anywhere: it is
handed the signed attributes and returns a signature. The attributes are content type, message digest and ESS
signing-certificate-v2 (RFC 5035); the time of signing stands in the PDF (/M), where the profile wants it. With a time stamp
over the signature value as its unsigned attribute (RFC 3161, appendix A) it is B-T (EN 319 142-1, 6.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

Algorithm = Literal["ES256", "RS256"]
"""As in JOSE (RFC 7518): ECDSA on P-256 or RSA PKCS#1 v1.5, both with SHA-256."""

_SEQUENCE, _SET, _OCTETS, _INTEGER, _NULL = 0x30, 0x31, 0x04, 0x02, b"\x05\x00"
_EXPLICIT_0, _IMPLICIT_1, _DIRECTORY_NAME = 0xA0, 0xA1, 0xA4
_DATA: Final = bytes.fromhex("06092a864886f70d010701")  # 1.2.840.113549.1.7.1
_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
_CONTENT_TYPE: Final = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("06092a864886f70d010904")
_SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("060b2a864886f70d010910022f")
_TIME_STAMP: Final = bytes.fromhex("060b2a864886f70d010910020e")  # 1.2.840.113549.1.9.16.2.14
_SHA256: Final = bytes.fromhex("0609608648016503040201")
_ECDSA_SHA256: Final = bytes.fromhex("06082a8648ce3d040302")
_RSA_SHA256: Final = bytes.fromhex("06092a864886f70d01010b")
_VERSION_1: Final = b"\x02\x01\x01"
_DIGEST_BYTES: Final = 32


def cms(
    digest: bytes,
    chain: Sequence[x509.Certificate],
    algorithm: Algorithm,
    raw: Callable[[bytes], bytes],
    stamp: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """The DER of a detached SignedData over content with this SHA-256, signed under the first certificate of the chain.

    `raw` signs the DER of the signed attributes and returns a DER ECDSA signature (ES256) or a PKCS#1 one (RS256).
    `stamp`, where there is one, returns the time stamp token (DER) over the signature value. Raises `ValueError` for a digest that is no SHA-256, an empty chain or an algorithm of another name.
    """
    if len(digest) != _DIGEST_BYTES or not chain:
        raise ValueError("a SHA-256 and a certificate are needed")
    method = {"ES256": _tlv(_SEQUENCE, _ECDSA_SHA256), "RS256": _tlv(_SEQUENCE, _RSA_SHA256, _NULL)}[algorithm]
    leaf = chain[0]
    issuer_serial = leaf.issuer.public_bytes(), _integer(leaf.serial_number)
    attributes = _signed_attributes(digest, leaf, *issuer_serial)
    signature = raw(_tlv(_SET, attributes))
    sha256 = _tlv(_SEQUENCE, _SHA256)
    signer = _tlv(
        _SEQUENCE,
        _VERSION_1,
        _tlv(_SEQUENCE, *issuer_serial),
        sha256,
        _tlv(_EXPLICIT_0, attributes),  # implicit: the tag of the SET is replaced
        method,
        _tlv(_OCTETS, signature),
        _tlv(_IMPLICIT_1, _attribute(_TIME_STAMP, stamp(signature))) if stamp else b"",
    )
    certificates = _sorted(one.public_bytes(serialization.Encoding.DER) for one in chain)
    content = _tlv(
        _SEQUENCE,
        _VERSION_1,
        _tlv(_SET, sha256),
        _tlv(_SEQUENCE, _DATA),
        _tlv(_EXPLICIT_0, certificates),
        _tlv(_SET, signer),
    )
    return _tlv(_SEQUENCE, _SIGNED_DATA, _tlv(_EXPLICIT_0, content))


def _signed_attributes(digest: bytes, leaf: x509.Certificate, issuer: bytes, serial: bytes) -> bytes:
    """The content of the SET OF attributes; DER sorts its members."""
    general_names = _tlv(_SEQUENCE, _tlv(_DIRECTORY_NAME, issuer))
    named = _tlv(_SEQUENCE, _tlv(_OCTETS, leaf.fingerprint(hashes.SHA256())), _tlv(_SEQUENCE, general_names, serial))
    return _sorted(
        (
            _attribute(_CONTENT_TYPE, _DATA),
            _attribute(_MESSAGE_DIGEST, _tlv(_OCTETS, digest)),
            _attribute(_SIGNING_CERTIFICATE_V2, _tlv(_SEQUENCE, _tlv(_SEQUENCE, named))),
        )
    )


def _attribute(kind: bytes, value: bytes) -> bytes:
    return _tlv(_SEQUENCE, kind, _tlv(_SET, value))


def _sorted(members: Iterable[bytes]) -> bytes:
    return b"".join(sorted(members))


def _integer(number: int) -> bytes:
    return _tlv(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def _tlv(tag: int, *parts: bytes) -> bytes:
    """One element: tag, length in its shortest form, content."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content
