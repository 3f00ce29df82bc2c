"""Reads of the duties: the pool, the team of a session, what stays empty, the fair spread, invariants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, cast, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_
from exam.kernel.needs import Need
from exam.sittings.rules import Duty
from scheduling.duties.models import (
    ExaminerRow,
    PlannedDutyRow,
    QualificationRow,
    RelationRow,
    StandbyRow,
    UnfilledRow,
)
from scheduling.duties.rules import (
    Examiner,
    ExaminerUnknown,
    Gap,
    GapReason,
    Qualification,
    RelationKind,
    Standby,
)

_ORDER = (Duty.SITE_HEAD, Duty.LEAD_ASSESSOR, Duty.ASSESSOR, Duty.INVIGILATOR)


# Columns, not entities: thousands are read at once, and none of them is going to be changed.
_EXAMINER = (
    ExaminerRow.id, ExaminerRow.account_id, ExaminerRow.name, ExaminerRow.institution_id, ExaminerRow.prefecture_code,
    ExaminerRow.may_invigilate, ExaminerRow.may_head, ExaminerRow.active, ExaminerRow.away_on,
)  # fmt: skip
_HELD = (
    QualificationRow.examiner_id, QualificationRow.certificate_id, QualificationRow.may_lead, QualificationRow.valid_from,
    QualificationRow.valid_to,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PlannedDuty:
    """One person in one planned session."""

    id: UUID
    session_id: UUID
    examiner_id: UUID
    account_id: UUID
    name: str
    institution_id: UUID
    duty: Duty
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much one person serves in a plan."""

    examiner_id: UUID
    name: str
    institution_id: UUID
    sessions_count: int
    days_count: int
    minutes: int


async def pool(session: AsyncSession, ids: Iterable[UUID] | None = None) -> list[Examiner]:
    """The examiners with qualifications and declared relations, by name."""
    query = select(*_EXAMINER).order_by(ExaminerRow.name, ExaminerRow.id)
    if ids is not None:
        query = query.where(ExaminerRow.id.in_(list(ids)))
    rows = (await session.execute(query)).all()
    held: dict[UUID, list[Qualification]] = defaultdict(list)
    for one in await session.execute(select(*_HELD).order_by(QualificationRow.valid_from)):
        held[one.examiner_id].append(
            Qualification(
                certificate_id=one.certificate_id,
                may_lead=one.may_lead,
                valid_from=one.valid_from,
                valid_to=one.valid_to,
            )
        )
    related: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    for relation in (await session.scalars(select(RelationRow))).all():
        related[relation.examiner_id, relation.kind].add(relation.subject_id)
    return [
        Examiner(
            id=row.id,
            account_id=row.account_id,
            name=row.name,
            institution_id=row.institution_id,
            prefecture_code=row.prefecture_code,
            may_invigilate=row.may_invigilate,
            may_head=row.may_head,
            active=row.active,
            away_on=tuple(row.away_on),
            qualifications=tuple(held[row.id]),
            related_people=frozenset(related[row.id, RelationKind.PERSON]),
            related_institutions=frozenset(related[row.id, RelationKind.INSTITUTION]),
        )
        for row in rows
    ]


async def names(session: AsyncSession) -> dict[UUID, str]:
    """What everybody of the pool is called."""
    rows = (await session.execute(select(ExaminerRow.id, ExaminerRow.name))).all()
    return {id: name for id, name in rows}  # noqa: C416 - rows are no pairs to a type checker


async def examiner(session: AsyncSession, examiner_id: UUID) -> Examiner:
    """One examiner, or :class:`ExaminerUnknown`."""
    found = await pool(session, [examiner_id])
    if not found:
        raise ExaminerUnknown
    return found[0]


async def planned(
    session: AsyncSession, plan_id: UUID, *, session_ids: Iterable[UUID] | None = None
) -> list[PlannedDuty]:
    """The duties of a plan (or of some of its sessions): by time, head first."""
    query = (
        select(*_DUTY)
        .join(ExaminerRow, ExaminerRow.id == PlannedDutyRow.examiner_id)
        .where(PlannedDutyRow.plan_id == plan_id)
        .order_by(PlannedDutyRow.starts_at, PlannedDutyRow.planned_session_id, ExaminerRow.name)
    )
    if session_ids is not None:
        query = query.where(PlannedDutyRow.planned_session_id.in_(list(session_ids)))
    found = [_planned(row) for row in (await session.execute(query)).all()]
    return sorted(found, key=lambda duty: (duty.starts_at, duty.session_id, _ORDER.index(duty.duty)))


async def gaps(session: AsyncSession, plan_id: UUID, *, session_ids: Iterable[UUID] | None = None) -> list[Gap]:
    """Positions of a plan (or of some of its sessions) that stay empty."""
    query = select(UnfilledRow).where(UnfilledRow.plan_id == plan_id)
    if session_ids is not None:
        query = query.where(UnfilledRow.planned_session_id.in_(list(session_ids)))
    rows = (await session.scalars(query)).all()
    found = [
        Gap(
            session_id=row.planned_session_id,
            duty=Duty(row.duty),
            missing=row.missing,
            reason=GapReason(row.reason),
        )
        for row in rows
    ]
    return sorted(found, key=lambda gap: (_ORDER.index(gap.duty), str(gap.session_id)))


async def gaps_count(session: AsyncSession, plan_id: UUID) -> int:
    """Empty positions of a plan. A head missing for a day counts once a session it would have served."""
    query = select(func.coalesce(func.sum(UnfilledRow.missing), 0)).where(UnfilledRow.plan_id == plan_id)
    return int(await session.scalar(query) or 0)


async def standby(session: AsyncSession, plan_id: UUID) -> list[Standby]:
    """Who waits where on which day of a plan, in the order of days and sites."""
    query = select(StandbyRow).where(StandbyRow.plan_id == plan_id)
    rows = await session.scalars(query.order_by(StandbyRow.day, StandbyRow.site_id, StandbyRow.examiner_id))
    return [Standby(site_id=row.site_id, day=row.day, examiner_id=row.examiner_id) for row in rows]


async def loads(session: AsyncSession, plan_id: UUID) -> list[Load]:
    """How a plan's duties spread over people, the busiest first; a head's parallel rooms count once.

    Counted in the database: a batch of a province has tens of thousands of duties.
    """
    row = PlannedDutyRow
    own = (
        select(
            row.examiner_id,
            func.count().label("sessions"),
            func.count(cast(func.timezone(literal_column(f"'{CHINA.key}'"), row.starts_at), Date).distinct()).label(
                "days"
            ),
            func.range_agg(func.tstzrange(row.starts_at, row.ends_at)).label("spans"),
        )
        .where(row.plan_id == plan_id)
        .group_by(row.examiner_id)
        .subquery()
    )
    span = func.unnest(own.c.spans).column_valued("span")
    length = func.sum(func.extract("epoch", func.upper(span) - func.lower(span)))
    minutes = select(length).correlate(own).scalar_subquery()
    query = select(
        ExaminerRow.id, ExaminerRow.name, ExaminerRow.institution_id, own.c.sessions, own.c.days, minutes
    ).join(own, own.c.examiner_id == ExaminerRow.id)
    found = [
        Load(
            examiner_id=id, name=name, institution_id=home, sessions_count=sessions, days_count=days,
            minutes=int(seconds // 60),
        )
        for id, name, home, sessions, days, seconds in (await session.execute(query)).all()
    ]  # fmt: skip
    return sorted(found, key=lambda load: (-load.minutes, load.name, str(load.examiner_id)))


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """An officer without a pool cannot staff a room."""
    if not actor.may(Permission.PLAN_MANAGE):
        return []
    if await session.scalar(select(ExaminerRow.id).limit(1)) is not None:
        return []
    return [Need(text=N_("人员库是空的，请登记监考员和考评员"), href="/scheduling/examiners", tone="warning")]


async def invariants(session: AsyncSession) -> list[str]:
    """What `kaowu check` asks of the planned duties; those published are checked with their candidates in timetable."""
    query = (
        select(PlannedDutyRow.plan_id, PlannedDutyRow.planned_session_id, PlannedDutyRow.duty, func.count())
        .where(PlannedDutyRow.duty.in_([str(Duty.LEAD_ASSESSOR), str(Duty.SITE_HEAD)]))
        .group_by(PlannedDutyRow.plan_id, PlannedDutyRow.planned_session_id, PlannedDutyRow.duty)
        .having(func.count() > 1)
    )
    counts: Counter[Any] = Counter()
    for plan_id, session_id, duty, number in (await session.execute(query)).all():
        counts[f"plan {plan_id}, session {session_id}: {number} people as {duty}"] += 1
    return sorted(counts)


_DUTY = (
    PlannedDutyRow.id, PlannedDutyRow.planned_session_id, PlannedDutyRow.examiner_id, PlannedDutyRow.duty,
    PlannedDutyRow.starts_at, PlannedDutyRow.ends_at, ExaminerRow.account_id, ExaminerRow.name, ExaminerRow.institution_id,
)  # fmt: skip


def _planned(row: Row[*tuple[Any, ...]]) -> PlannedDuty:
    return PlannedDuty(
        id=row.id,
        session_id=row.planned_session_id,
        examiner_id=row.examiner_id,
        account_id=row.account_id,
        name=row.name,
        institution_id=row.institution_id,
        duty=Duty(row.duty),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )
