"""How long the timetable's pages take: ``python -m benchmarks.pages --candidates 2000 --json``.

A province of the demo with so many candidates is arranged in a database of its own and its pages are asked for by an exam
officer, without a network. Seconds are CPU of this process (the database's own are not in it), the median of five after the
first; `ratio` is against the named baseline of the same run, the list of batches, which reads next to nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import httpx

from benchmarks.instances.live import closed_batch
from benchmarks.measuring import cpu_seconds, peak_mb
from exam.app import create_app
from exam.demo.stage import Stage
from exam.kernel.clock import FixedClock
from exam.kernel.postgres import Server
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from exam.migrations import upgrade
from scheduling.timetable import actions, queries
from scheduling.timetable.rules.pins import NewPin, PinLevel, PinPart

NOW: Final = datetime(2026, 5, 16, 2, 10, tzinfo=UTC)
BASELINE: Final = "list"
SEED: Final = 1
TIMES: Final = 5


async def measure(candidates: int) -> dict[str, Any]:
    """Arrange a province and open every page of its timetable."""
    async with installed() as services:
        stage, batch_id = await closed_batch(services, candidates=candidates, seed=SEED)
        begin, clock = cpu_seconds(), time.perf_counter()
        figures = await _arrange(stage, batch_id)
        made = {"cpu_seconds": round(cpu_seconds() - begin, 1), "seconds": round(time.perf_counter() - clock, 1)}
        pages = await _pages(services, stage, batch_id)
    base = pages[BASELINE]["ms"]
    return {
        "candidates": candidates,
        "proposal": {**made, "unplaced": figures["unplaced"], "sessions": figures["sessions"]},
        "peak_mb": peak_mb(),
        "pages": {name: {**one, "ratio": round(one["ms"] / base, 1)} for name, one in pages.items()},
    }


@asynccontextmanager
async def installed() -> AsyncIterator[Services]:
    """An installation of its own that leaves nothing."""
    with tempfile.TemporaryDirectory(prefix="kaowu-pages-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # root's server runs as `nobody` and must pass
        server = Server(home, durable=False)
        url = server.start()
        try:
            await asyncio.to_thread(upgrade, url)
            services = make_services(Settings(home=home, database_url=url), clock=FixedClock(NOW))
            yield services
            await services.db.dispose()
        finally:
            server.stop()


async def _arrange(stage: Stage, batch_id: UUID) -> Mapping[str, Any]:
    """A draft, and a pin, with which pages have the batch drafted again."""
    officer = stage.cast["officer"]
    async with stage.change() as session:
        plan = await actions.propose(session, officer, batch_id=batch_id, seed=SEED, now=NOW)
        one = (await queries.worked(session, plan.id)).plan.placements[0]
        wish = NewPin(
            level=PinLevel.GROUP, parts=(PinPart(group=one.group, count=None),), site=one.site, component=None, slot=None,
            room=None, examiner_id=None, duty=None, reason="就近", expires=None,
        )  # fmt: skip
        await actions.add_pin(session, officer, batch_id=batch_id, wish=wish, now=NOW)
    return plan.figures


async def _addresses(stage: Stage, batch_id: UUID) -> dict[str, str]:
    async with stage.change() as session:
        plan = await queries.latest(session, batch_id)
        assert plan is not None
        worked = await queries.worked(session, plan.id)
        (one, *_) = await queries.sessions(session, plan.id)
    base = f"/scheduling/plans/{batch_id}"
    largest = max(worked.plan.placements, key=lambda placed: placed.count)
    under = ("calendar", "duties", "why", "bottlenecks", "pins", "publish", "forks", "pictures", "versions")
    return {
        BASELINE: "/scheduling/plans",
        "board": base,
        **{name: f"{base}/{name}" for name in under},
        "group": f"{base}/why/group?group={quote(largest.group)}",
        "person": f"{base}/why/{worked.members[largest.group][largest.first]}",
        "session": f"/scheduling/plans/sessions/{one.id}",
    }


async def _pages(services: Services, stage: Stage, batch_id: UUID) -> dict[str, dict[str, int]]:
    transport = httpx.ASGITransport(app=create_app(services))  # type: ignore[arg-type] # the same protocol, written down twice
    found = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        html = (await client.get("/sign-in")).text
        token = re.search(r'name="_csrf_token" value="([^"]+)"', html)
        assert token is not None
        fields = {"_csrf_token": token[1], "login": "officer", "secret": stage.cast.password}
        assert (await client.post("/sign-in", data=fields)).status_code == 303
        for name, address in (await _addresses(stage, batch_id)).items():
            spent, size = [], 0
            for _ in range(TIMES + 1):
                begin = cpu_seconds()
                answer = await client.get(address)
                assert answer.status_code == 200, (address, answer.status_code)
                spent.append(1000 * (cpu_seconds() - begin))
                size = len(answer.content)
            found[name] = {"first_ms": round(spent[0]), "ms": round(statistics.median(spent[1:])), "kb": size // 1024}
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=2000)
    parser.add_argument("--json", action="store_true", help="one object; else one line for each page")
    options = parser.parse_args()
    result = asyncio.run(measure(options.candidates))
    if options.json:
        print(json.dumps(result))
        return
    print({name: one for name, one in result.items() if name != "pages"})
    for name, one in result["pages"].items():
        print(f"{name:12} first {one['first_ms']:6} ms, then {one['ms']:5} ms, {one['kb']:4} KB, ratio {one['ratio']}")


if __name__ == "__main__":
    main()
