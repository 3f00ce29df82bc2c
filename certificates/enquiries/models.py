"""Tables of enquiries: organisations that check many, their keys as keyed hashes, and what was asked, without names and numbers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.enquiries.rules.keys import LONGEST_DAYS, QUOTA_LIMIT, Channel
from exam.kernel.db import Base, append_only, status_check


class EnquirerRow(Base):
    """An organisation that was let in; locked while one of its requests is counted, so that its quota holds."""

    __tablename__ = "enquirers"
    __table_args__ = (
        CheckConstraint(f"quota BETWEEN 1 AND {QUOTA_LIMIT}", name="quota"),
        CheckConstraint(f"ends_at > made_at AND ends_at <= made_at + interval '{LONGEST_DAYS} days'", name="ends"),
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by"),
        CheckConstraint("(closed_at IS NULL) = (reason = '')", name="reason"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str]
    contact: Mapped[str]
    purpose: Mapped[str]
    quota: Mapped[int]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")


class EnquiryKeyRow(Base):
    """A key: what is readable of it, and the keyed hash of the whole."""

    __tablename__ = "enquiry_keys"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        CheckConstraint("ends_at > made_at", name="ends"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enquirer_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.enquirers.id"), index=True)
    prefix: Mapped[str]
    key_hash: Mapped[str] = mapped_column(String(64))
    label: Mapped[str]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    revoked_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class EnquiryRow(Base):
    """One request that was answered."""

    __tablename__ = "enquiries"
    __table_args__ = (
        status_check("channel", Channel),
        CheckConstraint("rows_count > 0", name="rows"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("ix_enquiries_day", "enquirer_id", "day"),
        Index("ix_enquiries_at", "enquirer_id", "at"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enquirer_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.enquirers.id"))
    key_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.enquiry_keys.id"))
    at: Mapped[datetime]
    day: Mapped[date]  # in China
    channel: Mapped[str]
    reason: Mapped[str]
    rows_count: Mapped[int]
    counts: Mapped[dict[str, Any]]  # how many of each verdict


append_only(EnquiryRow.__table__)
