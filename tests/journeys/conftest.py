"""What journeys find beside the pages."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from exam import worker
from exam.kernel.services import Services


@pytest.fixture
async def working(services: Services) -> AsyncIterator[None]:
    """A worker beside the pages, as `kaowu serve` has it."""
    task = asyncio.create_task(worker.run(services))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
