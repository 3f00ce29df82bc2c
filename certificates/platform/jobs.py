"""Registration on the platform, in three steps that can each be cut: mark as submitted, hand over, store the receipts; and the
daily comparison of our register with the platform's.

A platform that is away is no defect: nothing raises, the registrations note it and are asked about when their pause is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform import actions, queries
from certificates.platform.actions import RECONCILE_JOB, REGISTER_JOB
from certificates.platform.client import (
    PlatformClient,
    PlatformDown,
    PlatformRefused,
    by_files,
    client_of,
    platform_name,
)
from certificates.platform.rules import Deed, Known, Receipt, Submission
from certificates.platform.rules.reconciling import Theirs, compare
from exam.accounts.rules import SYSTEM, Actor
from exam.kernel.clock import china_date
from exam.kernel.db import chunks
from exam.kernel.errors import N_
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration import actions as registration
from exam.registration import queries as registrations
from exam.registration.rules import BatchStatus

SWEEP_JOB: Final = "certificates.sweep"
ROWS_TOGETHER: Final = 100
Progress = Callable[[int, int], None]
_NO_ANSWER: Final = N_("平台没有应答，稍后先查询再上报")
_REFUSED_WHOLE: Final = "request_refused"


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
    if not by_files(services):
        await send(services, ids)
    async with services.db.transaction() as session:
        for batch_id in await queries.batches_of(session, ids):
            await close_batch(services, session, batch_id)


async def close_batch(services: Services, session: AsyncSession, batch_id: UUID) -> None:
    """A batch is registered when every certificate that stands has its receipt (domain.md 3.3)."""
    batch = await registrations.batch(session, batch_id)
    counts = await queries.counts(session, today=china_date(services.clock.now()), batch_id=batch_id)
    through = counts.registered and counts.registered + counts.withdrawn == counts.total
    if through and batch.status is BatchStatus.CERTIFICATES_ISSUED:
        await registration.move_batch(
            session, SYSTEM, batch_id=batch_id, to=BatchStatus.REGISTERED, now=services.clock.now()
        )


async def sweep(services: Services, payload: dict[str, Any]) -> None:
    """The clock's job: whatever is not registered yet and whose pause is over is queued again."""
    async with services.db.transaction() as session:
        await actions.refresh_due(session)
        if by_files(services):
            return
        waiting = await queries.to_send(session, now=services.clock.now())
        for part in chunks(waiting, ROWS_TOGETHER):
            await actions.enqueue_open(session, SYSTEM, part)


async def register_pending(services: Services, progress: Progress | None = None) -> Sent:
    """Register all that waits, now and here; for commands and the demo."""
    async with services.db.transaction() as session:
        ids = await queries.to_send(session, now=services.clock.now())
    total = Sent()
    done = 0
    for part in chunks(ids, ROWS_TOGETHER):
        total += await send(services, part)
        done += len(part)
        if progress is not None:
            progress(done, len(ids))
    return total


async def send(services: Services, ids: Sequence[UUID], client: PlatformClient | None = None) -> Sent:
    """Register these on the platform. What went out before without an answer is asked about first, and goes out again only when
    the platform says that it does not know it; what gets no answer now stays submitted."""
    client = client or client_of(services)
    submission = new_id()
    now = services.clock.now()
    async with services.db.transaction() as session:
        taken = await actions.take(session, services.vault, ids, submission=submission, now=now)
    if not taken.new and not taken.asked:
        return Sent()
    receipts: list[Receipt] = []
    wait_seconds: int | None = None
    try:
        known = await client.look_up([one.key for one in taken.asked]) if taken.asked else Known()
        receipts += known.receipts
        fresh = [*taken.new, *_again(taken.asked, known)]
        if fresh:
            receipts += await _hand_over(client, submission, fresh)
    except PlatformDown as down:
        wait_seconds = down.wait_seconds
    except PlatformRefused:
        wait_seconds = None
    async with services.db.transaction() as session:
        stored = await actions.store_receipts(session, SYSTEM, receipts, platform=client.name, now=services.clock.now())
        silent = [one.key for one in (*taken.new, *taken.asked) if one.key not in stored.settled]
        if silent:
            await actions.postpone(
                session, silent, now=services.clock.now(), problem=_NO_ANSWER, wait_seconds=wait_seconds
            )
    return Sent(stored.accepted, stored.refused)


def _again(asked: Sequence[Submission], known: Known) -> list[Submission]:
    """What is sent again: what the platform says it does not know, and withdrawals of what it still has in force."""
    return [
        one
        for one in asked
        if one.key in known.unknown
        or (
            one.deed is Deed.WITHDRAW
            and one.key in {answer.key for answer in known.receipts if answer.deed is Deed.REGISTER}
        )
    ]


async def _hand_over(client: PlatformClient, submission: UUID, rows: Sequence[Submission]) -> list[Receipt]:
    """Submit; a batch that is refused as a whole is halved, so that the row that spoils it is found and named."""
    try:
        return await client.submit(submission, rows)
    except PlatformRefused as refused:
        if len(rows) == 1:
            row = rows[0]
            return [Receipt(key=row.key, deed=row.deed, accepted=False, code=_REFUSED_WHOLE, message=str(refused))]
    half = len(rows) // 2
    receipts: list[Receipt] = []
    for part in (rows[:half], rows[half:]):
        try:
            receipts += await _hand_over(client, new_id(), part)
        except PlatformDown:
            continue  # what is known of the other half counts; this one is asked about
    return receipts


async def reconcile(services: Services, payload: dict[str, Any]) -> None:
    """The clock's job: compare; a platform that is away is asked tomorrow."""
    if by_files(services):
        return
    try:
        await compare_registers(services, SYSTEM)
    except (PlatformDown, PlatformRefused) as error:
        async with services.db.transaction() as session:
            await actions.store_failure(
                session, SYSTEM, platform=platform_name(services), problem=str(error), now=services.clock.now()
            )


async def compare_registers(services: Services, actor: Actor, client: PlatformClient | None = None) -> UUID | None:
    """Ask for everything the platform lists under our organisations and keep every difference; None with no registration.

    Raises PlatformDown when its list cannot be read to the end: half a list would show certificates as missing.
    """
    client = client or client_of(services)
    asked_at = services.clock.now()
    async with services.db.transaction() as session:
        codes = await queries.organisation_codes(session)
    if not codes:
        return None
    theirs: dict[str, Theirs] = {}
    async for page in client.records(sorted(codes)):
        theirs |= {one.key: one for one in page}
    async with services.db.transaction() as session:
        ours = await queries.ours(session)
        found = compare(ours, theirs.values(), asked_at=asked_at)
        return await actions.store_comparison(
            session, actor, services.vault, found, ours_count=len(ours), theirs=theirs, codes=codes,
            platform=client.name, now=services.clock.now(),
        )  # fmt: skip


JOBS = {REGISTER_JOB: register, SWEEP_JOB: sweep, RECONCILE_JOB: reconcile}
SCHEDULES = {SWEEP_JOB: "*/15 * * * *", RECONCILE_JOB: "30 18 * * *"}
