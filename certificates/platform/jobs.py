"""Registration on the platform, in three steps that can each be cut: mark as submitted, hand over, store the receipts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform import actions, queries
from certificates.platform.actions import REGISTER_JOB
from certificates.platform.client import PlatformClient, client_of
from exam.accounts.rules import SYSTEM
from exam.kernel.clock import china_date
from exam.kernel.db import chunks
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration import actions as registration
from exam.registration import queries as registrations
from exam.registration.rules import BatchStatus

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
    """The job: register these (payload ``ids``), and move the batches on that are through."""
    ids = [UUID(text) for text in payload["ids"]]
    await send(services, ids)
    async with services.db.transaction() as session:
        for batch_id in await queries.batches_of(session, ids):
            await _close_batch(services, session, batch_id)


async def _close_batch(services: Services, session: AsyncSession, batch_id: UUID) -> None:
    """A batch is registered when every certificate that stands has its receipt (domain.md 3.3)."""
    batch = await registrations.batch(session, batch_id)
    counts = await queries.counts(session, today=china_date(services.clock.now()), batch_id=batch_id)
    through = counts.registered and counts.registered + counts.withdrawn == counts.total
    if through and batch.status is BatchStatus.CERTIFICATES_ISSUED:
        await registration.move_batch(
            session, SYSTEM, batch_id=batch_id, to=BatchStatus.REGISTERED, now=services.clock.now()
        )


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
