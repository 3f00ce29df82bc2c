"""Export files of tablets whose line stays dead: opened, taken by the rules of a message, or held for a second person.

The file of a revoked tablet may be what a thief made of it, or the only account of a morning's work. So it is kept as it came,
sealed, and taken once a second person has looked at what is in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.crypto import CannotOpen, Vault
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.files import FileStore
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from scoring.tablets import queries
from scoring.tablets.actions.found import tablet_row
from scoring.tablets.actions.keys import verify
from scoring.tablets.actions.taking import Taken, take_events
from scoring.tablets.models import TabletImportRow, TabletRow
from scoring.tablets.rules.closing import WordsMissing
from scoring.tablets.rules.devices import SignatureWrong, TabletUnknown, read_event
from scoring.tablets.rules.exports import (
    FORMAT,
    AlreadyDecided,
    Export,
    ExportEdited,
    ExportForOther,
    ExportOfOtherSite,
    ExportOfStranger,
    ImportStatus,
    contents,
    read_file,
    read_inside,
    require_second,
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An export file that is whole, ours, and unchanged."""

    tablet: TabletRow
    export: Export
    officer: bool


async def import_file(
    session: AsyncSession, vault: Vault, files: FileStore, actor: Actor, *, data: bytes, filename: str, now: datetime
) -> UUID:
    """Take an export file, or keep it for a second person where the tablet was revoked. Returns the id of its record.

    :raises NotAnExport, ExportOtherVersion, ExportOfStranger, ExportOfOtherSite, ExportEdited, ExportForOther, ExportMixed,
        NotAnEvent: nothing was taken
    """
    opened = await _open(session, vault, actor, data)
    tablet = opened.tablet
    digest = hashlib.sha256(data).hexdigest()
    waiting = select(TabletImportRow.id).where(
        TabletImportRow.file_sha256 == digest, TabletImportRow.status == ImportStatus.WAITING.value
    )
    if (already := await session.scalar(waiting)) is not None:
        return already
    events = [read_event(one, tablet.id) for one in opened.export.events]
    known = await queries.stored_hashes(session, tablet.id, [one.number for one in events])
    found = contents(events, known)
    files.put(data)
    assert actor.account_id is not None
    row = TabletImportRow(
        id=new_id(), tablet_id=tablet.id, file_sha256=digest, filename=filename[:120], status=ImportStatus.WAITING.value,
        needs_second=tablet.revoked_at is not None, events=found.events, signed=found.signed, fresh=found.fresh, refused=0,
        first_said_at=found.first_said_at, last_said_at=found.last_said_at, uploaded_by=actor.account_id,
        uploaded_name=actor.name, by_officer=opened.officer, uploaded_at=now, decided_by=None, decided_name="",
        decided_by_officer=False, decided_at=None, reason="",
    )  # fmt: skip
    if not row.needs_second:
        _decided(row, actor, opened.officer, await _take(session, opened, now), now)
    session.add(row)
    await session.flush()
    await _record(session, actor, "tablets.import", row, tablet, now)
    return row.id


async def decide_import(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    actor: Actor,
    *,
    import_id: UUID,
    take: bool,
    reason: str,
    now: datetime,
) -> None:
    """The second person takes the file of a revoked tablet, or declines it with a reason. One of the two is an officer."""
    row = await session.get(TabletImportRow, import_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    opened = await _open(session, vault, actor, files.get(row.file_sha256))
    if row.status != ImportStatus.WAITING:
        raise AlreadyDecided
    assert actor.account_id is not None
    require_second(
        uploaded_by=row.uploaded_by,
        uploader_officer=row.by_officer,
        decider=actor.account_id,
        decider_officer=opened.officer,
    )
    if take:
        _decided(row, actor, opened.officer, await _take(session, opened, now), now)
    elif not reason.strip():
        raise WordsMissing
    else:
        row.status, row.decided_by, row.decided_name = ImportStatus.DECLINED.value, actor.account_id, actor.name
        row.decided_by_officer, row.decided_at = opened.officer, now
    row.reason = reason.strip()[:500]
    await session.flush()
    await _record(session, actor, "tablets.decide_import", row, opened.tablet, now)


async def authority(session: AsyncSession, actor: Actor, site_id: UUID) -> tuple[bool, bool]:
    """Whether the actor heads the site, and whether they are an officer of a batch that is held there."""
    head = actor.within(Permission.SITE_RUN, site_id=site_id)
    if not actor.may(Permission.BATCH_MANAGE):
        return head, False
    if actor.within(Permission.BATCH_MANAGE):
        return head, True
    batches = {one.batch_id for one in await sittings.room_sessions(session, site_id=site_id)}
    own = [await registration.batch(session, one) for one in sorted(batches, key=str)]
    officer = any(
        actor.within(Permission.BATCH_MANAGE, organisation_id=org) for one in own for org in one.organisation_ids
    )
    return head, officer


async def _open(session: AsyncSession, vault: Vault, actor: Actor, data: bytes) -> Opened:
    """The file from outside in; the tablet is locked."""
    if actor.account_id is None or not (actor.may(Permission.SITE_RUN) or actor.may(Permission.BATCH_MANAGE)):
        raise Forbidden
    file = read_file(data)
    try:
        tablet = await tablet_row(session, file.device_id, lock=True)
    except TabletUnknown as error:
        raise ExportOfStranger from error
    head, officer = await authority(session, actor, tablet.site_id)
    if not head and not officer:
        raise ExportOfOtherSite(label=tablet.label)
    try:
        verify(tablet.public_key, file.body, file.signature)
    except SignatureWrong as error:
        raise ExportEdited(label=tablet.label) from error
    try:
        plain = vault.open_exchange(file.ephemeral, file.nonce, file.sealed, FORMAT)
    except CannotOpen as error:
        raise ExportForOther(label=tablet.label) from error
    return Opened(tablet=tablet, export=read_inside(plain, tablet.id, tablet.label), officer=officer)


async def _take(session: AsyncSession, opened: Opened, now: datetime) -> Taken:
    return await take_events(session, opened.tablet, opened.export.events, opened.export.last, now=now)


def _decided(row: TabletImportRow, actor: Actor, officer: bool, taken: Taken, now: datetime) -> None:
    row.status, row.decided_by, row.decided_name = ImportStatus.TAKEN.value, actor.account_id, actor.name
    row.decided_by_officer, row.decided_at = officer, now
    row.fresh, row.refused = taken.fresh, len(taken.receipt.refused)


async def _record(
    session: AsyncSession, actor: Actor, action: str, row: TabletImportRow, tablet: TabletRow, now: datetime
) -> None:
    await audit.record(
        session, actor, action, subject="tablet_import", ids=[row.id], stream=f"site:{tablet.site_id}", now=now,
        data={"tablet": str(tablet.id), "file": row.file_sha256, "status": row.status, "events": row.events,
              "fresh": row.fresh, "refused": row.refused, "reason": row.reason},
    )  # fmt: skip
