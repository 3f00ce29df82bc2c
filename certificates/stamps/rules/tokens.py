"""A time stamp token (RFC 3161, 2.4.2) read strictly: it stamps these bytes, its signature holds, its key may stamp.

The certificate that stamps must have time stamping as its only, critical purpose (2.3), be named in the signature (ESS,
RFC 5035 and ETSI EN 319 422, 5.2) and have been valid at the time it stamped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from certificates.stamps.rules.paths import path_over

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512(),
}  # fmt: skip
_CERTIFICATES_LIMIT: Final = 16
_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
_RSA_BITS: Final = 2048
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


class Fault(StrEnum):
    """Why a time stamp cannot be used."""

    UNREADABLE = "unreadable"
    REFUSED = "refused"  # the authority said no
    WRONG_NONCE = "wrong_nonce"  # an answer to another question, perhaps an old one
    WRONG_IMPRINT = "wrong_imprint"  # other bytes were stamped
    BAD_SIGNATURE = "bad_signature"
    WRONG_PURPOSE = "wrong_purpose"  # its certificate is not one for time stamps only
    EXPIRED = "expired"  # its certificate was not valid at the time it names
    UNTRUSTED = "untrusted"  # not under a root of ours
    UNREACHABLE = "unreachable"
    SLOW = "slow"


class _Answer(core.Sequence):  # type: ignore[misc]
    """TimeStampResp; a refusal has no token (2.4.2), which the library's own does not know."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class BadToken(ValueError):
    """A time stamp that says nothing."""

    def __init__(self, fault: Fault, said: str = "") -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.said = said


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a token says, its signature being right. It counts only when it leads to a trusted root."""

    at: datetime
    authority: str
    path: tuple[x509.Certificate, ...]  # from the stamping certificate to the trusted root; empty without one
    ends: datetime  # until when the stamping certificate is valid

    @property
    def trusted(self) -> bool:
        return bool(self.path)


def request(imprint: bytes, nonce: int) -> bytes:
    """The DER of a request for a time stamp over a SHA-256; the authority is asked for its certificates."""
    algorithm = algos.DigestAlgorithm({"algorithm": "sha256"})
    message = tsp.MessageImprint({"hash_algorithm": algorithm, "hashed_message": imprint})
    asked = {"version": 1, "message_imprint": message, "nonce": nonce, "cert_req": True}
    return bytes(tsp.TimeStampReq(asked).dump())


def token_of(answer: bytes, imprint: bytes, nonce: int, roots: Sequence[x509.Certificate]) -> tuple[bytes, Stamp]:
    """The token of an authority's answer and what it says; raises `BadToken` unless it answers this request and is trusted."""
    try:
        response = _Answer.load(answer, strict=True)
        status = response["status"]
        if status["status"].native not in _GRANTED:
            raise BadToken(Fault.REFUSED, _said(status))
        der = bytes(response["time_stamp_token"].dump())
        info = _info(cms.ContentInfo.load(der)["content"])
        answered = info["nonce"].native
    except BadToken:
        raise
    except Exception:  # noqa: BLE001 - a stranger's bytes may break any parser
        raise BadToken(Fault.UNREADABLE) from None
    if answered != nonce:
        raise BadToken(Fault.WRONG_NONCE)
    stamp = read_token(der, imprint, roots)
    if not stamp.trusted:
        raise BadToken(Fault.UNTRUSTED, stamp.authority)
    return der, stamp


def read_token(der: bytes, imprint: bytes, roots: Sequence[x509.Certificate]) -> Stamp:
    """What a token says of bytes with this SHA-256; raises `BadToken`. Whether it leads to a root of these it tells."""
    try:
        return _read(der, imprint, roots)
    except BadToken:
        raise
    except Exception:  # noqa: BLE001 - a stranger's bytes may break any parser
        raise BadToken(Fault.UNREADABLE) from None


def _read(der: bytes, imprint: bytes, roots: Sequence[x509.Certificate]) -> Stamp:
    envelope = cms.ContentInfo.load(der, strict=True)
    content = envelope["content"]
    info, signer = _info(content), content["signer_infos"][0]
    stamped = info["message_imprint"]
    if envelope["content_type"].native != "signed_data" or len(content["signer_infos"]) != 1:
        raise BadToken(Fault.UNREADABLE)
    if stamped["hash_algorithm"]["algorithm"].native != "sha256" or bytes(stamped["hashed_message"].native) != imprint:
        raise BadToken(Fault.WRONG_IMPRINT)
    certificates = _certificates(content)
    leaf = _signer(signer, certificates)
    _verify(leaf, signer, content["encap_content_info"])
    if not _may_stamp(leaf):
        raise BadToken(Fault.WRONG_PURPOSE)
    at: datetime = info["gen_time"].native
    path = path_over(leaf, certificates, roots)
    if not all(one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in path or [leaf]):
        raise BadToken(Fault.EXPIRED)
    return Stamp(at=at, authority=_name(leaf), path=tuple(path), ends=leaf.not_valid_after_utc)


def _info(content: Any) -> Any:
    inside = content["encap_content_info"]
    if inside["content_type"].native != "tst_info":
        raise BadToken(Fault.UNREADABLE)
    return inside["content"].parsed


def _certificates(content: Any) -> list[x509.Certificate]:
    if len(content["certificates"]) > _CERTIFICATES_LIMIT:
        raise BadToken(Fault.UNREADABLE)
    return [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in content["certificates"]]


def _signer(info: Any, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    name = info["sid"].chosen
    for one in certificates:
        if info["sid"].name == "issuer_and_serial_number":
            if (one.serial_number, one.issuer.public_bytes()) == (name["serial_number"].native, name["issuer"].dump()):
                return one
        elif _key_identifier(one) == name.native:
            return one
    raise BadToken(Fault.BAD_SIGNATURE)


def _key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return b""


def _verify(leaf: x509.Certificate, info: Any, inside: Any) -> None:
    """The signature over the attributes, their digest of the content, and the certificate they name; RFC 5652, 5.4."""
    attributes = {one["type"].native: one["values"] for one in info["signed_attrs"]}
    digest = info["digest_algorithm"]["algorithm"].native
    method = info["signature_algorithm"]
    kind = method.signature_algo
    hashed = method["algorithm"].native.split("_")[0]
    hashed = hashed if hashed in _HASHES else digest
    if kind == "rsassa_pss":
        hashed = method["parameters"]["hash_algorithm"]["algorithm"].native
    if digest not in _HASHES or hashed not in _HASHES:
        raise BadToken(Fault.BAD_SIGNATURE)
    content = inside["content"].contents
    if (
        attributes["content_type"][0].native != "tst_info"
        or attributes["message_digest"][0].native != hashlib.new(digest, content).digest()
        or not _named(attributes, leaf)
    ):
        raise BadToken(Fault.BAD_SIGNATURE)
    signature, signed = info["signature"].native, info["signed_attrs"].untag().dump()
    algorithm = _HASHES[hashed]
    try:
        match leaf.public_key():
            case ec.EllipticCurvePublicKey() as key if kind == "ecdsa":
                key.verify(signature, signed, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey() as key if kind == "rsassa_pkcs1v15" and key.key_size >= _RSA_BITS:
                key.verify(signature, signed, padding.PKCS1v15(), algorithm)
            case rsa.RSAPublicKey() as key if kind == "rsassa_pss" and key.key_size >= _RSA_BITS:
                length = method["parameters"]["salt_length"].native
                key.verify(signature, signed, padding.PSS(padding.MGF1(algorithm), length), algorithm)
            case _:
                raise BadToken(Fault.BAD_SIGNATURE)
    except BadToken:
        raise
    except Exception:  # noqa: BLE001 - InvalidSignature, and what a wrong shape of it raises
        raise BadToken(Fault.BAD_SIGNATURE) from None


def _named(attributes: dict[str, Any], leaf: x509.Certificate) -> bool:
    """ESS signing-certificate, of either version: the stamp says under which certificate it was made."""
    if "signing_certificate_v2" in attributes:
        first = attributes["signing_certificate_v2"][0]["certs"][0]
        kind = first["hash_algorithm"]["algorithm"].native
        return kind in _HASHES and first["cert_hash"].native == leaf.fingerprint(_HASHES[kind])
    if "signing_certificate" in attributes:
        first = attributes["signing_certificate"][0]["certs"][0]
        return bool(first["cert_hash"].native == leaf.fingerprint(hashes.SHA1()))
    return False


def _may_stamp(leaf: x509.Certificate) -> bool:
    try:
        found = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return found.critical and [one.dotted_string for one in found.value] == [_STAMPING]


def _name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


def _said(status: Any) -> str:
    """The authority's own words, short: they end in an error message."""
    words = [*(status["status_string"].native or ()), *sorted(status["fail_info"].native or ())]
    return "; ".join(str(one) for one in words)[:120]
