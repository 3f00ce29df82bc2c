"""The signer behind one port: a key in a file, the demo's own or a real one named in the settings.

PAdES B-B (ETSI EN 319 142-1): a detached CMS with the ESS signing-certificate-v2 attribute over the whole file, written
into the open field of a drawn certificate, so that one revision holds everything. P-256 with SHA-256: Ed25519 fails in
common readers. The demo's authority is made at set-up and its certificates say so; a real key and its chain (leaf
first) come by ``KAOWU_SIGNER_KEY`` and ``KAOWU_SIGNER_CERTIFICATE``. Key files have mode 0600.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from certificates.issuing.rules.cms import Algorithm, cms
from exam.kernel.errors import N_, Unavailable
from exam.kernel.locks import exclusive
from exam.kernel.settings import Settings

DEMO_CHAIN: Final = "demo-signer.pem"
_DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
_BYTE_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*0\s+9999999999\s+9999999999\s+9999999999\s*\]")
_CONTENTS: Final = re.compile(rb"/Contents\s*<(0+)>")
_VALID_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
_VALID_TO: Final = datetime(2050, 1, 1, tzinfo=UTC)


class CannotSign(Unavailable):
    """The key or its certificate cannot be used."""

    message = N_("签名密钥不可用：%(reason)s。")
    way_out = N_("请检查签名密钥与证书的配置，未签名的证书会在恢复后继续办理。")


class Signer(Protocol):
    """What issuing asks of a key, wherever it lives."""

    @property
    def name(self) -> str:
        """Who signs, as readers show it."""

    @property
    def specimen(self) -> bool:
        """Whether this is the demo's key: what it signs is marked as a specimen."""

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The signer's certificate, then those above it, the root last."""

    @property
    def algorithm(self) -> Algorithm:
        """What `raw` makes."""

    def raw(self, message: bytes) -> bytes:
        """The signature over this message: DER of ECDSA (ES256) or PKCS#1 v1.5 (RS256), both with SHA-256."""


@dataclass(frozen=True)
class FileSigner:
    """A key from a PEM file, loaded once and kept."""

    name: str
    specimen: bool
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """See `Signer.algorithm`."""
        return "ES256" if isinstance(self.key, ec.EllipticCurvePrivateKey) else "RS256"

    def raw(self, message: bytes) -> bytes:
        """See `Signer.raw`; the same message gets the same signature (RFC 6979)."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


@lru_cache(maxsize=4)
def signer_of(settings: Settings) -> FileSigner:
    """The signer of this installation; the demo's key and authority are made when there is no other."""
    if settings.signer_key is not None:
        if settings.signer_certificate is None:
            raise CannotSign(reason="KAOWU_SIGNER_CERTIFICATE")
        return load_signer(settings.signer_key, settings.signer_certificate, specimen=False)
    key, chain = demo_key(settings.keys)
    return load_signer(key, chain, specimen=True)


def load_signer(key_path: Path, chain_path: Path, *, specimen: bool) -> FileSigner:
    """Read a key and its chain; raises `CannotSign` when they do not belong together."""
    try:
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        chain = tuple(x509.load_pem_x509_certificates(chain_path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise CannotSign(reason=type(error).__name__) from error
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)) or not _usable(key):
        raise CannotSign(reason="P-256, RSA-3072")
    if key.public_key() != chain[0].public_key():
        raise CannotSign(reason=chain_path.name)
    return FileSigner(_common_name(chain[0]), specimen, chain, key)


def sign(data: bytes, signer: Signer) -> bytes:
    """Close the open signature field of a drawn certificate; the only change is inside its two placeholders."""
    ranges, contents = list(_BYTE_RANGE.finditer(data)), list(_CONTENTS.finditer(data))
    if len(ranges) != 1 or len(contents) != 1:
        raise CannotSign(reason="ByteRange")
    start, end = contents[0].start(1) - 1, contents[0].end(1) + 1
    text = b"/ByteRange [0 %d %d %d]" % (start, end, len(data) - end)
    place = ranges[0]
    data = data[: place.start()] + text.ljust(place.end() - place.start()) + data[place.end() :]
    digest = hashlib.sha256(data[:start] + data[end:]).digest()
    room = end - start - 2
    signature = cms(digest, signer.chain, signer.algorithm, signer.raw).hex().encode()
    if len(signature) > room:
        raise CannotSign(reason=f"CMS {len(signature)} > {room}")
    return data[: start + 1] + signature.ljust(room, b"0") + data[end - 1 :]


def roots(settings: Settings) -> list[bytes]:
    """The DER of the authorities that this installation trusts: the last certificate of its own chain."""
    return [signer_of(settings).chain[-1].public_bytes(serialization.Encoding.DER)]


def demo_key(folder: Path) -> tuple[Path, Path]:
    """The demo's signing key and chain, made once under a demo authority whose own key signs nothing else."""
    key_path, chain_path = folder / "demo-signer.key", folder / DEMO_CHAIN
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with exclusive(folder / "demo-signer.lock"):
        if not chain_path.exists():
            authority, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
            root = _certificate("Kaowu Demo CA 演示", authority, "Kaowu Demo CA 演示", authority, authority=True)
            signer = _certificate("Kaowu 演示签名 Specimen", leaf, "Kaowu Demo CA 演示", authority, authority=False)
            _write(folder / "demo-ca.key", _pem(authority), 0o600)
            _write(key_path, _pem(leaf), 0o600)
            _write(chain_path, b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (signer, root)), 0o644)
    return key_path, chain_path


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_distinguished(subject))
        .issuer_name(_distinguished(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_TO)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(_usage(authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([_DOCUMENT_SIGNING]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _distinguished(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Kaowu Specimen"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _usable(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bool:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return isinstance(key.curve, ec.SECP256R1)
    return key.key_size >= 3072


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a new file whole or not at all, never readable by others even for a moment."""
    temporary = path.with_suffix(".part")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
