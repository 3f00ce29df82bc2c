"""A key that never leaves its token: PKCS #11 (OASIS, Cryptoki 2.40), one session per process, one signature at a time.

Hashing is done here and the token signs the digest (CKM_ECDSA, CKM_RSA_PKCS): tokens differ in which hashing mechanisms
they have (SoftHSM2 lacks CKM_ECDSA_SHA256), all have the raw ones. A token's ECDSA is not deterministic.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error, UserAlreadyLoggedIn

from certificates.keys.rules.purposes import Algorithm, Purpose, algorithm_of
from certificates.keys.rules.ring import Entry
from certificates.keys.signer.port import CannotSign, common_name, narrow, read_chain, read_secret

_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")  # SHA-256 (RFC 8017, 9.2)
_KINDS: Final = {"ES256": KeyType.EC, "RS256": KeyType.RSA, "EdDSA": KeyType.EC_EDWARDS}


@dataclass
class TokenSigner:
    """See `Signer`."""

    name: str
    specimen: bool
    chain: tuple[x509.Certificate, ...]
    algorithm: Algorithm
    entry: Entry
    pin: str = field(repr=False)
    _key: Any = field(default=None, repr=False)
    _session: Any = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def raw(self, message: bytes) -> bytes:
        """See `Signer.raw`. A session that the token ended is opened again, once."""
        with self._lock:
            try:
                return self._sign(message)
            except PKCS11Error:
                self._close()
            try:
                return self._sign(message)
            except PKCS11Error as error:
                self._close()
                raise CannotSign(reason=f"PKCS #11 {self.entry.label}: {type(error).__name__}") from None

    def _sign(self, message: bytes) -> bytes:
        key = self._key = self._key or self._open()
        if self.algorithm == "EdDSA":
            return bytes(key.sign(message, mechanism=Mechanism.EDDSA))
        digest = hashlib.sha256(message).digest()
        if self.algorithm == "RS256":
            return bytes(key.sign(_DIGEST_INFO + digest, mechanism=Mechanism.RSA_PKCS))
        made = bytes(key.sign(digest, mechanism=Mechanism.ECDSA))
        half = len(made) // 2
        return encode_dss_signature(int.from_bytes(made[:half], "big"), int.from_bytes(made[half:], "big"))

    def _open(self) -> Any:
        token = pkcs11.lib(self.entry.module).get_token(token_label=self.entry.token)
        try:
            self._session = token.open(user_pin=self.pin)
        except UserAlreadyLoggedIn:  # another key of this token, in this process: the login is the process's
            self._session = token.open()
        return self._session.get_key(
            object_class=ObjectClass.PRIVATE_KEY, key_type=_KINDS[self.algorithm], label=self.entry.label
        )

    def _close(self) -> None:
        session, self._session, self._key = self._session, None, None
        if session is not None:
            try:
                session.close()
            except PKCS11Error:
                return


def token_signer(entry: Entry, folder: Path) -> TokenSigner:
    """The signer of a ring's entry; the token itself is asked when the first signature is wanted."""
    chain = read_chain(folder / entry.certificate)
    pin = read_secret(folder / entry.pin_file).decode().strip()
    algorithm = narrow(algorithm_of(chain[0].public_key()), Purpose(entry.purpose))
    return TokenSigner(common_name(chain[0]), entry.specimen, chain, algorithm, entry, pin)
