"""A pack as bytes: laid out whole, then handed out piece by piece; no more than one certificate is held at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from certificates.packs.rules.contents import MANIFEST, SUMS, About, Item, manifest, paths, sums
from certificates.packs.rules.zipping import Entry, Layout, layout


class Altered(OSError):
    """The stored bytes are not those of the register."""


@dataclass(frozen=True)
class Plan:
    """A pack whose every byte is known: the first two entries are written here, the others are stored certificates."""

    own: tuple[bytes, ...]
    hashes: tuple[str, ...]
    layout: Layout

    @property
    def etag(self) -> str:
        """Names the bytes: the directory holds every name, size and checksum, and the sums every hash."""
        return hashlib.sha256(self.own[1] + self.layout.directory).hexdigest()[:32]


def plan(items: Sequence[Item], about: About) -> Plan:
    """Lay a pack out."""
    listed = manifest(items, about)
    checked = sums(items, about, hashlib.sha256(listed).hexdigest())
    entries = [Entry(MANIFEST, len(listed), crc32(listed)), Entry(SUMS, len(checked), crc32(checked))]
    entries += [
        Entry(path, one.size, one.crc32) for path, one in zip(paths(items, about.names), items, strict=True)
    ]  # fmt: skip
    made = layout(entries, about.made_at)
    return Plan(own=(listed, checked), hashes=tuple(one.sha256 for one in items), layout=made)


def stream(made: Plan, start: int, stop: int, get: Callable[[str], bytes]) -> Iterator[bytes]:
    """The bytes from `start` up to `stop`; raises `Altered`, FileNotFoundError when a certificate is not as it was."""
    for piece in made.layout.pieces(start, stop):
        if piece.entry < 0:
            yield piece.data
        elif piece.entry < len(made.own):
            yield made.own[piece.entry][piece.start : piece.stop]
        else:
            yield same(get, made.hashes[piece.entry - len(made.own)])[piece.start : piece.stop]


def same(get: Callable[[str], bytes], sha256: str) -> bytes:
    """The bytes under a hash, compared with it."""
    data = get(sha256)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Altered(sha256)
    return data
