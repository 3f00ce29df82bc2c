"""Tablets that come back to the line: the case `tablets` of :mod:`benchmarks.practical`, on a durable PostgreSQL and over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx

from benchmarks.installation import deal_tablets, installation
from exam.app import create_app
from exam.kernel.clock import FixedClock
from exam.kernel.ports import free_port
from exam.kernel.services import make_services
from exam.kernel.settings import Settings
from scoring.tablets import queries
from scoring.tablets.rules.events import Event, Kind, SheetKey
from scoring.tablets.rules.folding import fold, state_hash
from tests.scoring.tablets.world import Signer, Tablet, message
from tests.scoring.world import START
from tests.servers import serve

TABLETS: Final = 50
EVENTS: Final = 40_000
ROWS: Final = 29  # a sheet of the national items: about thirty entries
IN_MESSAGE: Final = 200
DOUBLED: Final = 0.2
Result = dict[str, Any]


def tablets() -> Result:
    """Fifty tablets send what they kept through half an hour without a line: cut, a fifth of it doubled, shuffled."""
    with installation() as made:
        return asyncio.run(_tablets(made.home, made.url))


async def _tablets(home: Path, url: str) -> Result:
    random = Random(1)
    settings = Settings(home=home, database_url=url)
    services = make_services(settings, clock=FixedClock(START))
    async with _serving(settings) as address:
        async with services.db.transaction() as session:
            made = await deal_tablets(session, candidates=EVENTS // (ROWS + 3) // 2 + 1, tablets=TABLETS)
        for tablet, _, sheets in made:
            _write(tablet, sheets, random)
        written = [event for tablet, _, _ in made for event in tablet.events]
        queues = [(tablet, signer, _queue(tablet, random)) for tablet, signer, _ in made]
        sent = sum(len(one) for _, _, queue in queues for one in queue)
        begin = time.perf_counter()
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            await asyncio.gather(*(_flush(client, tablet, signer, queue) for tablet, signer, queue in queues))
        seconds = time.perf_counter() - begin
        async with services.db.transaction() as session:
            stored = await queries.events(session)
            lost = len({one.hash for one in written} - {one.hash for one in stored})
    await services.db.dispose()
    return {
        "tablets": len(made),
        "events": len(written),
        "sent": sent,
        "seconds": round(seconds, 2),
        "lost": lost,
        "hash_equal": state_hash(fold(stored)) == state_hash(fold(written)),
    }


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[str]:
    own = make_services(settings, clock=FixedClock(START))
    async with serve(create_app(own), free_port()) as address:
        yield address


def _write(tablet: Tablet, sheets: list[SheetKey], random: Random) -> None:
    for sheet in sheets:
        tablet.write(Kind.OPENED, sheet)
        answers = {f"r{row:02d}": random.randrange(4) for row in range(ROWS)}
        for row, value in answers.items():
            tablet.write(Kind.ANSWERED, sheet, row=row, value=value)
        tablet.write(Kind.OVERTIME, sheet, minutes=0)
        tablet.write(Kind.SIGNED, sheet, answers=answers, overtime=0, note="")
    while len(tablet.events) < EVENTS // TABLETS:
        tablet.write(Kind.NOTED, sheets[0], text=str(uuid4()))


def _queue(tablet: Tablet, random: Random) -> list[list[Event]]:
    """The tablet's events in messages; some come twice, none in order."""
    shuffled = list(tablet.events)
    random.shuffle(shuffled)
    shuffled += random.sample(shuffled, int(len(shuffled) * DOUBLED))
    return [shuffled[at : at + IN_MESSAGE] for at in range(0, len(shuffled), IN_MESSAGE)]


async def _flush(client: httpx.AsyncClient, tablet: Tablet, signer: Signer, queue: list[list[Event]]) -> None:
    for events in queue:
        body = message(tablet, events).body
        headers = {"x-tablet-signature": base64.b64encode(signer.sign(body)).decode()}
        answer = await client.post("/scoring/tablets/messages", content=json.dumps(body).encode(), headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
