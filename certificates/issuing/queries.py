"""Reads of issuing: who may get a certificate, what is unfinished, certificates by number, token and holder, invariants."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.models import CertificateRow, Number, NumberCounter
from certificates.issuing.rules.face import Eligible, Face
from certificates.issuing.rules.records import Certificate as Certificate
from certificates.issuing.rules.status import UNFINISHED, CertificateStatus
from certificates.ledger import queries as ledger
from certificates.ledger.rules import LedgerEvent
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel.errors import N_, NotFound
from exam.kernel.files import FileStore
from exam.kernel.needs import Need
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


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """One batch as the certificate officer sees it."""

    batch: Batch
    eligible: int
    unfinished: int
    issued: int
    ended: int

    @property
    def ready(self) -> bool:
        return may_issue(self.batch.status)

    @property
    def left(self) -> int:
        return self.eligible + self.unfinished


def may_issue(status: BatchStatus) -> bool:
    """Whether a batch has come far enough."""
    return status in ROAD and ROAD.index(status) >= ROAD.index(READY_FROM)


async def eligible(
    session: AsyncSession, actor: Actor, batch_id: UUID, *, issued_on: date, specimen: bool
) -> list[Eligible]:
    """Passed and published outcomes of the actor's organisations that have no number yet, with their faces."""
    passed = await _unnumbered(session, batch_id)
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
    return sorted(found, key=lambda one: (one.face.organisation_code, one.face.certificate_code, one.face.level))


async def _unnumbered(session: AsyncSession, batch_id: UUID) -> list[Outcome]:
    taken = set(await session.scalars(select(Number.registration_id).where(Number.voided_at.is_(None))))
    return [
        one
        for one in await outcomes.outcomes(session, batch_id=batch_id, published_only=True)
        if one.decision is Decision.PASSED and one.status is OutcomeStatus.FINAL and one.registration_id not in taken
    ]


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
    found = await outcomes.outcomes(session, ids=outcome_ids, published_only=True)
    return {one.id for one in found if one.decision is Decision.PASSED}


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


async def of_people(session: AsyncSession, person_ids: Collection[UUID]) -> list[Certificate]:
    """The issued and ended certificates of people, the newest first."""
    query = (
        select(CertificateRow)
        .where(CertificateRow.person_id.in_(list(person_ids)), CertificateRow.issued_at.is_not(None))
        .order_by(CertificateRow.issued_at.desc(), CertificateRow.number, CertificateRow.version.desc())
    )
    return [record(row) for row in await session.scalars(query)]


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
    for text in sorted(actor.scope_ids(Permission.CERTIFICATE_READ, "institution") or ()):
        found = await registration.registrations(session, institution_id=UUID(text), batch_id=batch_id)
        own += [one.id for one in found]
    return own


async def batch_lines(session: AsyncSession, actor: Actor) -> list[BatchLine]:
    """The batches that have published results, the newest first, with what is left to do in each."""
    mine = actor.scope_ids(Permission.CERTIFICATE_ISSUE, "organisation")
    reached = ROAD[ROAD.index(BatchStatus.PUBLISHED) :]
    lines = [
        await batch_line(session, actor, batch)
        for batch in await registration.batches(session, reached)
        if mine is None or {str(id) for id in batch.organisation_ids} & mine
    ]
    return sorted(lines, key=lambda line: (line.left == 0, line.batch.last_day))


async def batch_line(session: AsyncSession, actor: Actor, batch: Batch) -> BatchLine:
    """How the certificates of one batch stand."""
    waiting = await eligible(session, actor, batch.id, issued_on=batch.last_day, specimen=False)
    query = (
        select(CertificateRow.status, func.count())
        .where(CertificateRow.batch_id == batch.id)
        .group_by(CertificateRow.status)
    )
    by_status = {CertificateStatus(status): number for status, number in (await session.execute(query)).all()}
    return BatchLine(
        batch=batch,
        eligible=len(waiting),
        unfinished=sum(by_status.get(status, 0) for status in UNFINISHED),
        issued=by_status.get(CertificateStatus.ISSUED, 0),
        ended=sum(
            by_status.get(status, 0)
            for status in (CertificateStatus.SUPERSEDED, CertificateStatus.REISSUED, CertificateStatus.REVOKED)
        ),
    )


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Batches whose results are final and whose certificates are not issued; numbers whose certificate is unfinished."""
    if not actor.may(Permission.CERTIFICATE_ISSUE):
        return []
    return [
        Need(
            text=N_("%(batch)s：%(n)s 本证书待颁发"),
            href=f"/certificates/batches/{line.batch.id}",
            count=line.left,
            facts={"batch": line.batch.name_zh},
        )
        for line in await batch_lines(session, actor)
        if line.ready and line.left
    ]


async def invariants(session: AsyncSession, files: FileStore) -> list[str]:
    """What must hold of every certificate; each failure by name.

    No certificate without a passed, published outcome; one live number per outcome and every serial accounted for; the
    stored bytes are those of the row and of the ledger.
    """
    rows = [record(row) for row in await session.scalars(select(CertificateRow))]
    return [
        *await _outcome_failures(session, rows),
        *await _number_failures(session, rows),
        *await _byte_failures(session, files, rows),
    ]


async def _outcome_failures(session: AsyncSession, rows: Sequence[Certificate]) -> list[str]:
    live = [row for row in rows if row.status is CertificateStatus.ISSUED]
    public = {
        one.registration_id
        for one in await outcomes.outcomes(
            session, registration_ids=[row.registration_id for row in live], published_only=True
        )
        if one.decision is Decision.PASSED
    }
    return [f"{row.number} has no passed, published outcome" for row in live if row.registration_id not in public]


async def _number_failures(session: AsyncSession, rows: Sequence[Certificate]) -> list[str]:
    numbers = (await session.scalars(select(Number))).all()
    failures = [
        f"outcome {outcome} has {count} live numbers"
        for outcome, count in Counter(one.outcome_id for one in numbers if one.voided_at is None).items()
        if count > 1
    ]
    serials: dict[tuple[str, int], set[int]] = {}
    for one in numbers:
        serials.setdefault((one.issuer_code, one.year), set()).add(one.serial)
    for counter in await session.scalars(select(NumberCounter)):
        missing = set(range(1, counter.last_serial + 1)) ^ serials.pop((counter.issuer_code, counter.year), set())
        failures += [
            f"serial {serial} of {counter.issuer_code} {counter.year} is not accounted for"
            for serial in sorted(missing)
        ]
    failures += [f"numbers of {issuer} {year} have no counter" for issuer, year in serials]
    used = {row.number for row in rows}
    failures += [f"{one.number} was taken and has no certificate" for one in numbers if one.number not in used]
    failures += [f"{number} is not in the number log" for number in sorted(used - {one.number for one in numbers})]
    return failures


async def _byte_failures(session: AsyncSession, files: FileStore, rows: Sequence[Certificate]) -> list[str]:
    entries = {
        (entry.number, entry.version): entry
        for entry in await ledger.entries(session)
        if entry.event is not LedgerEvent.REVOKE
    }
    failures = []
    for row in rows:
        if row.issued_at is None:
            continue
        entry = entries.pop((row.number, row.version), None)
        if entry is None:
            failures.append(f"{row.number}/{row.version} is not in the ledger")
        elif entry.sha256 != row.sha256:
            failures.append(f"{row.number}/{row.version}: the ledger names other bytes")
        failures += _stored_failures(files, row)
    failures += [f"{number}/{version} is in the ledger and has no certificate" for number, version in entries]
    return failures


def _stored_failures(files: FileStore, row: Certificate) -> list[str]:
    try:
        data = files.get(row.sha256 or "")
    except FileNotFoundError:
        return [f"{row.number}/{row.version}: the stored file is missing"]
    same = sha256_of(data) == row.sha256
    return [] if same else [f"{row.number}/{row.version}: the stored file was altered"]


def sha256_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


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
        )
    }
    return Certificate(**values, status=CertificateStatus(row.status), face=Face.from_data(row.face))
