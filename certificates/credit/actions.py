"""What may be written: proposals and what the bank made of them, the records of people, and schools' decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.credit.models import CreditProposal, CreditRecord
from certificates.credit.queries import Holder
from certificates.credit.rules import (
    BadConversion,
    BadProposal,
    CertificateRevoked,
    CreditMoveRefused,
    PersonStatus,
    TypeStatus,
    conversion_problems,
    person_move,
    proposal_problems,
    type_move,
)
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Level
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue

CREDIT_JOB: Final = "certificates.credit"
_STREAM: Final = "certificates.credit"


async def propose(
    session: AsyncSession, actor: Actor, *, certificate_id: UUID, organisation_id: UUID, level: Level, hours: Decimal,
    credits: Decimal, rule: str, now: datetime,
) -> UUID:  # fmt: skip
    """Propose what a certificate and level is worth; while one is under review no other is proposed."""
    actor.require(Permission.PLATFORM_RUN, organisation_id=organisation_id)
    problems = proposal_problems(hours=hours, credits=credits, rule=rule)
    if problems:
        raise BadProposal(problems=problems)
    query = select(CreditProposal).where(
        CreditProposal.certificate_id == certificate_id, CreditProposal.level == str(level)
    )
    last = await session.scalar(query.order_by(CreditProposal.version.desc()).limit(1).with_for_update())
    if last is not None and TypeStatus(last.status) in (TypeStatus.PROPOSED, TypeStatus.REVIEW):
        raise CreditMoveRefused(name=level.zh, status=TypeStatus(last.status).value)
    row = CreditProposal(
        id=new_id(), certificate_id=certificate_id, organisation_id=organisation_id, level=str(level),
        version=last.version + 1 if last else 1, hours=hours, credits=credits, rule=rule.strip(),
        status=str(TypeStatus.PROPOSED), proposed_at=now, proposed_by=actor.account_id,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    facts = {"level": str(level), "version": row.version, "hours": str(hours), "credits": str(credits)}
    await _note(session, actor, "certificates.credit.propose", "credit_proposal", [row.id], facts, now)
    await request_run(session, actor)
    return row.id


async def request_run(session: AsyncSession, actor: Actor) -> None:
    """Queue the exchange with the bank."""
    if not actor.may(Permission.PLATFORM_RUN):
        raise Forbidden
    await enqueue(session, CREDIT_JOB, {}, dedupe=CREDIT_JOB)


async def note_sent(session: AsyncSession, proposal_id: UUID) -> None:
    """The bank has the proposal: it is under review there."""
    row = await session.get_one(CreditProposal, proposal_id, with_for_update=True)
    if row.status == TypeStatus.PROPOSED:
        row.status = type_move(row.level, TypeStatus.PROPOSED, TypeStatus.REVIEW)
    await session.flush()


async def store_decisions(
    session: AsyncSession, actor: Actor, answers: Mapping[tuple[UUID, str, int], Mapping[str, Any]], *, now: datetime
) -> int:
    """Keep what the bank decided, by certificate, level and version; what cannot be read is left for the next time."""
    rows = await session.scalars(
        select(CreditProposal)
        .where(CreditProposal.status.in_([str(TypeStatus.REVIEW), str(TypeStatus.RECOGNISED)]))
        .order_by(CreditProposal.id)
        .with_for_update()
    )
    changed: list[UUID] = []
    for row in rows:
        answer = answers.get((row.certificate_id, row.level, row.version))
        wanted = None if answer is None else _decision(answer)
        if answer is None or wanted is None or wanted[0] == row.status:
            continue
        row.status = type_move(row.level, TypeStatus(row.status), wanted[0])
        row.recognised, row.message, row.decided_at = wanted[1], str(answer.get("message", ""))[:500], now
        changed.append(row.id)
    await session.flush()
    if changed:
        await _note(
            session, actor, "certificates.credit.decide", "credit_proposal", changed, {"count": len(changed)}, now
        )
    return len(changed)


def _decision(answer: Mapping[str, Any]) -> tuple[TypeStatus, Decimal | None] | None:
    status = str(answer.get("status"))
    if status == TypeStatus.REFUSED:
        return TypeStatus.REFUSED, None
    if status not in (TypeStatus.RECOGNISED, TypeStatus.PUBLISHED):
        return None
    value = _number(answer.get("recognised"))
    return None if value is None else (TypeStatus(status), value)


def _number(value: object) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found > 0 else None


async def open_records(session: AsyncSession, actor: Actor, holders: Sequence[Holder], *, now: datetime) -> int:
    """Begin a record for every certificate that the platform has and that has none yet."""
    query = select(CreditRecord.number).where(CreditRecord.number.in_([one.number for one in holders]))
    known = set(await session.scalars(query))
    rows: list[dict[str, Any]] = [
        {
            "number": one.number,
            "id": new_id(),
            "registration_id": one.registration_id,
            "organisation_id": one.organisation_id,
            "institution_id": one.institution_id,
            "issued_on": one.issued_on,
            "status": str(PersonStatus.ACCOUNT_MISSING),
        }
        for one in holders
        if one.number not in known
    ]
    await insert_many(session, CreditRecord, rows)
    if rows:
        ids = [row["id"] for row in rows]
        await _note(session, actor, "certificates.credit.open", "credit_record", ids, {"count": len(ids)}, now)
    return len(rows)


async def store_states(
    session: AsyncSession, actor: Actor, asked: Sequence[str], states: Sequence[Mapping[str, Any]], *, now: datetime
) -> int:
    """Keep where the bank says that people stand; returns how many moved. What it does not say stays as it is."""
    by_number = {str(one.get("number")): one for one in states}
    query = select(CreditRecord).where(CreditRecord.number.in_(asked)).order_by(CreditRecord.number).with_for_update()
    moved: list[UUID] = []
    for row in await session.scalars(query):
        row.asked_at = now
        answer, present = by_number.get(row.number), PersonStatus(row.status)
        state = str(answer.get("state")) if answer else ""
        if (
            answer is None
            or present not in (PersonStatus.ACCOUNT_MISSING, PersonStatus.ACCOUNT_OPEN)
            or state == present
        ):
            continue
        if state == PersonStatus.STORED:
            credits = _number(answer.get("credits"))
            if credits is None:
                continue
            row.credits, row.stored_at = credits, now
        elif state != PersonStatus.ACCOUNT_OPEN:
            continue
        row.status = person_move(row.number, present, PersonStatus(state))
        moved.append(row.id)
    await session.flush()
    if moved:
        await _note(session, actor, "certificates.credit.state", "credit_record", moved, {"count": len(moved)}, now)
    return len(moved)


async def request_conversion(session: AsyncSession, actor: Actor, number: str, *, course: str, now: datetime) -> None:
    """Take a holder's wish to have the stored credits count for a course; the school's review begins with it."""
    row = await _own(session, actor, number)
    if row.revoked_at is not None:
        raise CertificateRevoked(name=number)
    if not course.strip():
        raise BadConversion(
            problems=conversion_problems(converted=True, course="", credits=row.credits, reason="", stored=_stored(row))
        )
    present = person_move(number, PersonStatus(row.status), PersonStatus.CONVERSION_REQUESTED)
    row.status = person_move(number, present, PersonStatus.SCHOOL_REVIEW)
    row.course, row.requested_at, row.reason, row.decided_at, row.told_at = course.strip(), now, "", None, None
    await session.flush()
    await _note(session, actor, "certificates.credit.request", "credit_record", [row.id], {"course": row.course}, now)


async def decide(
    session: AsyncSession, actor: Actor, number: str, *, converted: bool, course: str, credits: Decimal | None, reason: str,
    now: datetime,
) -> None:  # fmt: skip
    """The school converts into a course, or refuses with a reason."""
    row = await _own(session, actor, number)
    if converted and row.revoked_at is not None:
        raise CertificateRevoked(name=number)
    problems = conversion_problems(
        converted=converted, course=course or row.course, credits=credits, reason=reason, stored=_stored(row)
    )
    if problems:
        raise BadConversion(problems=problems)
    wanted = PersonStatus.CONVERTED if converted else PersonStatus.REFUSED
    row.status = person_move(number, PersonStatus(row.status), wanted)
    row.course, row.course_credits = course.strip() or row.course, credits if converted else None
    row.reason, row.decided_at, row.decided_by, row.told_at = reason.strip(), now, actor.account_id, None
    await session.flush()
    facts = {"status": str(wanted), "course": row.course, "reason": row.reason}
    await _note(session, actor, "certificates.credit.convert", "credit_record", [row.id], facts, now)


async def note_told(session: AsyncSession, number: str, *, now: datetime) -> None:
    """The bank knows the school's decision."""
    row = await session.get_one(CreditRecord, number, with_for_update=True)
    row.told_at = now
    await session.flush()


async def mark_revoked(session: AsyncSession, actor: Actor, numbers: Sequence[str], *, now: datetime) -> int:
    """Mark records whose certificate no longer stands; what is stored or converted stays. Returns how many are new."""
    query = select(CreditRecord).where(CreditRecord.number.in_(numbers), CreditRecord.revoked_at.is_(None))
    rows = (await session.scalars(query.order_by(CreditRecord.number).with_for_update())).all()
    for row in rows:
        row.revoked_at = now
    await session.flush()
    if rows:
        ids = [row.id for row in rows]
        await _note(session, actor, "certificates.credit.revoke", "credit_record", ids, {"count": len(ids)}, now)
    return len(rows)


async def note_withdrawal_sent(session: AsyncSession, number: str, *, now: datetime) -> None:
    """The revocation leaves for the bank now: from here on the bank is asked first."""
    row = await session.get_one(CreditRecord, number, with_for_update=True)
    row.revoked_sent_at = now
    await session.flush()


async def note_withdrawn(session: AsyncSession, numbers: Sequence[str], *, now: datetime) -> None:
    """The bank confirmed these revocations."""
    for number in sorted(numbers):
        row = await session.get_one(CreditRecord, number, with_for_update=True)
        row.revoked_told_at = row.revoked_told_at or now
    await session.flush()


async def note_export(session: AsyncSession, actor: Actor, *, table: str, count: int, now: datetime) -> None:
    """Record that a reporting table with names left the system."""
    await _note(
        session, actor, "certificates.credit.export", "credit_export", [], {"table": table, "count": count}, now
    )


def _stored(row: CreditRecord) -> Decimal:
    return row.credits if row.credits is not None else Decimal(0)


async def _own(session: AsyncSession, actor: Actor, number: str) -> CreditRecord:
    row = await session.get(CreditRecord, number, with_for_update=True)
    if row is None or row.institution_id is None:
        raise NotFound
    actor.require(Permission.ROSTER_IMPORT, institution_id=row.institution_id)
    return row


async def _note(
    session: AsyncSession,
    actor: Actor,
    deed: str,
    subject: str,
    ids: Sequence[UUID],
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    await audit.record(session, actor, deed, subject=subject, ids=list(ids), stream=_STREAM, data=dict(facts), now=now)
