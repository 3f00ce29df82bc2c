"""The clock of the computer exam: every minute, hand in for everybody whose time has passed."""

from __future__ import annotations

from typing import Any

from exam.delivery import actions
from exam.kernel.services import Services

MOST_AT_ONCE = 200


async def submit_due(services: Services, payload: dict[str, Any]) -> None:
    """Hand in, in portions, until nobody is due."""
    while True:
        async with services.db.transaction() as session:
            handed_in = await actions.submit_due(session, now=services.clock.now(), limit=MOST_AT_ONCE)
        if handed_in < MOST_AT_ONCE:
            return


JOBS = {"delivery.submit_due": submit_due}
SCHEDULES = {"delivery.submit_due": "* * * * *"}
