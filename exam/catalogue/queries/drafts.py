"""Reads of drafts of schemes: one with its base and what differs, what is open, and what they want from somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue.models import CertificateRow, SchemeDraftRow, SchemeRow
from exam.catalogue.rules import Certificate, DraftStatus, Level
from exam.kernel.errors import N_, NotFound
from exam.kernel.needs import Need

OPEN = (DraftStatus.EDITING.value, DraftStatus.SUBMITTED.value)


@dataclass(frozen=True, kw_only=True)
class SchemeDraft:
    """A draft with the version it was made from (0 and nothing where it is to be the first)."""

    id: UUID
    certificate: Certificate
    level: Level
    base_id: UUID | None
    base_version: int
    base: Mapping[str, Any] = field(hash=False)
    newest_id: UUID | None
    newest_version: int
    definition: Mapping[str, Any] = field(hash=False)
    status: DraftStatus
    revision: int
    authors: tuple[UUID, ...]
    started_at: datetime
    saved_at: datetime
    submitted_at: datetime | None
    returned_by: UUID | None
    return_reason: str
    approved_by: UUID | None
    approved_at: datetime | None
    scheme_id: UUID | None

    @property
    def outdated(self) -> bool:
        """Whether another version was published since it was begun."""
        return self.status.value in OPEN and self.base_id != self.newest_id


async def draft(session: AsyncSession, draft_id: UUID) -> SchemeDraft:
    """One draft; NotFound when there is none."""
    row = await session.scalar(select(SchemeDraftRow).where(SchemeDraftRow.id == draft_id))
    if row is None:
        raise NotFound
    return await draft_record(session, row)


async def open_draft(session: AsyncSession, certificate_id: UUID, level: Level) -> UUID | None:
    """The id of the draft of a certificate's level that is being worked on."""
    query = select(SchemeDraftRow.id).where(
        SchemeDraftRow.certificate_id == certificate_id,
        SchemeDraftRow.level == level.value,
        SchemeDraftRow.status.in_(OPEN),
    )
    found: UUID | None = await session.scalar(query)
    return found


async def open_drafts(session: AsyncSession, actor: Actor) -> list[SchemeDraft]:
    """The drafts being worked on in the actor's own organisations, the longest waiting first."""
    rows = (
        await session.execute(
            select(SchemeDraftRow, CertificateRow.organisation_id)
            .join(CertificateRow, CertificateRow.id == SchemeDraftRow.certificate_id)
            .where(SchemeDraftRow.status.in_(OPEN))
            .order_by(SchemeDraftRow.started_at, SchemeDraftRow.id)
        )
    ).all()
    return [
        await draft_record(session, row)
        for row, organisation_id in rows
        if actor.within(Permission.CATALOGUE_WRITE, organisation_id=organisation_id)
    ]


async def draft_needs(session: AsyncSession, actor: Actor) -> list[Need]:
    """Drafts that wait for this person's approval, or came back to them."""
    if not actor.may(Permission.CATALOGUE_WRITE):
        return []
    found = []
    for one in await open_drafts(session, actor):
        href = f"/exam/catalogue/drafts/{one.id}"
        if one.status is DraftStatus.SUBMITTED and actor.account_id not in one.authors:
            found.append(Need(text=N_("考核方案的新版本待您批准"), href=href))
        if one.status is DraftStatus.EDITING and one.return_reason and actor.account_id in one.authors:
            found.append(Need(text=N_("考核方案的草稿被退回，请修改"), href=href, tone="warning"))
    return found


async def draft_record(session: AsyncSession, row: SchemeDraftRow) -> SchemeDraft:
    """A row as the record other modules read."""
    owner = await session.get_one(CertificateRow, row.certificate_id)
    base = await session.get(SchemeRow, row.base_id) if row.base_id else None
    newest = (
        await session.execute(
            select(SchemeRow.id, SchemeRow.version)
            .where(SchemeRow.certificate_id == row.certificate_id, SchemeRow.level == row.level)
            .order_by(SchemeRow.version.desc())
            .limit(1)
        )
    ).one_or_none()
    return SchemeDraft(
        id=row.id,
        certificate=Certificate(
            id=owner.id, code=owner.code, name_zh=owner.name_zh, name_en=owner.name_en, batch_no=owner.batch_no,
            organisation_id=owner.organisation_id, levels=tuple(one for one in Level if one.value in owner.levels),
        ),
        level=Level(row.level), base_id=row.base_id, base_version=base.version if base else 0,
        base=base.definition if base else {}, newest_id=newest[0] if newest else None,
        newest_version=newest[1] if newest else 0, definition=row.definition, status=DraftStatus(row.status),
        revision=row.revision, authors=tuple(row.authors), started_at=row.started_at, saved_at=row.saved_at,
        submitted_at=row.submitted_at, returned_by=row.returned_by, return_reason=row.return_reason,
        approved_by=row.approved_by, approved_at=row.approved_at, scheme_id=row.scheme_id,
    )  # fmt: skip
