"""Certificates as they are stored: by number, token, bytes and holder, each within the reader's scope."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.models import ENDED, CertificateRow
from certificates.issuing.rules.face import Face
from certificates.issuing.rules.records import Certificate as Certificate
from certificates.issuing.rules.status import UNFINISHED, CertificateStatus
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import NotFound
from exam.registration import queries as registration

ENDED_IDS: Final = select(CertificateRow.id).where(text(ENDED)).order_by(CertificateRow.id)
"""Written as the index is, without parameters, so that every plan can use it."""


async def certificate(session: AsyncSession, id: UUID) -> Certificate:
    """One version; NotFound when there is none."""
    row = await session.get(CertificateRow, id)
    if row is None:
        raise NotFound
    return record(row)


async def visible(session: AsyncSession, actor: Actor, id: UUID) -> Certificate:
    """One version, if it lies in the actor's organisation, institution or province; else NotFound."""
    found = await certificate(session, id)
    person = await registration.registration(session, found.registration_id)
    batch = await registration.batch(session, found.batch_id)
    where = {
        "organisation_id": found.organisation_id,
        "institution_id": person.institution_id,
        "province_code": batch.province_code,
    }
    if not actor.within(Permission.CERTIFICATE_READ, **where):
        raise NotFound
    return found


async def certificates(session: AsyncSession, ids: Collection[UUID]) -> list[Certificate]:
    """These versions, by number."""
    query = (
        select(CertificateRow)
        .where(CertificateRow.id.in_(list(ids)))
        .order_by(CertificateRow.number, CertificateRow.version)
    )
    return [record(row) for row in await session.scalars(query)]


async def versions(session: AsyncSession, number: str) -> list[Certificate]:
    """Every version under a number, the newest first."""
    query = select(CertificateRow).where(CertificateRow.number == number).order_by(CertificateRow.version.desc())
    return [record(row) for row in await session.scalars(query)]


async def by_token(session: AsyncSession, token: str) -> Certificate | None:
    """The version whose QR code this is."""
    row = await session.scalar(select(CertificateRow).where(CertificateRow.token == token))
    return None if row is None else record(row)


async def by_sha256(session: AsyncSession, sha256: str) -> Certificate | None:
    """The version with exactly these bytes."""
    row = await session.scalar(select(CertificateRow).where(CertificateRow.sha256 == sha256))
    return None if row is None else record(row)


async def ended(session: AsyncSession) -> list[UUID]:
    """The versions that no longer stand: revoked, corrected, replaced, or given up after their number was taken."""
    return list(await session.scalars(ENDED_IDS))


async def of_people(session: AsyncSession, person_ids: Collection[UUID]) -> list[Certificate]:
    """The issued and ended certificates of people, the newest first."""
    query = (
        select(CertificateRow)
        .where(CertificateRow.person_id.in_(list(person_ids)), CertificateRow.issued_at.is_not(None))
        .order_by(CertificateRow.issued_at.desc(), CertificateRow.number, CertificateRow.version.desc())
    )
    return [record(row) for row in await session.scalars(query)]


async def issued_versions(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Every version that was ever issued: its id and number."""
    query = (
        select(CertificateRow.id, CertificateRow.number)
        .where(CertificateRow.issued_at.is_not(None))
        .order_by(CertificateRow.number, CertificateRow.version)
    )
    return [(row.id, row.number) for row in (await session.execute(query)).all()]


async def unfinished(session: AsyncSession, actor: Actor, batch_id: UUID) -> list[Certificate]:
    """Numbers that were taken and whose certificate is not issued yet: where a cut run goes on."""
    query = (
        select(CertificateRow)
        .where(CertificateRow.batch_id == batch_id, CertificateRow.status.in_([str(status) for status in UNFINISHED]))
        .order_by(CertificateRow.number, CertificateRow.version)
    )
    return [
        one
        for one in map(record, await session.scalars(query))
        if actor.within(Permission.CERTIFICATE_ISSUE, organisation_id=one.organisation_id)
    ]


async def page_of(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID | None = None,
    status: CertificateStatus | None = None,
    search: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Certificate], int]:
    """One page of the certificates an officer, province or institution may see, and how many there are."""
    where: list[ColumnElement[bool]] = []
    mine = actor.scope_ids(Permission.CERTIFICATE_READ, "organisation")
    if mine is not None and (own := await _own_registrations(session, actor, batch_id)) is not None:
        where.append(CertificateRow.organisation_id.in_(map(UUID, mine)) | CertificateRow.registration_id.in_(own))
    if batch_id is not None:
        where.append(CertificateRow.batch_id == batch_id)
    if status is not None:
        where.append(CertificateRow.status == str(status))
    if search:
        named = CertificateRow.face["holder_name"].astext == search
        where.append(CertificateRow.number.startswith(search.upper().replace(" ", ""), autoescape=True) | named)
    total = (await session.execute(select(func.count()).select_from(CertificateRow).where(*where))).scalar_one()
    query = select(CertificateRow).where(*where).order_by(CertificateRow.number.desc(), CertificateRow.version.desc())
    return [record(row) for row in await session.scalars(query.limit(limit).offset(offset))], total


async def _own_registrations(session: AsyncSession, actor: Actor, batch_id: UUID | None) -> list[UUID] | None:
    """Registrations of the actor's institutions; None for who sees a whole province."""
    if actor.scope_ids(Permission.CERTIFICATE_READ, "province"):
        return None
    own: list[UUID] = []
    for school in actor.scope_uuids(Permission.CERTIFICATE_READ, "institution") or ():
        found = await registration.registrations(session, institution_id=school, batch_id=batch_id)
        own += [one.id for one in found]
    return own


def record(row: CertificateRow) -> Certificate:
    """The frozen form of a row."""
    values: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "id",
            "number",
            "version",
            "token",
            "registration_id",
            "outcome_id",
            "batch_id",
            "person_id",
            "organisation_id",
            "photo_sha256",
            "sha256",
            "numbered_at",
            "signed_at",
            "issued_at",
            "issued_on",
            "issued_by",
            "ended_at",
            "renewal",
            "reason",
            "begun_by",
            "release_id",
            "template",
            "template_sha256",
            "compiled",
            "record_sha256",
            "leaf_index",
        )
    }
    return Certificate(**values, status=CertificateStatus(row.status), face=Face.from_data(row.face))
