"""The platform of the demo: ``kaowu platform serve`` as a process of its own, so that the exchange is a real one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import httpx

from exam.kernel.ports import free_port
from exam.kernel.settings import TREE, Settings

_STARTS_WITHIN_SECONDS = 60
_STOPS_WITHIN_SECONDS = 10


class PlatformDidNotStart(RuntimeError):
    """The process ended, or did not answer in time."""


@asynccontextmanager
async def served(settings: Settings, *, port: int = 0) -> AsyncIterator[Settings]:
    """Start the built-in registry beside the demo; yields the settings that name its address. It ends with the block.

    With an outside platform configured nothing is started.
    """
    if settings.platform_url:
        yield settings
        return
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "KAOWU_HOME": str(settings.home), "DATABASE_URL": settings.database_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exam", "platform", "serve", "--host", "127.0.0.1", "--port", str(port),
        cwd=TREE, env=environment, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _answers(process, address)
        yield replace(settings, platform_url=address)
    finally:
        await _stop(process)


async def _answers(process: asyncio.subprocess.Process, address: str) -> None:
    deadline = asyncio.get_running_loop().time() + _STARTS_WITHIN_SECONDS
    async with httpx.AsyncClient() as client:
        while asyncio.get_running_loop().time() < deadline and process.returncode is None:
            with suppress(httpx.HTTPError):
                if (await client.get(f"{address}/health")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.1)
    raise PlatformDidNotStart(f"{address}: exit status {process.returncode}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOPS_WITHIN_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
