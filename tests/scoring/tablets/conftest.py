"""What tests of tablets without HTTP are given: keys and a file store of their own."""

from pathlib import Path

import pytest

from exam.kernel.crypto import Vault
from exam.kernel.files import DiskStore, FileStore


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """The keys of an installation."""
    return Vault.open_or_create(tmp_path / "keys")


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """An empty file store."""
    return DiskStore(tmp_path / "files")
