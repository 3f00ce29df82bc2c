"""The sites' work in the background: approvals whose period is over expire, and their place becomes free (3.2)."""

from typing import Any

from exam.kernel.services import Services
from scheduling.sites import actions


async def expire(services: Services, payload: dict[str, Any]) -> None:
    """Mark approvals past their last day as expired."""
    async with services.db.transaction() as session:
        await actions.expire(session, now=services.clock.now())


JOBS = {"sites.expire": expire}
SCHEDULES = {"sites.expire": "10 16 * * *"}  # 00:10 in China
