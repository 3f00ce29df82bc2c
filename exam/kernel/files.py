"""The file store: bytes kept once under their SHA-256, never changed, never overwritten, removed only by their one owner."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{64}")


class FileStore:
    """A folder of content-addressed files: ``<home>/files/ab/abcdef...``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Store the bytes whole or not at all and return their SHA-256 in hex."""
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        if path.exists() and path.stat().st_size == len(data):
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
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

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise FileNotFoundError(name)
        return self._folder / name[:2] / name
