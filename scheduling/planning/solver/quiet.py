"""HiGHS 1.12 prints a line of its own from its integer search, whatever its options say: keep it off our standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_LOCK = Lock()
_KEPT: list[int] = []
"""Our standard output, while the first of those who want quiet has put it aside; one entry for each of them."""


@contextmanager
def quiet() -> Iterator[None]:
    """What C code writes to standard output meanwhile is dropped (of the whole process: keep it short).

    Several threads may want it at once: the first puts standard output aside, the last puts it back.
    """
    _begin()
    try:
        yield
    finally:
        _end()


def _begin() -> None:
    with _LOCK:
        sys.stdout.flush()
        _KEPT.append(os.dup(1))
        if len(_KEPT) == 1:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.close(nothing)


def _end() -> None:
    with _LOCK:
        if len(_KEPT) == 1:
            os.dup2(_KEPT[0], 1)
        os.close(_KEPT.pop())
