"""Registration's work in the background: sealed checks are removed when their week is over."""

from typing import Any

from exam.kernel.services import Services
from exam.registration import actions


async def purge_checks(services: Services, payload: dict[str, Any]) -> None:
    """Remove kept roster checks that have expired."""
    async with services.db.transaction() as session:
        await actions.purge_checks(session, now=services.clock.now())


JOBS = {"registration.purge_checks": purge_checks}
SCHEDULES = {"registration.purge_checks": "17 18 * * *"}  # 02:17 in China
