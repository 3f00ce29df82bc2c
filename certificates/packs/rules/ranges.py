"""A single byte range of a download that is taken up again (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(ValueError):
    """The range begins behind the end: 416."""


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """From where up to where (exclusive); None for the whole file, also where several ranges or another unit are asked for."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        last = int(found[2])
        if not last or not size:
            raise Unsatisfiable
        return max(0, size - last), size
    start = int(found[1])
    stop = min(int(found[2]) + 1, size) if found[2] else size
    if start >= size:
        raise Unsatisfiable
    return (start, stop) if start < stop else None
