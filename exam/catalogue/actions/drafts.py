"""Drafts of schemes: begin, save a sheet, hand in, take back, return, approve (and so publish), put on the newest, discard.

Whoever saved is an author; an author never approves. Publishing goes the way of `publish_scheme`, so that a draft can do nothing
that a file could not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries
from exam.catalogue.actions.publishing import certificate_of, publish_scheme
from exam.catalogue.models import CertificateRow, SchemeDraftRow
from exam.catalogue.queries import SchemeDraft
from exam.catalogue.rules import (
    DRAFT_LABELS,
    DraftClosed,
    DraftMoved,
    DraftOpen,
    DraftOutdated,
    DraftStatus,
    NothingChanged,
    ReturnReasonMissing,
    changed_sheets,
    parse_definition,
    rebased,
    require_draft_change,
    require_second_person,
    same,
    with_sheet,
)
from exam.kernel import audit
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id


async def start_draft(session: AsyncSession, actor: Actor, *, scheme_id: UUID, now: datetime) -> UUID:
    """Begin a draft from the newest version of this scheme's certificate and level; the one that is open, where there is one."""
    scheme = await queries.scheme(session, scheme_id)
    actor.require(Permission.CATALOGUE_WRITE, organisation_id=scheme.organisation_id)
    await _serialise(session, scheme.certificate_id)
    found = await queries.open_draft(session, scheme.certificate_id, scheme.level)
    if found:
        return found
    newest = (await queries.versions(session, scheme.certificate_id, scheme.level))[-1]
    definition, _ = await queries.definition(session, newest.id)
    row = _new(actor, newest.certificate_id, newest.level.value, newest.id, definition, DraftStatus.EDITING, now)
    session.add(row)
    await session.flush()
    await _record(session, actor, "catalogue.start_draft", row, now, base=newest.version)
    return row.id


async def submit_file(session: AsyncSession, actor: Actor, *, definition: Mapping[str, Any], now: datetime) -> UUID:
    """Hand a whole definition in for approval: a file whose score sheets differ from the newest version's.

    Raises what `publish_scheme` raises about the definition, DraftOpen.
    """
    draft = parse_definition(definition)
    certificate = await certificate_of(session, draft)
    actor.require(Permission.CATALOGUE_WRITE, organisation_id=certificate.organisation_id)
    if await queries.open_draft(session, certificate.id, draft.level):
        raise DraftOpen()
    versions = await queries.versions(session, certificate.id, draft.level)
    base_id = versions[-1].id if versions else None
    row = _new(actor, certificate.id, draft.level.value, base_id, definition, DraftStatus.SUBMITTED, now)
    row.submitted_at = now
    session.add(row)
    await session.flush()
    await _record(session, actor, "catalogue.submit_file", row, now, base=len(versions))
    return row.id


async def needs_second_person(session: AsyncSession, definition: Mapping[str, Any]) -> bool:
    """Whether a valid definition has a score sheet that the newest version of its scheme does not have just so."""
    draft = parse_definition(definition)
    certificate = await certificate_of(session, draft)
    versions = await queries.versions(session, certificate.id, draft.level)
    base = (await queries.definition(session, versions[-1].id))[0] if versions else None
    return bool(changed_sheets(_stored(definition), base))


async def save_draft_sheet(
    session: AsyncSession,
    actor: Actor,
    *,
    draft_id: UUID,
    seq: int,
    sheet: Mapping[str, Any],
    revision: int,
    now: datetime,
) -> SchemeDraft:
    """Save the sheet of one component (counted from 1) as it was typed, also where it is wrong; DraftMoved where somebody else
    saved since ``revision``."""
    row = await _own(session, actor, draft_id)
    if row.status != DraftStatus.EDITING:
        raise DraftClosed(status=DRAFT_LABELS[DraftStatus(row.status)])
    if row.revision != revision:
        raise DraftMoved()
    parts = row.definition.get("components", [])
    if not 1 <= seq <= len(parts) or parts[seq - 1].get("sheet") is None:
        raise NotFound
    changed = with_sheet(row.definition, seq, sheet)
    if same(changed, row.definition):
        return await queries.draft_record(session, row)
    row.definition, row.revision, row.saved_at = changed, row.revision + 1, now
    _note_author(row, actor)
    await session.flush()
    await _record(session, actor, "catalogue.save_draft", row, now, component=str(parts[seq - 1].get("code")))
    return await queries.draft_record(session, row)


async def submit_draft(session: AsyncSession, actor: Actor, *, draft_id: UUID, now: datetime) -> None:
    """Hand a draft in; it must hold as a whole, rest on the newest version and say something new."""
    row = await _own(session, actor, draft_id)
    require_draft_change(DraftStatus(row.status), DraftStatus.SUBMITTED)
    found = await queries.draft_record(session, row)
    _require_current(found)
    if same(found.definition, found.base):
        raise NothingChanged()
    parse_definition(row.definition)
    row.status, row.submitted_at, row.return_reason, row.returned_by = DraftStatus.SUBMITTED.value, now, "", None
    _note_author(row, actor)
    await session.flush()
    await _record(
        session, actor, "catalogue.submit_draft", row, now, sheets=changed_sheets(found.definition, found.base)
    )


async def return_draft(session: AsyncSession, actor: Actor, *, draft_id: UUID, reason: str, now: datetime) -> None:
    """Back to its authors: by the second person with a reason, or taken back by an author."""
    row = await _own(session, actor, draft_id)
    require_draft_change(DraftStatus(row.status), DraftStatus.EDITING)
    if actor.account_id not in row.authors:
        if not reason.strip():
            raise ReturnReasonMissing()
        row.returned_by, row.return_reason = actor.account_id, reason.strip()[:500]
    row.status = DraftStatus.EDITING.value
    await session.flush()
    await _record(session, actor, "catalogue.return_draft", row, now, reason=row.return_reason)


async def approve_draft(session: AsyncSession, actor: Actor, *, draft_id: UUID, revision: int, now: datetime) -> UUID:
    """The second person's approval: the draft is published as the next version; the id of that version."""
    row = await _own(session, actor, draft_id)
    require_draft_change(DraftStatus(row.status), DraftStatus.PUBLISHED)
    require_second_person(actor.account_id, row.authors)
    if row.revision != revision:
        raise DraftMoved()
    _require_current(await queries.draft_record(session, row))
    scheme_id = await publish_scheme(session, actor, definition=row.definition, now=now)
    row.status, row.approved_by, row.approved_at, row.scheme_id = (
        DraftStatus.PUBLISHED.value, actor.account_id, now, scheme_id,
    )  # fmt: skip
    await session.flush()
    await _record(session, actor, "catalogue.approve_draft", row, now, scheme_id=str(scheme_id))
    return scheme_id


async def rebase_draft(session: AsyncSession, actor: Actor, *, draft_id: UUID, now: datetime) -> None:
    """Put an open draft on the newest version; a handed-in one goes back to its authors."""
    row = await _own(session, actor, draft_id)
    found = await queries.draft_record(session, row)
    if not found.outdated or found.newest_id is None:
        return
    newest, _ = await queries.definition(session, found.newest_id)
    row.definition = rebased(found.definition, found.base, newest) if found.base_id else dict(found.definition)
    row.base_id, row.status, row.revision, row.saved_at = (
        found.newest_id, DraftStatus.EDITING.value, row.revision + 1, now,
    )  # fmt: skip
    _note_author(row, actor)
    await session.flush()
    await _record(session, actor, "catalogue.rebase_draft", row, now, base=found.newest_version)


async def discard_draft(session: AsyncSession, actor: Actor, *, draft_id: UUID, now: datetime) -> None:
    """Give an open draft up; it stays on record."""
    row = await _own(session, actor, draft_id)
    require_draft_change(DraftStatus(row.status), DraftStatus.DISCARDED)
    row.status = DraftStatus.DISCARDED.value
    await session.flush()
    await _record(session, actor, "catalogue.discard_draft", row, now)


async def _own(session: AsyncSession, actor: Actor, draft_id: UUID) -> SchemeDraftRow:
    """The draft, locked, if the actor writes for its organisation."""
    query = select(SchemeDraftRow).where(SchemeDraftRow.id == draft_id).with_for_update()
    row = await session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    certificate = await session.get_one(CertificateRow, row.certificate_id)
    actor.require(Permission.CATALOGUE_WRITE, organisation_id=certificate.organisation_id)
    return row


async def _serialise(session: AsyncSession, certificate_id: UUID) -> None:
    """Two who begin at once wait for each other: the second is shown the first one's draft."""
    await session.execute(select(CertificateRow.id).where(CertificateRow.id == certificate_id).with_for_update())


def _require_current(found: SchemeDraft) -> None:
    if found.outdated:
        raise DraftOutdated(base=found.base_version, newest=found.newest_version)


def _new(
    actor: Actor, certificate_id: UUID, level: str, base_id: UUID | None, definition: Mapping[str, Any],
    status: DraftStatus, now: datetime,
) -> SchemeDraftRow:  # fmt: skip
    if actor.account_id is None:
        raise Forbidden
    return SchemeDraftRow(
        id=new_id(), certificate_id=certificate_id, level=level, base_id=base_id, definition=_stored(definition),
        status=status.value, revision=0, authors=[actor.account_id], started_at=now, saved_at=now, return_reason="",
    )  # fmt: skip


def _stored(definition: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(definition, default=str))
    return made


def _note_author(row: SchemeDraftRow, actor: Actor) -> None:
    if actor.account_id is not None and actor.account_id not in row.authors:
        row.authors = [*row.authors, actor.account_id]


async def _record(
    session: AsyncSession, actor: Actor, action: str, row: SchemeDraftRow, now: datetime, **data: Any
) -> None:
    await audit.record(
        session, actor, action, subject="scheme_draft", ids=[row.id], stream=f"scheme_draft:{row.id}", now=now,
        data={"revision": row.revision, "status": row.status, **data},
    )  # fmt: skip
