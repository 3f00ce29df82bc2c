"""Tables of getting in: one-time codes for tablets, and the badges of assessors.

Of a PIN nothing is kept but the key it comes to, encrypted with the installation's data key.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base

_SCHEMA = {"schema": "scoring"}


class WrongCodeRow(Base):
    """A wrong one-time code that somebody typed: counted over the whole installation, dropped when it is ten minutes old."""

    __tablename__ = "tablet_wrong_codes"
    __table_args__ = ({"schema": "scoring"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class TabletCodeRow(Base):
    """A one-time code; kept as a keyed index, never as digits."""

    __tablename__ = "tablet_codes"
    __table_args__ = (
        CheckConstraint("(used_at IS NULL) = (tablet_id IS NULL)", name="used"),
        CheckConstraint("expires_at > made_at", name="period"),
        Index("ix_tablet_codes_blind", "code_blind"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    label: Mapped[str]
    code_blind: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    tablet_id: Mapped[UUID | None] = mapped_column(ForeignKey("scoring.tablets.id"))


class AssessorBadgeRow(Base):
    """One card of one assessor. A lost one stays known by its number: slips carry it."""

    __tablename__ = "assessor_badges"
    __table_args__ = (
        CheckConstraint("(lost_at IS NULL) = (lost_reason = '')", name="lost"),
        CheckConstraint(
            "(pin_at IS NULL) = (salt IS NULL) AND (pin_at IS NULL) = (rounds IS NULL) AND (pin_at IS NULL) = (key_sealed IS NULL)",
            name="pin",
        ),
        CheckConstraint("lost_at IS NULL OR pin_at IS NULL", name="lost_opens_nothing"),
        Index("uq_assessor_badges_account", "account_id", unique=True, postgresql_where=text("lost_at IS NULL")),
        _SCHEMA,
    )

    number: Mapped[str] = mapped_column(String(8), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("exam.accounts.id"))
    secret_sealed: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    lost_at: Mapped[datetime | None]
    lost_by: Mapped[str]
    lost_reason: Mapped[str]
    salt: Mapped[bytes | None]
    rounds: Mapped[int | None]
    key_sealed: Mapped[str | None]  # what the PIN and the badge come to
    pin_at: Mapped[datetime | None]
