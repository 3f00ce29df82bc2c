"""Tables of the credit bank's exchange: proposals in versions, and one record for each certificate number."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.credit.rules import PersonStatus, TypeStatus
from exam.kernel.db import Base, status_check


class CreditProposal(Base):
    """What a certificate and level is proposed to be worth; a changed proposal is a next version."""

    __tablename__ = "credit_proposals"
    __table_args__ = (
        status_check("status", TypeStatus),
        UniqueConstraint("certificate_id", "level", "version"),
        CheckConstraint("hours > 0 AND credits > 0", name="positive"),
        CheckConstraint("(status IN ('recognised', 'published')) = (recognised IS NOT NULL)", name="recognised"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID]
    organisation_id: Mapped[UUID]
    level: Mapped[str]
    version: Mapped[int]
    hours: Mapped[Decimal]
    credits: Mapped[Decimal]
    rule: Mapped[str]
    status: Mapped[str]
    recognised: Mapped[Decimal | None]
    message: Mapped[str] = mapped_column(default="")
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


class CreditRecord(Base):
    """One certificate number on its way into its holder's account, and from there into a course."""

    __tablename__ = "credit_records"
    __table_args__ = (
        status_check("status", PersonStatus),
        Index("ix_credit_records_institution_id_status", "institution_id", "status"),
        CheckConstraint("status IN ('account_missing', 'account_open') OR credits IS NOT NULL", name="stored"),
        CheckConstraint(
            "status <> 'converted' OR (course <> '' AND course_credits > 0 AND course_credits <= credits)",
            name="converted",
        ),
        CheckConstraint(
            "revoked_at IS NOT NULL OR (revoked_sent_at IS NULL AND revoked_told_at IS NULL)", name="revoked"
        ),
        CheckConstraint("status <> 'refused' OR reason <> ''", name="refused"),
        {"schema": "certificates"},
    )

    number: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    registration_id: Mapped[UUID] = mapped_column(index=True)
    organisation_id: Mapped[UUID]
    institution_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    status: Mapped[str]
    credits: Mapped[Decimal | None]
    stored_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    course: Mapped[str] = mapped_column(default="")
    course_credits: Mapped[Decimal | None]
    reason: Mapped[str] = mapped_column(default="")
    requested_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    told_at: Mapped[datetime | None]  # when the bank was told of the decision
    revoked_at: Mapped[datetime | None]  # the certificate was revoked: what is stored stays, marked
    revoked_sent_at: Mapped[datetime | None]  # told to the bank at least once: asked before it is told again
    revoked_told_at: Mapped[datetime | None]  # the bank confirmed it
