"""Tables of the ledger: sessions that were closed, and the photos of evidence that arrived. Both are added, never altered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, append_only

_SCHEMA = {"schema": "scoring"}


class RoomClosingRow(Base):
    """A session that was closed: balanced, or with a gap that an officer signed."""

    __tablename__ = "room_closings"
    __table_args__ = (
        CheckConstraint(
            "(jsonb_array_length(gaps) = 0) OR (by_officer AND length(trim(reason)) > 0)", name="gap_signed"
        ),
        UniqueConstraint("room_session_id"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_session_id: Mapped[UUID]
    gaps: Mapped[list[Any]]  # what was missing then (rules.ledger.Gap.body)
    ledger_sha256: Mapped[str] = mapped_column(String(64))
    events_expected: Mapped[int]
    events_confirmed: Mapped[int]
    sheets_expected: Mapped[int]
    sheets_signed: Mapped[int]
    reason: Mapped[str]
    by_officer: Mapped[bool]
    closed_by: Mapped[UUID]
    closed_name: Mapped[str]
    closed_at: Mapped[datetime]


class TabletEvidenceRow(Base):
    """A photo that a tablet sent; the bytes lie in the file store under their hash."""

    __tablename__ = "tablet_evidence"
    __table_args__ = (
        CheckConstraint("size_bytes > 0 AND width > 0 AND height > 0", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        _SCHEMA,
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    tablet_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.tablets.id"), primary_key=True)
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    received_at: Mapped[datetime]


append_only(RoomClosingRow.__table__)
append_only(TabletEvidenceRow.__table__)
