"""Public look-ups and downloads on a real server: the cases `verify` and `download` of :mod:`benchmarks.certificates`.

1,000,000 issued certificates with their entries in the ledger and their registrations on the platform are written straight
into the tables. `verify`: 200 look-ups a second for 30 s, half by QR code, half by number and name, a tenth of them unknown,
from 120 addresses (each client is limited). `cpu_ms` is the server process's CPU for each, `p95_ms` what a client waits;
`postgres_ms` is the database's CPU for each, beside it. `download`: a holder who was sent to the address of the
stored bytes fetches them; the sending (sign-in, whose certificate) is not in it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import httpx
from sqlalchemy import text

from benchmarks.command import _answers, _cpu, _cpu_postgres
from benchmarks.installation import Installation, installation
from exam.accounts import actions as accounts
from exam.accounts.guards import SESSION_COOKIE
from exam.accounts.rules import SYSTEM, Grant, Role, Scope
from exam.kernel import printing
from exam.kernel.ports import free_port
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings

ISSUED: Final = 1_000_000
RATE: Final = 200
SECONDS: Final = 30
CLIENTS: Final = 120
DOWNLOADS: Final = 3_000
FILE_BYTES: Final = 121_000
NUMBER: Final = "YJ01BIM12026{:09d}"
PERSON: Final = UUID(int=7)

_CERTIFICATES: Final = """
INSERT INTO certificates.certificates (id, number, version, token, status, registration_id, outcome_id, outcome_version,
  batch_id, person_id, organisation_id, certificate_id, begun_by, template, template_sha256, face, id_sealed, photo_sha256,
  record_sha256, leaf_index, numbered_at, signed_at, sha256, issued_at, issued_on, issued_by, ended_at, renewal, reason)
SELECT one, 'YJ01BIM12026' || lpad(i::text, 9, '0'), 1, left(md5('token ' || i), 22),
  CASE WHEN i % 100 = 0 THEN 'revoked' ELSE 'issued' END, one, one, 1, :same, CASE WHEN i < 100 THEN :person ELSE one END, :same,
  :same, :same, 'v1', '', cast(:face AS jsonb), '', '', '', i, now(), now(), CASE WHEN i < 100 THEN :file ELSE '' END
  || substr(encode(sha256(i::text::bytea), 'hex'), CASE WHEN i < 100 THEN 65 ELSE 1 END),
  now(), current_date, :same, CASE WHEN i % 100 = 0 THEN now() END, '', ''
FROM generate_series(cast(:first AS bigint), cast(:last AS bigint)) AS i,
  LATERAL (SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid AS one) AS ids
"""
_LEAVES: Final = """
INSERT INTO certificates.ledger_leaves (index, at, event, certificate_id, number, version, reason, entry, leaf_hash, salt)
SELECT leaf_index, issued_at, 'issue', id, number, 1, '', decode(repeat('00', 190), 'hex'), decode(repeat('00', 32), 'hex'),
  repeat('0', 64) FROM certificates.certificates
"""
_REGISTRATIONS: Final = """
INSERT INTO certificates.platform_registrations (id, certificate_id, batch_id, organisation_id, organisation_code, number,
  version, status, issued_on, due_on, due_provisional, record_sealed, record_sha256, attempts, accepted_at, platform_id, receipt,
  reason)
SELECT id, id, batch_id, organisation_id, 'YJ01', number, 1, 'accepted', issued_on, issued_on, false, '', '', 1, now(), number,
  '{}', '' FROM certificates.certificates
"""


def verify() -> dict[str, Any]:
    """Run the look-ups and return their figures."""
    with installation() as made:
        return asyncio.run(_verify(made))


def download() -> dict[str, Any]:
    """Run the downloads and return their figures."""
    with installation() as made:
        return asyncio.run(_download(made))


async def _verify(made: Installation) -> dict[str, Any]:
    services = make_services(Settings(home=made.home, database_url=made.url))
    await _seed(services, ISSUED)
    async with _server(made) as (address, process):
        clients = [_client(address, number) for number in range(CLIENTS)]
        chance = random.Random("look-ups")
        await _paced([_ask(clients, chance, number) for number in range(RATE * 5)])  # warm
        used, own = _cpu(process), _cpu_postgres(made.home)
        waits = await _paced([_ask(clients, chance, number) for number in range(RATE * SECONDS)])
        used, own = _cpu(process) - used, _cpu_postgres(made.home) - own
        for client in clients:
            await client.aclose()
    await services.db.dispose()
    return {
        "issued": ISSUED,
        "lookups": len(waits),
        "cpu_ms": round(used / len(waits) * 1000, 2),
        "p95_ms": round(quantiles(waits, n=20)[-1] * 1000, 1),
        "p50_ms": round(quantiles(waits, n=2)[0] * 1000, 1),
        "postgres_ms": round(own / len(waits) * 1000, 2),
    }


async def _download(made: Installation) -> dict[str, Any]:
    services = make_services(Settings(home=made.home, database_url=made.url))
    await _seed(services, 20_000)
    token = await _holder(services)
    async with _server(made) as (address, process), _client(address, 0) as client:
        client.cookies.set(SESSION_COOKIE, token)
        mine = f"/certificates/mine/{UUID('00000000-0000-7000-8000-000000000001')}/file"
        path = (await client.get(mine)).headers["location"]
        sizes = {len((await client.get(path)).content) for _ in range(50)}
        used = _cpu(process)
        begun = time.perf_counter()
        for _ in range(DOWNLOADS):
            (await client.get(path)).raise_for_status()
        used, seconds = _cpu(process) - used, time.perf_counter() - begun
    await services.db.dispose()
    return {
        "downloads": DOWNLOADS,
        "bytes": max(sizes),
        "cpu_ms": round(used / DOWNLOADS * 1000, 2),
        "a_second": round(DOWNLOADS / seconds),
    }


async def _seed(services: Services, count: int) -> None:
    """Rows as issuing leaves them, without issuing: in parts, each committed."""
    sha256 = services.files.put(os.urandom(FILE_BYTES))
    face = printing.dummy("certificate")["face"]
    same, part = UUID(int=1), 100_000
    for first in range(1, count + 1, part):
        async with services.db.transaction() as session:
            values = {
                "first": first, "last": min(first + part - 1, count), "same": same, "person": PERSON, "face": json.dumps(face),
                "file": sha256,
            }  # fmt: skip
            if first == 1:  # the hash is of one file: one row has it
                await session.execute(text(_CERTIFICATES.replace("i < 100", "i = 1")), values)
            else:
                await session.execute(text(_CERTIFICATES.replace("i < 100", "false")), values)
    for statement in (_LEAVES, _REGISTRATIONS):
        async with services.db.transaction() as session:
            await session.execute(text(statement))
    async with services.db.transaction() as session:
        await session.execute(text("ANALYZE"))


async def _holder(services: Services) -> str:
    """A session of the person whose certificate the first is."""
    now = datetime.now(UTC)
    async with services.db.transaction() as session:
        grants = [Grant(Role.CANDIDATE, Scope("person", str(PERSON)))]
        account = await accounts.create_staff(
            session, SYSTEM, login="holder", name="持证人", password="correct-horse-staple", grants=grants, now=now
        )
        return await accounts.open_session(session, account, old_token=None, now=now)


@asynccontextmanager
async def _server(made: Installation) -> AsyncIterator[tuple[str, int]]:
    port = free_port()
    arguments = [sys.executable, "-m", "exam", "serve", "--port", str(port), "--no-work", "--json"]
    environment = {**os.environ, "KAOWU_HOME": str(made.home), "DATABASE_URL": made.url}
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - it runs on
    try:
        await _up(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(15)


async def _up(address: str) -> None:
    """Wait up to two minutes: on a machine that others use a start takes long."""
    for attempt in range(4):
        try:
            await _answers(address)
            return
        except RuntimeError:
            if attempt == 3:
                raise


def _client(address: str, number: int) -> httpx.AsyncClient:
    """A client with an address of its own."""
    transport = httpx.AsyncHTTPTransport(local_address=f"127.0.{number // 250 + 1}.{number % 250 + 1}")
    return httpx.AsyncClient(base_url=address, transport=transport, timeout=30)


def _ask(clients: list[httpx.AsyncClient], chance: random.Random, number: int) -> Callable[[], Awaitable[None]]:
    client, one = clients[number % len(clients)], chance.randrange(1, ISSUED + 1)
    unknown = number % 10 == 9
    name = printing.dummy("certificate")["face"]["holder_name"]

    async def by_number() -> None:
        wanted = {"number": NUMBER.format(one), "name": "张三丰" if unknown else name}
        answer = await _get(client, f"/verify?{urlencode(wanted)}")
        assert answer.status_code == 200, answer.status_code
        assert ("没有查到" in answer.text) is unknown

    async def by_token() -> None:
        answer = await _get(client, f"/v/{_token(one) if not unknown else 'A' * 22}")
        assert answer.status_code == 200, answer.status_code
        assert ("没有查到" in answer.text) is unknown

    return by_number if number % 2 else by_token


async def _get(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """As a browser asks: once more where the line that was kept open was being closed at that moment."""
    try:
        return await client.get(path)
    except httpx.RemoteProtocolError:
        return await client.get(path)


def _token(number: int) -> str:
    return hashlib.md5(f"token {number}".encode(), usedforsecurity=False).hexdigest()[:22]


async def _paced(asks: list[Callable[[], Awaitable[None]]]) -> list[float]:
    """Ask at the rate, however long answers take; how long each took from the moment it was due."""
    begun = time.perf_counter()
    waits: list[float] = []

    async def one(due: float, ask: Callable[[], Awaitable[None]]) -> None:
        await ask()
        waits.append(time.perf_counter() - due)

    tasks = []
    for number, ask in enumerate(asks):
        due = begun + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due, ask)))
    await asyncio.gather(*tasks)
    return waits


__all__ = ["download", "verify"]
