"""C2SP signed notes and Ed25519 keys: texts that carry the signatures of a log and the cosignatures of its witnesses.

signed-note@v1.0.0: key names and ids, verifier keys, signature lines. Two types of signature are known: 0x01, Ed25519
over the text; 0x04, cosignature/v1, Ed25519 over the text and the time of the cosigner (tlog-cosignature).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURES_MOST: Final = 64
NOTE_MOST: Final = 64_000
"""Bytes of the longest note that is read."""
_ID_BYTES: Final = 4
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_STAMP_BYTES: Final = 8
_LINE: Final = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})")
_VKEY: Final = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


Raw = Callable[[bytes], bytes]
"""Signs a message with Ed25519."""


class BadNote(ValueError):
    """The text is no note, or a signature of a known key does not hold; its text says which."""


class Kind(IntEnum):
    """The signature types that are known."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True)
class Verifier:
    """Who may sign: a name, an id, a public key, and how it signs."""

    name: str
    kind: Kind
    key: bytes  # 32 bytes, RFC 8032

    @property
    def id(self) -> bytes:
        """The key id: four bytes of a hash over name, type and key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key).digest()[:_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as text."""
        return f"{self.name}+{self.id.hex()}+{_b64(bytes([self.kind]) + self.key)}"


@dataclass(frozen=True)
class Signature:
    """One signature line."""

    name: str
    id: bytes
    value: bytes

    @property
    def line(self) -> str:
        return f"\u2014 {self.name} {_b64(self.id + self.value)}\n"

    @property
    def time(self) -> int:
        """When a cosigner signed, in seconds since 1970; 0 for a signature without a time."""
        timed = len(self.value) == _STAMP_BYTES + _SIGNATURE_BYTES
        return int.from_bytes(self.value[:_STAMP_BYTES], "big") if timed else 0


@dataclass(frozen=True)
class Note:
    """A text, which ends in a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(one.line for one in self.signatures)


def verifier_named(vkey: str) -> Verifier:
    """Read a verifier key; raises `BadNote` when its id is not that of its key."""
    found = _VKEY.fullmatch(vkey.strip())
    if found is None:
        raise BadNote(f"no verifier key: {vkey[:80]!r}")
    material = _bytes(found[3])
    if len(material) != _KEY_BYTES + 1 or material[0] not in (Kind.ED25519, Kind.COSIGNATURE):
        raise BadNote(f"the type of key {found[1]} is not known")
    verifier = Verifier(found[1], Kind(material[0]), material[1:])
    if verifier.id.hex() != found[2]:
        raise BadNote(f"the id of key {found[1]} is not that of its bytes")
    return verifier


def verifier_of(name: str, kind: Kind, key: Ed25519PublicKey) -> Verifier:
    """What others check the signatures of a key with."""
    if not name or re.search(r"[\s+]", name):
        raise BadNote(f"no key name: {name!r}")
    return Verifier(name, kind, key.public_bytes_raw())


def read_note(text: str) -> Note:
    """Take a note apart; no signature is checked."""
    if len(text.encode()) > NOTE_MOST or any(ord(one) < 0x20 and one != "\n" for one in text):
        raise BadNote("the note is too long or has control characters")
    body, separator, tail = text.rpartition("\n\n")
    lines = tail.split("\n")
    if not separator or not body or lines[-1] != "" or not 1 < len(lines) <= SIGNATURES_MOST + 1:
        raise BadNote("the note has no text and signatures")
    return Note(body + "\n", tuple(_signature(line) for line in lines[:-1]))


def signatures_in(text: str) -> list[Signature]:
    """Read bare signature lines, as a witness answers with."""
    lines = text.split("\n")
    if lines[-1] != "" or len(lines) > SIGNATURES_MOST + 1:
        raise BadNote("the signature lines are cut or too many")
    return [_signature(line) for line in lines[:-1]]


def _signature(line: str) -> Signature:
    found = _LINE.fullmatch(line)
    value = _bytes(found[2]) if found else b""
    if found is None or len(value) <= _ID_BYTES:
        raise BadNote(f"no signature line: {line[:80]!r}")
    return Signature(found[1], value[:_ID_BYTES], value[_ID_BYTES:])


def sign(text: str, verifier: Verifier, raw: Raw, *, time: int = 0) -> Signature:
    """Sign a text; a cosigner with its time (seconds since 1970)."""
    value = raw(_message(text, verifier.kind, time))
    stamp = time.to_bytes(_STAMP_BYTES, "big") if verifier.kind is Kind.COSIGNATURE else b""
    return Signature(verifier.name, verifier.id, stamp + value)


def holds(text: str, signature: Signature, verifier: Verifier) -> bool:
    """Say whether a signature is this key's over this text."""
    timed = _STAMP_BYTES if verifier.kind is Kind.COSIGNATURE else 0
    if (signature.name, signature.id) != (verifier.name, verifier.id):
        return False
    if len(signature.value) != timed + _SIGNATURE_BYTES or signature.time >= 2**63:
        return False
    message = _message(text, verifier.kind, signature.time)
    try:
        Ed25519PublicKey.from_public_bytes(verifier.key).verify(signature.value[timed:], message)
    except InvalidSignature:
        return False
    return True


def signers(note: Note, verifiers: Sequence[Verifier]) -> dict[Verifier, Signature]:
    """Of the known keys, those that signed; raises `BadNote` when a line of a known key does not hold."""
    found: dict[Verifier, Signature] = {}
    for signature in note.signatures:
        for verifier in verifiers:
            if (signature.name, signature.id) == (verifier.name, verifier.id):
                if not holds(note.text, signature, verifier):
                    raise BadNote(f"the signature of {verifier.name} does not hold")
                found.setdefault(verifier, signature)
    return found


def _message(text: str, kind: Kind, time: int) -> bytes:
    head = f"cosignature/v1\ntime {time}\n" if kind is Kind.COSIGNATURE else ""
    return (head + text).encode()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"no base64: {text[:80]!r}") from error
    if _b64(data) != text:
        raise BadNote(f"two spellings of one base64: {text[:80]!r}")
    return data
