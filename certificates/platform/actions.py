"""What may be written: the steps of a registration on the platform."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform.client import Deed, Receipt, Submission
from certificates.platform.models import PlatformRegistration
from certificates.platform.queries import open_record, record_context
from certificates.platform.rules import PlatformRecord, PlatformStatus, due_date, platform_move
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue

REGISTER_JOB: Final = "certificates.register"


@dataclass(frozen=True, kw_only=True)
class ToRegister:
    """A certificate version to register on the platform."""

    certificate_id: UUID
    batch_id: UUID
    organisation_id: UUID
    record: PlatformRecord


async def queue(session: AsyncSession, vault: Vault, items: Sequence[ToRegister], *, now: datetime) -> list[UUID]:
    """Queue certificate versions for the platform, with their due date, and the job that sends them."""
    rows: list[dict[str, Any]] = []
    for item in items:
        record = item.record
        due = due_date(record.issued_on)
        sealed = vault.seal(
            json.dumps(record.as_data(), ensure_ascii=False), record_context(record.number, record.version)
        )
        rows.append(
            {
                "id": new_id(),
                "certificate_id": item.certificate_id,
                "batch_id": item.batch_id,
                "organisation_id": item.organisation_id,
                "number": record.number,
                "version": record.version,
                "status": str(PlatformStatus.QUEUED),
                "issued_on": record.issued_on,
                "due_on": due.on,
                "due_provisional": due.provisional,
                "record_sealed": sealed,
            }
        )
    await insert_many(session, PlatformRegistration, rows)
    ids = [row["id"] for row in rows]
    if ids:
        await enqueue(session, REGISTER_JOB, {"ids": [str(one) for one in ids]}, dedupe=f"{REGISTER_JOB}:{ids[0]}")
    return ids


async def enqueue_open(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> int:
    """Queue the register job for registrations that are not through."""
    if not actor.may(Permission.PLATFORM_RUN):
        raise Forbidden
    if not ids:
        return 0
    added = await enqueue(session, REGISTER_JOB, {"ids": [str(one) for one in ids]}, dedupe=f"{REGISTER_JOB}:{ids[0]}")
    return len(ids) if added else 0


async def take(
    session: AsyncSession, vault: Vault, ids: Sequence[UUID], *, submission: UUID, now: datetime
) -> tuple[list[Submission], list[str]]:
    """Mark registrations as submitted before they leave; also say which were sent before without an answer.

    Rows that another worker holds are left to it.
    """
    rows = (
        await session.scalars(
            select(PlatformRegistration)
            .where(PlatformRegistration.id.in_(ids))
            .order_by(PlatformRegistration.number)
            .with_for_update(skip_locked=True)
        )
    ).all()
    submissions: list[Submission] = []
    unanswered: list[str] = []
    for row in rows:
        status = PlatformStatus(row.status)
        if status is PlatformStatus.SUBMITTED:
            unanswered.append(f"{row.number}/{row.version}")
        elif status is PlatformStatus.QUEUED:
            row.status = platform_move(row.number, status, PlatformStatus.SUBMITTED)
        elif status is not PlatformStatus.WITHDRAWAL_PENDING:
            continue
        row.submission, row.submitted_at, row.attempts = submission, now, row.attempts + 1
        deed = Deed.WITHDRAW if status is PlatformStatus.WITHDRAWAL_PENDING else Deed.REGISTER
        record = open_record(vault, row.number, row.version, row.record_sealed)
        submissions.append(Submission(deed=deed, record=record, reason=row.reason))
    await session.flush()
    return submissions, unanswered


async def store_receipts(
    session: AsyncSession, actor: Actor, receipts: Sequence[Receipt], *, platform: str, now: datetime
) -> tuple[int, int]:
    """Keep the platform's answers; returns how many rows were accepted and how many refused."""
    by_key = {receipt.key: receipt for receipt in receipts}
    numbers = {key.rpartition("/")[0] for key in by_key}
    rows = (
        await session.scalars(
            select(PlatformRegistration).where(PlatformRegistration.number.in_(numbers)).with_for_update()
        )
    ).all()
    done: list[PlatformRegistration] = []
    refused = 0
    for row in rows:
        receipt = by_key.get(f"{row.number}/{row.version}")
        wanted = None if receipt is None else _answered(PlatformStatus(row.status), receipt)
        if receipt is None or wanted is None:
            continue
        row.status = platform_move(row.number, PlatformStatus(row.status), wanted)
        row.platform, row.receipt = platform, receipt.as_data()
        row.problem = None if receipt.accepted else f"{receipt.code} {receipt.message}".strip()
        if wanted is PlatformStatus.ACCEPTED:
            row.platform_id, row.accepted_at = receipt.platform_id, now
        refused += not receipt.accepted
        done.append(row)
    await session.flush()
    await _close_older(session, done)
    if done:
        await audit.record(
            session,
            actor,
            "certificates.register",
            subject="platform_registration",
            ids=[row.id for row in done],
            stream="certificates.platform",
            now=now,
            data={"platform": platform, "accepted": len(done) - refused, "refused": refused},
        )
    return len(done) - refused, refused


def _answered(status: PlatformStatus, receipt: Receipt) -> PlatformStatus | None:
    """Where an answer leads; None when it answers nothing that was asked."""
    if receipt.deed is Deed.WITHDRAW:
        return PlatformStatus.WITHDRAWN if status is PlatformStatus.WITHDRAWAL_PENDING and receipt.accepted else None
    if status is not PlatformStatus.SUBMITTED:
        return None
    return PlatformStatus.ACCEPTED if receipt.accepted else PlatformStatus.ROW_REJECTED


async def _close_older(session: AsyncSession, accepted: Sequence[PlatformRegistration]) -> None:
    """A registered next version takes the place of the one before."""
    newest = {row.number: row.version for row in accepted if row.status == PlatformStatus.ACCEPTED and row.version > 1}
    if not newest:
        return
    older = await session.scalars(
        select(PlatformRegistration).where(
            PlatformRegistration.number.in_(newest),
            PlatformRegistration.status == str(PlatformStatus.CORRECTION_PENDING),
        )
    )
    for row in older:
        if row.version < newest[row.number]:
            row.status = platform_move(row.number, PlatformStatus(row.status), PlatformStatus.WITHDRAWN)
    await session.flush()


async def requeue(session: AsyncSession, actor: Actor, registration_id: UUID, *, now: datetime) -> None:
    """Send a refused registration again, after what was wrong has been put right."""
    row = await session.get(PlatformRegistration, registration_id, with_for_update=True)
    if row is None:
        raise NotFound
    actor.require(Permission.PLATFORM_RUN, organisation_id=row.organisation_id)
    row.status = platform_move(row.number, PlatformStatus(row.status), PlatformStatus.QUEUED)
    row.problem = None
    await session.flush()
    await enqueue(session, REGISTER_JOB, {"ids": [str(row.id)]}, dedupe=f"{REGISTER_JOB}:{row.id}")
    await audit.record(
        session,
        actor,
        "certificates.requeue",
        subject="platform_registration",
        ids=[row.id],
        stream="certificates.platform",
        data={"number": row.number, "version": row.version},
        now=now,
    )


async def note_export(session: AsyncSession, actor: Actor, *, ids: Sequence[UUID], reason: str, now: datetime) -> None:
    """Record that a list with full ID numbers left the system, with the reason."""
    if not actor.may(Permission.PLATFORM_RUN):
        raise Forbidden
    await audit.record(
        session,
        actor,
        "certificates.export",
        subject="platform_registration",
        ids=ids,
        stream="certificates.platform",
        data={"count": len(ids), "reason": reason},
        now=now,
    )


async def mark_renewed(session: AsyncSession, certificate_id: UUID) -> None:
    """A next version was issued: the registration of this one waits for it, or is no longer needed."""
    await _leave(session, certificate_id, PlatformStatus.CORRECTION_PENDING, "")


async def mark_revoked(session: AsyncSession, certificate_id: UUID, *, reason: str) -> None:
    """Revoked here: withdraw it there, if it was ever sent."""
    await _leave(session, certificate_id, PlatformStatus.WITHDRAWAL_PENDING, reason)


async def _leave(session: AsyncSession, certificate_id: UUID, wanted: PlatformStatus, reason: str) -> None:
    row = await session.scalar(
        select(PlatformRegistration).where(PlatformRegistration.certificate_id == certificate_id).with_for_update()
    )
    if row is None:
        return
    present = PlatformStatus(row.status)
    if present in (PlatformStatus.QUEUED, PlatformStatus.ROW_REJECTED):
        wanted = PlatformStatus.WITHDRAWN
    elif present is PlatformStatus.SUBMITTED:
        wanted = PlatformStatus.WITHDRAWAL_PENDING
    row.status, row.reason = platform_move(row.number, present, wanted), reason
    await session.flush()
    if wanted is PlatformStatus.WITHDRAWAL_PENDING:
        await enqueue(session, REGISTER_JOB, {"ids": [str(row.id)]}, dedupe=f"{REGISTER_JOB}:{row.id}")
