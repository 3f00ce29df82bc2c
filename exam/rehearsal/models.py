"""Tables of rehearsals: which sessions are one, what was drilled, who signed that the site is ready."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, append_only, status_check
from exam.rehearsal.rules import Drill

_SCHEMA = {"schema": "exam"}


class RehearsalRow(Base):
    """A rehearsal; its id stands where real sessions have their batch."""

    __tablename__ = "rehearsals"
    __table_args__ = (Index("ix_rehearsals_site", "site_id"), _SCHEMA)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    made_name: Mapped[str]
    made_at: Mapped[datetime]


class DrillRow(Base):
    """A drill that was done; done again, it is another row."""

    __tablename__ = "rehearsal_drills"
    __table_args__ = (
        status_check("drill", Drill),
        CheckConstraint("seen <> ''", name="seen"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rehearsal_id: Mapped[UUID] = mapped_column(ForeignKey("exam.rehearsals.id"), index=True)
    drill: Mapped[str]
    seen: Mapped[str]
    by_account_id: Mapped[UUID | None]
    by_name: Mapped[str]
    at: Mapped[datetime]


class ReadinessRow(Base):
    """The signed record that a site is ready, for a period."""

    __tablename__ = "readiness"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="period"),
        CheckConstraint("(second_by IS NULL) = (second_at IS NULL)", name="second"),
        CheckConstraint("second_by <> head_by", name="two_people"),
        Index("ix_readiness_site", "site_id", "valid_to"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rehearsal_id: Mapped[UUID] = mapped_column(ForeignKey("exam.rehearsals.id"), unique=True)
    site_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    note: Mapped[str]
    head_by: Mapped[UUID]
    head_name: Mapped[str]
    head_at: Mapped[datetime]
    second_by: Mapped[UUID | None]
    second_name: Mapped[str]
    second_at: Mapped[datetime | None]


append_only(RehearsalRow.__table__)
append_only(DrillRow.__table__)
