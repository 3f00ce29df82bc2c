"""Tables of share codes: the code only as a keyed hash, its openings as counts per day. No address of anybody stands here."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.sharing.rules import DAYS
from exam.kernel.db import Base


class ShareRow(Base):
    """One code of one version of a certificate."""

    __tablename__ = "share_codes"
    __table_args__ = (
        UniqueConstraint("code_hash"),
        CheckConstraint(f"ends_at > made_at AND ends_at <= made_at + interval '{DAYS[-1]} days'", name="ends"),
        CheckConstraint("revoked_at IS NULL OR revoked_at >= made_at", name="revoked"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.certificates.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    label: Mapped[str]
    shows_name: Mapped[bool]
    shows_photo: Mapped[bool]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ShareUseRow(Base):
    """How often a code was opened on a day in China."""

    __tablename__ = "share_uses"
    __table_args__ = (CheckConstraint("count > 0", name="count"), {"schema": "certificates"})

    share_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.share_codes.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
