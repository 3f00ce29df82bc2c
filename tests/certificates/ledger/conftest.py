"""The ledger needs no batch: its tests use an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exam.kernel.db import Database
from tests.servers import Databases


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    """A database of the test's own, empty but for the schema."""
    lent = await databases.lend()
    yield lent
    await databases.give_back(lent)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
