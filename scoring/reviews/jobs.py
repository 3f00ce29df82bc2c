"""The end of the review window: what nobody has asked about becomes final by itself (domain 3.6, 3.10).

The last day ends at 24:00 in China; a quarter past, and every hour for answers given since, each batch's outcomes are
made final in groups, each group its own transaction with its audit record, so that a run that is cut goes on with the
rest. An outcome with an open review stays as it is, and becomes final in the first run after its answer.
"""

from __future__ import annotations

from typing import Any, Final

from exam.accounts.rules import SYSTEM
from exam.kernel.clock import china_date
from exam.kernel.services import Services
from scoring.reviews import actions, queries

FINALISE_JOB: Final = "reviews.finalise"
TOGETHER: Final = 500


async def finalise(services: Services, payload: dict[str, Any]) -> None:
    """Make final what can no longer be asked about, batch by batch, and move the batches on."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        due = await queries.windows_over(session, china_date(now))
    for batch_id, published in due.items():
        more = True
        while more:
            async with services.db.transaction() as session:
                more = bool(await actions.close_window(
                    session, SYSTEM, batch_id=batch_id, published=published, limit=TOGETHER, now=now
                ))  # fmt: skip
        async with services.db.transaction() as session:
            await actions.conclude(session, SYSTEM, batch_id=batch_id, now=now)


JOBS = {FINALISE_JOB: finalise}
SCHEDULES = {FINALISE_JOB: "15 * * * *"}
