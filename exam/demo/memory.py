"""The largest memory the demo used: resident sizes of this process and of all its descendants, added up, sampled.

On Linux the sizes come from /proc and pages shared by several processes count once for each, so the figure errs on the
high side. Elsewhere it is the system's own high-water mark of this process plus that of its largest child.
"""

import os
import resource
import sys
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class PeakMemory:
    """Samples while the ``with`` block runs."""

    def __init__(self, *, every_seconds: float = 0.5) -> None:
        self._every = every_seconds
        self._stop = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._peak = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def megabytes(self) -> float:
        """The peak so far, in MiB."""
        return round(max(self._peak, _high_water()) / 2**20, 1)

    def _watch(self) -> None:
        while True:
            self._peak = max(self._peak, tree_bytes(os.getpid()))
            if self._stop.wait(self._every):
                return


def tree_bytes(root: int) -> int:
    """Resident bytes of a process and all below it; 0 where the system does not tell."""
    if not (_PROC / "self" / "statm").exists():
        return 0
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for folder in _PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            status = (folder / "stat").read_text()
            pages = int((folder / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue  # the process ended meanwhile
        pid = int(folder.name)
        parents[pid] = int(status.rpartition(")")[2].split()[1])
        sizes[pid] = pages * _PAGE
    return sum(size for pid, size in sizes.items() if _below(pid, root, parents))


def _below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid:
        if pid == root:
            return True
        pid = parents.get(pid, 0)
    return False


def _high_water() -> int:
    """What the system itself recorded; kilobytes on Linux, bytes on macOS."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    if _PROC.exists():
        return own
    return own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
