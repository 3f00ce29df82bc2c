"""What an archival copy is built on: the parts of an issued certificate that a later revision must name again.

Read from bytes whose signature was found to hold, so that it may trust them; what it does not find in the form of our own
files is refused (`NotArchivable`), never guessed. ISO 32000-1, 7.5.7 (object streams) and 7.5.8 (cross-reference streams).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Final

_START: Final = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF\s*\Z")
_STREAM: Final = re.compile(rb"\d{1,7} 0 obj\s*<<(.{1,4000}?)>>\s*stream\r?\n", re.DOTALL)
_OBJECT: Final = re.compile(rb"(\d{1,7}) 0 obj\s*")
_INFLATED_LIMIT: Final = 20_000_000


class NotArchivable(ValueError):
    """The file is not of the form that we issue."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The state of a file after its last revision. Texts are the bytes of dictionaries as they stand there."""

    catalog: int
    catalog_text: bytes
    page: int
    page_text: bytes
    size: int  # the next object number
    last: int  # where the last cross-reference section begins
    trailer: bytes  # /Root, /Info and /ID as every revision repeats them
    certificates: tuple[int, ...] = ()
    responses: tuple[int, ...] = ()
    lists: tuple[int, ...] = ()
    held: frozenset[str] = frozenset()  # SHA-256 of what is stored for validation
    stamps: int = 0


def ground_of(data: bytes) -> Ground:
    """The ground of an issued certificate; raises `NotArchivable`."""
    try:
        return _read(data)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, zlib.error) as error:
        raise NotArchivable(str(error)) from None


def _read(data: bytes) -> Ground:
    start = _START.search(data, max(0, len(data) - 64))
    if start is None:
        raise NotArchivable("startxref")
    last = int(start[1])
    entries, content = _stream(data, last)
    places = _places(entries, content)
    root = _reference(entries, b"Root")
    catalog = _text(data, places, root)
    pages = _text(data, places, _reference(catalog, b"Pages"))
    kids = re.search(rb"/Kids\s*\[\s*(\d+) 0 R\s*\]", pages)
    if kids is None:
        raise NotArchivable("one page")
    page = int(kids[1])
    trailer = b"/Root %d 0 R" % root
    trailer += b"/Info %d 0 R" % _reference(entries, b"Info") if b"/Info" in entries else b""
    identity = re.search(rb"/ID\s*(\[\s*<[0-9A-Fa-f]+>\s*<[0-9A-Fa-f]+>\s*\])", entries)
    trailer += b"/ID" + identity[1] if identity else b""
    size = re.search(rb"/Size\s+(\d+)", entries)
    assert size is not None
    return Ground(
        catalog=root, catalog_text=catalog, page=page, page_text=_text(data, places, page), size=int(size[1]), last=last,
        trailer=trailer,
    )  # fmt: skip


def _stream(data: bytes, at: int) -> tuple[bytes, bytes]:
    """The entries and the inflated content of the stream that begins here."""
    head = _STREAM.match(data, at)
    if head is None:
        raise NotArchivable("stream")
    entries = head[1]
    length = re.search(rb"/Length\s+(\d+)", entries)
    if length is None or b"/DecodeParms" in entries:
        raise NotArchivable("stream")
    raw = data[head.end() : head.end() + int(length[1])]
    if b"/FlateDecode" not in entries:
        return entries, raw
    inflated = zlib.decompressobj()
    content = inflated.decompress(raw, _INFLATED_LIMIT)
    if inflated.unconsumed_tail:
        raise NotArchivable("stream")
    return entries, content


def _places(entries: bytes, content: bytes) -> dict[int, tuple[int, int, int]]:
    widths = [int(one) for one in re.search(rb"/W\s*\[([\d\s]+)\]", entries)[1].split()]  # type: ignore[index]
    size = int(re.search(rb"/Size\s+(\d+)", entries)[1])  # type: ignore[index]
    index = re.search(rb"/Index\s*\[([\d\s]+)\]", entries)
    spans = [int(one) for one in index[1].split()] if index else [0, size]
    found, at = {}, 0
    for begin, count in zip(spans[::2], spans[1::2], strict=True):
        for number in range(begin, begin + count):
            fields = []
            for width in widths:
                fields.append(int.from_bytes(content[at : at + width], "big"))
                at += width
            found[number] = (fields[0], fields[1], fields[2])
    return found


def _text(data: bytes, places: dict[int, tuple[int, int, int]], number: int) -> bytes:
    """The dictionary of an object as it stands in the file or in its object stream."""
    kind, first, second = places[number]
    if kind == 1:
        head = _OBJECT.match(data, first)
        if head is None or int(head[1]) != number:
            raise NotArchivable("object")
        text = data[head.end() : data.index(b"endobj", head.end())]
    elif kind == 2:
        entries, content = _stream(data, places[first][1])
        begin = int(re.search(rb"/First\s+(\d+)", entries)[1])  # type: ignore[index]
        heads = [int(one) for one in content[:begin].split()]
        pairs = list(zip(heads[::2], heads[1::2], strict=True))
        if pairs[second][0] != number:
            raise NotArchivable("object")
        end = begin + pairs[second + 1][1] if second + 1 < len(pairs) else len(content)
        text = content[begin + pairs[second][1] : end]
    else:
        raise NotArchivable("object")
    text = text.strip()
    if not text.startswith(b"<<") or not text.endswith(b">>"):
        raise NotArchivable("dictionary")
    return text


def _reference(entries: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb"\s+(\d+) 0 R", entries)
    if found is None:
        raise NotArchivable(name.decode())
    return int(found[1])
