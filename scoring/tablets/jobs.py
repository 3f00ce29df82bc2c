"""Work of the tablets in the background: signed sheets are entered, and tried again while they wait for something.

The job is promised in the transaction that stores the signatures, so a killed server enters them after its restart.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from exam.kernel.db import chunks
from exam.kernel.services import Services
from scoring.tablets import actions, queries
from scoring.tablets.actions.taking import PROJECT_JOB

RETRY_JOB = "tablets.retry"
AT_ONCE = 20
"""Sheets entered in one transaction: others of the room wait no longer than that."""


async def project(services: Services, payload: dict[str, Any]) -> None:
    """Enter what a session's tablets signed."""
    await project_room(services, UUID(payload["room_session_id"]))


async def retry(services: Services, payload: dict[str, Any]) -> None:
    """Try again what waits, in every session of these days."""
    async with services.db.transaction() as session:
        rooms = await queries.pending_rooms(session, services.clock.now())
    for room_session_id in rooms:
        await project_room(services, room_session_id)


async def project_room(services: Services, room_session_id: UUID, *, again: bool = False) -> None:
    """Enter what is pending in a session, in groups, each its own transaction."""
    async with services.db.transaction() as session:
        pairs = await queries.pending(session, room_session_id, again=again)
    for some in chunks(pairs, AT_ONCE):
        async with services.db.transaction() as session:
            await actions.project(session, room_session_id=room_session_id, pairs=some, now=services.clock.now())


JOBS = {PROJECT_JOB: project, RETRY_JOB: retry}
SCHEDULES = {RETRY_JOB: "*/5 * * * *"}
