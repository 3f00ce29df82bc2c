"""The bad line does what it says, and the history check finds what was promised and is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID

import pytest

from benchmarks.bad_line import BadLine, Promise, broken_promises

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
TABLET = UUID(int=1)


@asynccontextmanager
async def line(*fates: str) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A line where all of these befall every request, and what reached the server behind it."""
    arrived: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"connection: close" in head
        arrived.append(await reader.readexactly(1))
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    bad = BadLine("127.0.0.1", server.sockets[0].getsockname()[1], Random(1), dict.fromkeys(fates, 1.0))
    try:
        yield await bad.start(), arrived
    finally:
        await bad.stop()
        server.close()


async def ask(port: int, body: bytes = b"a") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n" + body)
    try:
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("fate", "heard", "reached"),
    [((), ANSWER, 1), (("cut_before",), b"", 0), (("cut_after",), b"", 1), (("double",), ANSWER, 2),
     (("double", "cut_after"), b"", 2), (("delay",), ANSWER, 1)],
)  # fmt: skip
async def test_a_request_is_cut_doubled_or_delayed(fate: tuple[str, ...], heard: bytes, reached: int) -> None:
    async with line(*fate) as (port, arrived):
        assert await ask(port) == heard
        assert len(arrived) == reached


async def test_a_held_request_is_overtaken() -> None:
    arrived: list[bytes] = []

    class Forwarding(BadLine):
        async def _forward(self, request: bytes) -> bytes:
            arrived.append(request)
            return ANSWER

    bad = Forwarding("127.0.0.1", 1, Random(1), {"hold": 1.0})
    held = asyncio.create_task(bad._carry(b"first"))
    await asyncio.sleep(0)
    while not bad._passed._waiters:  # noqa: ASYNC110 - until it waits
        await asyncio.sleep(0)
    bad.odds = {}
    await bad._carry(b"second")
    await held
    assert arrived == [b"second", b"first"]


async def test_a_dead_server_is_no_answer() -> None:
    bad = BadLine("127.0.0.1", 1, Random(1), {})
    port = await bad.start()
    assert await ask(port) == b""
    assert bad.befell == {"unreachable": 1}
    await bad.stop()


@pytest.mark.parametrize(
    ("confirmed", "stored", "broken"),
    [(0, [], []), (2, [(1, "x"), (2, "y")], []), (2, [(1, "x")], [2]), (2, [(1, "x"), (2, "other")], [2]),
     (3, [(1, "x"), (2, "y")], [3]), (1, [(2, "y")], [1])],
)  # fmt: skip
def test_a_broken_promise_is_found(confirmed: int, stored: list[tuple[int, str]], broken: list[int]) -> None:
    promise = Promise(tablet_id=TABLET, confirmed=confirmed, hashes=("x", "y"))
    there = [(TABLET, number, hash) for number, hash in stored]
    assert broken_promises([promise], there) == [(TABLET, number) for number in broken]


def test_without_promises_none_is_broken() -> None:
    assert broken_promises([], []) == []
