"""What a genuine signed file is, decided on its bytes alone: strict where readers are lenient.

A file is accepted only when one signature covers every byte but its own digits, nothing follows, its digest and its
signature hold, and its certificate leads to a trusted root and was valid at the time it names (facts: readers call 3 of
21 tampered files valid, and a file with an added page). PDF: ISO 32000-1 12.8; CMS: RFC 5652; PAdES: ETSI EN 319 142-1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

_BYTE_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_SIGNED_AT: Final = re.compile(rb"/M\s*\(D:(\d{14})")
_GAP: Final = re.compile(rb"<[0-9A-Fa-f]+>")
_CHAIN_LIMIT: Final = 4
_ESS_MODULE: Final = tsp.__name__
"""Importing it teaches `cms` the ESS signing-certificate-v2 attribute."""


class Flaw(StrEnum):
    """Why a file is not accepted."""

    NOT_PDF = "not_pdf"
    UNSIGNED = "unsigned"
    BROKEN_FIELD = "broken_field"  # the signature's place in the file is not as it was signed
    NOT_WHOLE = "not_whole"  # bytes outside the signature
    CHANGED_LATER = "changed_later"  # another revision or signature after ours
    BAD_SIGNATURE = "bad_signature"  # unreadable, or it does not verify
    BAD_DIGEST = "bad_digest"  # the content is not what was signed
    UNTRUSTED = "untrusted"  # not under a root of ours
    NOT_VALID_THEN = "not_valid_then"  # outside the certificate's validity


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found. Accepted when there is no flaw."""

    sha256: str
    size_bytes: int
    flaws: tuple[Flaw, ...]
    signer: str = ""
    authority: str = ""  # the trusted root; empty when there is none over the signer
    signed_at: datetime | None = None

    @property
    def accepted(self) -> bool:
        return not self.flaws and bool(self.authority)

    @property
    def ours(self) -> bool:
        """Whether it carries a certificate of a trusted root: what is wrong with it was done to one of ours."""
        return bool(self.authority)


def examine(data: bytes, roots: Sequence[bytes]) -> Examination:
    """Examine a file against trusted roots (DER). Never raises for any bytes."""
    sha256 = hashlib.sha256(data).hexdigest()
    flaws: list[Flaw] = []
    if not data.startswith(b"%PDF-"):
        return Examination(sha256=sha256, size_bytes=len(data), flaws=(Flaw.NOT_PDF,))
    ranges = list(_BYTE_RANGE.finditer(data))
    if not ranges:
        return Examination(sha256=sha256, size_bytes=len(data), flaws=(Flaw.UNSIGNED,))
    zero, start, end, rest = (int(number) for number in ranges[0].groups())
    gap = data[start:end]
    if zero != 0 or not 0 < start < end <= len(data) or not _GAP.fullmatch(gap):
        return Examination(sha256=sha256, size_bytes=len(data), flaws=(Flaw.BROKEN_FIELD,))
    if end + rest != len(data):
        flaws.append(Flaw.NOT_WHOLE)
    if len(ranges) > 1 or data.count(b"startxref") != 1 or not data.rstrip(b"\r\n ").endswith(b"%%EOF"):
        flaws.append(Flaw.CHANGED_LATER)
    digest = hashlib.sha256(data[:start] + data[end : end + rest]).digest()
    signed_at = _time_of(data[:start] + data[end : end + rest])
    found, signer, authority = _check_cms(bytes.fromhex(_even(gap[1:-1])), digest, roots, signed_at)
    return Examination(
        sha256=sha256,
        size_bytes=len(data),
        flaws=(*flaws, *found),
        signer=signer,
        authority=authority,
        signed_at=signed_at,
    )


def _even(digits: bytes) -> str:
    return digits.decode() + ("0" if len(digits) % 2 else "")


def _time_of(signed: bytes) -> datetime | None:
    found = _SIGNED_AT.search(signed)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _check_cms(
    der: bytes, digest: bytes, roots: Sequence[bytes], signed_at: datetime | None
) -> tuple[list[Flaw], str, str]:
    """The flaws of the signature itself, who signed, and the trusted root above."""
    signer = authority = ""
    try:
        content, info, certificates = _parse(der)
        leaf = _leaf(info, certificates)
        signer = leaf.subject.rfc4514_string()
        root = _root_over(leaf, certificates, [x509.load_der_x509_certificate(one) for one in roots])
        if root is None:
            return [Flaw.UNTRUSTED], signer, ""
        authority = root.subject.rfc4514_string()
        attributes = {attribute["type"].native: attribute["values"] for attribute in info["signed_attrs"]}
        _verify(leaf, info["signature"].native, info["signed_attrs"].untag().dump())
        sha256_only = content["digest_algorithms"][0]["algorithm"].native == "sha256"
        if not sha256_only or not _names_certificate(attributes, leaf):
            return [Flaw.BAD_SIGNATURE], signer, authority
        flaws = [] if attributes["message_digest"][0].native == digest else [Flaw.BAD_DIGEST]
        if signed_at is None or not leaf.not_valid_before_utc <= signed_at <= leaf.not_valid_after_utc:
            flaws.append(Flaw.NOT_VALID_THEN)
        return flaws, signer, authority
    except Exception:  # noqa: BLE001 - a stranger's bytes may break any parser; whatever breaks is no signature
        return [Flaw.BAD_SIGNATURE], signer, authority


def _parse(der: bytes) -> tuple[Any, Any, list[x509.Certificate]]:
    """The SignedData, its only signer, its certificates; only zeros may follow the structure."""
    envelope = cms.ContentInfo.load(der, strict=False)
    used = len(envelope.dump())
    if envelope["content_type"].native != "signed_data" or der[used:].strip(b"\x00"):
        raise ValueError("not one signed-data structure")
    content = envelope["content"]
    if len(content["signer_infos"]) != 1 or content["encap_content_info"]["content"].native is not None:
        raise ValueError("not one detached signature")
    certificates = [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in content["certificates"]]
    return content, content["signer_infos"][0], certificates


def _leaf(info: Any, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    serial = info["sid"].chosen["serial_number"].native
    issuer = info["sid"].chosen["issuer"].dump()
    for certificate in certificates:
        if certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer:
            return certificate
    raise ValueError("the signer's certificate is not there")


def _verify(leaf: x509.Certificate, signature: bytes, signed: bytes) -> None:
    key = leaf.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise ValueError("unknown kind of key")


def _names_certificate(attributes: dict[str, Any], leaf: x509.Certificate) -> bool:
    """ESS signing-certificate-v2 (RFC 5035): the signature says which certificate it was made under."""
    named = attributes["signing_certificate_v2"][0]["certs"][0]
    return bool(named["cert_hash"].native == leaf.fingerprint(hashes.SHA256()))


def _root_over(
    leaf: x509.Certificate, certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    """The trusted root that the signer's certificate leads to, through certificates that may sign others."""
    present = leaf
    if not _may_sign_documents(leaf):
        return None
    for _ in range(_CHAIN_LIMIT):
        for root in roots:
            if _issued(present, root):
                return root
        above = next((one for one in certificates if one != present and _issued(present, one)), None)
        if above is None:
            return None
        present = above
    return None


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        if not issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return True


def _may_sign_documents(leaf: x509.Certificate) -> bool:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return usage.digital_signature or usage.content_commitment
