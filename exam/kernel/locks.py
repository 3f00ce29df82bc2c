"""File locks between processes, given back by the kernel when a process dies.

POSIX has shared and exclusive locks (flock); Windows only the exclusive kind.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def exclusive(path: Path) -> Iterator[IO[bytes]]:
    """Hold the lock for a block, waiting for it: one process at a time. A child that inherits the file holds it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if sys.platform == "win32":
            while not _lock_windows(file):
                time.sleep(0.1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def wait_shared(path: Path) -> IO[bytes]:
    """Take the lock together with others; keep the returned file and :func:`release` it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_SH)
    return file


def try_exclusive(path: Path) -> IO[bytes] | None:
    """Take the lock alone, or return None at once when anybody holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    try:
        if sys.platform == "win32":
            free = _lock_windows(file)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
    except BlockingIOError:
        free = False
    if free:
        return file
    file.close()
    return None


def release(file: IO[bytes]) -> None:
    """Give a lock back."""
    file.close()


if sys.platform == "win32":

    def _lock_windows(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
