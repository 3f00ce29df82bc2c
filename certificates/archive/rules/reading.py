"""Reading a file that may be an archival copy: the file as issued, then revisions of the two kinds and nothing else.

A revision is accepted only when writing it again gives the same bytes (`rules.revisions`): what may differ are the values and the
time stamp, and neither can change what is seen. Levels are those of ETSI EN 319 142-1, 6.3: B-T by a trusted time stamp over the
signature, B-LT by values that suffice for its chain and those of the stamps before, B-LTA by a later document time stamp.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from asn1crypto import cms
from cryptography import x509

from certificates.archive.rules.ground import Ground, NotArchivable, ground_of
from certificates.archive.rules.revisions import RESERVED_BYTES, Values, with_stamp, with_values
from certificates.archive.rules.values import missing, readable
from certificates.issuing.rules.chains import chain_over
from certificates.issuing.rules.signature import Examination, Flaw, Level, examine
from certificates.stamps.rules.tokens import BadToken, Stamp, read_token

_BYTE_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_STORE: Final = re.compile(rb"\d{1,7} 0 obj\n<</Type/DSS((?:/(?:Certs|OCSPs|CRLs)\[(?:\d{1,7} 0 R ?)+\])*)>>\nendobj\n")
_MEMBERS: Final = re.compile(rb"/(Certs|OCSPs|CRLs)\[([^\]]+)\]")
_VALUE: Final = re.compile(rb"(\d{1,7}) 0 obj\n<</Length (\d{1,8})>>stream\n")
_REVISIONS_MOST: Final = 64


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A file that is whole: the examination of it, and what the next revision is built on."""

    examination: Examination
    ground: Ground
    values: Values = field(repr=False)
    paths: tuple[tuple[x509.Certificate, ...], ...] = ()  # of the signer and of each trusted time stamp, in order
    stamps: tuple[Stamp, ...] = ()  # trusted ones, in order
    missing: tuple[str, ...] = ()  # the certificates of the paths of which the values do not say that they stood


def examine_any(data: bytes, roots: Sequence[bytes], stamp_roots: Sequence[bytes] = ()) -> Examination:
    """Examine a file that may be an archival copy of ours. Never raises for any bytes."""
    first = _BYTE_RANGE.search(data)
    if first is None or int(first[2]) + int(first[3]) == len(data):
        return examine(data, roots, stamp_roots)
    try:
        return read(data, roots, stamp_roots).examination
    except NotArchivable:
        return examine(data, roots, stamp_roots)


def read(data: bytes, roots: Sequence[bytes], stamp_roots: Sequence[bytes] = ()) -> Reading:
    """Read an issued certificate or an archival copy; raises `NotArchivable` for anything else."""
    first = _BYTE_RANGE.search(data)
    end = int(first[2]) + int(first[3]) if first else 0
    original = data[:end]
    found = examine(original, roots, stamp_roots)
    if not found.accepted or not first:
        raise NotArchivable(", ".join(found.flaws) or "untrusted")
    trusted = [x509.load_der_x509_certificate(one) for one in roots]
    stampers = [x509.load_der_x509_certificate(one) for one in stamp_roots]
    reader = _Reader(data, end, ground_of(original), stampers, found)
    info = _signed_data(original, int(first[1]), int(first[2]))
    reader.begin(info, trusted)
    for _ in range(_REVISIONS_MOST):
        if reader.at == len(data):
            return reader.reading(original_only=end == len(data))
        reader.step()
    raise NotArchivable("revisions")


@dataclass
class _Reader:
    data: bytes
    at: int
    ground: Ground
    stampers: list[x509.Certificate]
    found: Examination

    def __post_init__(self) -> None:
        self.values = Values()
        self.paths: list[tuple[x509.Certificate, ...]] = []
        self.stamps: list[Stamp] = []
        self.level = self.found.level

    def begin(self, content: cms.SignedData, trusted: Sequence[x509.Certificate]) -> None:
        """Note the signer's path and the stamp inside the signature."""
        carried = [x509.load_der_x509_certificate(one.chosen.dump()) for one in content["certificates"]]
        info = content["signer_infos"][0]
        serial = info["sid"].chosen["serial_number"].native
        leaf = next(one for one in carried if one.serial_number == serial)
        self.paths.append(tuple(chain_over(leaf, carried, trusted)))
        for one in info["unsigned_attrs"]:
            stamp = read_token(
                one["values"][0].dump(), hashlib.sha256(info["signature"].native).digest(), self.stampers
            )
            self._note(stamp)

    def step(self) -> None:
        """Read one revision: of values, else of a stamp."""
        if _STORE.match(self.data, self.at):
            self._values()
        else:
            self._stamp()

    def reading(self, *, original_only: bool) -> Reading:
        """What was found in the whole file."""
        first = self.stamps[0] if self.stamps else None
        examination = replace(
            self.found,
            sha256=hashlib.sha256(self.data).hexdigest(),
            size_bytes=len(self.data),
            level=self.level,
            stamped_at=first.at if first else None,
            stamped_by=first.authority if first else "",
            original_sha256="" if original_only else self.found.sha256,
        )
        return Reading(
            examination=examination, ground=self.ground, values=self.values, paths=tuple(self.paths),
            stamps=tuple(self.stamps), missing=tuple(self._missing()),
        )  # fmt: skip

    def _values(self) -> None:
        store = _STORE.match(self.data, self.at)
        assert store is not None
        new = dict.fromkeys((b"Certs", b"OCSPs", b"CRLs"), 0)
        for name, members in _MEMBERS.findall(store[1]):
            new[name] = sum(int(one) >= self.ground.size for one in members.split()[::3])
        taken: list[bytes] = []
        place = store.end()
        for _ in range(sum(new.values())):
            head = _VALUE.match(self.data, place)
            if head is None:
                raise NotArchivable("value")
            taken.append(self.data[head.end() : head.end() + int(head[2])])
            place = head.end() + int(head[2]) + len(b"\nendstream\nendobj\n")
        one, two = new[b"Certs"], new[b"Certs"] + new[b"OCSPs"]
        values = Values(
            certificates=tuple(taken[:one]), responses=tuple(taken[one:two]), lists=tuple(taken[two:])
        )  # fmt: skip
        if not readable(values):
            raise NotArchivable("value")
        written, after = with_values(self.at, self.ground, values)
        self._require(written)
        self.ground, self.at = after, self.at + len(written)
        self.values = self.values.joined(values)
        if self.level is Level.B_T and not self._missing():
            self.level = Level.B_LT

    def _missing(self) -> list[str]:
        return [name for path, at in self._judged() for name in missing(path, self.values, at)]

    def _judged(self) -> list[tuple[tuple[x509.Certificate, ...], datetime]]:
        """Each path and the time at which it must have stood: of the signer the first stamp over it, of a stamp its own."""
        times = [self.stamps[max(0, place - 1)].at for place in range(len(self.paths))] if self.stamps else []
        return list(zip(self.paths, times, strict=False))

    def _stamp(self) -> None:
        waiting = with_stamp(self.at, self.ground)
        begin, end = self.at + waiting.begin, self.at + waiting.end
        token = _token(self.data[begin:end])
        written = waiting.closed(token)
        self._require(written)
        try:
            stamp = read_token(token, hashlib.sha256(waiting.covered(self.data)).digest(), self.stampers)
        except BadToken as bad:
            raise NotArchivable(str(bad.fault)) from None
        if self.stamps and stamp.at < self.stamps[-1].at:
            raise NotArchivable("time")
        self.ground, self.at = waiting.after, self.at + len(written)
        if stamp.trusted:
            self.level = {Level.B_B: Level.B_T, Level.B_LT: Level.B_LTA}.get(self.level, self.level)
            self._note(stamp)

    def _note(self, stamp: Stamp) -> None:
        if stamp.trusted:
            self.stamps.append(stamp)
            self.paths.append(stamp.path)

    def _require(self, written: bytes) -> None:
        if self.data[self.at : self.at + len(written)] != written:
            raise NotArchivable(str(Flaw.CHANGED_LATER))


def _token(hole: bytes) -> bytes:
    """The token in a hole that is full of digits; its own length says where it ends."""
    if len(hole) != 2 * RESERVED_BYTES + 2:
        raise NotArchivable("time stamp")
    try:
        raw = bytes.fromhex(hole[1:-1].decode("ascii"))
        size = int.from_bytes(raw[2:4], "big") + 4 if raw[1] == 0x82 else 0
    except (ValueError, IndexError):
        raise NotArchivable("time stamp") from None
    return raw[:size]


def _signed_data(data: bytes, begin: int, end: int) -> cms.SignedData:
    return cms.ContentInfo.load(bytes.fromhex(data[begin + 1 : end - 1].decode()))["content"]
