"""Reads of the registrations: work lists, deadlines, invariants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform.models import PlatformRegistration, RegistryRecord
from certificates.platform.rules import (
    OPEN,
    TO_SEND,
    PlatformRecord,
    PlatformStatus,
    Urgency,
    urgency,
)
from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_
from exam.kernel.needs import Need


@dataclass(frozen=True, kw_only=True)
class PlatformLine:
    """One registration as the officer sees it."""

    id: UUID
    certificate_id: UUID
    batch_id: UUID
    number: str
    version: int
    status: PlatformStatus
    urgency: Urgency
    issued_on: date
    due_on: date
    due_provisional: bool
    attempts: int
    submitted_at: datetime | None
    accepted_at: datetime | None
    platform: str | None
    platform_id: str | None
    receipt: dict[str, Any] | None
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class PlatformCounts:
    """How the registrations stand."""

    total: int
    registered: int
    waiting: int
    rejected: int
    soon: int
    overdue: int
    withdrawn: int


async def lines(
    session: AsyncSession,
    *,
    today: date,
    statuses: Sequence[PlatformStatus] = (),
    only: Urgency | None = None,
    batch_id: UUID | None = None,
    organisation_ids: Sequence[UUID] | None = None,
    search: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> list[PlatformLine]:
    """Registrations, the earliest due first."""
    where = _conditions(today, statuses, only, batch_id, organisation_ids, search)
    query = (
        select(PlatformRegistration).where(*where).order_by(PlatformRegistration.due_on, PlatformRegistration.number)
    )
    return [_line(row, today) for row in await session.scalars(query.limit(limit).offset(offset))]


async def count_lines(
    session: AsyncSession,
    *,
    today: date,
    statuses: Sequence[PlatformStatus] = (),
    only: Urgency | None = None,
    batch_id: UUID | None = None,
    organisation_ids: Sequence[UUID] | None = None,
    search: str = "",
) -> int:
    """How many `lines` there are without a limit."""
    where = _conditions(today, statuses, only, batch_id, organisation_ids, search)
    return (await session.execute(select(func.count()).select_from(PlatformRegistration).where(*where))).scalar_one()


def _conditions(
    today: date,
    statuses: Sequence[PlatformStatus],
    only: Urgency | None,
    batch_id: UUID | None,
    organisation_ids: Sequence[UUID] | None,
    search: str,
) -> list[ColumnElement[bool]]:
    row = PlatformRegistration
    found: list[ColumnElement[bool]] = []
    if statuses:
        found.append(row.status.in_([str(status) for status in statuses]))
    if only in (Urgency.SOON, Urgency.OVERDUE):
        found.append(row.status.in_([str(status) for status in OPEN]))
    if only is Urgency.OVERDUE:
        found.append(row.due_on < today)
    elif only is Urgency.SOON:
        found += [row.due_on >= today, row.due_on <= _soon_end(today)]
    if batch_id is not None:
        found.append(row.batch_id == batch_id)
    if organisation_ids is not None:
        found.append(row.organisation_id.in_(organisation_ids))
    if search:
        found.append(row.number.startswith(search, autoescape=True))
    return found


async def line_of(session: AsyncSession, certificate_id: UUID, *, today: date) -> PlatformLine | None:
    """The registration of one certificate version."""
    row = await session.scalar(
        select(PlatformRegistration).where(PlatformRegistration.certificate_id == certificate_id)
    )
    return None if row is None else _line(row, today)


async def counts(
    session: AsyncSession, *, today: date, batch_id: UUID | None = None, organisation_ids: Sequence[UUID] | None = None
) -> PlatformCounts:
    """How many stand where; nothing counts as registered without a receipt."""
    query = select(
        PlatformRegistration.status,
        PlatformRegistration.due_on,
        PlatformRegistration.receipt.is_not(None),
        func.count(),
    ).group_by(PlatformRegistration.status, PlatformRegistration.due_on, PlatformRegistration.receipt.is_not(None))
    if batch_id is not None:
        query = query.where(PlatformRegistration.batch_id == batch_id)
    if organisation_ids is not None:
        query = query.where(PlatformRegistration.organisation_id.in_(organisation_ids))
    found = {"total": 0, "registered": 0, "waiting": 0, "rejected": 0, "soon": 0, "overdue": 0, "withdrawn": 0}
    for text, due_on, has_receipt, number in (await session.execute(query)).all():
        status = PlatformStatus(text)
        found["total"] += number
        found["registered"] += number if has_receipt and status in _THERE else 0
        found["waiting"] += number if status in (PlatformStatus.QUEUED, PlatformStatus.SUBMITTED) else 0
        found["rejected"] += number if status is PlatformStatus.ROW_REJECTED else 0
        found["withdrawn"] += number if status in _GOING else 0
        how = urgency(status, due_on, today)
        found["soon"] += number if how is Urgency.SOON else 0
        found["overdue"] += number if how is Urgency.OVERDUE else 0
    return PlatformCounts(**found)


_THERE = (PlatformStatus.ACCEPTED, PlatformStatus.CORRECTION_PENDING)
_GOING = (PlatformStatus.WITHDRAWAL_PENDING, PlatformStatus.WITHDRAWN)


async def records(session: AsyncSession, vault: Vault, ids: Sequence[UUID]) -> list[PlatformRecord]:
    """The full records of registrations, opened; for the platform and its batch list only."""
    rows = (
        await session.scalars(
            select(PlatformRegistration).where(PlatformRegistration.id.in_(ids)).order_by(PlatformRegistration.number)
        )
    ).all()
    return [open_record(vault, row.number, row.version, row.record_sealed) for row in rows]


def open_record(vault: Vault, number: str, version: int, sealed: str) -> PlatformRecord:
    """Open one sealed record."""
    return PlatformRecord.from_data(json.loads(vault.open(sealed, record_context(number, version))))


def record_context(number: str, version: int) -> str:
    """What a sealed record is bound to."""
    return f"platform:{number}/{version}"


async def to_send(session: AsyncSession, *, organisation_ids: Sequence[UUID] | None = None) -> list[UUID]:
    """Registrations that wait to be sent or asked about, the earliest due first."""
    query = (
        select(PlatformRegistration.id)
        .where(PlatformRegistration.status.in_([str(status) for status in TO_SEND]))
        .order_by(PlatformRegistration.due_on, PlatformRegistration.number)
    )
    if organisation_ids is not None:
        query = query.where(PlatformRegistration.organisation_id.in_(organisation_ids))
    return list((await session.scalars(query)).all())


async def batches_of(session: AsyncSession, ids: Sequence[UUID]) -> list[UUID]:
    """The batches of these registrations."""
    query = select(PlatformRegistration.batch_id).where(PlatformRegistration.id.in_(ids)).distinct()
    return sorted((await session.scalars(query)).all())


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Registrations that are overdue, due soon, or were sent back."""
    if not actor.may(Permission.PLATFORM_RUN):
        return []
    mine = actor.scope_ids(Permission.PLATFORM_RUN, "organisation")
    found = await counts(
        session, today=china_date(now), organisation_ids=None if mine is None else [UUID(text) for text in sorted(mine)]
    )
    listed = (
        (found.overdue, N_("%(n)s 本证书超过 7 个工作日仍未在平台登记"), "overdue", "stopped"),
        (found.rejected, N_("%(n)s 本证书被平台退回，需要修正"), "row_rejected", "warning"),
        (found.soon, N_("%(n)s 本证书须在 2 个工作日内完成平台登记"), "soon", "needs"),
    )
    return [
        Need(text=text, href=f"/certificates/platform?show={show}", count=number, tone=tone)  # type: ignore[arg-type]
        for number, text, show, tone in listed
        if number
    ]


async def invariants(session: AsyncSession, *, today: date, issued: Sequence[tuple[UUID, str]] = ()) -> list[str]:
    """What must hold: every issued version (certificate id, number) is registered with a receipt or within its due date."""
    failures: list[str] = []
    late = select(PlatformRegistration.number, PlatformRegistration.due_on).where(
        PlatformRegistration.status.in_([str(status) for status in OPEN]), PlatformRegistration.due_on < today
    )
    failures += [f"{number} is not registered, due {due_on}" for number, due_on in (await session.execute(late)).all()]
    bare = select(PlatformRegistration.number).where(
        PlatformRegistration.status.in_([str(status) for status in _THERE]), PlatformRegistration.receipt.is_(None)
    )
    failures += [f"{number} counts as registered without a receipt" for number in (await session.scalars(bare)).all()]
    queued = set((await session.scalars(select(PlatformRegistration.certificate_id))).all())
    failures += [
        f"{number} is in the ledger and was never queued for the platform"
        for certificate_id, number in issued
        if certificate_id not in queued
    ]
    return failures


async def registry_facts(session: AsyncSession, number: str) -> list[dict[str, Any]]:
    """What the built-in registry answers for a number."""
    query = select(RegistryRecord).where(RegistryRecord.number == number).order_by(RegistryRecord.version)
    return [dict(row.facts) for row in (await session.scalars(query)).all()]


def _soon_end(today: date) -> date:
    day = today
    while urgency(PlatformStatus.QUEUED, day + timedelta(days=1), today) is Urgency.SOON:
        day += timedelta(days=1)
    return day


def _line(row: PlatformRegistration, today: date) -> PlatformLine:
    status = PlatformStatus(row.status)
    return PlatformLine(
        id=row.id,
        certificate_id=row.certificate_id,
        batch_id=row.batch_id,
        number=row.number,
        version=row.version,
        status=status,
        urgency=urgency(status, row.due_on, today),
        issued_on=row.issued_on,
        due_on=row.due_on,
        due_provisional=row.due_provisional,
        attempts=row.attempts,
        submitted_at=row.submitted_at,
        accepted_at=row.accepted_at,
        platform=row.platform,
        platform_id=row.platform_id,
        receipt=row.receipt,
        problem=row.problem,
    )
