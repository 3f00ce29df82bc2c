"""C2SP tlog-tiles: which static files a tree of some size has, their names, and what stands in them.

A tile is 256 hashes of one level of eighths (level 0: leaf hashes; level 1: each the root of a full tile below), or fewer
at the right edge; an entry bundle is the same leaves as bytes, each led by its length in two bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from certificates.ledger.rules.merkle import HASH_BYTES

WIDTH: Final = 256
HEIGHT: Final = 8
LEVEL_MOST: Final = 63
INDEX_MOST: Final = 2**55
ENTRY_MOST: Final = 2**16 - 1
"""Bytes of the longest entry."""
_PATH: Final = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class NoTile(ValueError):
    """The name is not that of a tile, or the bytes are not those of one."""


@dataclass(frozen=True, order=True)
class Tile:
    """One static file: hashes of a level, or the entries (level None)."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def partial(self) -> bool:
        return self.width < WIDTH

    @property
    def start(self) -> int:
        """The first of its hashes or entries, counted along its level."""
        return self.index * WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below the log's prefix."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([*(f"x{one}" for one in groups[:-1]), groups[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{name}" + (f".p/{self.width}" if self.partial else "")


def tile_named(path: str) -> Tile:
    """The tile of a path; raises `NoTile` for any spelling that is not the one of `Tile.path`."""
    found = _PATH.fullmatch(path)
    if found is None or len(path) > 80:
        raise NoTile(path)
    level = None if found[1] == "entries" else int(found[1])
    tile = Tile(level, int(found[2].replace("x", "").replace("/", "")), int(found[3] or WIDTH))
    if tile.path != path or (level or 0) > LEVEL_MOST or tile.index > INDEX_MOST or tile.width > WIDTH:
        raise NoTile(path)
    return tile


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Every file of a tree of `size` leaves; with `since`, those that a tree of that size did not have."""
    yield from _row(None, size, since)
    level = 0
    while size:
        yield from _row(level, size, since)
        level, size, since = level + 1, size >> HEIGHT, since >> HEIGHT


def _row(level: int | None, count: int, since: int) -> Iterator[Tile]:
    for index in range(since // WIDTH, count // WIDTH):
        yield Tile(level, index)
    rest = count % WIDTH
    if rest and count != since:
        yield Tile(level, count // WIDTH, rest)


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile's bytes; `NoTile` when they are not exactly `width`."""
    if len(data) != width * HASH_BYTES:
        raise NoTile(f"{len(data)} bytes instead of {width * HASH_BYTES}")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle."""
    return b"".join(len(one).to_bytes(2, "big") + one for one in entries)


def split_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle; `NoTile` names the byte at which it does not hold `width` whole entries."""
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < width:
        length = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + length > len(data):
            raise NoTile(f"entry {len(found)} at byte {at} is cut")
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if len(found) != width or at != len(data):
        raise NoTile(f"{len(found)} of {width} entries in {at} of {len(data)} bytes")
    return found
