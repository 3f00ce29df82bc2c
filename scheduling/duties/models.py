"""Tables of the duties: the pool of examiners, what they are qualified for, whom they are related to, who serves where."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Date, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from exam.sittings.rules import Duty
from scheduling.duties.rules import GapReason, RelationKind

_PERIOD = text("tstzrange(starts_at, ends_at)")


class ExaminerRow(Base):
    """One member of staff who may be sent to an exam."""

    __tablename__ = "examiners"
    __table_args__ = (UniqueConstraint("account_id"), {"schema": "scheduling"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("exam.accounts.id"))
    name: Mapped[str]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("exam.institutions.id"), index=True)
    prefecture_code: Mapped[str] = mapped_column(ForeignKey("exam.prefectures.code"))
    may_invigilate: Mapped[bool]
    may_head: Mapped[bool]
    away_on: Mapped[list[date]] = mapped_column(ARRAY(Date))
    active: Mapped[bool]


class QualificationRow(Base):
    """The advanced certificate an assessor holds, and until when (D17, H13)."""

    __tablename__ = "assessor_qualifications"
    __table_args__ = (
        UniqueConstraint("examiner_id", "certificate_id", "valid_from"),
        CheckConstraint("valid_from <= valid_to", name="period"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    examiner_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.examiners.id"))
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    may_lead: Mapped[bool]
    valid_from: Mapped[date]
    valid_to: Mapped[date]


class RelationRow(Base):
    """A declared relation: to a person who sits exams, or to an institution whose classes the examiner teaches (H12)."""

    __tablename__ = "declared_relations"
    __table_args__ = (
        UniqueConstraint("examiner_id", "kind", "subject_id"),
        status_check("kind", RelationKind),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    examiner_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.examiners.id"))
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    note: Mapped[str]
    declared_at: Mapped[datetime]


class PlannedDutyRow(Base):
    """One examiner's duty in one planned session; a site head serves all rooms of the site at once."""

    __tablename__ = "planned_duties"
    __table_args__ = (
        status_check("duty", Duty),
        UniqueConstraint("planned_session_id", "examiner_id"),
        ExcludeConstraint(
            ("plan_id", "="),
            ("examiner_id", "="),
            (_PERIOD, "&&"),
            name="ex_planned_duties_examiner",
            using="gist",
            where=text("duty <> 'site_head'"),
        ),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(index=True)
    planned_session_id: Mapped[UUID]
    examiner_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.examiners.id"))
    duty: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class UnfilledRow(Base):
    """A position nobody could be found for, with the reason."""

    __tablename__ = "unfilled_duties"
    __table_args__ = (status_check("reason", GapReason), {"schema": "scheduling"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(index=True)
    planned_session_id: Mapped[UUID]
    duty: Mapped[str]
    missing: Mapped[int]
    reason: Mapped[str]


class StandbyRow(Base):
    """Somebody who waits at a site for a day of a plan, in case somebody is ill."""

    __tablename__ = "standby_duties"
    __table_args__ = (
        # one place to wait at on a day; who waits serves nowhere on it (the planner's check, H11)
        UniqueConstraint("plan_id", "examiner_id", "day"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(index=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.sites.id"))
    day: Mapped[date]
    examiner_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.examiners.id"))
