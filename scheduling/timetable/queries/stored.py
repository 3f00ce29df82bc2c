"""Plans and their parts as frozen records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, cast, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import Form
from exam.kernel.clock import CHINA
from scheduling.duties import queries as duties
from scheduling.norms.rules import NormSet
from scheduling.planning.rules.plan import UnplacedReason
from scheduling.timetable.models import (
    PlacementRow,
    PlannedSessionRow,
    PlannedSittingRow,
    PlanRow,
    UnplacedRow,
)
from scheduling.timetable.rules.lifecycle import PlanStatus, PlanUnknown
from scheduling.timetable.rules.plan import SiteReason
from scheduling.timetable.rules.terms import Term
from scheduling.timetable.rules.terms import read as read_terms


@dataclass(frozen=True, kw_only=True)
class PlanRecord:
    """One proposal for a batch."""

    id: UUID
    batch_id: UUID
    version: int
    seed: int
    status: PlanStatus
    sha256: str
    settings: Mapping[str, Any]
    figures: Mapping[str, Any]
    created_at: datetime
    created_by: str
    published_at: datetime | None
    published_by: str
    gaps_reason: str
    filed_at: datetime | None
    filed_by: str
    filed_with: str
    filed_on: date | None
    locked_at: datetime | None
    locked_by: str
    repair_reason: str

    @property
    def norms(self) -> NormSet:
        """What it was made by."""
        return NormSet.restored(self.settings.get("norms", {}))


@dataclass(frozen=True, kw_only=True)
class PlannedSession:
    """One component in one room at one time."""

    id: UUID
    plan_id: UUID
    key: str  # of the planner's session
    round_no: int
    site_id: UUID
    room_id: UUID
    scheme_id: UUID
    component_id: UUID
    form: Form
    starts_at: datetime
    ends_at: datetime
    first_seat: int
    seats_count: int
    candidates_count: int
    paper_version: str
    room_session_id: UUID  # of a published plan: the room session that it is


@dataclass(frozen=True, kw_only=True)
class PlannedSitting:
    """One candidate's seat in one planned session."""

    id: UUID
    session_id: UUID
    registration_id: UUID
    person_id: UUID
    component_id: UUID
    seat_no: int
    starts_at: datetime
    ends_at: datetime  # of this candidate
    granted_minutes: int = 0  # inside the end (H16)
    measures: str = ""  # as Measures.key


@dataclass(frozen=True, kw_only=True)
class PlacementRecord:
    """The site of a registration, why this one, and its ticket number."""

    registration_id: UUID
    group_key: str  # of the planner
    site_id: UUID
    reason: SiteReason
    nearer: int  # sites that are nearer and may examine this
    km: float  # from the institution
    ticket_no: str


@dataclass(frozen=True, kw_only=True)
class UnplacedRecord:
    """A registration without a place, with the reason."""

    registration_id: UUID
    group_key: str  # of the planner
    reason: UnplacedReason


async def plans(session: AsyncSession, batch_id: UUID) -> list[PlanRecord]:
    """The plans of a batch, newest first."""
    query = select(PlanRow).where(PlanRow.batch_id == batch_id).order_by(PlanRow.version.desc())
    return [plan_record(row) for row in (await session.scalars(query)).all()]


async def latest(session: AsyncSession, batch_id: UUID) -> PlanRecord | None:
    """The published plan of a batch, else its newest draft, filed or not."""
    return counting(await plans(session, batch_id))


def counting(found: Sequence[PlanRecord]) -> PlanRecord | None:
    """Of the plans of a batch, newest first, the one that counts: what is published, else the newest draft."""
    return next((plan for plan in found if plan.status is PlanStatus.PUBLISHED), None) or next(
        (plan for plan in found if plan.status in (PlanStatus.DRAFT, PlanStatus.FILED)), None
    )


async def terms(session: AsyncSession, batch_id: UUID) -> tuple[Term, ...]:
    """What holds for a batch in place of the norms: it stands with its newest version, whatever became of that."""
    newest = select(PlanRow.settings).where(PlanRow.batch_id == batch_id).order_by(PlanRow.version.desc()).limit(1)
    return read_terms((await session.scalar(newest) or {}).get("terms", {}))


async def published(session: AsyncSession, batch_id: UUID) -> PlanRecord | None:
    """The published plan of a batch."""
    found = await latest(session, batch_id)
    return found if found and found.status is PlanStatus.PUBLISHED else None


async def plan(session: AsyncSession, plan_id: UUID) -> PlanRecord:
    """One plan, or :class:`PlanUnknown`."""
    row = await session.get(PlanRow, plan_id)
    if row is None:
        raise PlanUnknown
    return plan_record(row)


async def sessions(
    session: AsyncSession, plan_id: UUID, *, ids: Iterable[UUID] | None = None, site_id: UUID | None = None
) -> list[PlannedSession]:
    """The sessions of a plan by time, with how many sit in each."""
    count = (
        select(func.count())
        .where(PlannedSittingRow.planned_session_id == PlannedSessionRow.id)
        .correlate(PlannedSessionRow)
        .scalar_subquery()
    )
    query = select(PlannedSessionRow, count).where(PlannedSessionRow.plan_id == plan_id)
    if ids is not None:
        query = query.where(PlannedSessionRow.id.in_(list(ids)))
    if site_id is not None:
        query = query.where(PlannedSessionRow.site_id == site_id)
    query = query.order_by(PlannedSessionRow.starts_at, PlannedSessionRow.site_id, PlannedSessionRow.room_id)
    return [
        PlannedSession(
            id=row.id,
            plan_id=row.plan_id,
            key=row.key,
            round_no=row.round_no,
            site_id=row.site_id,
            room_id=row.room_id,
            scheme_id=row.scheme_id,
            component_id=row.component_id,
            form=Form(row.form),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            first_seat=row.first_seat,
            seats_count=row.seats_count,
            candidates_count=number,
            paper_version=row.paper_version,
            room_session_id=row.room_session_id or row.id,
        )
        for row, number in (await session.execute(query)).all()
    ]


async def planned_session(session: AsyncSession, session_id: UUID) -> PlannedSession | None:
    """One session of any plan."""
    row = await session.get(PlannedSessionRow, session_id)
    return (await sessions(session, row.plan_id, ids=[session_id]))[0] if row else None


async def planned_sittings(
    session: AsyncSession,
    plan_id: UUID,
    *,
    session_id: UUID | None = None,
    registration_ids: Iterable[UUID] | None = None,
) -> list[PlannedSitting]:
    """The seats of a plan by time, session and number."""
    row = PlannedSittingRow
    query = select(
        row.id,
        row.planned_session_id,
        row.registration_id,
        row.person_id,
        row.component_id,
        row.seat_no,
        row.starts_at,
        row.ends_at,
        row.granted_minutes,
        row.measures,
    ).where(row.plan_id == plan_id)
    if session_id is not None:
        query = query.where(row.planned_session_id == session_id)
    if registration_ids is not None:
        query = query.where(row.registration_id.in_(list(registration_ids)))
    query = query.order_by(row.starts_at, row.planned_session_id, row.seat_no)
    return [
        PlannedSitting(
            id=found[0],
            session_id=found[1],
            registration_id=found[2],
            person_id=found[3],
            component_id=found[4],
            seat_no=found[5],
            starts_at=found[6],
            ends_at=found[7],
            granted_minutes=found[8],
            measures=found[9],
        )
        for found in (await session.execute(query)).all()
    ]


@dataclass(frozen=True, kw_only=True)
class RoomDay:
    """What a plan holds in one room on one day."""

    site_id: UUID
    room_id: UUID
    day: date
    sessions_count: int
    sittings_count: int


async def room_days(session: AsyncSession, plan_id: UUID) -> list[RoomDay]:
    """How much a plan holds in each room on each day, counted in the database; by day, site and room."""
    row = PlannedSessionRow
    seats = (
        select(PlannedSittingRow.planned_session_id, func.count().label("count"))
        .where(PlannedSittingRow.plan_id == plan_id)
        .group_by(PlannedSittingRow.planned_session_id)
        .subquery()
    )
    day = cast(func.timezone(literal_column(f"'{CHINA.key}'"), row.starts_at), Date)
    query = (
        select(row.site_id, row.room_id, day, func.count(), func.coalesce(func.sum(seats.c.count), 0))
        .outerjoin(seats, seats.c.planned_session_id == row.id)
        .where(row.plan_id == plan_id)
        .group_by(row.site_id, row.room_id, day)
        .order_by(day, row.site_id, row.room_id)
    )
    return [
        RoomDay(site_id=site_id, room_id=room_id, day=on, sessions_count=sessions, sittings_count=int(sittings))
        for site_id, room_id, on, sessions, sittings in (await session.execute(query)).all()
    ]


async def placed_at(session: AsyncSession, plan_id: UUID) -> dict[UUID, int]:
    """How many a plan sends to each site."""
    query = select(PlacementRow.site_id, func.count()).where(PlacementRow.plan_id == plan_id)
    rows = (await session.execute(query.group_by(PlacementRow.site_id))).all()
    return {site_id: count for site_id, count in rows}  # noqa: C416 - rows are no pairs to a type checker


async def begins(session: AsyncSession, plan_id: UUID) -> datetime | None:
    """When the first session of a plan starts."""
    query = select(func.min(PlannedSessionRow.starts_at)).where(PlannedSessionRow.plan_id == plan_id)
    found: datetime | None = await session.scalar(query)
    return found


async def placements(
    session: AsyncSession, plan_id: UUID, *, registration_ids: Iterable[UUID] | None = None
) -> dict[UUID, PlacementRecord]:
    """The site and ticket of each registration of a plan (or of some)."""
    query = select(PlacementRow).where(PlacementRow.plan_id == plan_id)
    if registration_ids is not None:
        query = query.where(PlacementRow.registration_id.in_(list(registration_ids)))
    rows = (await session.scalars(query)).all()
    return {
        row.registration_id: PlacementRecord(
            registration_id=row.registration_id,
            group_key=row.group_key,
            site_id=row.site_id,
            reason=SiteReason(row.reason),
            nearer=row.nearer,
            km=row.km,
            ticket_no=row.ticket_no,
        )
        for row in rows
    }


async def unplaced(
    session: AsyncSession, plan_id: UUID, *, registration_id: UUID | None = None
) -> list[UnplacedRecord]:
    """Who could not be placed (or whether somebody could not)."""
    query = select(UnplacedRow).where(UnplacedRow.plan_id == plan_id).order_by(UnplacedRow.registration_id)
    if registration_id is not None:
        query = query.where(UnplacedRow.registration_id == registration_id)
    return [
        UnplacedRecord(
            registration_id=row.registration_id,
            group_key=row.group_key,
            reason=UnplacedReason(row.reason),
        )
        for row in (await session.scalars(query)).all()
    ]


async def gaps_reason_needed(session: AsyncSession, plan: PlanRecord) -> tuple[int, int]:
    """(people unplaced, positions empty): publishing with either needs a reason."""
    return plan.figures.get("unplaced", 0), await duties.gaps_count(session, plan.id)


def plan_record(row: PlanRow) -> PlanRecord:
    """The record of a row."""
    return PlanRecord(
        id=row.id,
        batch_id=row.batch_id,
        version=row.version,
        seed=row.seed,
        status=PlanStatus(row.status),
        sha256=row.sha256,
        settings=row.settings,
        figures=row.figures,
        created_at=row.created_at,
        created_by=row.created_by,
        published_at=row.published_at,
        published_by=row.published_by,
        gaps_reason=row.gaps_reason,
        filed_at=row.filed_at,
        filed_by=row.filed_by,
        filed_with=row.filed_with,
        filed_on=row.filed_on,
        locked_at=row.locked_at,
        locked_by=row.locked_by,
        repair_reason=row.repair_reason,
    )
