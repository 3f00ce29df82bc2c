"""The platform needs no batch: its tests use an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exam.kernel.db import Database
from tests.servers import Databases


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    """A database of the test's own, empty but for the schema."""
    name = await databases.create()
    database = Database(databases.url(name), pool_size=5)
    yield database
    await database.dispose()
    await databases.drop(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
