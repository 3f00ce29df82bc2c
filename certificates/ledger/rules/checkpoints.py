"""C2SP checkpoints and proofs: a tree's size and root as a note (tlog-checkpoint), a leaf's place in it as a text
(tlog-proof@v1), and a request to a witness (tlog-witness)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from certificates.ledger.rules.merkle import HASH_BYTES, check_inclusion
from certificates.ledger.rules.notes import BadNote, Note, read_note

PROOF_HEAD: Final = "c2sp.org/tlog-proof@v1"
HASHES_MOST: Final = 63
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class TreeHead:
    """What a checkpoint says: whose log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"


@dataclass(frozen=True)
class TreeProof:
    """A leaf's place: its index, the audit path, and the checkpoint word for word."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @property
    def text(self) -> str:
        """The proof as `ledger-proof.txt` holds it."""
        lines = [PROOF_HEAD, *([f"extra {encoded(self.extra)}"] if self.extra else []), f"index {self.index}"]
        return "\n".join([*lines, *map(encoded, self.path), "", self.checkpoint])

    def check(self, leaf: bytes) -> TreeHead:
        """Raise unless this leaf hash stands in the checkpoint's tree; signatures are the reader's to judge."""
        head = tree_head(read_note(self.checkpoint))
        check_inclusion(leaf, self.index, head.size, self.path, head.root)
        return head


@dataclass(frozen=True)
class AddCheckpoint:
    """What a log asks a witness: to cosign a checkpoint that follows the one of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str

    @property
    def text(self) -> str:
        """The body of the request."""
        return "\n".join([f"old {self.old}", *map(encoded, self.proof), "", self.checkpoint])


def tree_head(note: Note) -> TreeHead:
    """Read a checkpoint's text; raises `BadNote`. Lines after the third are signed and not read."""
    lines = note.text.split("\n")
    if len(lines) < 4 or not all(lines[:-1]):
        raise BadNote("the checkpoint has no three lines")
    return TreeHead(lines[0], number(lines[1]), hash_of(lines[2]))


def read_proof(text: str) -> TreeProof:
    """Read a proof; raises `BadNote` with what is wrong."""
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines[0] != PROOF_HEAD:
        raise BadNote("no proof of the form " + PROOF_HEAD)
    rest = lines[1:]
    extra = decoded(rest.pop(0).removeprefix("extra ")) if rest and rest[0].startswith("extra ") else b""
    if not rest or not rest[0].startswith("index ") or len(rest) > HASHES_MOST + 1:
        raise BadNote("the proof names no index, or too many hashes")
    index = number(rest[0].removeprefix("index "))
    return TreeProof(index, tuple(hash_of(line) for line in rest[1:]), checkpoint, extra)


def read_request(text: str) -> AddCheckpoint:
    """Read what a log asks; raises `BadNote`."""
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or not lines[0].startswith("old ") or len(lines) > HASHES_MOST + 1:
        raise BadNote("no request for a cosignature")
    return AddCheckpoint(number(lines[0].removeprefix("old ")), tuple(map(hash_of, lines[1:])), checkpoint)


def number(text: str) -> int:
    """A decimal without leading zeros."""
    if not _NUMBER.fullmatch(text):
        raise BadNote(f"no number: {text[:40]!r}")
    return int(text)


def hash_of(text: str) -> bytes:
    """A hash in base64."""
    data = decoded(text)
    if len(data) != HASH_BYTES:
        raise BadNote(f"no hash: {text[:80]!r}")
    return data


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """Base64 in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"no base64: {text[:80]!r}") from error
    if encoded(data) != text:
        raise BadNote(f"two spellings of one base64: {text[:80]!r}")
    return data
