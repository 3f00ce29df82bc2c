"""The two revisions that an archival copy adds, in the one form that is accepted (ETSI EN 319 142-1, 5.4).

Values (5.4.2, the document security store): certificates, OCSP responses and revocation lists with which the signatures before
it can be judged. Stamp (5.4.3, the document time stamp): a signature field of no size outside the page, so that a conforming
file stays one (ISO 19005-3, 6.3; ISO 14289-1, 7.18), whose time stamp covers everything before it.

Nothing is left to a writer: the same ground and the same values give the same bytes. So a reader takes out what was put in,
writes the revision again, and accepts it only when every byte is the same (`rules.reading`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from certificates.archive.rules.ground import Ground, NotArchivable

RESERVED_BYTES: Final = 16_384
"""Room for a time stamp token with its authority's certificates."""
_EXTENSIONS: Final = b"/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 1>>>>"
_FIELDS: Final = re.compile(rb"(/AcroForm\s*<<[^<>]*?/Fields\s*\[)([^\[\]<>]*)\]")
_ANNOTATIONS: Final = re.compile(rb"(/Annots\s*\[)([^\[\]<>]*)\]")
_STORE: Final = re.compile(rb"/DSS \d+ 0 R")


@dataclass(frozen=True, kw_only=True)
class Values:
    """What certificates can be judged with later, each as DER."""

    certificates: tuple[bytes, ...] = ()
    responses: tuple[bytes, ...] = ()  # OCSP
    lists: tuple[bytes, ...] = ()  # CRL

    def beside(self, held: Iterable[str]) -> Values:
        """Those that are not held yet, each once, in one order."""
        known = set(held)

        def new(some: Iterable[bytes]) -> tuple[bytes, ...]:
            found = {hashlib.sha256(one).hexdigest(): one for one in some}
            return tuple(found[name] for name in sorted(found) if name not in known)

        return Values(
            certificates=new(self.certificates), responses=new(self.responses), lists=new(self.lists)
        )  # fmt: skip

    def joined(self, other: Values) -> Values:
        """Both together."""
        return Values(
            certificates=self.certificates + other.certificates,
            responses=self.responses + other.responses,
            lists=self.lists + other.lists,
        )

    @property
    def all(self) -> tuple[bytes, ...]:
        return (*self.certificates, *self.responses, *self.lists)


@dataclass
class _Revision:
    """A revision in the making: its bytes, and where its objects stand."""

    at: int
    data: bytes = b""

    def __post_init__(self) -> None:
        self.places: dict[int, int] = {}

    def add(self, number: int, body: bytes) -> None:
        self.places[number] = self.at + len(self.data)
        self.data += b"%d 0 obj\n%s\nendobj\n" % (number, body)

    def finish(self, number: int, ground: Ground) -> tuple[bytes, int]:
        """The revision with its cross-reference stream, and where that begins."""
        start = self.at + len(self.data)
        self.places[number] = start
        order = sorted(self.places)
        index = b" ".join(b"%d 1" % one for one in order)
        rows = b"".join(b"\x01" + self.places[one].to_bytes(4, "big") + b"\0\0" for one in order)
        entries = b"/Type/XRef/W[1 4 2]/Index[%s]/Size %d/Prev %d%s" % (index, number + 1, ground.last, ground.trailer)
        body = b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(rows), rows)
        self.data += b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, body, start)
        return self.data, start


def with_values(at: int, ground: Ground, values: Values) -> tuple[bytes, Ground]:
    """The revision that adds values to a file of this length, and the ground after it. Raises `NotArchivable`."""
    values = values.beside(ground.held)
    made, number = _Revision(at), ground.size + 1
    numbers: list[tuple[int, ...]] = []
    for some in (values.certificates, values.responses, values.lists):
        numbers.append(tuple(range(number, number + len(some))))
        number += len(some)
    store = (
        ground.certificates + numbers[0],
        ground.responses + numbers[1],
        ground.lists + numbers[2],
    )
    arrays = b"".join(
        b"/%s[%s]" % (name, b" ".join(b"%d 0 R" % one for one in some))
        for name, some in zip((b"Certs", b"OCSPs", b"CRLs"), store, strict=True)
        if some
    )
    made.add(ground.size, b"<</Type/DSS%s>>" % arrays)
    for one, der in zip((one for some in numbers for one in some), values.all, strict=True):
        made.add(one, b"<</Length %d>>stream\n%s\nendstream" % (len(der), der))
    catalog = _with_store(ground.catalog_text, ground.size)
    made.add(ground.catalog, catalog)
    data, start = made.finish(number, ground)
    after = replace(
        ground, catalog_text=catalog, size=number + 1, last=start, certificates=store[0], responses=store[1], lists=store[2],
        held=ground.held | {hashlib.sha256(one).hexdigest() for one in values.all},
    )  # fmt: skip
    return data, after


@dataclass(frozen=True)
class OpenStamp:
    """A revision whose time stamp is still missing: its bytes from the end of the file on, and the hole in them."""

    at: int
    data: bytes
    begin: int  # of the angle brackets, in the revision
    after: Ground

    @property
    def end(self) -> int:
        return self.begin + 2 * RESERVED_BYTES + 2

    def covered(self, before: bytes) -> bytes:
        """What the time stamp is to cover: everything but its own digits."""
        return before[: self.at] + self.data[: self.begin] + self.data[self.end :]

    def closed(self, token: bytes) -> bytes:
        """The revision with its token; raises `NotArchivable` when it has no room."""
        if len(token) > RESERVED_BYTES:
            raise NotArchivable(f"time stamp {len(token)} > {RESERVED_BYTES}")
        digits = token.hex().encode().ljust(2 * RESERVED_BYTES, b"0")
        return self.data[: self.begin + 1] + digits + self.data[self.end - 1 :]


def with_stamp(at: int, ground: Ground) -> OpenStamp:
    """The revision with a document time stamp that is still to be made."""
    signature, field, number = ground.size, ground.size + 1, ground.size + 2
    made = _Revision(at)
    hole = b"<" + b"0" * (2 * RESERVED_BYTES) + b">"
    head = b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/ByteRange[0 %s]/Contents"
    made.add(signature, head % (b"0" * 32) + hole + b">>")
    begin = made.data.index(hole)
    name = b"Archive %d" % (ground.stamps + 1)
    made.add(
        field,
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%s)/TU(Time stamp of the archive)/F 132/Rect[-1 -1 -1 -1]/P %d 0 R/V %d 0 R>>"
        % (name, ground.page, signature),
    )
    catalog = _with_member(_FIELDS, ground.catalog_text, field)
    page = _with_member(_ANNOTATIONS, ground.page_text, field)
    made.add(ground.catalog, catalog)
    made.add(ground.page, page)
    data, start = made.finish(number, ground)
    first = at + begin
    second = first + len(hole)
    ranges = b"%d %d %d" % (first, second, at + len(data) - second)
    data = data.replace(b"/ByteRange[0 " + b"0" * 32 + b"]", (b"/ByteRange[0 " + ranges + b"]").ljust(46), 1)
    after = replace(
        ground, catalog_text=catalog, page_text=page, size=number + 1, last=start, stamps=ground.stamps + 1
    )  # fmt: skip
    return OpenStamp(at, data, begin, after)


def _with_store(catalog: bytes, number: int) -> bytes:
    if _STORE.search(catalog):
        return _STORE.sub(b"/DSS %d 0 R" % number, catalog, count=1)
    extensions = b"" if b"/Extensions" in catalog else _EXTENSIONS
    return catalog[:-2] + extensions + b"/DSS %d 0 R>>" % number


def _with_member(pattern: re.Pattern[bytes], text: bytes, number: int) -> bytes:
    """The text with a reference more at the end of an array of references."""
    found = pattern.search(text)
    if found is None:
        raise NotArchivable("AcroForm")
    return text[: found.end(2)] + b" %d 0 R" % number + text[found.end(2) :]
