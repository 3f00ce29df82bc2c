"""A key in a PEM file of mode 0600, loaded once and kept; the same message gets the same signature (RFC 6979)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from certificates.keys.rules.authority import Private
from certificates.keys.rules.purposes import Algorithm, algorithm_of
from certificates.keys.signer.port import CannotSign, common_name, read_chain, read_secret


@dataclass(frozen=True)
class FileSigner:
    """See `Signer`."""

    name: str
    specimen: bool
    chain: tuple[x509.Certificate, ...]
    key: Private = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """See `Signer.algorithm`."""
        match self.key:
            case ec.EllipticCurvePrivateKey():
                return "ES256"
            case rsa.RSAPrivateKey():
                return "RS256"
        return "EdDSA"

    def raw(self, message: bytes) -> bytes:
        """See `Signer.raw`."""
        match self.key:
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            case rsa.RSAPrivateKey() as key:
                return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case key:
                return key.sign(message)


def load_signer(key_path: Path, chain_path: Path, *, specimen: bool) -> FileSigner:
    """Read a key and its chain; raises `CannotSign` when they do not belong together or others may read the key."""
    chain = read_chain(chain_path)
    try:
        key = serialization.load_pem_private_key(read_secret(key_path), password=None)
    except (ValueError, TypeError) as error:
        raise CannotSign(reason=f"{key_path.name}: {type(error).__name__}") from None
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)):
        raise CannotSign(reason="P-256, RSA-3072, Ed25519")
    if algorithm_of(key.public_key()) is None:
        raise CannotSign(reason="P-256, RSA-3072, Ed25519")
    if key.public_key() != chain[0].public_key():
        raise CannotSign(reason=chain_path.name)
    return FileSigner(common_name(chain[0]), specimen, chain, key)


def pem(key: Private, passphrase: bytes = b"") -> bytes:
    """A private key as PKCS #8, encrypted where there is a passphrase."""
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def pem_chain(chain: tuple[x509.Certificate, ...]) -> bytes:
    """A chain as PEM."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
