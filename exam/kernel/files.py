"""The file store: bytes kept once under their SHA-256, never changed, never overwritten, removed only by their one owner."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

_NAME = re.compile(r"[0-9a-f]{64}")


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """Write a file whole or not at all: a power cut leaves the old one or the new one, never half of it or a lost name.

    Until it is whole nobody else may read it; then it has ``mode``. Its folder exists.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.chmod(temporary, mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut; Windows keeps them without being asked."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FileAltered(OSError):
    """The bytes under a name are not those it names."""


class FileStore(Protocol):
    """Where bytes are kept: a folder (`DiskStore`), or S3 where several machines share them (`exam.kernel.objects`)."""

    def put(self, data: bytes) -> str:
        """Store the bytes whole or not at all and return their SHA-256 in hex."""

    def get(self, sha256: str) -> bytes:
        """Return the bytes; raises FileNotFoundError, and `FileAltered` where the store compares the hash itself."""

    def exists(self, sha256: str) -> bool:
        """Say whether the bytes are stored."""

    def remove(self, sha256: str) -> None:
        """Forget bytes that nobody else refers to; missing ones are no error."""

    def names(self) -> Iterator[str]:
        """The names of all files, in no order."""

    def __hash__(self) -> int:
        """By identity: what was made of a store's bytes may be kept beside it."""


class DiskStore:
    """A folder of content-addressed files: ``<home>/files/ab/abcdef...``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Store the bytes whole or not at all and return their SHA-256 in hex."""
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        if path.exists() and path.stat().st_size == len(data):
            return name
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(self._folder)
        write_whole(path, data, 0o600)
        return name

    def get(self, sha256: str) -> bytes:
        """Return the bytes; raises FileNotFoundError. The caller compares hashes where it matters."""
        return self._path(sha256).read_bytes()

    def exists(self, sha256: str) -> bool:
        """Say whether the bytes are stored."""
        return self._path(sha256).exists()

    def remove(self, sha256: str) -> None:
        """Forget bytes that nobody else refers to (a sealed print whose time is over); missing ones are no error."""
        self._path(sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """The names of all files, in no order."""
        return (path.name for path in self._folder.glob("??/*") if _NAME.fullmatch(path.name))

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise FileNotFoundError(name)
        return self._folder / name[:2] / name
