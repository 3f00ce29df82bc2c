"""`hosts`: two worker hosts in network namespaces of their own; one is cut off in the middle, comes back, and is later frozen.

The hosts (iproute2, as root) hang on a bridge with the database, which they reach over TCP; the store and the keys are a folder
that both reach. The port of the first is taken down while it draws, so that nobody is told, and up again after
`KAOWU_BENCH_CUT` seconds (75); then its process is stopped (SIGSTOP) and let go on, so that it comes back with what it had
drawn. `taken_over_seconds`: until the first of its groups had another worker, of `groups` that changed hands meanwhile; `pause_seconds`: the longest time without a new
certificate meanwhile. `late`: how many it offered afterwards, `late_taken`: how many of those were taken although another had been
quicker. At the end everything is held together as in `crash`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from benchmarks.certificate_crash import count
from benchmarks.certificate_world import Batch, released, services_of, settings_of
from benchmarks.installation import Installation, installation
from certificates.issuing import actions
from certificates.issuing.actions import GROUP_JOB
from exam import worker
from exam.kernel.jobs import SCHEMA
from exam.kernel.services import Services, make_services

COUNT: Final = int(os.environ.get("KAOWU_BENCH_CERTIFICATES", "3000"))
AWAY_SECONDS: Final = float(os.environ.get("KAOWU_BENCH_CUT", "75"))
GROUP: Final = 20
_BRIDGE: Final = "kwb-br"
_HOSTS: Final = ("kwb-a", "kwb-b")
_DATABASE: Final = "10.203.77.1"
_NET: Final = "10.203.77.0/24"
_LONGEST_SECONDS: Final = 1_800.0
Result = dict[str, Any]


def hosts() -> Result:
    """Run the case and return its figures."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise SystemExit("hosts: network namespaces need root and iproute2")
    with installation() as made:
        return run(made, asyncio.run(released(made, COUNT, group=GROUP)))


def run(made: Installation, batch: Batch) -> Result:
    """Let two hosts issue a released batch."""
    with network(), _workers(replace(made, url=_over_tcp(made))) as (first, start_second):
        seen = asyncio.run(_interrupt(made, first, start_second, batch.count))
    lines = [line.split() for line in (made.home / "offered").read_text("utf-8").splitlines()]
    late = sum(int(offered) - int(noted) for _, offered, noted in lines)
    return {**seen, "late_refused": late, **asyncio.run(count(made, batch))}


@contextmanager
def network() -> Iterator[None]:
    """A bridge with the database's address, and two hosts on it."""
    _down()
    try:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{_DATABASE}/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        for place, host in enumerate(_HOSTS, start=2):
            _ip("netns", "add", host)
            _ip("link", "add", f"{host}0", "type", "veth", "peer", "name", "eth0", "netns", host)
            _ip("link", "set", f"{host}0", "master", _BRIDGE, "up")
            _ip("-n", host, "addr", "add", f"{_DATABASE[:-1]}{place}/24", "dev", "eth0")
            _ip("-n", host, "link", "set", "eth0", "up")
            _ip("-n", host, "link", "set", "lo", "up")
        yield
    finally:
        _down()


def _down() -> None:
    for host in _HOSTS:
        subprocess.run(["ip", "netns", "del", host], check=False, capture_output=True)
    subprocess.run(["ip", "link", "del", _BRIDGE], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _over_tcp(made: Installation) -> str:
    """Let the embedded server listen for the hosts; its address there."""
    data = made.server.data
    with (data / "pg_hba.conf").open("a", encoding="utf-8") as file:
        file.write(f"host all all {_NET} scram-sha-256\n")
    asyncio.run(_listen(made))
    made.server.stop()
    made.server.start()
    parts = urlsplit(made.url)
    port = parse_qs(parts.query)["port"][0]
    return f"postgresql://{parts.username}:{parts.password}@{_DATABASE}:{port}{parts.path}"


async def _listen(made: Installation) -> None:
    async with services_of(made) as services, services.db.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text(f"ALTER SYSTEM SET listen_addresses = '{_DATABASE}'"))


@contextmanager
def _workers(made: Installation) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None]]]:
    """The first host's worker, and what starts the second's."""
    started: list[subprocess.Popen[bytes]] = []

    def start(host: str) -> None:
        command = [sys.executable, "-m", "benchmarks.certificate_hosts", host, str(made.home)]
        environment = {**os.environ, "DATABASE_URL": made.url}
        started.append(subprocess.Popen(["ip", "netns", "exec", host, *command], env=environment))

    start(_HOSTS[0])
    try:
        yield started[0], lambda: start(_HOSTS[1])
    finally:
        for one in started:
            one.send_signal(signal.SIGCONT)
            one.terminate()
        for one in started:
            one.wait(90)


@dataclass
class _Watch:
    """What the database shows while one host is away."""

    services: Services
    issued: int = 0
    changed: float = 0.0
    pause: float = 0.0

    async def look(self, query: str, **values: Any) -> Sequence[Any]:
        async with self.services.db.transaction() as session:
            return (await session.execute(text(query), values)).all()

    async def tick(self) -> None:
        """Count what is issued, and how long nothing new was."""
        await asyncio.sleep(0.5)
        ((issued,),) = await self.look("SELECT count(*) FROM certificates.certificates WHERE issued_at IS NOT NULL")
        now = time.monotonic()
        if issued != self.issued:
            self.issued, self.changed = issued, now
        self.pause = max(self.pause, now - self.changed)
        if now - self.changed > _LONGEST_SECONDS:
            raise RuntimeError("nobody issues any more")

    async def until(self, count: int) -> None:
        while self.issued < count:
            await self.tick()


async def _interrupt(
    made: Installation, first: subprocess.Popen[bytes], start_second: Callable[[], None], count: int
) -> Result:
    found: Result = {}
    async with services_of(made) as services:
        watch = _Watch(services, changed=time.monotonic())
        await watch.until(1)
        start_second()
        await watch.until(count // 5)
        link = f"{_HOSTS[0]}0"
        found |= await _away(
            "cut", watch, lambda: _ip("link", "set", link, "down"), lambda: _ip("link", "set", link, "up")
        )
        await watch.until(min(count, watch.issued + count // 10))
        found |= await _away(
            "frozen",
            watch,
            lambda: first.send_signal(signal.SIGSTOP),
            lambda: first.send_signal(signal.SIGCONT),
        )
        await watch.until(count)
    return found


async def _away(name: str, watch: _Watch, leave: Callable[[], None], back: Callable[[], None]) -> Result:
    """One host goes and comes back; when its groups had another worker, and how long nothing was issued."""
    leave()
    gone = time.monotonic()
    owners = {row.id: row.queue_manager_id for row in await watch.look(_HELD)}
    taken: dict[int, float] = {}
    watch.pause, watch.changed = 0.0, gone
    while time.monotonic() < gone + AWAY_SECONDS:
        await watch.tick()
        for row in await watch.look(_HELD):
            if owners.get(row.id, row.queue_manager_id) != row.queue_manager_id:
                taken.setdefault(row.id, time.monotonic() - gone)
    back()
    return {
        f"{name}_seconds": round(time.monotonic() - gone, 1),
        f"{name}_groups": len(taken),
        f"{name}_taken_over_seconds": round(min(taken.values(), default=0.0), 1),
        f"{name}_pause_seconds": round(watch.pause, 1),
    }


_HELD: Final = (
    f"SELECT id, queue_manager_id FROM {SCHEMA}.pgqueuer WHERE status = 'picked' AND entrypoint = '{GROUP_JOB}'"
)


def _work(host: str, home: Path) -> None:
    """A worker as the product runs it, that also notes what it offered to the register and how much of it was taken."""
    real = actions.store

    async def noted(*given: Any, **named: Any) -> int:
        taken = await real(*given, **named)
        with (home / "offered").open("a", encoding="utf-8") as file:
            file.write(f"{host} {len(named['signed'])} {taken}\n")
        return taken

    actions.store = noted
    made = Installation(home=home, server=None, url=os.environ["DATABASE_URL"])  # type: ignore[arg-type]
    asyncio.run(worker.run(make_services(settings_of(made)), stop_on_signals=True))


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]))
