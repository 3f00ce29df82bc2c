"""What journeys find beside the pages: a worker, and a whole demo."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exam import worker
from exam.demo import report, road
from exam.demo.memory import PeakMemory
from exam.demo.progress import Progress
from exam.demo.road import Result
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from tests.exam.kernel.print_home import link_fonts
from tests.servers import Databases, in_thread

DEMO_NOW = datetime(2026, 5, 16, 2, 10, tzinfo=UTC)
"""Saturday, 10:10 in China: the demo's day."""
DEMO_CANDIDATES = 40


@dataclass(frozen=True)
class Demo:
    """A demo that stands."""

    settings: Settings
    result: Result
    report: dict[str, object]
    out: Path


@pytest.fixture(scope="session")
def demo(databases: Databases) -> Iterator[Demo]:
    """The demo, made once a run; each process has a copy of its database."""
    template, home, (result, said) = databases.once("demo", _travel)
    name = in_thread(databases.copy(template))
    yield Demo(Settings(home=home, database_url=databases.url(name)), result, said, home / "out")
    in_thread(databases.drop(name))


async def _travel(url: str, home: Path) -> tuple[Result, dict[str, object]]:
    link_fonts(home)
    services = make_services(Settings(home=home, database_url=url), clock=FixedClock(DEMO_NOW))
    progress = Progress(stream=io.StringIO())
    with PeakMemory() as peak:
        result = await road.travel(services, progress, candidates=DEMO_CANDIDATES, seed=7, out=home / "out")
        said = await report.write_report(services, result, progress, home / "out", peak)
    await services.db.dispose()
    return result, said


@pytest.fixture
async def working(services: Services) -> AsyncIterator[None]:
    """A worker beside the pages, as `kaowu serve` has it."""
    task = asyncio.create_task(worker.run(services))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
