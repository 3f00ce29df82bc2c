"""PDF objects as bytes (ISO 32000-1, 7): text strings, streams, object streams, the cross-reference stream."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

HEADER: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_LEVEL: Final = 6

Place = tuple[int, int, int]
"""An entry of the cross-reference stream: kind, offset or object stream, index."""


def text(words: str) -> str:
    """A text string; 7.9.2.2."""
    return f"<FEFF{words.encode('utf-16-be').hex().upper()}>"


def number(value: float) -> str:
    """A number with at most three decimals."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def stream(entries: str, data: bytes) -> bytes:
    """A stream object's body; the data stand as they are."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries.encode(), len(data), data)


def packed(entries: str, data: bytes) -> bytes:
    """The same, compressed."""
    return stream(f"{entries}/Filter/FlateDecode", zlib.compress(data, _LEVEL))


@dataclass
class File:
    """A file in the making: bytes that are finished, and where each object stands."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    places: dict[int, Place] = field(default_factory=dict)

    def write(self, data: bytes) -> None:
        """Put bytes at the end."""
        self.parts.append(data)
        self.size += len(data)

    def add(self, number: int, body: bytes) -> None:
        """Put an object of its own at the end."""
        self.places[number] = (1, self.size, 0)
        self.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def add_packed(self, number: int, objects: Mapping[int, str], level: int = _LEVEL) -> None:
        """Put small objects into an object stream; 7.5.7."""
        heads: list[str] = []
        bodies: list[bytes] = []
        at = 0
        for index, (one, body) in enumerate(objects.items()):
            encoded = body.encode("latin-1")
            heads.append(f"{one} {at}")
            bodies.append(encoded)
            at += len(encoded) + 1
            self.places[one] = (2, number, index)
        head = " ".join(heads).encode() + b"\n"
        data = zlib.compress(head + b"\n".join(bodies), level)
        self.add(number, stream(f"/Type/ObjStm/N {len(objects)}/First {len(head)}/Filter/FlateDecode", data))

    def finish(self, number: int, trailer: str) -> bytes:
        """Write the cross-reference stream (7.5.8) and hand out the file."""
        self.places[number] = (1, self.size, 0)
        rows = [b"\0\0\0\0\xff\xff"]
        for one in range(1, number + 1):
            kind, first, second = self.places[one]
            rows.append(bytes((kind,)) + first.to_bytes(3, "big") + second.to_bytes(2, "big"))
        start = self.size
        entries = f"/Type/XRef/W[1 3 2]/Size {number + 1}{trailer}"
        self.write(b"%d 0 obj\n%s\nendobj\n" % (number, packed(entries, b"".join(rows))))
        self.write(b"startxref\n%d\n%%%%EOF\n" % start)
        return b"".join(self.parts)


def references(numbers: Iterable[int]) -> str:
    """An array of references."""
    return f"[{' '.join(f'{one} 0 R' for one in numbers)}]"
