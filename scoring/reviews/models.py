"""Table of reviews: one request per published outcome; who looked again does not answer."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from scoring.reviews.rules import Finding, Ground, ReviewStatus


class ReviewRow(Base):
    """One request for a review and what became of it."""

    __tablename__ = "reviews"
    __table_args__ = (
        status_check("status", ReviewStatus),
        status_check("ground", Ground),
        CheckConstraint(
            "finding IS NULL OR finding IN (" + ", ".join(f"'{one}'" for one in Finding) + ")", name="finding"
        ),
        CheckConstraint("status <> 'refused' OR refusal IS NOT NULL", name="refusal"),
        CheckConstraint(
            "status NOT IN ('rechecked', 'answered') OR (finding IS NOT NULL AND answer IS NOT NULL)", name="rechecked"
        ),
        CheckConstraint("rechecked_by <> answered_by", name="second_person"),
        Index("ix_reviews_batch_id", "batch_id", "status"),
        {"schema": "scoring"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.outcomes.id"), unique=True)
    registration_id: Mapped[UUID] = mapped_column(index=True)
    batch_id: Mapped[UUID]
    scheme_id: Mapped[UUID]
    ground: Mapped[str]
    statement: Mapped[str]
    status: Mapped[str]
    requested_at: Mapped[datetime]
    due_on: Mapped[date]
    due_provisional: Mapped[bool]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    refusal: Mapped[str | None]
    rechecked_by: Mapped[UUID | None]
    rechecked_at: Mapped[datetime | None]
    finding: Mapped[str | None]
    answer: Mapped[str | None]
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]
