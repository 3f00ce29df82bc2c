"""How often holders were handed their files: counted after the last byte, shown in the reporting table, and refused links count nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from certificates.handover import queries
from certificates.verification.routes.holder import link_to
from exam.kernel.services import Services
from tests.certificates.platform.conftest import db as db


@pytest.fixture
def batch_id() -> UUID:
    return uuid4()


async def test_each_file_that_is_handed_out_is_counted_once(client: httpx.AsyncClient, services: Services) -> None:
    files = [services.files.put(data) for data in (b"%PDF-1", b"%PDF-2", b"%PDF-3")]
    shown: Any = [SimpleNamespace(number="WL01*X", sha256=sha256) for sha256 in files]
    for sha256, times in zip(shown, (2, 1, 0), strict=True):
        for _ in range(times):
            assert (await client.get(link_to(services, sha256))).status_code == 200
    assert (await client.get(link_to(services, shown[2])[:-1])).status_code == 404
    async with services.db.transaction() as session:
        assert await queries.downloads(session, files) == {files[0]: 2, files[1]: 1}
