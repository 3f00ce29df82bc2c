"""What has to be known of many certificates at once to hand them out: a few columns, not whole faces."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.models import CertificateRow
from certificates.issuing.rules.status import CertificateStatus

_FACE = ("holder_name", "id_masked", "institution_zh", "institution_en", "certificate_name_zh", "certificate_name_en",
         "level_zh", "level_en", "mark_zh")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One issued version."""

    id: UUID
    number: str
    version: int
    status: CertificateStatus
    organisation_id: UUID
    batch_id: UUID
    registration_id: UUID
    person_id: UUID
    sha256: str
    issued_on: date
    issued_at: datetime
    holder_name: str
    id_masked: str
    institution_zh: str
    institution_en: str
    certificate_name_zh: str
    certificate_name_en: str
    level_zh: str
    level_en: str
    mark_zh: str


async def slips(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    organisation_id: UUID | None = None,
    registration_ids: Collection[UUID] | None = None,
    ids: Collection[UUID] | None = None,
    person_ids: Collection[UUID] | None = None,
    ended: bool = False,
) -> list[Slip]:
    """The issued versions that meet every condition, by institution, number and version; with `ended` also those that
    were corrected, replaced or revoked since."""
    where: list[ColumnElement[bool]] = [CertificateRow.issued_at.is_not(None)]
    if not ended:
        where.append(CertificateRow.status == str(CertificateStatus.ISSUED))
    if batch_id is not None:
        where.append(CertificateRow.batch_id == batch_id)
    if organisation_id is not None:
        where.append(CertificateRow.organisation_id == organisation_id)
    for column, chosen in (
        (CertificateRow.registration_id, registration_ids),
        (CertificateRow.id, ids),
        (CertificateRow.person_id, person_ids),
    ):
        if chosen is not None:
            where.append(column.in_(list(chosen)))
    plain = ("id", "number", "version", "status", "organisation_id", "batch_id", "registration_id", "person_id", "sha256",
             "issued_on", "issued_at")  # fmt: skip
    columns: list[Any] = [getattr(CertificateRow, name) for name in plain]
    columns += [CertificateRow.face[name].astext.label(name) for name in _FACE]
    rows = (await session.execute(select(*columns).where(*where))).mappings()
    found = [
        Slip(**{**row, "status": CertificateStatus(row["status"]), "mark_zh": row["mark_zh"] or ""}) for row in rows
    ]
    return sorted(found, key=lambda one: (one.institution_zh, one.number, one.version))
