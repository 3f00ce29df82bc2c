"""What everything that signs asks of a key, wherever it lives; and what each place a key lives in has in common."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from certificates.keys.rules.purposes import Algorithm, Purpose
from certificates.keys.rules.shapes import TRIAL
from exam.kernel.errors import N_, Unavailable


class CannotSign(Unavailable):
    """The key or its certificate cannot be used."""

    message = N_("签名密钥不可用：%(reason)s。")
    way_out = N_("请检查签名密钥与证书的配置，未签名的证书会在恢复后继续办理。")


class Signer(Protocol):
    """A key under a certificate for one purpose. Private keys and secrets stand in no repr and in no message."""

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
        """The signature over this message: DER of ECDSA (ES256) or PKCS #1 v1.5 (RS256), both with SHA-256, or Ed25519.

        Raises `CannotSign` when the key cannot be reached.
        """


def common_name(certificate: x509.Certificate) -> str:
    """The name that readers show."""
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


def verify(certificate: x509.Certificate, signature: bytes, message: bytes) -> None:
    """Raise `CannotSign` unless this is the certificate's signature over the message."""
    try:
        match certificate.public_key():
            case ec.EllipticCurvePublicKey() as key:
                key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPublicKey() as key:
                key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            case ed25519.Ed25519PublicKey() as key:
                key.verify(signature, message)
            case _:
                raise CannotSign(reason="algorithm")
    except InvalidSignature:
        raise CannotSign(reason="signature") from None


def try_out(signer: Signer) -> None:
    """Sign something that stands for nothing: raises `CannotSign` where key and certificate do not belong together."""
    verify(signer.chain[0], signer.raw(TRIAL), TRIAL)


def read_secret(path: Path) -> bytes:
    """Read a file that only its owner may read (mode 0600); raises `CannotSign`, which names the file and not what is in it."""
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise CannotSign(reason=f"{path.name}: mode {stat.S_IMODE(mode):04o}, not 0600")
        return path.read_bytes()
    except OSError as error:
        raise CannotSign(reason=f"{path.name}: {type(error).__name__}") from None


def read_chain(path: Path) -> tuple[x509.Certificate, ...]:
    """Read a chain of certificates (PEM); raises `CannotSign`."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise CannotSign(reason=f"{path.name}: {type(error).__name__}") from None


def narrow(algorithm: Algorithm | None, purpose: Purpose) -> Algorithm:
    """The algorithm, where there is one; raises `CannotSign`."""
    if algorithm is None:
        raise CannotSign(reason=f"P-256, RSA-3072, Ed25519 ({purpose})")
    return algorithm
