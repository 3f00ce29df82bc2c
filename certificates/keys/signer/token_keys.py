"""Makes a key inside a token (PKCS #11, 5.14): it is sensitive, cannot be taken out and never could; what is public is handed out.

What the token says of the key is read back and required: a token that makes another kind of key is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error, UserAlreadyLoggedIn
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from certificates.keys.rules.authority import Public
from certificates.keys.rules.purposes import RSA_BITS, Algorithm, Purpose
from certificates.keys.rules.ring import Entry
from certificates.keys.signer.port import CannotSign, read_secret
from certificates.keys.signer.tokens import TokenSigner

_ED25519: Final = bytes.fromhex("06032b6570")  # RFC 8410, 3; in DER
_FIXED: Final = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
_REQUIRED: Final[Mapping[Attribute, bool]] = {
    Attribute.SENSITIVE: True,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.NEVER_EXTRACTABLE: True,
    Attribute.LOCAL: True,
}


@dataclass(frozen=True)
class Slot:
    """A token that is there and initialised: its library, its label, the file with its PIN (mode 0600)."""

    module: str
    token: str
    pin_file: Path

    def entry(self, name: str, purpose: Purpose) -> Entry:
        """What the ring says of a key in it."""
        return Entry(
            name=name, purpose=purpose, certificate=f"{name}.pem", backend="pkcs11", module=self.module, token=self.token,
            label=name, pin_file=str(self.pin_file.absolute()),
        )  # fmt: skip


@dataclass(frozen=True)
class TokenKey:
    """A key that was made in a token: what is public of it, who signs with it, and what the token says of itself."""

    public: Public
    signer: TokenSigner
    said: Mapping[str, str]


def make_in(slot: Slot, name: str, purpose: Purpose, algorithm: Algorithm) -> TokenKey:
    """Make a key under this label; raises `CannotSign` when the label is taken, the PIN wrong or the key could leave the token."""
    pin = read_secret(slot.pin_file).decode().strip()
    try:
        token = pkcs11.lib(slot.module).get_token(token_label=slot.token)
        with _open(token, pin) as session:
            if list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: name})):
                raise CannotSign(reason=f"PKCS #11 {slot.token}: {name} exists")
            public, private = _generate(session, name, algorithm)
            wrong = [one.name for one, wanted in _REQUIRED.items() if private[one] is not wanted]
            if wrong:
                raise CannotSign(reason=f"PKCS #11 {slot.token}: {', '.join(wrong)}")
            found = _public(public, algorithm)
            said = {
                "token": slot.token,
                "maker": f"{token.manufacturer_id} {token.model}",
                "serial": _text(token.serial),
            }
    except PKCS11Error as error:
        raise CannotSign(reason=f"PKCS #11 {slot.token}: {type(error).__name__}") from None
    signer = TokenSigner(name, False, (), algorithm, slot.entry(name, purpose), pin)
    return TokenKey(found, signer, said | {"extractable": "never"})


def _open(token: Any, pin: str) -> Any:
    try:
        return token.open(rw=True, user_pin=pin)
    except UserAlreadyLoggedIn:  # a key of this token has signed in this process: the login is the process's
        return token.open(rw=True)


def _generate(session: Any, name: str, algorithm: Algorithm) -> tuple[Any, Any]:
    options: dict[str, Any] = {
        "store": True, "label": name, "id": name.encode(), "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": _FIXED,
    }  # fmt: skip
    if algorithm == "RS256":
        return tuple(session.generate_keypair(KeyType.RSA, RSA_BITS, **options))
    kind, curve = (
        (KeyType.EC, encode_named_curve_parameters("secp256r1"))
        if algorithm == "ES256"
        else (KeyType.EC_EDWARDS, _ED25519)
    )
    parameters = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    return tuple(parameters.generate_keypair(**options))


def _public(key: Any, algorithm: Algorithm) -> Public:
    if algorithm == "EdDSA":
        from_point = bytes(key[Attribute.EC_POINT])[-32:]
        return serialization.load_der_public_key(bytes.fromhex("302a300506032b6570032100") + from_point)  # type: ignore[return-value]
    if algorithm == "RS256":
        info = rsa.RSAPublicNumbers(
            int.from_bytes(key[Attribute.PUBLIC_EXPONENT], "big"), int.from_bytes(key[Attribute.MODULUS], "big")
        )
        return info.public_key()
    found = serialization.load_der_public_key(encode_ec_public_key(key))
    assert isinstance(found, ec.EllipticCurvePublicKey)
    return found


def _text(serial: object) -> str:
    return serial.decode().strip() if isinstance(serial, bytes) else str(serial)
