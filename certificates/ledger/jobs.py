"""Registration on the platform, in three steps that can each be cut: mark as submitted, hand over, store the receipts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from certificates.ledger import actions, queries
from certificates.ledger.actions import REGISTER_JOB
from certificates.ledger.platform import PlatformClient, client_of
from exam.accounts.rules import SYSTEM
from exam.kernel.db import chunks
from exam.kernel.ids import new_id
from exam.kernel.services import Services

SWEEP_JOB: Final = "certificates.sweep"
ROWS_TOGETHER: Final = 100
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sent:
    """What became of registrations that were sent."""

    accepted: int = 0
    refused: int = 0

    def __add__(self, other: Sent) -> Sent:
        return Sent(self.accepted + other.accepted, self.refused + other.refused)


async def register(services: Services, payload: dict[str, Any]) -> None:
    """The job: register these (payload ``ids``)."""
    await send(services, [UUID(text) for text in payload["ids"]])


async def sweep(services: Services, payload: dict[str, Any]) -> None:
    """The clock's job: whatever is not registered yet is queued again."""
    async with services.db.transaction() as session:
        for part in chunks(await queries.to_send(session), ROWS_TOGETHER):
            await actions.enqueue_open(session, SYSTEM, part)


async def register_pending(services: Services, progress: Progress | None = None) -> Sent:
    """Register all that waits, now and here; for commands and the demo."""
    async with services.db.transaction() as session:
        ids = await queries.to_send(session)
    total = Sent()
    done = 0
    for part in chunks(ids, ROWS_TOGETHER):
        total += await send(services, part)
        done += len(part)
        if progress is not None:
            progress(done, len(ids))
    return total


async def send(services: Services, ids: Sequence[UUID], client: PlatformClient | None = None) -> Sent:
    """Register these on the platform; a failure leaves them submitted, and they are asked about next time."""
    client = client or client_of(services)
    submission = new_id()
    async with services.db.transaction() as session:
        rows, unanswered = await actions.take(
            session, services.vault, ids, submission=submission, now=services.clock.now()
        )
    if not rows:
        return Sent()
    receipts = await client.look_up(unanswered) if unanswered else []
    known = {(receipt.key, receipt.deed) for receipt in receipts}
    fresh = [row for row in rows if (row.key, row.deed) not in known]
    if fresh:
        receipts = [*receipts, *await client.submit(submission, fresh)]
    async with services.db.transaction() as session:
        accepted, refused = await actions.store_receipts(
            session, SYSTEM, receipts, platform=client.name, now=services.clock.now()
        )
    return Sent(accepted, refused)


JOBS = {REGISTER_JOB: register, SWEEP_JOB: sweep}
SCHEDULES = {SWEEP_JOB: "*/15 * * * *"}
