"""Serving: the pages, and beside them the background work, until stopped; wiring for the shell and the demo."""

import asyncio
import gc
import signal

import uvicorn

from exam import worker
from exam.app import create_app
from exam.kernel.services import Services

STREAMS_END_WITHIN_SECONDS = 3
"""Open streams (the command centre's) would keep the process from stopping; their readers come back by themselves."""

SMALL_COLLECTION = 2_000
"""Objects in one step of the garbage collector: 50,000, right for a command, make every reader wait 100 ms now and then."""


async def serve(services: Services, *, host: str, port: int, with_work: bool = True) -> None:
    """Serve the pages until a signal, with the background work in the same process unless told not to."""
    config = uvicorn.Config(
        create_app(services),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=STREAMS_END_WITHIN_SECONDS,
    )
    server = uvicorn.Server(config)
    collect_in_small_steps()
    # uvicorn stops on SIGTERM and then raises it again: ignored here, so that what follows still happens.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if not with_work:
        await server.serve()
        return
    working = asyncio.create_task(worker.run(services))
    try:
        await server.serve()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def collect_in_small_steps() -> None:
    """What is loaded stays loaded; what requests leave behind is collected a few milliseconds at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SMALL_COLLECTION, 20, 50)
