"""Reads of the ways around a dead line: uploaded export files, sheets keyed in from paper."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.errors import NotFound
from scoring.tablets.models import KeyedSheetRow, TabletImportRow, TabletRow
from scoring.tablets.rules.exports import ImportStatus


@dataclass(frozen=True, kw_only=True)
class Import:
    """One uploaded export file."""

    id: UUID
    tablet_id: UUID
    label: str
    site_id: UUID
    revoked_at: datetime | None
    revocation_reason: str
    filename: str
    status: ImportStatus
    needs_second: bool
    events: int
    signed: int
    fresh: int
    refused: int
    first_said_at: str
    last_said_at: str
    uploaded_by: UUID
    uploaded_name: str
    by_officer: bool
    uploaded_at: datetime
    decided_name: str
    decided_at: datetime | None
    reason: str

    @property
    def known(self) -> int:
        """Events that were on the server already."""
        return self.events - self.fresh

    @property
    def said(self) -> tuple[datetime, datetime] | None:
        """From when to when by the tablet's clock; None of no events."""
        if not self.first_said_at:
            return None
        return datetime.fromisoformat(self.first_said_at), datetime.fromisoformat(self.last_said_at)


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """One sheet keyed in from paper."""

    id: UUID
    room_session_id: UUID
    sitting_id: UUID
    assessor_id: UUID
    version: int
    answers: Mapping[str, Any]
    overtime_minutes: int | None
    note: str
    evidence: Mapping[str, Any]
    slip: str
    reason: str
    correction: str
    keyed_by: UUID
    keyed_name: str
    keyed_at: datetime
    checked_name: str
    checked_at: datetime | None
    withdrawal: str
    sheet_id: UUID | None

    @property
    def waits(self) -> bool:
        """Whether it waits for the second person."""
        return self.checked_at is None and not self.withdrawal


async def imports(session: AsyncSession, *, ids: Collection[UUID] | None = None, waiting: bool = False) -> list[Import]:
    """Uploaded files, the newest first; filters add up. `waiting`: for a second person."""
    query = (
        select(TabletImportRow, TabletRow)
        .join(TabletRow, TabletRow.id == TabletImportRow.tablet_id)
        .order_by(TabletImportRow.uploaded_at.desc(), TabletImportRow.id.desc())
        .limit(200)
    )
    if waiting:
        query = query.where(TabletImportRow.status == ImportStatus.WAITING.value)
    if ids is not None:
        query = query.where(TabletImportRow.id.in_(list(ids)))
    return [
        Import(
            id=row.id, tablet_id=row.tablet_id, label=tablet.label, site_id=tablet.site_id, revoked_at=tablet.revoked_at,
            revocation_reason=tablet.revocation_reason, filename=row.filename, status=ImportStatus(row.status),
            needs_second=row.needs_second, events=row.events, signed=row.signed, fresh=row.fresh, refused=row.refused,
            first_said_at=row.first_said_at, last_said_at=row.last_said_at, uploaded_by=row.uploaded_by,
            uploaded_name=row.uploaded_name, by_officer=row.by_officer, uploaded_at=row.uploaded_at,
            decided_name=row.decided_name, decided_at=row.decided_at, reason=row.reason,
        )
        for row, tablet in await session.execute(query)
    ]  # fmt: skip


async def keyed(
    session: AsyncSession,
    *,
    room_session_id: UUID | None = None,
    ids: Collection[UUID] | None = None,
    sheet_id: UUID | None = None,
) -> list[Keyed]:
    """Sheets keyed in from paper, the oldest first, withdrawn ones too; filters add up."""
    query = select(KeyedSheetRow).order_by(KeyedSheetRow.keyed_at, KeyedSheetRow.id)
    if room_session_id is not None:
        query = query.where(KeyedSheetRow.room_session_id == room_session_id)
    if ids is not None:
        query = query.where(KeyedSheetRow.id.in_(list(ids)))
    if sheet_id is not None:
        query = query.where(KeyedSheetRow.sheet_id == sheet_id)
    return [
        Keyed(
            id=row.id, room_session_id=row.room_session_id, sitting_id=row.sitting_id, assessor_id=row.assessor_id,
            version=row.version, answers=dict(row.answers), overtime_minutes=row.overtime_minutes, note=row.note,
            evidence=dict(row.evidence), slip=row.slip, reason=row.reason, correction=row.correction, keyed_by=row.keyed_by,
            keyed_name=row.keyed_name, keyed_at=row.keyed_at, checked_name=row.checked_name, checked_at=row.checked_at,
            withdrawal=row.withdrawal, sheet_id=row.sheet_id,
        )
        for row in await session.scalars(query.execution_options(populate_existing=True))
    ]  # fmt: skip


async def keyed_sheet(session: AsyncSession, keyed_id: UUID) -> Keyed:
    """One of them; NotFound when there is none."""
    found = await keyed(session, ids=[keyed_id])
    if not found:
        raise NotFound
    return found[0]
