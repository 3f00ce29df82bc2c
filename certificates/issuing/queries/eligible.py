"""Who may get a certificate, and what it would say."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.models import Number
from certificates.issuing.rules.face import Eligible, Face
from certificates.issuing.rules.records import Certificate as Certificate
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.registration import queries as registration
from exam.registration.rules import ID_TYPE_LABELS, ROAD, Batch, BatchStatus, IdType, Registration
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision, Outcome, OutcomeStatus

READY_FROM = BatchStatus.FINAL
"""Certificates are issued once the review window is over (domain.md 3.3)."""

_ID_TYPES_EN = {
    IdType.RESIDENT: "Resident ID",
    IdType.HK_MACAU_PERMIT: "HK/Macau Permit",
    IdType.TAIWAN_PERMIT: "Taiwan Permit",
    IdType.HMT_RESIDENCE: "Residence Permit",
    IdType.PASSPORT: "Passport",
    IdType.FOREIGN_PERMANENT: "Permanent Residence",
}


def may_issue(status: BatchStatus) -> bool:
    """Whether a batch has come far enough."""
    return status in ROAD and ROAD.index(status) >= ROAD.index(READY_FROM)


async def eligible(
    session: AsyncSession,
    actor: Actor,
    batch_id: UUID,
    *,
    issued_on: date,
    specimen: bool,
    registration_ids: Collection[UUID] | None = None,
) -> list[Eligible]:
    """Passed and published outcomes of the actor's organisations that have no number yet, with their faces.

    `registration_ids` narrows them to some registrations of the batch.
    """
    passed = await _unnumbered(session, batch_id, registration_ids)
    if not passed:
        return []
    batch = await registration.batch(session, batch_id)
    people = {
        one.id: one for one in await registration.registrations(session, ids=[one.registration_id for one in passed])
    }
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people.values()})}
    found = []
    for outcome in passed:
        person = people[outcome.registration_id]
        scheme = schemes[person.scheme_id]
        if actor.within(Permission.CERTIFICATE_ISSUE, organisation_id=scheme.organisation_id):
            found.append(_eligible(outcome, person, scheme, batch, issued_on, specimen))
    return sorted(
        found,
        key=lambda one: (
            one.face.organisation_code,
            one.face.certificate_code,
            one.face.level,
            str(one.registration_id),
        ),
    )


async def count_eligible(session: AsyncSession, actor: Actor, batch: Batch) -> int:
    """How many wait for a number; their faces are read only for who may not see all organisations of the batch."""
    mine = actor.scope_ids(Permission.CERTIFICATE_ISSUE, "organisation")
    if mine is None or {str(id) for id in batch.organisation_ids} <= mine:
        return len(await _unnumbered(session, batch.id, None))
    return len(await eligible(session, actor, batch.id, issued_on=batch.last_day, specimen=False))


async def _unnumbered(
    session: AsyncSession, batch_id: UUID, registration_ids: Collection[UUID] | None
) -> list[Outcome]:
    final = [
        one
        for one in await outcomes.outcomes(
            session, batch_id=batch_id, registration_ids=registration_ids, published_only=True, brief=True
        )
        if one.decision is Decision.PASSED and one.status is OutcomeStatus.FINAL
    ]
    ids = bindparam("ids", [one.registration_id for one in final], ARRAY(Uuid()))
    query = select(Number.registration_id).where(Number.voided_at.is_(None), Number.registration_id == func.any(ids))
    taken = set(await session.scalars(query))
    return [one for one in final if one.registration_id not in taken]


def _eligible(
    outcome: Outcome, person: Registration, scheme: Scheme, batch: Batch, issued_on: date, specimen: bool
) -> Eligible:
    return Eligible(
        registration_id=person.id,
        outcome_id=outcome.id,
        outcome_version=outcome.version,
        batch_id=batch.id,
        person_id=person.person_id,
        organisation_id=scheme.organisation_id,
        certificate_id=scheme.certificate_id,
        province_code=batch.province_code[:2],
        photo_sha256=person.photo_sha256,
        published_by=outcome.published_by,
        face=face_of(person, scheme, batch, issued_on=issued_on, specimen=specimen),
    )


def face_of(person: Registration, scheme: Scheme, batch: Batch, *, issued_on: date, specimen: bool) -> Face:
    """The facts of a certificate as they stand now."""
    return Face(
        holder_name=person.name,
        holder_name_latin=person.name_latin,
        id_type_zh=ID_TYPE_LABELS[person.id_type],
        id_type_en=_ID_TYPES_EN[person.id_type],
        id_masked=person.id_masked,
        certificate_code=scheme.certificate_code,
        certificate_name_zh=scheme.certificate_name_zh,
        certificate_name_en=scheme.certificate_name_en,
        level=scheme.level.value,
        level_zh=scheme.level.zh,
        level_en=scheme.level.en,
        organisation_code=scheme.organisation_code,
        organisation_name_zh=scheme.organisation_name_zh,
        organisation_name_en=scheme.organisation_name_en,
        institution_zh=person.institution_name_zh,
        institution_en=person.institution_name_en,
        batch_code=batch.code,
        issued_on=issued_on,
        specimen=specimen,
    )


async def present_face(session: AsyncSession, certificate: Certificate, *, issued_on: date) -> tuple[Face, str | None]:
    """The face and photo as registration has them now: what a correction would print."""
    person = await registration.registration(session, certificate.registration_id)
    scheme = await catalogue.scheme(session, person.scheme_id)
    batch = await registration.batch(session, certificate.batch_id)
    face = face_of(person, scheme, batch, issued_on=issued_on, specimen=certificate.face.specimen)
    return face, person.photo_sha256


async def standing(session: AsyncSession, outcome_ids: Collection[UUID]) -> set[UUID]:
    """Those of the outcomes that are passed and public at this moment."""
    found = await outcomes.outcomes(session, ids=outcome_ids, published_only=True, brief=True)
    return {one.id for one in found if one.decision is Decision.PASSED}
