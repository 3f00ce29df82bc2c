"""Changes of the duties: people enter the pool, qualify, declare relations, are away; a plan is staffed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Forbidden, Invalid, NotFound, Problem
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from scheduling.duties import queries
from scheduling.duties.models import (
    ExaminerRow,
    PlannedDutyRow,
    QualificationRow,
    RelationRow,
    StandbyRow,
    UnfilledRow,
)
from scheduling.duties.rules import (
    ExaminerKnown,
    ExaminerUnknown,
    RelationKind,
    Roster,
    Standby,
)


@dataclass(frozen=True, kw_only=True)
class NewExaminer:
    """Somebody who enters the pool."""

    account_id: UUID
    name: str
    institution_id: UUID
    may_invigilate: bool = True
    may_head: bool = False


async def add_examiners(
    session: AsyncSession, actor: Actor, *, people: Sequence[NewExaminer], now: datetime
) -> list[UUID]:
    """Take people into the pool and return their ids in order."""
    _require(actor)
    places = {found.id: found.prefecture_code for found in await registration.institutions(session)}
    accounts = [person.account_id for person in people]
    known = await session.scalar(select(ExaminerRow.name).where(ExaminerRow.account_id.in_(accounts)).limit(1))
    twice = [name for (_, name), n in Counter((p.account_id, p.name) for p in people).items() if n > 1]
    if known or twice:
        raise ExaminerKnown(name=known or twice[0])
    if any(person.institution_id not in places for person in people):
        raise NotFound
    rows = [
        {
            "id": new_id(),
            "account_id": person.account_id,
            "name": person.name,
            "institution_id": person.institution_id,
            "prefecture_code": places[person.institution_id],
            "may_invigilate": person.may_invigilate,
            "may_head": person.may_head,
            "away_on": [],
            "active": True,
        }
        for person in people
    ]
    await insert_many(session, ExaminerRow, rows)
    ids = [row["id"] for row in rows]
    await _audit(session, actor, "duties.add_examiners", ids, {"count": len(ids)}, now)
    return [UUID(str(id)) for id in ids]


async def qualify(
    session: AsyncSession,
    actor: Actor,
    *,
    examiner_id: UUID,
    certificate_id: UUID,
    valid_from: date,
    valid_to: date,
    may_lead: bool = False,
    now: datetime,
) -> None:
    """Record that an examiner holds the advanced certificate and may assess it in a period (D17, H13)."""
    await qualify_many(session, actor, entries=[(examiner_id, certificate_id, valid_from, valid_to, may_lead)], now=now)


async def qualify_many(
    session: AsyncSession,
    actor: Actor,
    *,
    entries: Sequence[tuple[UUID, UUID, date, date, bool]],
    now: datetime,
) -> None:
    """The same for many: (examiner, certificate, from, to, may lead)."""
    _require(actor)
    if any(valid_from > valid_to for _, _, valid_from, valid_to, _ in entries):
        raise Invalid(problems=[Problem(field="valid_to", message=N_("有效期的结束早于开始。"), code="period")])
    rows = [
        {
            "id": new_id(),
            "examiner_id": examiner_id,
            "certificate_id": certificate_id,
            "may_lead": may_lead,
            "valid_from": valid_from,
            "valid_to": valid_to,
        }
        for examiner_id, certificate_id, valid_from, valid_to, may_lead in entries
    ]
    await insert_many(session, QualificationRow, rows)
    ids = sorted({entry[0] for entry in entries})
    await _audit(session, actor, "duties.qualify", ids, {"count": len(rows)}, now)


async def declare_relation(
    session: AsyncSession,
    actor: Actor,
    *,
    examiner_id: UUID,
    kind: RelationKind,
    subject_id: UUID,
    note: str = "",
    now: datetime,
) -> None:
    """Record a declared relation; the examiner serves in no room where it matters (domain section 2)."""
    _require(actor)
    await queries.examiner(session, examiner_id)
    session.add(
        RelationRow(
            id=new_id(), examiner_id=examiner_id, kind=kind, subject_id=subject_id, note=note.strip(), declared_at=now
        )
    )
    await _audit(session, actor, "duties.declare_relation", [examiner_id], {"kind": kind}, now)


async def set_availability(
    session: AsyncSession,
    actor: Actor,
    *,
    examiner_id: UUID,
    active: bool,
    away_on: Collection[date] = (),
    now: datetime,
) -> None:
    """Say whether and on which days somebody cannot serve."""
    _require(actor)
    row = await session.get(ExaminerRow, examiner_id)
    if row is None:
        raise ExaminerUnknown
    row.active, row.away_on = active, sorted(set(away_on))
    data = {"active": active, "away_on": [day.isoformat() for day in row.away_on]}
    await _audit(session, actor, "duties.set_availability", [examiner_id], data, now)


async def send(
    session: AsyncSession,
    *,
    plan_id: UUID,
    times: Mapping[UUID, tuple[datetime, datetime]],
    roster: Roster,
    standby: Iterable[Standby] = (),
) -> None:
    """Store who is sent to the sessions of a plan (`times`: of each), what stays empty, and who stands by. The plan's own
    record audits it."""
    for table in (PlannedDutyRow, UnfilledRow, StandbyRow):
        await session.execute(delete(table).where(table.plan_id == plan_id))
    duties: list[dict[str, object]] = [
        {
            "id": new_id(),
            "plan_id": plan_id,
            "planned_session_id": assignment.session_id,
            "examiner_id": assignment.examiner_id,
            "duty": str(assignment.duty),
            "starts_at": times[assignment.session_id][0],
            "ends_at": times[assignment.session_id][1],
        }
        for assignment in roster.assignments
    ]
    gaps: list[dict[str, object]] = [
        {
            "id": new_id(),
            "plan_id": plan_id,
            "planned_session_id": gap.session_id,
            "duty": str(gap.duty),
            "missing": gap.missing,
            "reason": str(gap.reason),
        }
        for gap in roster.gaps
    ]
    waiting: list[dict[str, object]] = [
        {"id": new_id(), "plan_id": plan_id, "site_id": one.site_id, "day": one.day, "examiner_id": one.examiner_id}
        for one in standby
    ]
    await insert_many(session, PlannedDutyRow, duties)
    await insert_many(session, UnfilledRow, gaps)
    await insert_many(session, StandbyRow, waiting)


def _require(actor: Actor) -> None:
    if not actor.may(Permission.PLAN_MANAGE):
        raise Forbidden


async def _audit(
    session: AsyncSession,
    actor: Actor,
    action: str,
    ids: Sequence[object],
    data: Mapping[str, object],
    now: datetime,
) -> None:
    subjects = [UUID(str(id)) for id in ids]
    await audit.record(session, actor, action, subject="examiner", ids=subjects, stream="examiners", data=data, now=now)
