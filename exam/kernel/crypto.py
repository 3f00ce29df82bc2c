"""Sealing: ID numbers at rest are AES-256-GCM ciphertext with key id and associated data, found by a blind index.

A sealed text is ``v1.<key id>.<base64url(nonce || ciphertext || tag)>``. The context (for example
``person:<uuid>``) is the associated data: a value copied to another row does not open there.
NIST SP 800-38D (GCM, 96-bit random nonce), RFC 2104 (HMAC), RFC 5869 (HKDF).

What somebody else seals for this installation (a tablet's export file) is sealed for its P-256 key pair: ephemeral ECDH
(NIST SP 800-56A), HKDF, AES-256-GCM. The pair follows from the first data key, so that whoever keeps that keeps both.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key


class CannotOpen(Exception):
    """The sealed text does not open: another key, another context, or it was altered."""


class Vault:
    """Seals and opens texts, and makes blind indexes, under keys that never leave the process."""

    def __init__(self, keys: dict[str, bytes], current: str) -> None:
        self._ciphers = {key_id: AESGCM(_derive(key, b"kaowu seal")) for key_id, key in keys.items()}
        self._current = current
        # The index key comes from the first key and does not rotate: an index must stay comparable.
        self._index_key = _derive(keys[min(keys)], b"kaowu blind index")
        # So does the key pair that others seal for: a file sealed before a rotation must still open.
        self._exchange = _key_pair(keys[min(keys)], b"kaowu exchange")

    @classmethod
    def open_or_create(cls, folder: Path) -> "Vault":
        """Load the keys ``data-*.key`` (32 random bytes each) of the folder; make the first one at set-up."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = sorted(folder.glob("data-*.key"))
        if not found:
            found = [_create_key(folder / "data-001.key")]
        keys = {path.stem.removeprefix("data-"): path.read_bytes() for path in found}
        return cls(keys, max(keys))

    def seal(self, text: str, context: str) -> str:
        """Encrypt ``text`` so that it opens only under the same ``context``."""
        nonce = secrets.token_bytes(12)
        sealed = self._ciphers[self._current].encrypt(nonce, text.encode(), context.encode())
        return f"v1.{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """Decrypt a sealed text; raises :class:`CannotOpen`."""
        try:
            version, key_id, body = sealed.split(".", 2)
            raw = base64.urlsafe_b64decode(body)
            if version != "v1":
                raise CannotOpen("unknown version")
            return self._ciphers[key_id].decrypt(raw[:12], raw[12:], context.encode()).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise CannotOpen("sealed text does not open") from error

    def blind(self, value: str, context: str) -> str:
        """Return the keyed index of a value (64 hex digits): equal values of one context have equal indexes."""
        message = context.encode() + b"\x00" + value.encode()
        return hmac.new(self._index_key, message, hashlib.sha256).hexdigest()

    @property
    def exchange_key(self) -> bytes:
        """The public key that others seal for (SubjectPublicKeyInfo, P-256): the same for ever."""
        return self._exchange.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def open_exchange(self, ephemeral: bytes, nonce: bytes, sealed: bytes, info: str) -> bytes:
        """Open what was sealed for :attr:`exchange_key` (see :func:`seal_exchange`); raises :class:`CannotOpen`."""
        try:
            other = load_der_public_key(ephemeral)
            if not isinstance(other, ec.EllipticCurvePublicKey) or not isinstance(other.curve, ec.SECP256R1):
                raise CannotOpen("not a P-256 key")
            secret = self._exchange.exchange(ec.ECDH(), other)
            return AESGCM(_agree(secret, nonce, info)).decrypt(nonce, sealed, None)
        except (ValueError, TypeError, InvalidTag) as error:
            raise CannotOpen("sealed bytes do not open") from error


def seal_exchange(public_key: bytes, plain: bytes, info: str) -> tuple[bytes, bytes, bytes]:
    """Seal bytes for a public key as others do: (ephemeral key, nonce, sealed). The 12-byte nonce is both the salt of HKDF
    and the nonce of GCM; there is no additional data."""
    other = load_der_public_key(public_key)
    assert isinstance(other, ec.EllipticCurvePublicKey)
    own = ec.generate_private_key(ec.SECP256R1())
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_agree(own.exchange(ec.ECDH(), other), nonce, info)).encrypt(nonce, plain, None)
    return own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), nonce, sealed


def _agree(secret: bytes, nonce: bytes, info: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=nonce, info=info.encode()).derive(secret)


def _key_pair(key: bytes, purpose: bytes) -> ec.EllipticCurvePrivateKey:
    """A P-256 key pair that follows from a key (FIPS 186-5 A.2.1: 128 extra bits, so no number is likelier than another)."""
    bits = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=purpose).derive(key)
    return ec.derive_private_key(int.from_bytes(bits, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256's base point (NIST SP 800-186)."""


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key)


def _create_key(path: Path) -> Path:
    """Write a new key whole or not at all; another process that was first keeps its key."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path
