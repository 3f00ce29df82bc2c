"""A worker of certificates for the cases that kill it: `run` ends with `os._exit` at a named point.

Nothing of the product knows of this: the points are laid around its functions from outside.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from benchmarks.certificate_world import settings_of
from benchmarks.installation import Installation
from certificates.issuing import actions
from certificates.issuing.jobs import JOBS, groups, making
from certificates.ledger import actions as sealed
from certificates.ledger import jobs as sealing
from exam.kernel.files import DiskStore
from exam.kernel.runner import run_jobs
from exam.kernel.services import make_services

HEARTBEAT: Final = timedelta(seconds=2)
"""How long a dead worker's jobs wait; 30 s in the product."""
KILLED: Final = 137
POINTS: Final[dict[str, tuple[Any, str, bool]]] = {
    "reserve": (actions, "reserve", True),  # numbers, intents and ledger entries written, not committed
    "seal": (sealing, "seal", False),  # T1 committed, the ledger not sealed
    "cosign": (sealed, "keep_checkpoint", False),  # the head signed and noted, no checkpoint yet
    "draw": (making, "draw", False),  # sealed
    "sign": (making, "sign", False),  # drawn
    "examine": (making, "require_genuine", False),  # signed, not looked at
    "keep": (DiskStore, "put", False),  # looked at, not in the store
    "kept": (DiskStore, "put", True),  # in the store, its hash not noted
    "store": (actions, "store", True),  # its hash written, not committed
    "issue": (actions, "issue", False),  # T2 committed
    "issued": (actions, "issue", True),  # issued and queued for the platform, not committed
    "close": (groups, "_close_release", False),  # T3 committed, the group's job not ended
}
"""Where it ends: the function, and whether after it instead of before it."""


def run(made: Installation, point: str = "", call: int = 1, drain: bool = False) -> None:
    """Work on groups in a process of its own; end at the `call`-th time that `point` is reached."""
    if point:
        _end_at(point, call)
    services = make_services(settings_of(made), pool_size=4)
    asyncio.run(run_jobs(services, JOBS, {}, drain=drain, heartbeat_timeout=HEARTBEAT))


def _end_at(point: str, call: int) -> None:
    place, name, after = POINTS[point]
    real: Callable[..., Any] = getattr(place, name)
    left = call

    def reached() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(KILLED)

    async def around(*given: Any, **named: Any) -> Any:
        if not after:
            reached()
        found = await real(*given, **named)
        if after:
            reached()
        return found

    def beside(*given: Any, **named: Any) -> Any:
        if not after:
            reached()
        found = real(*given, **named)
        if after:
            reached()
        return found

    setattr(place, name, around if asyncio.iscoroutinefunction(real) else beside)
