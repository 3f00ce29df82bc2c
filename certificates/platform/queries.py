"""Reads of the registrations: work lists, deadlines, invariants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform.models import (
    PlatformFile,
    PlatformFileRow,
    PlatformRegistration,
    Reconciliation,
    ReconciliationDifference,
)
from certificates.platform.rules import (
    GOING,
    OPEN,
    THERE,
    TO_SEND,
    WAITING,
    Deed,
    PlatformRecord,
    PlatformStatus,
    Submission,
    Urgency,
    urgency,
    urgent_until,
)
from certificates.platform.rules.batches import FileStatus
from certificates.platform.rules.reconciling import Difference, Ours
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
    file_id: UUID | None
    next_try_at: datetime | None
    verified_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PlatformCounts:
    """How the registrations stand. `warning` holds the alarms too, as a list of warnings does."""

    total: int
    registered: int
    waiting: int
    rejected: int
    warning: int
    alarm: int
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
    if only is not None:
        found.append(row.status.in_([str(status) for status in OPEN]))
    if only is Urgency.OVERDUE:
        found.append(row.due_on < today)
    elif only in (Urgency.WARNING, Urgency.ALARM):
        found += [row.due_on >= today, row.due_on <= urgent_until(only, today)]
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
    found = {
        "total": 0,
        "registered": 0,
        "waiting": 0,
        "rejected": 0,
        "warning": 0,
        "alarm": 0,
        "overdue": 0,
        "withdrawn": 0,
    }
    for text, due_on, has_receipt, number in (await session.execute(query)).all():
        status = PlatformStatus(text)
        found["total"] += number
        found["registered"] += number if has_receipt and status in THERE else 0
        found["waiting"] += number if status in OPEN and status is not PlatformStatus.ROW_REJECTED else 0
        found["rejected"] += number if status is PlatformStatus.ROW_REJECTED else 0
        found["withdrawn"] += number if status in GOING else 0
        how = urgency(status, due_on, today)
        found["warning"] += number if how in (Urgency.WARNING, Urgency.ALARM) else 0
        found["alarm"] += number if how is Urgency.ALARM else 0
        found["overdue"] += number if how is Urgency.OVERDUE else 0
    return PlatformCounts(**found)


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


async def to_send(
    session: AsyncSession, *, organisation_ids: Sequence[UUID] | None = None, now: datetime | None = None
) -> list[UUID]:
    """Registrations that wait to be sent or asked about, the earliest due first; with `now`, only whose pause is over.

    What travels in a batch file is not among them.
    """
    row = PlatformRegistration
    query = (
        select(row.id)
        .where(row.status.in_([str(status) for status in TO_SEND]), row.file_id.is_(None))
        .order_by(row.due_on, row.number, row.version)
    )
    if organisation_ids is not None:
        query = query.where(row.organisation_id.in_(organisation_ids))
    if now is not None:
        query = query.where(or_(row.next_try_at.is_(None), row.next_try_at <= now))
    return list((await session.scalars(query)).all())


async def batches_of(session: AsyncSession, ids: Sequence[UUID]) -> list[UUID]:
    """The batches of these registrations."""
    query = select(PlatformRegistration.batch_id).where(PlatformRegistration.id.in_(ids)).distinct()
    return sorted((await session.scalars(query)).all())


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Registrations that are overdue, due soon, or were sent back."""
    if not actor.may(Permission.PLATFORM_RUN):
        return []
    mine = actor.scope_uuids(Permission.PLATFORM_RUN, "organisation")
    found = await counts(session, today=china_date(now), organisation_ids=mine)
    listed = (
        (found.overdue, N_("%(n)s 本证书超过 7 个工作日仍未在平台登记"), "overdue", "stopped"),
        (found.rejected, N_("%(n)s 本证书被平台退回，需要修正"), "row_rejected", "warning"),
        (found.alarm, N_("%(n)s 本证书颁发已满 5 个工作日，尚未在平台登记"), "alarm", "stopped"),
        (found.warning - found.alarm, N_("%(n)s 本证书颁发已满 3 个工作日，尚未在平台登记"), "warning", "warning"),
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
        PlatformRegistration.status.in_([str(status) for status in THERE]), PlatformRegistration.receipt.is_(None)
    )
    failures += [f"{number} counts as registered without a receipt" for number in (await session.scalars(bare)).all()]
    queued = set((await session.scalars(select(PlatformRegistration.certificate_id))).all())
    failures += [
        f"{number} is in the ledger and was never queued for the platform"
        for certificate_id, number in issued
        if certificate_id not in queued
    ]
    return failures


# ---------------------------------------------------------------- batch files


@dataclass(frozen=True, kw_only=True)
class FileLine:
    """One batch file as the officer sees it."""

    id: UUID
    number: str
    status: FileStatus
    format: str
    format_version: int
    rows_count: int
    sha256: str
    reason: str
    organisation_ids: tuple[UUID, ...]
    created_at: datetime
    handed_in_at: datetime | None
    answered_at: datetime | None
    accepted: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """One row of a batch file with its answer."""

    row_no: int
    registration_id: UUID
    certificate_id: UUID
    number: str
    version: int
    deed: Deed
    accepted: bool | None
    platform_id: str
    code: str
    message: str
    status: PlatformStatus


async def files(
    session: AsyncSession,
    *,
    organisation_ids: Sequence[UUID] | None = None,
    file_id: UUID | None = None,
    limit: int = 50,
) -> list[FileLine]:
    """Batch files, the newest first; of other organisations none."""
    query = select(PlatformFile).order_by(PlatformFile.created_at.desc(), PlatformFile.number.desc()).limit(limit)
    if file_id is not None:
        query = query.where(PlatformFile.id == file_id)
    if organisation_ids is not None:
        query = query.where(PlatformFile.organisation_ids.op("<@")(cast(list(organisation_ids), ARRAY(Uuid))))
    rows = (await session.scalars(query)).all()
    answers = (
        select(PlatformFileRow.file_id, PlatformFileRow.accepted, func.count())
        .where(PlatformFileRow.file_id.in_([row.id for row in rows]), PlatformFileRow.accepted.is_not(None))
        .group_by(PlatformFileRow.file_id, PlatformFileRow.accepted)
    )
    counted = {(id, accepted): number for id, accepted, number in (await session.execute(answers)).all()}
    return [
        FileLine(
            id=row.id,
            number=row.number,
            status=FileStatus(row.status),
            format=row.format,
            format_version=row.format_version,
            rows_count=row.rows_count,
            sha256=row.sha256,
            reason=row.reason,
            organisation_ids=tuple(row.organisation_ids),
            created_at=row.created_at,
            handed_in_at=row.handed_in_at,
            answered_at=row.answered_at,
            accepted=counted.get((row.id, True), 0),
            refused=counted.get((row.id, False), 0),
        )
        for row in rows
    ]


async def file_rows(session: AsyncSession, file_id: UUID) -> list[FileRow]:
    """The rows of a batch file, in their order."""
    query = (
        select(PlatformFileRow, PlatformRegistration)
        .join(PlatformRegistration, PlatformRegistration.id == PlatformFileRow.registration_id)
        .where(PlatformFileRow.file_id == file_id)
        .order_by(PlatformFileRow.row_no)
    )
    return [
        FileRow(
            row_no=row.row_no,
            registration_id=registration.id,
            certificate_id=registration.certificate_id,
            number=registration.number,
            version=registration.version,
            deed=Deed(row.deed),
            accepted=row.accepted,
            platform_id=row.platform_id,
            code=row.code,
            message=row.message,
            status=PlatformStatus(registration.status),
        )
        for row, registration in (await session.execute(query)).all()
    ]


async def file_submissions(session: AsyncSession, vault: Vault, file_id: UUID) -> list[Submission]:
    """What a batch file says, opened, in the order of its rows: to write its bytes again."""
    query = (
        select(PlatformFileRow.deed, PlatformRegistration)
        .join(PlatformRegistration, PlatformRegistration.id == PlatformFileRow.registration_id)
        .where(PlatformFileRow.file_id == file_id)
        .order_by(PlatformFileRow.row_no)
    )
    return [submission_of(vault, row, Deed(deed)) for deed, row in (await session.execute(query)).all()]


def submission_of(vault: Vault, row: PlatformRegistration, deed: Deed) -> Submission:
    """What is told of a registration."""
    record = open_record(vault, row.number, row.version, row.record_sealed)
    return Submission(deed=deed, record=record, reason=row.reason if deed is Deed.WITHDRAW else "")


async def to_export(session: AsyncSession, *, organisation_ids: Sequence[UUID] | None, limit: int) -> list[UUID]:
    """Registrations that may go into a batch file: what waits, and what must be withdrawn; the earliest due first."""
    row = PlatformRegistration
    wanted = [str(status) for status in (*WAITING, PlatformStatus.WITHDRAWAL_PENDING)]
    query = select(row.id).where(row.status.in_(wanted), row.file_id.is_(None))
    if organisation_ids is not None:
        query = query.where(row.organisation_id.in_(organisation_ids))
    return list((await session.scalars(query.order_by(row.due_on, row.number, row.version).limit(limit))).all())


# ---------------------------------------------------------------- reconciliation


@dataclass(frozen=True, kw_only=True)
class ReconciliationLine:
    """One comparison and what it found, by kind."""

    id: UUID
    at: datetime
    platform: str
    ours_count: int
    theirs_count: int
    same_count: int
    problem: str
    kinds: dict[Difference, int]


@dataclass(frozen=True, kw_only=True)
class DifferenceLine:
    """One disagreement with what both sides say."""

    key: str
    number: str
    version: str
    kind: Difference
    certificate_id: UUID | None
    fields: tuple[str, ...]
    ours: dict[str, Any]
    theirs: dict[str, Any]


async def last_reconciliations(
    session: AsyncSession, *, organisation_ids: Sequence[UUID] | None = None, limit: int = 10
) -> list[ReconciliationLine]:
    """The last comparisons, the newest first; with an organisation's officer, the differences of that organisation."""
    rows = (await session.scalars(select(Reconciliation).order_by(Reconciliation.at.desc()).limit(limit))).all()
    item = ReconciliationDifference
    query = (
        select(item.reconciliation_id, item.kind, func.count())
        .where(item.reconciliation_id.in_([row.id for row in rows]))
        .group_by(item.reconciliation_id, item.kind)
    )
    if organisation_ids is not None:
        query = query.where(item.organisation_id.in_(organisation_ids))
    kinds: dict[UUID, dict[Difference, int]] = {}
    for id, kind, number in (await session.execute(query)).all():
        kinds.setdefault(id, {})[Difference(kind)] = number
    return [
        ReconciliationLine(
            id=row.id,
            at=row.at,
            platform=row.platform,
            ours_count=row.ours_count,
            theirs_count=row.theirs_count,
            same_count=row.same_count,
            problem=row.problem,
            kinds=kinds.get(row.id, {}),
        )
        for row in rows
    ]


async def differences(
    session: AsyncSession, reconciliation_id: UUID, *, organisation_ids: Sequence[UUID] | None = None, limit: int = 500
) -> list[DifferenceLine]:
    """What a comparison found, by key."""
    item = ReconciliationDifference
    query = select(item).where(item.reconciliation_id == reconciliation_id)
    if organisation_ids is not None:
        query = query.where(item.organisation_id.in_(organisation_ids))
    return [
        DifferenceLine(
            key=row.key,
            number=row.key.rpartition("/")[0],
            version=row.key.rpartition("/")[2],
            kind=Difference(row.kind),
            certificate_id=row.certificate_id,
            fields=tuple(row.fields),
            ours=row.ours,
            theirs=row.theirs,
        )
        for row in await session.scalars(query.order_by(item.kind, item.key).limit(limit))
    ]


async def ours(session: AsyncSession) -> list[Ours]:
    """Our side of a comparison."""
    row = PlatformRegistration
    query = select(row.number, row.version, row.status, row.record_sha256, row.accepted_at)
    return [
        Ours(key=f"{number}/{version}", status=PlatformStatus(status), digest=digest, accepted_at=accepted_at)
        for number, version, status, digest, accepted_at in (await session.execute(query)).all()
    ]


async def organisation_codes(session: AsyncSession) -> dict[str, UUID]:
    """The codes of the organisations that have registrations, with their ids."""
    query = select(PlatformRegistration.organisation_code, PlatformRegistration.organisation_id).distinct()
    query = query.order_by(PlatformRegistration.organisation_code)
    return {row.organisation_code: row.organisation_id for row in (await session.execute(query)).all()}


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
        file_id=row.file_id,
        next_try_at=row.next_try_at,
        verified_at=row.verified_at,
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A certificate version that stands, and whether the platform has it."""

    number: str
    certificate_id: UUID
    organisation_id: UUID
    registered: bool


async def standing(session: AsyncSession, *, organisation_ids: Sequence[UUID] | None = None) -> list[Standing]:
    """The versions in force by number: not withdrawn, and no next version on its way."""
    row = PlatformRegistration
    gone = [str(status) for status in (*GOING, PlatformStatus.CORRECTION_PENDING)]
    query = select(row.number, row.certificate_id, row.organisation_id, row.status).where(row.status.not_in(gone))
    if organisation_ids is not None:
        query = query.where(row.organisation_id.in_(organisation_ids))
    return [
        Standing(
            number=number,
            certificate_id=certificate_id,
            organisation_id=organisation_id,
            registered=PlatformStatus(status) in THERE,
        )
        for number, certificate_id, organisation_id, status in (await session.execute(query.order_by(row.number))).all()
    ]


async def numbers(session: AsyncSession) -> set[str]:
    """Every number that was ever on its way to the platform."""
    return set(await session.scalars(select(PlatformRegistration.number)))


async def gone(session: AsyncSession, numbers: Sequence[str]) -> list[str]:
    """Which of these numbers were revoked: no version is in force or on its way."""
    row = PlatformRegistration
    stays = func.bool_or(row.status.not_in([str(status) for status in GOING]))
    query = select(row.number).where(row.number.in_(numbers)).group_by(row.number).having(~stays).order_by(row.number)
    return list(await session.scalars(query))
