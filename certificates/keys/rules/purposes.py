"""What a key is for, and what its certificate must say: a key of one purpose is refused for every other.

Key usage and extended key usage: RFC 5280 4.2.1.3 and 4.2.1.12; document signing: RFC 9336. For the purposes that no
standard names, the object identifiers are made of UUIDs (ITU-T X.667): nobody has to be asked for them, and no
authority outside gives them by accident.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final, Literal
from uuid import NAMESPACE_URL, uuid5

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from exam.kernel.errors import N_

Algorithm = Literal["ES256", "RS256", "EdDSA"]
"""As in JOSE (RFC 7518, RFC 8037): P-256 with SHA-256, RSA PKCS #1 v1.5 with SHA-256, Ed25519."""

RSA_BITS: Final = 3072


class Purpose(StrEnum):
    """What a key signs."""

    DOCUMENT = "document"  # certificates and other papers (PAdES)
    CREDENTIAL = "credential"  # verifiable credentials (VC-JWT)
    LEDGER = "ledger"  # checkpoints of the register (signed notes)
    EXPORT = "export"  # manifests of what is handed over


PURPOSE_LABELS: Final[Mapping[Purpose, str]] = {
    Purpose.DOCUMENT: N_("证书文件签名"),
    Purpose.CREDENTIAL: N_("数字凭证签名"),
    Purpose.LEDGER: N_("登记簿签名"),
    Purpose.EXPORT: N_("导出文件签名"),
}

ALGORITHMS: Final[Mapping[Purpose, Sequence[Algorithm]]] = {
    Purpose.DOCUMENT: ("ES256", "RS256"),  # Ed25519 fails in common readers of PDF
    Purpose.CREDENTIAL: ("ES256",),
    Purpose.LEDGER: ("EdDSA",),
    Purpose.EXPORT: ("ES256", "RS256"),
}
"""What a purpose may be signed with; the first is what a ceremony makes unless told otherwise."""


def _own(purpose: Purpose) -> ObjectIdentifier:
    """The extended key usage of a purpose that no standard names."""
    return ObjectIdentifier(f"2.25.{uuid5(NAMESPACE_URL, f'urn:kaowu:key-purpose:{purpose}').int}")


USAGES: Final[Mapping[Purpose, ObjectIdentifier]] = {
    Purpose.DOCUMENT: ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
    Purpose.CREDENTIAL: _own(Purpose.CREDENTIAL),
    Purpose.LEDGER: _own(Purpose.LEDGER),
    Purpose.EXPORT: _own(Purpose.EXPORT),
}
_DOCUMENTS_OUTSIDE: Final = frozenset(
    {
        USAGES[Purpose.DOCUMENT],
        ObjectIdentifier("1.2.840.113583.1.1.5"),  # Adobe Authentic Documents Trust
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # Microsoft document signing
        ExtendedKeyUsageOID.EMAIL_PROTECTION,  # what general authorities put into signing certificates
    }
)


class Fault(StrEnum):
    """Why a chain cannot serve a purpose."""

    EMPTY = "empty"
    ALGORITHM = "algorithm"
    AUTHORITY = "authority"  # the key is an authority's
    CHAIN = "chain"  # one certificate was not issued by the next
    KEY_USAGE = "key_usage"
    OTHER_PURPOSE = "other_purpose"


FAULT_LABELS: Final[Mapping[Fault, str]] = {
    Fault.EMPTY: N_("没有证书"),
    Fault.ALGORITHM: N_("密钥的算法或长度不适合这一用途"),
    Fault.AUTHORITY: N_("这是签发机构的证书，不能用来签署"),
    Fault.CHAIN: N_("证书链不连续"),
    Fault.KEY_USAGE: N_("证书的密钥用法不包含数字签名"),
    Fault.OTHER_PURPOSE: N_("证书的扩展密钥用法属于另一种用途"),
}


def algorithm_of(public: object) -> Algorithm | None:
    """The algorithm of a public key; None for one that Kaowu does not sign with (other curves, RSA under 3072 bits)."""
    match public:
        case ec.EllipticCurvePublicKey() if isinstance(public.curve, ec.SECP256R1):
            return "ES256"
        case rsa.RSAPublicKey() if public.key_size >= RSA_BITS:
            return "RS256"
        case ed25519.Ed25519PublicKey():
            return "EdDSA"
    return None


def faults(chain: Sequence[x509.Certificate], purpose: Purpose) -> list[Fault]:
    """What keeps a chain (the signer's certificate first, the root last) from a purpose; empty when nothing does."""
    if not chain:
        return [Fault.EMPTY]
    leaf, found = chain[0], []
    if algorithm_of(leaf.public_key()) not in ALGORITHMS[purpose]:
        found.append(Fault.ALGORITHM)
    if _is_authority(leaf):
        found.append(Fault.AUTHORITY)
    if not all(_issued(one, above) for one, above in pairwise(chain)):
        found.append(Fault.CHAIN)
    if not _signs(leaf):
        found.append(Fault.KEY_USAGE)
    if not _meant_for(leaf, purpose):
        found.append(Fault.OTHER_PURPOSE)
    return found


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return _is_authority(issuer)


def _signs(leaf: x509.Certificate) -> bool:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return (usage.digital_signature or usage.content_commitment) and not usage.key_cert_sign


def _meant_for(leaf: x509.Certificate, purpose: Purpose) -> bool:
    try:
        named = set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return purpose is Purpose.DOCUMENT  # an authority outside may leave it open; our own purposes are always named
    if purpose is Purpose.DOCUMENT:
        return bool(named & _DOCUMENTS_OUTSIDE)
    return named == {USAGES[purpose]}
