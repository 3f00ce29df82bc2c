"""What may be written: the steps of a registration on the platform."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform.models import PlatformRegistration
from certificates.platform.queries import record_context, submission_of
from certificates.platform.rules import (
    GOING,
    OPEN,
    WAITING,
    Deed,
    PlatformRecord,
    PlatformStatus,
    Receipt,
    Submission,
    believed,
    due_date,
    next_try,
    platform_move,
    record_digest,
    record_key,
)
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
                "organisation_code": record.organisation_code,
                "number": record.number,
                "version": record.version,
                "status": str(PlatformStatus.QUEUED),
                "issued_on": record.issued_on,
                "due_on": due.on,
                "due_provisional": due.provisional,
                "record_sealed": sealed,
                "record_sha256": record_digest(record),
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


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Registrations on their way out: what is new, and what went out before without an answer and is asked about first."""

    new: tuple[Submission, ...] = ()
    asked: tuple[Submission, ...] = ()


async def take(session: AsyncSession, vault: Vault, ids: Sequence[UUID], *, submission: UUID, now: datetime) -> Taken:
    """Mark registrations as submitted before they leave. Rows that another worker holds, whose pause is not over, or that
    travel in a batch file are left alone."""
    rows = (
        await session.scalars(
            select(PlatformRegistration)
            .where(PlatformRegistration.id.in_(ids), PlatformRegistration.file_id.is_(None))
            .order_by(PlatformRegistration.number, PlatformRegistration.version)
            .with_for_update(skip_locked=True)
        )
    ).all()
    new: list[Submission] = []
    asked: list[Submission] = []
    for row in rows:
        status = PlatformStatus(row.status)
        if row.next_try_at is not None and row.next_try_at > now:
            continue
        if status in WAITING:
            row.status = platform_move(row.number, status, PlatformStatus.SUBMITTED)
            new.append(submission_of(vault, row, Deed.REGISTER))
        elif status is PlatformStatus.SUBMITTED:
            asked.append(submission_of(vault, row, Deed.REGISTER))
        elif status is PlatformStatus.WITHDRAWAL_PENDING:
            asked.append(submission_of(vault, row, Deed.WITHDRAW))
        else:
            continue
        row.submission, row.attempts = submission, row.attempts + 1
        row.submitted_at = row.submitted_at or now
        row.next_try_at = next_try(now, row.attempts)  # whatever becomes of this process
    await session.flush()
    return Taken(new=tuple(new), asked=tuple(asked))


async def postpone(
    session: AsyncSession, keys: Sequence[str], *, now: datetime, problem: str, wait_seconds: int | None = None
) -> None:
    """Note why registrations got no answer, and when they are tried again."""
    rows = (await session.scalars(_by_keys(keys).with_for_update())).all()
    for row in rows:
        if PlatformStatus(row.status) in (PlatformStatus.SUBMITTED, PlatformStatus.WITHDRAWAL_PENDING):
            row.problem = problem
            row.next_try_at = next_try(now, row.attempts, wait_seconds)
    await session.flush()


def _by_keys(keys: Sequence[str]) -> Select[PlatformRegistration]:
    pairs = [
        (number, int(version)) for number, _, version in (key.rpartition("/") for key in keys) if version.isdigit()
    ]
    row = PlatformRegistration
    return select(row).where(tuple_(row.number, row.version).in_(pairs)).order_by(row.number, row.version)


@dataclass(frozen=True)
class Stored:
    """How many answers were accepted and refused; the keys that a believable answer settled."""

    accepted: int = 0
    refused: int = 0
    settled: frozenset[str] = frozenset()


async def store_receipts(
    session: AsyncSession, actor: Actor, receipts: Sequence[Receipt], *, platform: str, now: datetime
) -> Stored:
    """Keep the platform's answers, as far as they are believed and answer something that was asked; a doubled or late answer
    changes nothing."""
    rows = (await session.scalars(_by_keys(sorted({one.key for one in receipts})).with_for_update())).all()
    by_key = {record_key(row.number, row.version): row for row in rows}
    done: list[PlatformRegistration] = []
    settled: set[str] = set()
    refused = 0
    for receipt in believed(receipts, {key: row.record_sha256 for key, row in by_key.items()}):
        row = by_key[receipt.key]
        wanted = _answered(row, receipt)
        if wanted is None:
            continue
        row.status = platform_move(row.number, PlatformStatus(row.status), wanted)
        row.platform, row.receipt = platform, receipt.as_data()
        row.problem = None if receipt.accepted else f"{receipt.code} {receipt.message}".strip()
        row.file_id, row.next_try_at = None, None
        if wanted is PlatformStatus.ACCEPTED:
            row.platform_id, row.accepted_at = receipt.platform_id, now
        refused += wanted is PlatformStatus.ROW_REJECTED
        settled.add(receipt.key)
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
    return Stored(len(done) - refused, refused, frozenset(settled))


_NEVER_THERE: Final = "unknown"


def _answered(row: PlatformRegistration, receipt: Receipt) -> PlatformStatus | None:
    """Where an answer leads; None when it answers nothing that was asked."""
    status = PlatformStatus(row.status)
    if receipt.deed is Deed.WITHDRAW:
        gone = receipt.accepted or receipt.code == _NEVER_THERE
        return PlatformStatus.WITHDRAWN if status is PlatformStatus.WITHDRAWAL_PENDING and gone else None
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
    row.status = platform_move(row.number, PlatformStatus(row.status), PlatformStatus.FIXED)
    row.problem, row.next_try_at = None, None
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


async def hurry(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> int:
    """The officer does not wait for the pause to be over: the registrations go out, or are asked about, now."""
    if not actor.may(Permission.PLATFORM_RUN):
        raise Forbidden
    query = select(PlatformRegistration).where(PlatformRegistration.id.in_(ids)).order_by(PlatformRegistration.id)
    for row in await session.scalars(query.with_for_update()):
        row.next_try_at = None
    await session.flush()
    return await enqueue_open(session, actor, ids)


async def refresh_due(session: AsyncSession) -> int:
    """Compute provisional due dates again: the notice they waited for may be loaded by now. Returns how many changed."""
    query = (
        select(PlatformRegistration)
        .where(PlatformRegistration.due_provisional, PlatformRegistration.status.in_([str(one) for one in OPEN]))
        .order_by(PlatformRegistration.id)
        .with_for_update()
    )
    changed = 0
    for row in await session.scalars(query):
        due = due_date(row.issued_on)
        changed += (row.due_on, row.due_provisional) != (due.on, due.provisional)
        row.due_on, row.due_provisional = due.on, due.provisional
    await session.flush()
    return changed


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
    if present in GOING:
        return
    if present in (*WAITING, PlatformStatus.ROW_REJECTED):
        wanted = PlatformStatus.WITHDRAWN
    elif present in (PlatformStatus.SUBMITTED, PlatformStatus.EXPORTED):
        wanted = PlatformStatus.WITHDRAWAL_PENDING
    row.status, row.reason = platform_move(row.number, present, wanted), reason
    row.next_try_at = None
    await session.flush()
    if wanted is PlatformStatus.WITHDRAWAL_PENDING:
        await enqueue(session, REGISTER_JOB, {"ids": [str(row.id)]}, dedupe=f"{REGISTER_JOB}:{row.id}")
