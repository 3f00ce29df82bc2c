"""A stored file that is not there, or is another one, is named; whichever store it lies in."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore

from certificates.issuing.queries.invariants import _stored_failures
from exam.kernel.files import DiskStore, FileStore
from exam.kernel.objects import ObjectStore

DATA = b"%PDF-1.7 signed"
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("kind", ["disk", "bucket"])
def test_missing_and_altered_files_are_named(kind: str, tmp_path: Path) -> None:
    row: Any = SimpleNamespace(number="N1", version=1, sha256=NAME)
    bucket: Any = MemoryStore()
    files: FileStore = DiskStore(tmp_path) if kind == "disk" else ObjectStore(bucket, DiskStore(tmp_path / "near"))
    assert _stored_failures(files, row) == ["N1/1: the stored file is missing"]
    files.put(DATA)
    assert _stored_failures(files, row) == []
    if kind == "disk":
        (tmp_path / NAME[:2] / NAME).write_bytes(b"other")
    else:
        DiskStore(tmp_path / "near").remove(NAME)
        obstore.put(bucket, f"{NAME[:2]}/{NAME}", b"other")
    assert _stored_failures(files, row) == ["N1/1: the stored file was altered"]
