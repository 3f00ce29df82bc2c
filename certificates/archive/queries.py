"""Reads of the archive: what is to be archived, the latest copies, what `kaowu check` demands of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.archive.models import ArchiveCopyRow
from certificates.issuing import queries as issuing
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.signature import Level
from exam.kernel.files import FileAltered, FileStore

NOTICE: Final = timedelta(days=90)
"""So long before the last stamp's certificate ends a copy is named for renewal."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One archival copy."""

    id: UUID
    certificate_id: UUID
    original_sha256: str
    sha256: str
    level: Level
    stamped_at: datetime
    renew_by: datetime
    made_at: datetime


async def wanted(session: AsyncSession, *, batch_id: UUID | None = None, number: str = "") -> list[Certificate]:
    """The versions that were ever issued, of a batch, under a number or all, by number."""
    found = await issuing.certificates(
        session, [id for id, one in await issuing.issued_versions(session) if number in ("", one)]
    )
    return [one for one in found if batch_id in (None, one.batch_id)]


async def latest(session: AsyncSession, certificate_ids: Collection[UUID] | None = None) -> dict[UUID, Copy]:
    """The newest copy of each certificate that has one."""
    query = select(ArchiveCopyRow).order_by(ArchiveCopyRow.certificate_id, ArchiveCopyRow.made_at, ArchiveCopyRow.id)
    if certificate_ids is not None:
        query = query.where(ArchiveCopyRow.certificate_id.in_(list(certificate_ids)))
    return {row.certificate_id: _record(row) for row in await session.scalars(query)}


async def invariants(session: AsyncSession, files: FileStore, *, now: datetime) -> list[str]:
    """What must hold: the copy is stored as it was made, begins with the file that was issued, and is renewed in time."""
    copies = await latest(session)
    names = {one.id: one for one in await issuing.certificates(session, list(copies))}
    found: list[str] = []
    for id, copy in sorted(copies.items(), key=lambda one: (names[one[0]].number, names[one[0]].version)):
        who = f"{names[id].number}/{names[id].version}"
        found += [f"{who}: {flaw}" for flaw in _flaws(files, copy, names[id].sha256 or "")]
        if copy.level is Level.B_LTA and copy.renew_by - now < NOTICE:
            found.append(f"{who}: the archival copy must be renewed before {copy.renew_by:%Y-%m-%d}")
    return found


def _flaws(files: FileStore, copy: Copy, issued: str) -> Sequence[str]:
    if copy.original_sha256 != issued:
        return ["the archival copy is not of the file that was issued"]
    try:
        data, original = files.get(copy.sha256), files.get(issued)
    except FileNotFoundError:
        return ["the archival copy is missing"]
    except FileAltered:
        return ["the archival copy was altered"]
    same = hashlib.sha256(data).hexdigest() == copy.sha256 and data.startswith(original)
    return [] if same else ["the archival copy was altered"]


def _record(row: ArchiveCopyRow) -> Copy:
    return Copy(
        id=row.id, certificate_id=row.certificate_id, original_sha256=row.original_sha256, sha256=row.sha256,
        level=Level(row.level), stamped_at=row.stamped_at, renew_by=row.renew_by, made_at=row.made_at,
    )  # fmt: skip
