"""The command centre under a full day: the case `command` of :mod:`benchmarks.practical`.

1,000 rooms at 25 sites with 20 candidates each; 4,000 computers, 1,000 tablets and the rooms' pages say every minute that they
are there, each through its own door over HTTP (a tablet's message is signed and checked); candidates check in and hand in all
the time; ten officers keep a stream open and fetch the board whenever it says so; one officer loads the page twice a second.
`p95_ms` is that page's. `cpu_percent` is what the server process and its PostgreSQL use together, of one core.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.installation import installation
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel.clock import CHINA
from exam.kernel.ids import new_id
from exam.kernel.ports import free_port
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from exam.signals import queries as signals
from exam.signals.rules import BEAT_EVERY, Beat, Source
from exam.sittings import actions as sittings
from exam.sittings.rules import Duty, DutySpec, RoomSession, SittingSpec
from scoring.tablets import actions as tablets
from tests.exam.day import make_publication, make_room, make_scheme, make_specs, person
from tests.scoring.tablets.world import Signer, Tablet, message

ROOMS: Final = 1000
SITES: Final = 25
SEATS: Final = 20
COMPUTERS: Final = 4000
TABLETS: Final = 1000
STREAMS: Final = 10
PASSWORD: Final = "correct-horse-staple"
WARM_SECONDS: Final = 12
MEASURED_SECONDS: Final = 40
Result = dict[str, Any]
Sender = Callable[[httpx.AsyncClient], Awaitable[None]]


def command() -> Result:
    """Run the case and return its figures."""
    with installation() as made:
        return asyncio.run(_command(made.home, made.url))


async def _command(home: Path, url: str) -> Result:
    services = make_services(Settings(home=home, database_url=url))
    beats, signed, rooms = await _day(services)
    port = free_port()
    arguments = [sys.executable, "-m", "exam", "serve", "--port", str(port), "--no-work", "--json"]
    environment = {**os.environ, "KAOWU_HOME": str(home), "DATABASE_URL": url}
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 - it runs on
    address = f"http://127.0.0.1:{port}"
    try:
        await _answers(address)
        load = _Load(address, services, beats, signed, rooms)
        return await load.run(process.pid, home)
    finally:
        process.terminate()
        process.wait(15)
        await services.db.dispose()


async def _answers(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        for _ in range(300):
            try:
                if (await client.get("/health")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


async def _day(services: Services) -> tuple[list[str], list[tuple[Tablet, Signer]], list[UUID]]:
    """Rooms that began half an hour ago, everybody at work; who beats, which tablets, which rooms."""
    now = datetime.now(UTC)
    start = max(now - timedelta(minutes=30), now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0))
    async with services.db.transaction() as session:
        await _places(session)
        scheme = await make_scheme(session, now - timedelta(days=5))
        sites = [new_id() for _ in range(SITES)]
        batch, invigilator = new_id(), person(Role.INVIGILATOR)
        rooms: list[RoomSession] = []
        for number in range(ROOMS):
            site = number % SITES
            rooms.append(
                replace(
                    make_room(scheme, batch, start, 0, seats_count=SEATS), site_id=sites[site], site_code=f"42-{site:02d}",
                    site_name=f"考点 {site}", prefecture_code=f"42{site + 1:02d}00", room_name=f"机房 {number // SITES:03d}",
                )
            )  # fmt: skip
        specs = [spec for room in rooms for spec in make_specs(room, SEATS)]
        assert invigilator.account_id is not None
        duties = [_duty(room, number) for number, room in enumerate(rooms)]
        publication = make_publication(batch, rooms, specs, duties)
        await sittings.admit(session, SYSTEM, publication=publication, now=now - timedelta(days=3))
        await session.execute(
            text("UPDATE exam.room_sessions SET status = 'open', opened_at = starts_at - interval '30 minutes'")
        )
        await session.execute(
            text("UPDATE exam.sittings SET status = 'started', checked_in_at = starts_at, started_at = starts_at,"
                 " check_in_method = 'ticket'")
        )  # fmt: skip
        grant = Grant(Role.EXAM_OFFICER, Scope("all"))
        await accounts.create_staff(
            session, SYSTEM, login="officer", name="考务甲", password=PASSWORD, grants=(grant,), now=now
        )
        signed = await _tablets(session, rooms, now)
    return _beats(services, rooms, specs, duties), signed, [room.id for room in rooms]


def _duty(room: RoomSession, number: int) -> DutySpec:
    return DutySpec(new_id(), room.id, new_id(), f"监考 {number}", Duty.INVIGILATOR, room.starts_at, room.ends_at)


async def _places(session: AsyncSession) -> None:
    """A province of as many prefectures as there are sites, on a grid."""
    for number in range(SITES):
        values = {"code": f"42{number + 1:02d}00", "name": f"地区 {number}", "x": number % 6, "y": number // 6}
        await session.execute(
            text("INSERT INTO exam.reporting_units (code, name_zh, name_en, province_code, kind, reports_to_province, gb2260_codes,"
                 " valid_from) VALUES (:code, :name, :name, '42', '直辖市', true, '{}', '2020-01-01')"), values,
        )  # fmt: skip
        await session.execute(
            text("INSERT INTO exam.prefectures (code, name_zh, name_en, province_code, kind, unit_code, tile_x, tile_y)"
                 " VALUES (:code, :name, :name, '42', '直辖市', :code, :x, :y)"), values,
        )  # fmt: skip


async def _tablets(session: AsyncSession, rooms: Sequence[RoomSession], now: datetime) -> list[tuple[Tablet, Signer]]:
    made = []
    heads: dict[UUID, Actor] = {}
    for number in range(TABLETS):
        room, signer = rooms[number % len(rooms)], Signer()
        head = heads.setdefault(room.site_id, person(Role.SITE_HEAD, Scope("site", str(room.site_id))))
        id = await tablets.register(
            session, head, site_id=room.site_id, label=f"T{number:04d}", public_key=signer.public, now=now
        )
        await tablets.give_out(session, head, tablet_id=id, room_session_id=room.id, now=now)
        made.append((Tablet(id), signer))
    return made


def _beats(
    services: Services, rooms: Sequence[RoomSession], specs: Sequence[SittingSpec], duties: Sequence[DutySpec]
) -> list[str]:
    found = [Beat(Source.PAGE, duty.account_id, duty.session_id) for duty in duties]
    every = len(specs) // COMPUTERS
    found += [Beat(Source.COMPUTER, spec.id, spec.session_id) for spec in specs[::every][:COMPUTERS]]
    return [signals.beat_token(services.vault, one) for one in found]


class _Load:
    """Everybody who talks to the server, and what is measured of it."""

    def __init__(
        self, address: str, services: Services, beats: list[str], signed: list[tuple[Tablet, Signer]], rooms: list[UUID]
    ) -> None:
        self.address, self.services, self.rooms = address, services, rooms
        self.senders: list[Sender] = [self._beat(token) for token in beats]
        for tablet, signer in signed:
            body = message(tablet, []).body
            self.senders.append(self._message(json.dumps(body), base64.b64encode(signer.sign(body)).decode()))
        Random(1).shuffle(self.senders)
        self.times: list[float] = []
        self.counts = {"reports": 0, "failed": 0, "events": 0, "boards": 0}

    def _beat(self, token: str) -> Sender:
        async def send(client: httpx.AsyncClient) -> None:
            self._count(await client.post("/exam/signals/beats", content=token))

        return send

    def _message(self, body: str, signature: str) -> Sender:
        async def send(client: httpx.AsyncClient) -> None:
            headers = {"x-tablet-signature": signature}
            self._count(await client.post("/scoring/tablets/messages", content=body, headers=headers))

        return send

    def _count(self, answer: httpx.Response) -> None:
        self.counts["reports"] += 1
        self.counts["failed"] += answer.status_code >= 300

    async def run(self, server: int, home: Path) -> Result:
        """Warm up, measure, stop."""
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=40, keepalive_expiry=3)
        async with (
            httpx.AsyncClient(base_url=self.address, timeout=30, limits=limits) as devices,
            httpx.AsyncClient(base_url=self.address, timeout=30) as officer,
        ):
            await _sign_in(officer)
            work = [asyncio.create_task(one) for one in (self._report(devices), self._change())]
            work += [asyncio.create_task(self._watch(officer)) for _ in range(STREAMS)]
            await asyncio.sleep(WARM_SECONDS)
            begun, used, own, base = time.perf_counter(), _cpu(server), _cpu_postgres(home), dict(self.counts)
            while time.perf_counter() - begun < MEASURED_SECONDS:
                await self._look(officer)
            seconds = time.perf_counter() - begun
            used, own = _cpu(server) - used, _cpu_postgres(home) - own
            for task in work:
                task.cancel()
            results = await asyncio.gather(*work, return_exceptions=True)
            for broken in results:
                if isinstance(broken, Exception):
                    raise broken
        per_second = (self.counts["reports"] - base["reports"]) / seconds
        return {
            "rooms": ROOMS,
            "devices": COMPUTERS + TABLETS,
            "reports_per_second": round(per_second, 1),
            "failed": self.counts["failed"],
            "streams": STREAMS,
            "stream_events": self.counts["events"] - base["events"],
            "boards_fetched": self.counts["boards"] - base["boards"],
            "pages": len(self.times),
            "p50_ms": round(quantiles(self.times, n=100)[49], 1),
            "p95_ms": round(quantiles(self.times, n=100)[94], 1),
            "server_cpu_percent": round(100 * used / seconds, 1),
            "postgres_cpu_percent": round(100 * own / seconds, 1),
            "cpu_percent": round(100 * (used + own) / seconds, 1),
        }

    async def _look(self, officer: httpx.AsyncClient) -> None:
        begin = time.perf_counter()
        answer = await officer.get("/exam/command")
        self.times.append((time.perf_counter() - begin) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
        await asyncio.sleep(max(0.0, 0.5 - (time.perf_counter() - begin)))

    async def _report(self, client: httpx.AsyncClient) -> None:
        """Everything that reports, once a minute, evenly."""
        pause, waiting = BEAT_EVERY.total_seconds() / len(self.senders), set()
        begin, number = time.perf_counter(), 0
        while True:
            for sender in self.senders:
                task = asyncio.create_task(_quietly(sender, client))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
                number += 1
                await asyncio.sleep(max(0.0, begin + number * pause - time.perf_counter()))

    async def _change(self) -> None:
        """Five candidates a second hand in: the day is never still."""
        random = Random(1)
        statement = text(
            "UPDATE exam.sittings SET status = 'submitted', finished_at = now() WHERE id = (SELECT id FROM exam.sittings"
            " WHERE room_session_id = :room AND status = 'started' ORDER BY id LIMIT 1)"
        )
        while True:
            async with self.services.db.transaction() as session:
                await session.execute(statement, {"room": random.choice(self.rooms)})
            await asyncio.sleep(0.2)

    async def _watch(self, officer: httpx.AsyncClient) -> None:
        async with officer.stream("GET", "/exam/command/stream", timeout=None) as answer:
            async for line in answer.aiter_lines():
                if line == "event: board":
                    self.counts["events"] += 1
                    answered = (await officer.get("/exam/command/board")).status_code == 200
                    self.counts["boards"] += answered


async def _quietly(sender: Sender, client: httpx.AsyncClient) -> None:
    """Report; once more where the server had closed an idle connection just then, as a device does."""
    try:
        await sender(client)
    except httpx.TransportError:
        with suppress(httpx.TransportError):
            await sender(client)


async def _sign_in(client: httpx.AsyncClient) -> None:
    found = re.search(r'csrf-token" content="([^"]+)"', (await client.get("/sign-in")).text)
    assert found
    data = {"_csrf_token": found[1], "login": "officer", "secret": PASSWORD}
    answer = await client.post("/sign-in", data=data)
    if answer.status_code != 303:
        raise RuntimeError(answer.text)


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cpu_postgres(home: Path) -> float:
    """CPU seconds of the home's PostgreSQL so far: its first process and all children, ended ones too."""
    first = int((home / "postgres" / "data" / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
    fields = Path(f"/proc/{first}/stat").read_text("utf-8").rpartition(")")[2].split()
    total = sum(int(fields[at]) for at in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            child = path.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(child[1]) == first:
            total += (int(child[11]) + int(child[12])) / os.sysconf("SC_CLK_TCK")
    return total
