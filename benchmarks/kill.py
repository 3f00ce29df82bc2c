"""Server and PostgreSQL killed again and again: the case `kill` of :mod:`benchmarks.practical`.

A real ``kaowu serve`` and a real, durable PostgreSQL are killed with SIGKILL while tablets write and send through a line that cuts,
delays, doubles and reorders (:mod:`benchmarks.bad_line`). At the end everything that any receipt ever confirmed is compared with
the database, byte for byte. Every tablet also goes on to the end, so that nothing is lost that was not confirmed either.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
from sqlalchemy import text

from benchmarks.bad_line import BadLine, Promise, broken_promises
from benchmarks.installation import deal_tablets, installation
from exam.kernel.clock import FixedClock
from exam.kernel.ports import free_port
from exam.kernel.postgres import Server
from exam.kernel.services import make_services
from exam.kernel.settings import TREE, Settings
from scoring.tablets import queries
from scoring.tablets.rules.events import Event, Kind, SheetKey
from scoring.tablets.rules.folding import fold, state_hash
from tests.scoring.tablets.world import Signer, Tablet, message
from tests.scoring.world import GOOD, START

TABLETS: Final = 4
CANDIDATES: Final = 20
KILLS: Final = 100
UP_SECONDS: Final = 240.0
ENTERED_SECONDS: Final = 400
VICTIMS: Final = ("server", "postgresql", "both")
Result = dict[str, Any]


@dataclass
class Sender:
    """A tablet at work: it writes without pause, sends what is not confirmed, and remembers what it was told."""

    tablet: Tablet
    signer: Signer
    sheets: list[SheetKey]
    random: Random
    confirmed: int = 0
    receipts: int = 0
    failures: int = 0
    signed: int = 0

    def write(self) -> None:
        """Some more rows; now and then a sheet is finished, signed, and the next one begun."""
        sheet = self.sheets[min(self.signed, len(self.sheets) - 1)]
        if self.signed == len(self.sheets):
            self.tablet.write(Kind.NOTED, sheet, text=f"{self.random.random()}")
            return
        for row in self.random.sample(sorted(GOOD), 2):
            self.tablet.write(Kind.ANSWERED, sheet, row=row, value=GOOD[row])
        if self.random.random() < 0.05:
            self._sign(sheet)

    def finish(self) -> None:
        """Sign whatever is left."""
        for sheet in self.sheets[self.signed :]:
            self._sign(sheet)

    def _sign(self, sheet: SheetKey) -> None:
        self.tablet.write(Kind.SIGNED, sheet, answers=GOOD, overtime=0, note="")
        self.signed += 1

    async def send(self, client: httpx.AsyncClient) -> None:
        """What is not confirmed, in up to three messages at once, in any order."""
        waiting = self.tablet.events[self.confirmed : self.confirmed + 120]
        size = max(1, len(waiting) // self.random.choice((1, 2, 3)))
        parts = [waiting[at : at + size] for at in range(0, len(waiting), size)] or [[]]
        self.random.shuffle(parts)
        await asyncio.gather(*(self._one(client, part) for part in parts[:3]))

    async def _one(self, client: httpx.AsyncClient, events: Sequence[Event]) -> None:
        body = message(self.tablet, events).body
        headers = {
            "x-tablet-signature": base64.b64encode(self.signer.sign(body)).decode(),
            "accept": "application/json",
            "connection": "close",
        }
        try:
            answer = await client.post("/scoring/tablets/messages", content=json.dumps(body).encode(), headers=headers)
            if answer.status_code != 200:
                raise httpx.HTTPError(answer.text)
            receipt = answer.json()
        except (httpx.HTTPError, ValueError):
            self.failures += 1
            await asyncio.sleep(0.1)
            return
        self.receipts += 1
        self.confirmed = max(self.confirmed, receipt["confirmed"])

    @property
    def promise(self) -> Promise:
        """What it was told."""
        return Promise(
            tablet_id=self.tablet.id, confirmed=self.confirmed, hashes=tuple(one.hash for one in self.tablet.events)
        )


@dataclass
class Site:
    """The two processes that are killed."""

    home: Path
    database: Server
    url: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.home / "serve.log"

    def start(self) -> None:
        """Start what does not run."""
        self.database.start()
        if self.process is None or self.process.poll() is not None:
            environment = {
                **os.environ, "KAOWU_HOME": str(self.home), "DATABASE_URL": self.url, "KAOWU_PORT": str(self.port)
            }  # fmt: skip
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "exam", "serve"],
                    cwd=TREE, env=environment, stdout=subprocess.DEVNULL, stderr=log,
                )  # fmt: skip

    def kill(self, victim: str) -> None:
        """SIGKILL, no chance to tidy up; of PostgreSQL every process at once, as when the power goes."""
        if victim in ("postgresql", "both"):
            postmaster = int((self.database.data / "postmaster.pid").read_text().split()[0])
            for pid in [postmaster, *children_of(postmaster)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if victim in ("server", "both") and self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """The end of the server; PostgreSQL ends with its installation."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def up(self) -> None:
        """Wait until the pages answer, starting again what has died."""
        deadline = asyncio.get_running_loop().time() + UP_SECONDS
        async with httpx.AsyncClient(timeout=5) as client:
            while asyncio.get_running_loop().time() < deadline:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{self.port}/health")).status_code == 200:
                        return
                await asyncio.to_thread(self.start)
                await asyncio.sleep(0.1)
        raise RuntimeError(f"the server does not come back: {self.log.read_text('utf-8', 'replace')[-2000:]}")


def children_of(pid: int) -> list[int]:
    """The processes that this one started (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def kill(kills: int = KILLS, seed: int = 1) -> Result:
    """Kill, come back, and compare what was promised with what is there."""
    with installation() as made:
        site = Site(home=made.home, database=made.server, url=made.url)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # told to end, it ends what it began
        try:
            return asyncio.run(_kill(site, kills, Random(f"{seed} kill")))
        finally:
            site.stop()


async def _kill(site: Site, kills: int, random: Random) -> Result:
    senders = await _world(site, random)
    site.start()
    await site.up()
    line = BadLine("127.0.0.1", site.port, Random(random.random()))
    address = f"http://127.0.0.1:{await line.start()}"
    over = asyncio.Event()
    async with httpx.AsyncClient(base_url=address, timeout=20) as client:
        work = [asyncio.create_task(_work(one, client, over)) for one in senders]
        done = await _strike(site, senders, kills, random)
        over.set()
        await asyncio.gather(*work)
        for one in senders:
            one.finish()
        await _flush(senders, client)
    await line.stop()
    return {"kills": done, **await _history(site, senders), "befell": dict(sorted(line.befell.items()))}


async def _work(sender: Sender, client: httpx.AsyncClient, over: asyncio.Event) -> None:
    while not over.is_set():
        sender.write()
        await sender.send(client)
        await asyncio.sleep(0.02)


async def _strike(site: Site, senders: Sequence[Sender], kills: int, random: Random) -> int:
    """Kill while something is under way: each time after receipts have come again."""
    for _ in range(kills):
        before = sum(one.receipts for one in senders)
        while sum(one.receipts for one in senders) < before + len(senders):  # noqa: ASYNC110 - the senders count
            await asyncio.sleep(0.02)
        await asyncio.sleep(random.random() * 0.5)
        site.kill(random.choice(VICTIMS))
        await site.up()
    return kills


async def _flush(senders: Sequence[Sender], client: httpx.AsyncClient) -> None:
    """The line stays up: everything goes through at last."""
    deadline = asyncio.get_running_loop().time() + UP_SECONDS
    while any(one.confirmed < len(one.tablet.events) for one in senders):
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.gather(*(one.send(client) for one in senders if one.confirmed < len(one.tablet.events)))


async def _history(site: Site, senders: Sequence[Sender]) -> Result:
    """What was acknowledged against what is stored; what tablets signed against the sheets of the server."""
    services = make_services(Settings(home=site.home, database_url=site.url))
    written = [event for one in senders for event in one.tablet.events]
    signed = sum(one.signed for one in senders)
    try:
        for _ in range(ENTERED_SECONDS * 4):  # in the background; what a killed worker had in hand is tried again later
            async with services.db.transaction() as session:
                entered = await session.scalar(
                    text("SELECT count(*) FROM scoring.tablet_settlements WHERE outcome = 'applied'")
                )
            if entered == signed:
                break
            await asyncio.sleep(0.25)
        async with services.db.transaction() as session:
            stored = await queries.events(session)
            wrong = await queries.invariants(session)
    finally:
        await services.db.dispose()
    lost = broken_promises([one.promise for one in senders], [(one.device_id, one.number, one.hash) for one in stored])
    return {
        "acknowledged": sum(one.confirmed for one in senders),
        "lost": len(lost),
        "written": len(written),
        "receipts": sum(one.receipts for one in senders),
        "answers_lost": sum(one.failures for one in senders),
        "sheets_signed": signed,
        "sheets_entered": entered,
        "hash_equal": state_hash(fold(stored)) == state_hash(fold(written)),
        "invariants_broken": len(wrong),
    }


async def _world(site: Site, random: Random) -> list[Sender]:
    """A practical session with tablets given out, their assessors signed in, and the sheets dealt among them."""
    services = make_services(Settings(home=site.home, database_url=site.url), clock=FixedClock(START))
    try:
        async with services.db.transaction() as session:
            dealt = await deal_tablets(session, candidates=CANDIDATES, tablets=TABLETS)
        return [Sender(tablet, signer, sheets, Random(random.random())) for tablet, signer, sheets in dealt]
    finally:
        await services.db.dispose()
