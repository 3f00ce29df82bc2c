"""A bad line: a proxy between tablets and the server that cuts, delays, doubles and reorders, and the check of what was promised.

One HTTP request a connection. A cut request may have reached the server or not, and its answer is lost either way: whoever sent it
knows nothing and must send again. That is the whole difficulty.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final
from uuid import UUID

ODDS: Final[Mapping[str, float]] = {"cut_before": 0.06, "cut_after": 0.08, "double": 0.15, "delay": 0.3, "hold": 0.15}
"""How often each thing befalls a request; several may."""
DELAY_SECONDS: Final = 0.2
HELD_SECONDS: Final = 1.0
"""A held request goes on when another one has overtaken it, or after this long."""


@dataclass
class BadLine:
    """The proxy. `befell` counts what it did."""

    host: str
    port: int  # of the server behind it
    random: Random
    odds: Mapping[str, float] = field(default_factory=lambda: ODDS)
    befell: Counter[str] = field(default_factory=Counter)
    _passed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _number: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free port of this machine and return it."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await read_request(reader)
            answer = await self._carry(request) if request else None
            if answer:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            self.befell["unreachable"] += 1
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _carry(self, request: bytes) -> bytes | None:
        """Take a request to the server, or half of the way; None where its answer gets lost."""
        fate = {name for name, odds in self.odds.items() if self.random.random() < odds}
        self.befell.update(fate)
        if "delay" in fate:
            await asyncio.sleep(self.random.random() * DELAY_SECONDS)
        if "hold" in fate:
            await self._be_overtaken()
        if "cut_before" in fate:
            return None
        answer = await self._forward(request)
        if "double" in fate:
            answer = await self._forward(request)
        async with self._passed:
            self._number += 1
            self._passed.notify_all()
        return None if "cut_after" in fate else answer

    async def _be_overtaken(self) -> None:
        async def later() -> None:
            async with self._passed:
                before = self._number
                await self._passed.wait_for(lambda: self._number > before)

        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(later(), HELD_SECONDS)

    async def _forward(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read()  # the request says `Connection: close`
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One HTTP/1.1 request with its body, as bytes that ask for the connection to be closed; empty at the end of the stream."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    body = await reader.readexactly(length)
    return b"\r\n".join([*lines, b"connection: close", b"", b""]) + body


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a tablet was told: everything up to `confirmed` is there. `hashes`: of its events, from the first on."""

    tablet_id: UUID
    confirmed: int
    hashes: tuple[str, ...]


def broken_promises(promises: Collection[Promise], stored: Collection[tuple[UUID, int, str]]) -> list[tuple[UUID, int]]:
    """The acknowledged events that are not in the database, byte for byte; of no promises none is broken."""
    there = set(stored)
    return [
        (one.tablet_id, number)
        for one in promises
        for number in range(1, one.confirmed + 1)
        if number > len(one.hashes) or (one.tablet_id, number, one.hashes[number - 1]) not in there
    ]
