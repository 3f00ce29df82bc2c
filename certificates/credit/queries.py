"""Reads of the credit bank's exchange: types with their deadlines, people by where they stand, rows of the reporting tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.credit.models import CreditProposal, CreditRecord
from certificates.credit.rules import ASKED, NOT_STORED, SOON, PersonStatus, Reported, TypeStatus, proposal_due
from certificates.handover import queries as handover
from certificates.issuing import queries as issuing
from certificates.platform import queries as platform
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Certificate, Level
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from exam.kernel.workdays import Due
from exam.registration import queries as registration
from exam.sittings import queries as sittings


@dataclass(frozen=True, kw_only=True)
class TypeLine:
    """What one certificate and level is worth, or when that must be proposed."""

    certificate: Certificate
    level: Level
    published_on: date
    due: Due
    late: bool
    soon: bool
    status: TypeStatus
    version: int
    hours: Decimal | None
    credits: Decimal | None
    rule: str
    recognised: Decimal | None
    message: str
    proposal_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A registered certificate whose holder may store it."""

    number: str
    registration_id: UUID
    organisation_id: UUID
    institution_id: UUID | None
    issued_on: date


@dataclass(frozen=True, kw_only=True)
class CreditLine:
    """One certificate number at the credit bank."""

    number: str
    holder_name: str
    institution_id: UUID | None
    institution_zh: str
    institution_en: str
    certificate_name: str
    level: Level
    class_name: str
    issued_on: date
    status: PersonStatus
    credits: Decimal | None
    stored_at: datetime | None
    course: str
    course_credits: Decimal | None
    reason: str
    revoked_at: datetime | None
    revoked_told_at: datetime | None


async def types(
    session: AsyncSession, *, today: date, organisation_ids: Sequence[UUID] | None = None
) -> list[TypeLine]:
    """Every published certificate and level, what is due first on top."""
    certificates = {one.id: one for one in await catalogue.certificates(session)}
    first: dict[tuple[UUID, Level], date] = {}
    for scheme in await catalogue.schemes(session):
        key, day = (scheme.certificate_id, scheme.level), china_date(scheme.published_at)
        first[key] = min(first.get(key, day), day)
    newest: dict[tuple[UUID, Level], CreditProposal] = {}
    for row in await session.scalars(select(CreditProposal).order_by(CreditProposal.version)):
        newest[row.certificate_id, Level(row.level)] = row
    lines = [
        _type(certificates[key[0]], key[1], day, newest.get(key), today)
        for key, day in first.items()
        if organisation_ids is None or certificates[key[0]].organisation_id in organisation_ids
    ]
    order = list(TypeStatus)
    return sorted(lines, key=lambda one: (order.index(one.status), one.due.on, one.certificate.code, one.level.digit))


def _type(certificate: Certificate, level: Level, day: date, row: CreditProposal | None, today: date) -> TypeLine:
    due = proposal_due(day)
    open_still = row is None
    return TypeLine(
        certificate=certificate,
        level=level,
        published_on=day,
        due=due,
        late=open_still and today > due.on,
        soon=open_still and due.on - SOON <= today <= due.on,
        status=TypeStatus(row.status) if row else TypeStatus.PROPOSAL_DUE,
        version=row.version if row else 0,
        hours=row.hours if row else None,
        credits=row.credits if row else None,
        rule=row.rule if row else "",
        recognised=row.recognised if row else None,
        message=row.message if row else "",
        proposal_id=row.id if row else None,
    )


async def open_proposals(session: AsyncSession) -> list[TypeLine]:
    """The newest proposals that must be handed in or asked about."""
    wanted = (TypeStatus.PROPOSED, TypeStatus.REVIEW, TypeStatus.RECOGNISED)
    return [one for one in await types(session, today=date.min) if one.status in wanted]


async def holders_to_open(session: AsyncSession) -> list[Holder]:
    """Registered certificates that have no record here yet."""
    known = set(await session.scalars(select(CreditRecord.number)))
    new = [one for one in await platform.standing(session) if one.registered and one.number not in known]
    found = await issuing.certificates(session, [one.certificate_id for one in new])
    people = {
        one.id: one for one in await registration.registrations(session, ids=[one.registration_id for one in found])
    }
    return [
        Holder(
            number=one.number,
            registration_id=one.registration_id,
            organisation_id=one.organisation_id,
            institution_id=people[one.registration_id].institution_id,
            issued_on=one.issued_on,
        )
        for one in found
    ]


async def to_ask(session: AsyncSession) -> list[str]:
    """Numbers the bank is asked about."""
    query = select(CreditRecord.number).where(
        CreditRecord.status.in_([str(one) for one in ASKED]), CreditRecord.revoked_at.is_(None)
    )
    return list(await session.scalars(query.order_by(CreditRecord.number)))


async def to_mark(session: AsyncSession) -> list[str]:
    """Numbers with a record whose certificate was revoked and that are not marked yet."""
    open_numbers = list(await session.scalars(select(CreditRecord.number).where(CreditRecord.revoked_at.is_(None))))
    return await platform.gone(session, open_numbers)


async def to_withdraw(session: AsyncSession) -> list[tuple[str, bool]]:
    """Revocations that the bank did not confirm, and whether it was told of them before."""
    query = select(CreditRecord.number, CreditRecord.revoked_sent_at).where(
        CreditRecord.revoked_at.is_not(None), CreditRecord.revoked_told_at.is_(None)
    )
    return [
        (number, sent is not None)
        for number, sent in (await session.execute(query.order_by(CreditRecord.number))).all()
    ]


async def to_tell(session: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    """Schools' decisions that the bank does not know yet, each with its idempotency key."""
    row = CreditRecord
    query = (
        select(row)
        .where(row.decided_at.is_not(None), row.told_at.is_(None), row.revoked_told_at.is_(None))
        .order_by(row.number)
    )
    rows = (await session.scalars(query)).all()
    schools = {one.id: one.code for one in await registration.institutions(session)}
    return [
        (
            f"{one.number}/{one.decided_at:%Y%m%dT%H%M%S%f}",
            {
                "number": one.number,
                "school_code": schools.get(one.institution_id, "") if one.institution_id else "",
                "status": one.status,
                "course": one.course,
                "credits": str(one.course_credits or ""),
                "reason": one.reason,
            },
        )
        for one in rows
    ]


def _where(
    institution_ids: Sequence[UUID] | None, organisation_ids: Sequence[UUID] | None, statuses: Sequence[PersonStatus]
) -> list[ColumnElement[bool]]:
    urged = CreditRecord.status.in_([str(one) for one in NOT_STORED])
    found: list[ColumnElement[bool]] = [
        ~(urged & CreditRecord.revoked_at.is_not(None))
    ]  # nobody is urged to store those
    if institution_ids is not None:
        found.append(CreditRecord.institution_id.in_(institution_ids))
    if organisation_ids is not None:
        found.append(CreditRecord.organisation_id.in_(organisation_ids))
    if statuses:
        found.append(CreditRecord.status.in_([str(one) for one in statuses]))
    return found


async def counts(
    session: AsyncSession,
    *,
    institution_ids: Sequence[UUID] | None = None,
    organisation_ids: Sequence[UUID] | None = None,
) -> dict[PersonStatus, int]:
    """How many stand where; every status is named."""
    query = select(CreditRecord.status, func.count()).where(*_where(institution_ids, organisation_ids, ()))
    found = dict.fromkeys(PersonStatus, 0)
    for status, number in (await session.execute(query.group_by(CreditRecord.status))).all():
        found[PersonStatus(status)] = number
    return found


async def lines(
    session: AsyncSession, *, institution_ids: Sequence[UUID] | None = None, organisation_ids: Sequence[UUID] | None = None,
    statuses: Sequence[PersonStatus] = (), limit: int = 50, offset: int = 0,
) -> list[CreditLine]:  # fmt: skip
    """Certificates at the bank, the longest waiting first."""
    query = select(CreditRecord).where(*_where(institution_ids, organisation_ids, statuses))
    rows = (
        await session.scalars(query.order_by(CreditRecord.issued_on, CreditRecord.number).limit(limit).offset(offset))
    ).all()
    people = {
        one.id: one for one in await registration.registrations(session, ids=[row.registration_id for row in rows])
    }
    names = {one.id: one.name_zh for one in await catalogue.certificates(session)}
    return [
        CreditLine(
            number=row.number,
            holder_name=person.name,
            institution_id=row.institution_id,
            institution_zh=person.institution_name_zh,
            institution_en=person.institution_name_en,
            certificate_name=names[person.certificate_id],
            level=person.level,
            class_name=person.class_name,
            issued_on=row.issued_on,
            status=PersonStatus(row.status),
            credits=row.credits,
            stored_at=row.stored_at,
            course=row.course,
            course_credits=row.course_credits,
            reason=row.reason,
            revoked_at=row.revoked_at,
            revoked_told_at=row.revoked_told_at,
        )
        for row in rows
        for person in (people[row.registration_id],)
    ]


async def reported(session: AsyncSession, *, organisation_ids: Sequence[UUID] | None = None) -> list[Reported]:
    """Every standing certificate as the reporting tables want it, by number."""
    standing = {one.certificate_id: one for one in await platform.standing(session, organisation_ids=organisation_ids)}
    found = await issuing.certificates(session, list(standing))
    people_ids = [one.registration_id for one in found]
    people = {one.id: one for one in await registration.registrations(session, ids=people_ids)}
    schools = {one.id: one.code for one in await registration.institutions(session)}
    places = await _places(session, people_ids)
    downloads = await handover.downloads(session, [one.sha256 for one in found if one.sha256])
    return [
        Reported(
            number=one.number,
            holder_name=one.face.holder_name,
            school_code=schools.get(person.institution_id, "") if person.institution_id else "",
            major_code=person.major_code,
            place=places.get(one.registration_id, ""),
            organisation_code=one.face.organisation_code,
            organisation_name=one.face.organisation_name_zh,
            certificate_name=one.face.certificate_name_zh,
            level=one.face.level_zh,
            issued_on=one.issued_on,
            registered=standing[one.id].registered,
            downloads=downloads.get(one.sha256 or "", 0),
        )
        for one in found
        for person in (people[one.registration_id],)
    ]


async def _places(session: AsyncSession, registration_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Where people sat: the site of their last sitting."""
    sat = await sittings.sittings(session, registration_ids=registration_ids)
    ids = {one.room_session_id for one in sat}
    rooms = {one.id: one.site_name_zh for one in await sittings.room_sessions(session, ids=ids)}
    return {one.registration_id: rooms.get(one.room_session_id, "") for one in sat}


async def unconfirmed(
    session: AsyncSession,
    *,
    institution_ids: Sequence[UUID] | None = None,
    organisation_ids: Sequence[UUID] | None = None,
) -> int:
    """How many stored credits belong to revoked certificates that the bank did not confirm as such."""
    held = [one for one in PersonStatus if one not in NOT_STORED]
    query = select(func.count()).where(
        *_where(institution_ids, organisation_ids, held),
        CreditRecord.revoked_at.is_not(None),
        CreditRecord.revoked_told_at.is_(None),
    )
    return int(await session.scalar(query) or 0)


def _revoked_need(count: int) -> Need:
    text = N_("%(n)s 本已存入学分的证书被撤销，待学分银行确认")
    return Need(text=text, href="/certificates/credit/people", count=count, tone="warning")


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Proposals due or late for the awarding organisation; for the school, who has not stored and what waits for its decision."""
    found: list[Need] = []
    if actor.may(Permission.PLATFORM_RUN):
        ids = actor.scope_uuids(Permission.PLATFORM_RUN, "organisation")
        open_types = await types(session, today=china_date(now), organisation_ids=ids)
        late, soon = sum(one.late for one in open_types), sum(one.soon for one in open_types)
        if late:
            found.append(
                Need(
                    text=N_("%(n)s 个等级超过一个月仍未提出学分建议"),
                    href="/certificates/credit",
                    count=late,
                    tone="stopped",
                )
            )
        if soon:
            found.append(
                Need(
                    text=N_("%(n)s 个等级须在 7 天内提出学分建议"),
                    href="/certificates/credit",
                    count=soon,
                    tone="warning",
                )
            )
        open_ends = await unconfirmed(session, organisation_ids=ids)
        if open_ends:
            found.append(_revoked_need(open_ends))
    if actor.may(Permission.ROSTER_IMPORT):
        where = actor.scope_uuids(Permission.ROSTER_IMPORT, "institution")
        if where is not None:
            counted = await counts(session, institution_ids=where)
            waiting = counted[PersonStatus.SCHOOL_REVIEW]
            open_ends = await unconfirmed(session, institution_ids=where)
            if open_ends:
                found.append(_revoked_need(open_ends))
            unstored = sum(counted[one] for one in NOT_STORED)
            if waiting:
                found.append(
                    Need(
                        text=N_("%(n)s 份学分转换申请待审核"),
                        href="/certificates/credit/people?show=school_review",
                        count=waiting,
                        tone="needs",
                    )
                )
            if unstored:
                found.append(
                    Need(
                        text=N_("%(n)s 本证书已颁发而未存入学分银行"),
                        href="/certificates/credit/people?show=not_stored",
                        count=unstored,
                        tone="needs",
                    )
                )
    return found


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold: nobody stored what was never on its way to the platform (E09), and nothing is stored without credits."""
    known = await platform.numbers(session)
    rows = (await session.execute(select(CreditRecord.number, CreditRecord.status, CreditRecord.credits))).all()
    failures = [
        f"{number} has a credit record and was never registered" for number, _, _ in rows if number not in known
    ]
    failures += [f"{number} is stored without credits" for number, status, credits in rows
                 if PersonStatus(status) not in NOT_STORED and credits is None]  # fmt: skip
    return failures


async def registrations_of(session: AsyncSession, numbers: Sequence[str]) -> dict[str, UUID]:
    """The registration behind each certificate number."""
    query = select(CreditRecord.number, CreditRecord.registration_id).where(CreditRecord.number.in_(numbers))
    return {row.number: row.registration_id for row in (await session.execute(query)).all()}
