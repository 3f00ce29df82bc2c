"""A line to the database that leads nowhere any more is noticed on both ends."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from exam.kernel import runner
from exam.kernel.db import SERVER_SETTINGS, SILENT_SECONDS, Database, watch
from exam.kernel.services import Services


def options(line: Any) -> tuple[int, int, int, int]:
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    return tuple(
        line.getsockopt(socket.IPPROTO_TCP, one)
        for one in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    )


def test_the_kernel_asks_on_a_tcp_line_and_leaves_others_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as line:
        watch(SimpleNamespace(_transport=SimpleNamespace(get_extra_info=lambda name: line)))
        idle, every, times, longest = options(line)
        assert idle + every * times == SILENT_SECONDS == longest // 1000
    near, far = socket.socketpair()
    with near, far:
        watch(SimpleNamespace(_transport=SimpleNamespace(get_extra_info=lambda name: near)))
        assert not near.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_every_connection_over_tcp_is_watched_and_asks_the_server_to_watch(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a forwarder, for the embedded server listens on no port."""
    parts = urlsplit(services.settings.database_url.replace("+asyncpg", ""))
    given = parse_qs(parts.query)
    if "host" not in given:
        pytest.skip("the server is on TCP already")
    path = f"{given['host'][0]}/.s.PGSQL.{given['port'][0]}"

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(path)
        await asyncio.gather(_copy(reader, back), _copy(there, writer), return_exceptions=True)

    seen: list[dict[str, str]] = []
    connect = asyncpg.connect

    async def spied(*given: Any, **named: Any) -> Any:
        seen.append(named["server_settings"])
        return await connect(*given, **named)

    monkeypatch.setattr(asyncpg, "connect", spied)
    async with await asyncio.start_server(forward, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = Database(f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{port}{parts.path}")
        for engine in (database.engine, database._reader):
            async with engine.connect() as connection:
                raw = (await connection.get_raw_connection()).driver_connection
                assert raw is not None
                idle, every, times, longest = options(raw._transport.get_extra_info("socket"))
                assert idle + every * times == SILENT_SECONDS == longest // 1000
        await database.dispose()
    assert [SERVER_SETTINGS.items() <= one.items() for one in seen] == [True, True]


async def test_the_queue_watches_its_lines_too(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[object] = []
    asked: list[dict[str, str]] = []
    create_pool = asyncpg.create_pool

    def spied(*given: Any, **named: Any) -> Any:
        asked.append(named["server_settings"])
        return create_pool(*given, **named)

    monkeypatch.setattr(runner, "watch", watched.append)
    monkeypatch.setattr(asyncpg, "create_pool", spied)
    await runner.run_jobs(services, {}, {}, drain=True)
    assert watched
    assert asked == [SERVER_SETTINGS]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
