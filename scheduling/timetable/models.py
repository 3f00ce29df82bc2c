"""Tables of the timetable: plans with their sessions, seats, places and those who could not be placed.

A plan is a proposal; what is published stands in ``exam.sittings`` and is the truth from then on. The same things
are double-proof here already: one published plan per batch, a room and a person at one time once, a seat once.
Beside them stand the runs: the long work that makes a plan or a print, one of a kind at a time.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from scheduling.planning.rules.plan import UnplacedReason
from scheduling.timetable.rules.lifecycle import PlanStatus
from scheduling.timetable.rules.pins import PinLevel
from scheduling.timetable.rules.runs import ACTIVE, RunKind, RunStatus

_PERIOD = text("tstzrange(starts_at, ends_at)")
_SEATS = text("int4range(first_seat, first_seat + seats_count)")
ACTIVE_RUN = text(f"status IN ({', '.join(repr(str(status)) for status in ACTIVE)})")


class PlanRow(Base):
    """One proposal for a batch."""

    __tablename__ = "plans"
    __table_args__ = (
        status_check("status", PlanStatus),
        UniqueConstraint("batch_id", "version"),
        Index("uq_plans_published", "batch_id", unique=True, postgresql_where=text("status = 'published'")),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published_at"),
        CheckConstraint("status <> 'filed' OR filed_at IS NOT NULL", name="filed_at"),
        CheckConstraint("filed_at IS NULL OR (filed_with <> '' AND filed_on IS NOT NULL)", name="filed_with"),
        CheckConstraint("locked_at IS NULL OR published_at IS NOT NULL", name="locked_at"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"))
    version: Mapped[int]
    seed: Mapped[int]
    status: Mapped[str]
    sha256: Mapped[str]
    settings: Mapped[dict[str, Any]]
    figures: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str]
    gaps_reason: Mapped[str]
    filed_at: Mapped[datetime | None]
    filed_by: Mapped[str]
    filed_with: Mapped[str]  # whom it was handed in to
    filed_on: Mapped[date | None]  # the day on which they got it
    locked_at: Mapped[datetime | None]
    locked_by: Mapped[str]
    repair_reason: Mapped[str]  # of a version that repairs the one before


class PlanFileRow(Base):
    """The planner's own problem and plan (``docs/formats/scheduling.md``), compressed, and whom its numbers mean."""

    __tablename__ = "plan_files"
    __table_args__ = ({"schema": "scheduling"},)

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.plans.id"), primary_key=True)
    problem: Mapped[bytes]
    plan: Mapped[bytes]
    members: Mapped[dict[str, Any]]  # group -> registrations, in the order of their numbers


class TicketPrefixRow(Base):
    """The leading digits of a batch's ticket numbers, given once."""

    __tablename__ = "ticket_prefixes"
    __table_args__ = (UniqueConstraint("prefix"), {"schema": "scheduling"})

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"), primary_key=True)
    prefix: Mapped[str]


class PlannedSessionRow(Base):
    """One component in one room at one time."""

    __tablename__ = "planned_sessions"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("seats_count > 0 AND first_seat > 0", name="seats_count"),
        UniqueConstraint("plan_id", "key", "round_no"),
        ExcludeConstraint(
            ("plan_id", "="),
            ("room_id", "="),
            (_SEATS, "&&"),
            (_PERIOD, "&&"),
            name="ex_planned_sessions_room",
            using="gist",
        ),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.plans.id"), index=True)
    key: Mapped[str]  # of the planner's session
    round_no: Mapped[int]  # a practical session of the planner is held in rounds
    site_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.sites.id"))
    room_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.rooms.id"))
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("exam.schemes.id"))
    component_id: Mapped[UUID] = mapped_column(ForeignKey("exam.components.id"))
    form: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    first_seat: Mapped[int]  # sessions at a time in one workshop have stations of their own
    seats_count: Mapped[int]  # spares included: a candidate may be moved to one
    paper_version: Mapped[str]
    room_session_id: Mapped[UUID | None]  # the one that it became, where a repair kept it; else it has the same id


class PlannedSittingRow(Base):
    """One candidate's seat in one session."""

    __tablename__ = "planned_sittings"
    __table_args__ = (
        UniqueConstraint("planned_session_id", "seat_no"),
        UniqueConstraint("plan_id", "registration_id", "component_id"),
        CheckConstraint("seat_no > 0", name="seat_no"),
        ExcludeConstraint(
            ("plan_id", "="), ("person_id", "="), (_PERIOD, "&&"), name="ex_planned_sittings_person", using="gist"
        ),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.plans.id"), index=True)
    planned_session_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.planned_sessions.id"))
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("exam.registrations.id"), index=True)
    person_id: Mapped[UUID]
    component_id: Mapped[UUID]
    seat_no: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # of this candidate
    granted_minutes: Mapped[int]  # inside the end (H16)
    measures: Mapped[str]  # what must be done for the candidate, as it was granted when the plan was made


class PlacementRow(Base):
    """The site of a registration, why this one, and its ticket number."""

    __tablename__ = "placements"
    __table_args__ = (
        UniqueConstraint("plan_id", "registration_id"),
        UniqueConstraint("plan_id", "ticket_no"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.plans.id"))
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("exam.registrations.id"))
    group_key: Mapped[str]  # of the planner
    site_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.sites.id"))
    reason: Mapped[str]
    nearer: Mapped[int]  # sites that are nearer and may examine this
    km: Mapped[float]  # from the institution
    ticket_no: Mapped[str]


class UnplacedRow(Base):
    """A registration without a place, with the reason."""

    __tablename__ = "unplaced"
    __table_args__ = (
        status_check("reason", UnplacedReason),
        UniqueConstraint("plan_id", "registration_id"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.plans.id"))
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("exam.registrations.id"))
    group_key: Mapped[str]  # of the planner
    reason: Mapped[str]


class RunRow(Base):
    """A proposal or a print that somebody asked for: how far it is, how it ended."""

    __tablename__ = "runs"
    __table_args__ = (
        status_check("kind", RunKind),
        status_check("status", RunStatus),
        # Pressed twice, or by two officers at once: the second press finds the first run.
        Index("uq_runs_active", "key", unique=True, postgresql_where=ACTIVE_RUN),
        CheckConstraint("done >= 0 AND done <= total", name="counted"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("exam.accounts.id"), index=True)
    asked_by: Mapped[str]
    asked: Mapped[dict[str, Any]]  # the print order, or the seed
    status: Mapped[str]
    attempt: Mapped[int]
    stage: Mapped[str]
    done: Mapped[int]
    total: Mapped[int]
    best: Mapped[dict[str, Any]]  # of the best plan so far
    finishing: Mapped[bool]  # asked to end with it
    failure: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any]]  # the plan's version and figures, or the file's hash, name and size
    asked_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]  # from when on the file is removed


class PinRow(Base):
    """What an officer decided by hand for a batch (H17); it outlives the plans and is never deleted, only removed."""

    __tablename__ = "pins"
    __table_args__ = (
        status_check("level", PinLevel),
        UniqueConstraint("batch_id", "number"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("(removed_at IS NULL) = (removal_reason = '')", name="removed"),
        CheckConstraint("(level = 'person') = (examiner_id IS NOT NULL)", name="person"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"))
    number: Mapped[int]
    level: Mapped[str]
    parts: Mapped[list[Any]]  # the groups it holds, how many of each, the registration of who stands alone
    site: Mapped[str]  # as the planner names them: codes
    component: Mapped[str | None]
    slot: Mapped[str | None]
    room: Mapped[str | None]
    examiner_id: Mapped[UUID | None] = mapped_column(ForeignKey("scheduling.examiners.id"))
    duty: Mapped[str | None]
    reason: Mapped[str]
    expires: Mapped[date | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str]
    removal_reason: Mapped[str]
