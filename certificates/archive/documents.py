"""Makes an archival copy: revision after revision, each read again with the strict eyes before the next, up to the level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from certificates.archive.rules.reading import Reading, read
from certificates.archive.rules.revisions import Values, with_stamp, with_values
from certificates.issuing.rules.signature import Level
from exam.kernel.errors import N_, Unavailable

Stamper = Callable[[bytes], bytes]
"""A message's time stamp token."""
Collector = Callable[[Reading], Values]
"""What it takes to judge the paths of a reading later."""
ORDER: Final = (Level.B_B, Level.B_T, Level.B_LT, Level.B_LTA)


class NotReached(Unavailable):
    """The copy does not come to the level that was asked for."""

    message = N_("存档副本达不到 %(level)s（缺少：%(missing)s）。")
    way_out = N_("请把相应机构的吊销列表（CRL）放进 KAOWU_HOME/keys/crls，或检查机构的 OCSP、CRL 地址，再执行一次。")


def archived(
    data: bytes, level: Level, *, roots: Sequence[bytes], stamp_roots: Sequence[bytes], stamp: Stamper, collect: Collector
) -> bytes:  # fmt: skip
    """The copy at this level, built on an issued file or a lower copy; a file that is there already comes back as it is."""
    found = read(data, roots, stamp_roots)
    while ORDER.index(found.examination.level) < ORDER.index(level):
        before = found.examination.level
        data = _valued(data, found, collect) if before is Level.B_T else _stamped(data, found, stamp)
        found = read(data, roots, stamp_roots)
        if found.examination.level is before:
            raise NotReached(level=str(level), missing=", ".join(gaps(found)) or str(before))
    return data


def renewed(
    data: bytes, *, roots: Sequence[bytes], stamp_roots: Sequence[bytes], stamp: Stamper, collect: Collector
) -> bytes:
    """The copy with values for its last time stamp and a new one over everything (EN 319 142-1, 5.4.3 and 5.5).

    Raises `NotReached` unless the last stamp can be judged by then: a new one over a dead one would renew nothing.
    """
    found = read(data, roots, stamp_roots)
    data = _valued(data, found, collect)
    found = read(data, roots, stamp_roots)
    if lacking := gaps(found):
        raise NotReached(level=str(Level.B_LTA), missing=", ".join(lacking))
    return _stamped(data, found, stamp)


def gaps(found: Reading) -> list[str]:
    """The certificates in a copy of which nothing stored says that they stood."""
    return sorted(set(found.missing))


def _stamped(data: bytes, found: Reading, stamp: Stamper) -> bytes:
    waiting = with_stamp(len(data), found.ground)
    return data + waiting.closed(stamp(waiting.covered(data)))


def _valued(data: bytes, found: Reading, collect: Collector) -> bytes:
    return data + with_values(len(data), found.ground, collect(found))[0]
