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
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from certificates.issuing.rules.chains import chain_over
from certificates.stamps.rules.tokens import BadToken, Stamp, read_token

_BYTE_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_SIGNED_AT: Final = re.compile(rb"/M\s*\(D:(\d{14})")
_GAP: Final = re.compile(rb"<(?:[0-9a-f]{2})+>")  # one spelling: lower case, no space
_GAP_LIMIT: Final = 200_000  # a signature with its certificates and a time stamp is a tenth of it
_CERTIFICATES_LIMIT: Final = 16
_SOUGHT_MOST: Final = 8
_CLOCKS_APART: Final = timedelta(minutes=5)
_ANY_CONTENTS: Final = re.compile(rb"<([0-9A-Fa-f\s]{512,200000})>")
_RSA_BITS: Final = 2048
_SIGNATURES: Final = {ec.EllipticCurvePublicKey: {"sha256_ecdsa"}, rsa.RSAPublicKey: {"sha256_rsa", "rsassa_pkcs1v15"}}
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
    BAD_TIME_STAMP = (
        "bad_time_stamp"  # it carries one that stamps something else, does not hold, or lies before the signature
    )


class Level(StrEnum):
    """How much of ETSI EN 319 142-1, 6.3 a file holds, by stamps of authorities that are trusted here."""

    B_B = "B-B"
    B_T = "B-T"  # a trusted time at which the signature was there
    B_LT = "B-LT"  # with what it takes to judge the certificates later
    B_LTA = "B-LTA"  # under a later time stamp that can be renewed


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found. Accepted when there is no flaw."""

    sha256: str
    size_bytes: int
    flaws: tuple[Flaw, ...]
    signer: str = ""
    authority: str = ""  # the trusted root; empty when there is none over the signer
    certificate_sha256: str = ""  # of the signer's certificate, when it stands under a trusted root
    signed_at: datetime | None = None
    level: Level = Level.B_B
    stamped_at: datetime | None = None  # the earliest trusted time at which the signature was there
    stamped_by: str = ""
    original_sha256: str = ""  # of the file as it was issued, where this is an archival copy of it

    @property
    def accepted(self) -> bool:
        return not self.flaws and bool(self.authority)

    @property
    def registered_sha256(self) -> str:
        """The hash under which the register would know it."""
        return self.original_sha256 or self.sha256

    @property
    def ours(self) -> bool:
        """Whether it carries a certificate of a trusted root: what is wrong with it was done to one of ours."""
        return bool(self.authority)


def examine(data: bytes, roots: Sequence[bytes], stamp_roots: Sequence[bytes] = ()) -> Examination:
    """Examine a file against trusted roots, of signers and of time stamps (DER). Never raises for any bytes."""
    found = _Found(hashlib.sha256(data).hexdigest(), len(data))
    if not data.startswith(b"%PDF-"):
        return found.refused(Flaw.NOT_PDF)
    trusted = [x509.load_der_x509_certificate(one) for one in roots]
    ranges = list(_BYTE_RANGE.finditer(data))
    if not ranges:
        return found.refused(Flaw.UNSIGNED, *_sought(data, trusted))
    zero, start, end, rest = (int(number) for number in ranges[0].groups())
    gap = data[start:end]
    if zero != 0 or not 0 < start < end <= len(data) or len(gap) > _GAP_LIMIT or not _GAP.fullmatch(gap):
        return found.refused(Flaw.BROKEN_FIELD, *_sought(data, trusted))
    flaws: list[Flaw] = []
    if end + rest != len(data):
        flaws.append(Flaw.NOT_WHOLE)
    if len(ranges) > 1 or data.count(b"startxref") != 1 or not data.rstrip(b"\r\n ").endswith(b"%%EOF"):
        flaws.append(Flaw.CHANGED_LATER)
    outside = data[:start] + data[end : end + rest]
    signed_at = _time_of(outside)
    der = bytes.fromhex(gap[1:-1].decode())
    more, signer, chain = _check_cms(der, hashlib.sha256(outside).digest(), trusted, signed_at)
    stamp, bad = _stamp_of(der, stamp_roots, signed_at) if chain and not more else (None, [])
    return Examination(
        sha256=found.sha256,
        size_bytes=found.size_bytes,
        flaws=(*flaws, *more, *bad),
        signer=signer,
        authority=chain[-1].subject.rfc4514_string() if chain else "",
        certificate_sha256=chain[0].fingerprint(hashes.SHA256()).hex() if chain else "",
        signed_at=signed_at,
        level=Level.B_T if stamp else Level.B_B,
        stamped_at=stamp.at if stamp else None,
        stamped_by=stamp.authority if stamp else "",
    )


def _stamp_of(der: bytes, roots: Sequence[bytes], signed_at: datetime | None) -> tuple[Stamp | None, list[Flaw]]:
    """The trusted time stamp over the signature, if there is one; one that does not hold is a flaw, a stranger's says nothing."""
    info = cms.ContentInfo.load(der)["content"]["signer_infos"][0]
    tokens = [one["values"] for one in info["unsigned_attrs"] if one["type"].native == "signature_time_stamp_token"]
    if not tokens:
        return None, []
    imprint = hashlib.sha256(info["signature"].native).digest()
    try:
        if len(tokens[0]) != 1:
            return None, [Flaw.BAD_TIME_STAMP]
        stamp = read_token(tokens[0][0].dump(), imprint, [x509.load_der_x509_certificate(one) for one in roots])
    except BadToken:
        return None, [Flaw.BAD_TIME_STAMP]
    if not stamp.trusted:
        return None, []
    early = signed_at is not None and stamp.at < signed_at - _CLOCKS_APART
    return (None, [Flaw.BAD_TIME_STAMP]) if early else (stamp, [])


@dataclass(frozen=True)
class _Found:
    sha256: str
    size_bytes: int

    def refused(self, flaw: Flaw, signer: str = "", authority: str = "") -> Examination:
        return Examination(
            sha256=self.sha256, size_bytes=self.size_bytes, flaws=(flaw,), signer=signer, authority=authority
        )


def _sought(data: bytes, trusted: Sequence[x509.Certificate]) -> tuple[str, str]:
    """Who signed a file whose field was broken, if a signature of ours still lies somewhere in it; it is not accepted."""
    for found in islice(_ANY_CONTENTS.finditer(data), _SOUGHT_MOST):
        try:
            digits = b"".join(found[1].split())
            _, info, certificates = _parse(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()))
            leaf = _leaf(info, certificates)
            chain = chain_over(leaf, certificates, trusted)
        except Exception:  # noqa: BLE001 - a stranger's bytes may break any parser
            continue
        if chain:
            return leaf.subject.rfc4514_string(), chain[-1].subject.rfc4514_string()
    return "", ""


def _time_of(signed: bytes) -> datetime | None:
    found = _SIGNED_AT.search(signed)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _check_cms(
    der: bytes, digest: bytes, trusted: Sequence[x509.Certificate], signed_at: datetime | None
) -> tuple[list[Flaw], str, list[x509.Certificate]]:
    """The flaws of the signature itself, who signed, and the certificates from the signer's to the trusted root."""
    signer: str = ""
    chain: list[x509.Certificate] = []
    try:
        content, info, certificates = _parse(der)
        leaf = _leaf(info, certificates)
        signer = leaf.subject.rfc4514_string()
        chain = chain_over(leaf, certificates, trusted)
        if not chain:
            return [Flaw.UNTRUSTED], signer, []
        _require_one_form(der, content, info, certificates, chain)
        attributes = {attribute["type"].native: attribute["values"] for attribute in info["signed_attrs"]}
        _verify(leaf, info["signature"].native, info["signed_attrs"].untag().dump())
        if attributes["content_type"][0].native != "data" or not _names_certificate(attributes, leaf):
            return [Flaw.BAD_SIGNATURE], signer, chain
        flaws = [] if attributes["message_digest"][0].native == digest else [Flaw.BAD_DIGEST]
        if signed_at is None or not all(
            one.not_valid_before_utc <= signed_at <= one.not_valid_after_utc for one in chain
        ):
            flaws.append(Flaw.NOT_VALID_THEN)
        return flaws, signer, chain
    except Exception:  # noqa: BLE001 - a stranger's bytes may break any parser; whatever breaks is no signature
        return [Flaw.BAD_SIGNATURE], signer, chain


def _parse(der: bytes) -> tuple[Any, Any, list[x509.Certificate]]:
    """The SignedData, its only signer, its certificates; only zeros may follow the structure."""
    envelope = cms.ContentInfo.load(der, strict=False)
    used = len(envelope.dump())
    if envelope["content_type"].native != "signed_data" or der[used:].strip(b"\x00"):
        raise ValueError("not one signed-data structure")
    content = envelope["content"]
    if len(content["signer_infos"]) != 1 or content["encap_content_info"]["content"].native is not None:
        raise ValueError("not one detached signature")
    if len(content["certificates"]) > _CERTIFICATES_LIMIT:
        raise ValueError("more certificates than a signature has")
    certificates = [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in content["certificates"]]
    return content, content["signer_infos"][0], certificates


def _require_one_form(
    der: bytes, content: Any, info: Any, certificates: Sequence[x509.Certificate], chain: Sequence[x509.Certificate]
) -> None:
    """Refuse what a signature could say otherwise without breaking: every byte of the gap has one permitted value.

    The gap is the only place that the signature does not cover. Its lengths are the shortest (DER); versions, algorithms
    and their parameters are those we write; it carries the chain to the trusted root and nothing else; a time stamp is
    the only unsigned attribute.
    """
    if _loose(der):
        raise ValueError("not DER")
    key = chain[0].public_key()
    permitted = next((names for kind, names in _SIGNATURES.items() if isinstance(key, kind)), set())
    attributes = [attribute["type"].native for attribute in info["signed_attrs"]]
    unsigned = [attribute["type"].native for attribute in info["unsigned_attrs"]]
    holds = (
        content["version"].native == info["version"].native == "v1",
        [one["algorithm"].native for one in content["digest_algorithms"]] == ["sha256"],
        info["digest_algorithm"]["algorithm"].native == "sha256",
        info["signature_algorithm"]["algorithm"].native in permitted,
        all(_plain(one) for one in content["digest_algorithms"]),
        _plain(info["digest_algorithm"]) and _plain(info["signature_algorithm"]),
        content["encap_content_info"]["content_type"].native == "data",
        content["crls"].native is None,
        info["sid"].name == "issuer_and_serial_number",
        len(set(attributes)) == len(attributes),
        all(len(attribute["values"]) == 1 for attribute in info["signed_attrs"]),
        set(unsigned) <= {"signature_time_stamp_token"} and len(unsigned) <= 1,
        sorted(one.fingerprint(hashes.SHA256()) for one in certificates)
        in (
            sorted(one.fingerprint(hashes.SHA256()) for one in chain),
            sorted(one.fingerprint(hashes.SHA256()) for one in chain[:-1]),
        ),
    )
    if not all(holds):
        raise ValueError("not the form of our signatures")


def _plain(algorithm: Any) -> bool:
    """An algorithm without parameters: none at all, or NULL."""
    return algorithm["parameters"].dump() in (b"", b"\x05\x00")


def _loose(der: bytes) -> bool:
    """Whether a length is open, longer than it must be, or reaches out of what it stands in, or something is filled in."""
    place, (length, head, _) = 0, _length_at(der, 0)
    ends = [head + length]
    while place < ends[0]:
        while place >= ends[-1]:
            ends.pop()
        length, head, shortest = _length_at(der, place)
        if not der[place] or not shortest or place + head + length > ends[-1]:
            return True
        if der[place] & 0x20:
            ends.append(place + head + length)
            place += head
        else:
            place += head + length
    return False


def _length_at(der: bytes, place: int) -> tuple[int, int, bool]:
    """The length of the element that begins here, the size of its head, and whether it is written as short as it can be."""
    first = der[place + 1]
    if not first & 0x80:
        return first, 2, True
    raw = der[place + 2 : place + 2 + (first & 0x7F)]
    length = int.from_bytes(raw, "big")
    return length, 2 + len(raw), bool(raw) and raw[0] != 0 and length >= 0x80


def _leaf(info: Any, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    serial = info["sid"].chosen["serial_number"].native
    issuer = info["sid"].chosen["issuer"].dump()
    for certificate in certificates:
        if certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer:
            return certificate
    raise ValueError("the signer's certificate is not there")


def _verify(leaf: x509.Certificate, signature: bytes, signed: bytes) -> None:
    key = leaf.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, (ec.SECP256R1, ec.SECP384R1)):
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise ValueError("unknown kind of key, or too small a one")


def _names_certificate(attributes: dict[str, Any], leaf: x509.Certificate) -> bool:
    """ESS signing-certificate-v2 (RFC 5035): the signature says which certificate it was made under."""
    named = attributes["signing_certificate_v2"][0]["certs"][0]
    return bool(named["cert_hash"].native == leaf.fingerprint(hashes.SHA256()))
