"""A backup can be restored into an empty installation, and nothing else is overwritten or trusted."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from exam.kernel.backup import CannotRestore, load, save
from exam.kernel.db import Database
from exam.kernel.files import DiskStore
from exam.kernel.services import Services
from exam.kernel.settings import Settings
from tests.servers import Databases


async def _saved(services: Services, folder: Path) -> tuple[str, dict[str, object]]:
    async with services.db.transaction() as session:
        await session.execute(text("INSERT INTO exam.audit_streams (stream, seq, sha256) VALUES ('kept', 1, '0')"))
    name = services.files.put("准考证".encode())
    return name, await asyncio.to_thread(save, services.settings, folder)


async def test_what_was_saved_comes_back(services: Services, databases: Databases, tmp_path: Path) -> None:
    name, manifest = await _saved(services, tmp_path / "backup")
    assert manifest["files"] == 1
    empty = await databases.create_empty()
    target = Settings(home=tmp_path / "other", database_url=databases.url(empty))
    await asyncio.to_thread(load, target, tmp_path / "backup")
    assert DiskStore(target.files).get(name) == "准考证".encode()
    other = Database(target.database_url)
    async with other.transaction() as session:
        assert (await session.execute(text("SELECT stream FROM exam.audit_streams"))).scalars().all() == ["kept"]
    await other.dispose()
    await databases.drop(empty)


async def test_a_second_backup_copies_only_what_is_new(services: Services, tmp_path: Path) -> None:
    await _saved(services, tmp_path / "backup")
    services.files.put(b"new")
    again = await asyncio.to_thread(save, services.settings, tmp_path / "backup")
    assert (again["files"], again["files_copied"]) == (2, 1)


async def test_nothing_is_restored_over_data(services: Services, tmp_path: Path) -> None:
    await _saved(services, tmp_path / "backup")
    with pytest.raises(CannotRestore, match="not empty"):
        await asyncio.to_thread(load, services.settings, tmp_path / "backup")


async def test_an_altered_backup_is_refused(services: Services, tmp_path: Path) -> None:
    name, _ = await _saved(services, tmp_path / "backup")
    stored = tmp_path / "backup" / "files" / name[:2] / name
    stored.write_bytes(b"another")
    with pytest.raises(CannotRestore, match="1 files differ"):
        await asyncio.to_thread(load, services.settings, tmp_path / "backup")
    manifest = tmp_path / "backup" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "database_sha256": "0"}))
    with pytest.raises(CannotRestore, match="manifest"):
        await asyncio.to_thread(load, services.settings, tmp_path / "backup")
