"""A ZIP file whose every byte is known before one is written: entries stored, sizes and checksums given (APPNOTE 6.3.10).

Because nothing is deflated and nothing measured on the way, the whole file is a function of its entries: it can be streamed
without being kept, and taken up again at any byte. ZIP64 where a count or an offset is too large for the old fields.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

LIMIT: Final = 0xFFFFFFFF
COUNT_LIMIT: Final = 0xFFFF
_UTF8: Final = 0x0800
_PLAIN, _ZIP64 = 20, 45
_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16
_LOCAL: Final = struct.Struct("<IHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<IHHHHHHIIIHHHHHII")
_END64: Final = struct.Struct("<IQHHIIQQQQ")
_FIND64: Final = struct.Struct("<IIQI")
_END: Final = struct.Struct("<IHHHHIIH")


@dataclass(frozen=True)
class Entry:
    """One file: its name, its size in bytes and its CRC-32."""

    name: str
    size: int
    crc32: int


@dataclass(frozen=True)
class Piece:
    """Bytes of the ZIP file in order: given, or a stretch of an entry's own."""

    data: bytes = b""
    entry: int = -1
    start: int = 0
    stop: int = 0


@dataclass(frozen=True)
class Layout:
    """Where everything stands."""

    entries: tuple[Entry, ...]
    offsets: tuple[int, ...]  # of the local headers
    headers: tuple[bytes, ...]
    directory: bytes
    size: int

    def pieces(self, start: int, stop: int) -> Iterator[Piece]:
        """The bytes from `start` up to `stop`, in order."""
        first = max(0, bisect_right(self.offsets, start) - 1)
        for index in range(first, len(self.entries)):
            at = self.offsets[index]
            if at >= stop:
                return
            header = self.headers[index]
            if head := header[max(0, start - at) : max(0, stop - at)]:
                yield Piece(data=head)
            body = at + len(header)
            low, high = max(0, start - body), min(self.entries[index].size, stop - body)
            if low < high:
                yield Piece(entry=index, start=low, stop=high)
        at = self.size - len(self.directory)
        if tail := self.directory[max(0, start - at) : max(0, stop - at)]:
            yield Piece(data=tail)


def layout(entries: Sequence[Entry], moment: datetime) -> Layout:
    """Lay the entries out; all bear one moment. Raises ValueError for one too large, a name twice, a year before 1980."""
    if len({one.name.casefold() for one in entries}) < len(entries):
        raise ValueError("two files of one name")
    day = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    clock = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    offsets, headers, central, at = [], [], [], 0
    for one in entries:
        if one.size >= LIMIT:
            raise ValueError(f"{one.name} is too large")
        name = one.name.encode()
        header = _LOCAL.pack(
            0x04034B50, _PLAIN, _UTF8, 0, clock, day, one.crc32, one.size, one.size, len(name), 0
        )  # fmt: skip
        central.append(_central(one, name, at, clock, day))
        offsets.append(at)
        headers.append(header + name)
        at += len(header) + len(name) + one.size
    listed = b"".join(central)
    directory = listed + _end(len(entries), len(listed), at)
    return Layout(tuple(entries), tuple(offsets), tuple(headers), directory, at + len(directory))


def _central(one: Entry, name: bytes, at: int, clock: int, day: int) -> bytes:
    far = at >= LIMIT
    extra = struct.pack("<HHQ", 1, 8, at) if far else b""
    version = _ZIP64 if far else _PLAIN
    return (
        _CENTRAL.pack(
            0x02014B50, _UNIX | version, version, _UTF8, 0, clock, day, one.crc32, one.size, one.size, len(name),
            len(extra), 0, 0, 0, _MODE, LIMIT if far else at,
        )
        + name
        + extra
    )  # fmt: skip


def _end(count: int, size: int, at: int) -> bytes:
    """The end of the directory, before it the one with large fields where they are needed."""
    long = count >= COUNT_LIMIT or at >= LIMIT or size >= LIMIT
    wide = b""
    if long:
        wide = _END64.pack(
            0x06064B50, _END64.size - 12, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, at
        ) + _FIND64.pack(0x07064B50, 0, at + size, 1)  # fmt: skip
    return wide + _END.pack(
        0x06054B50, 0, 0, min(count, COUNT_LIMIT), min(count, COUNT_LIMIT), min(size, LIMIT), min(at, LIMIT), 0
    )
