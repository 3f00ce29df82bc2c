"""The key ring: a file that says where each key of this installation lives (``kaowu-keyring/1``, docs/formats/signing.md).

It holds no secret: paths, labels, addresses. The last key of a purpose is the one that signs; earlier ones stay, because
what they signed must stay verifiable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from certificates.keys.rules.purposes import Purpose

FORMAT: Final = "kaowu-keyring/1"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One key: its name, purpose, chain (PEM, the signer first) and where it lives. Paths are relative to the ring's folder."""

    name: str
    purpose: Purpose
    certificate: str
    backend: Literal["file", "pkcs11", "remote"] = "file"
    specimen: bool = False
    key: str = ""  # file: the PEM of the key; remote: the key's name there
    module: str = ""  # pkcs11: the token's library
    token: str = ""  # pkcs11: the token's label
    label: str = ""  # pkcs11: the key's label
    pin_file: str = ""  # pkcs11
    url: str = ""  # remote: the service's address
    secret_file: str = ""  # remote: 32 bytes in hex
    client_certificate: str = ""  # remote, TLS: who we are
    client_key: str = ""
    authority: str = ""  # remote, TLS: whom the service's certificate comes from, where the system does not know it


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """All keys, in the order in which they took over."""

    format: Literal["kaowu-keyring/1"] = FORMAT
    keys: tuple[Entry, ...] = ()

    def current(self, purpose: Purpose) -> Entry | None:
        """The key that signs for a purpose."""
        return next((one for one in reversed(self.keys) if one.purpose is purpose), None)

    def with_key(self, entry: Entry) -> Ring:
        """The ring in which this key takes over; one of the same name is replaced."""
        kept = tuple(one for one in self.keys if one.name != entry.name)
        return Ring(keys=(*kept, entry))


def read(data: bytes) -> Ring:
    """Read a ring; raises msgspec.DecodeError with the place of what is wrong."""
    return msgspec.json.decode(data, type=Ring)


def write(ring: Ring) -> bytes:
    """A ring as it stands in its file."""
    return msgspec.json.format(msgspec.json.encode(ring), indent=2) + b"\n"


def names(ring: Ring) -> Sequence[str]:
    """The names of all keys."""
    return [one.name for one in ring.keys]
