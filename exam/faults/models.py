"""Tables of faults. A time credit for a room or a site without a second person cannot be stored as applied."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from exam.faults.rules import FaultKind, FaultStatus, Scope, StepKind
from exam.kernel.db import Base, append_only, status_check

_SCHEMA = {"schema": "exam"}
_OF_WHOM = (
    "(scope = 'person') = (sitting_id IS NOT NULL) AND (scope = 'site') = (room_session_id IS NULL)"
)  # fmt: skip


class FaultRow(Base):
    """A fault ticket: what, where, since when."""

    __tablename__ = "faults"
    __table_args__ = (
        status_check("scope", Scope),
        status_check("kind", FaultKind),
        status_check("status", FaultStatus),
        CheckConstraint(_OF_WHOM, name="of_whom"),
        CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("ended_at IS NULL OR ended_at >= since", name="period"),
        Index("ix_faults_open", "site_id", postgresql_where=text("status = 'open'")),
        Index("ix_faults_site", "site_id", "since"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str]
    site_id: Mapped[UUID]
    site_name: Mapped[str]
    prefecture_code: Mapped[str]
    batch_ids: Mapped[list[UUID]]  # whose rooms it concerns: a site may hold several at once
    room_session_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.room_sessions.id"), index=True)
    room_name: Mapped[str]
    sitting_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.sittings.id"))
    seat_no: Mapped[int | None]
    kind: Mapped[str]
    facts: Mapped[str]
    since: Mapped[datetime]
    reported_by: Mapped[UUID | None]
    reported_name: Mapped[str]
    reported_at: Mapped[datetime]
    raised: Mapped[int]  # how far up somebody has taken it by hand; the clock takes it further by itself
    status: Mapped[str]
    ended_at: Mapped[datetime | None]


class FaultStepRow(Base):
    """What was done about a fault, by whom and when."""

    __tablename__ = "fault_steps"
    __table_args__ = (status_check("kind", StepKind), _SCHEMA)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fault_id: Mapped[UUID] = mapped_column(ForeignKey("exam.faults.id"), index=True)
    kind: Mapped[str]
    words: Mapped[str]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class FaultLadderRow(Base):
    """After how many minutes faults of a batch go up: one version after the other."""

    __tablename__ = "fault_ladders"
    __table_args__ = (
        CheckConstraint(
            "site_minutes BETWEEN 1 AND organisation_minutes AND organisation_minutes <= province_minutes"
            " AND province_minutes <= 240",
            name="order",
        ),
        _SCHEMA,
    )

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    site_minutes: Mapped[int]
    organisation_minutes: Mapped[int]
    province_minutes: Mapped[int]
    reason: Mapped[str]
    set_by: Mapped[UUID | None]
    set_name: Mapped[str]
    set_at: Mapped[datetime]


class TimeCreditRow(Base):
    """Time given back for what was lost: proposed by one, applied or refused by a second."""

    __tablename__ = "time_credits"
    __table_args__ = (
        status_check("scope", Scope),
        CheckConstraint(_OF_WHOM, name="of_whom"),
        CheckConstraint("minutes BETWEEN 1 AND 120", name="minutes"),
        CheckConstraint("applied_at IS NULL OR refused_at IS NULL", name="decided"),
        CheckConstraint("applied_at IS NULL OR second_name <> ''", name="second_named"),
        # Two accounts for a room or more; for one candidate a second person who stands by may be named.
        CheckConstraint("applied_at IS NULL OR scope = 'person' OR second_by IS NOT NULL", name="two_people"),
        CheckConstraint("second_by IS NULL OR second_by <> given_by", name="not_alone"),
        CheckConstraint("given_by IS NOT NULL OR scope = 'person'", name="first_known"),
        Index("ix_time_credits_site", "site_id", "given_at"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fault_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.faults.id"), index=True)
    scope: Mapped[str]
    site_id: Mapped[UUID]
    room_session_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.room_sessions.id"), index=True)
    sitting_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.sittings.id"))
    minutes: Mapped[int]
    reason: Mapped[str]
    given_by: Mapped[UUID | None]
    given_name: Mapped[str]
    given_level: Mapped[int]  # on which level of the ladder the first person stood
    given_at: Mapped[datetime]
    second_by: Mapped[UUID | None]
    second_name: Mapped[str]
    applied_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str]


class CreditedRow(Base):
    """Whose end a time credit moved."""

    __tablename__ = "time_credit_sittings"
    __table_args__ = (CheckConstraint("minutes > 0", name="minutes"), _SCHEMA)

    credit_id: Mapped[UUID] = mapped_column(ForeignKey("exam.time_credits.id"), primary_key=True)
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("exam.sittings.id"), primary_key=True)
    minutes: Mapped[int]


append_only(FaultStepRow.__table__)
append_only(FaultLadderRow.__table__)
append_only(CreditedRow.__table__)
