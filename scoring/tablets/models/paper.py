"""Tables of the ways around a dead line: export files that were uploaded, and sheets keyed in from paper.

What two people must do, the database holds too: the file of a revoked tablet is taken by another person than who uploaded it;
a keyed-in sheet is checked by somebody else, and neither of the two is its assessor.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from scoring.tablets.rules.exports import ImportStatus

_SCHEMA = {"schema": "scoring"}


class TabletImportRow(Base):
    """An export file that somebody uploaded: taken at once, or waiting for a second person."""

    __tablename__ = "tablet_imports"
    __table_args__ = (
        status_check("status", ImportStatus),
        CheckConstraint("(status = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint(
            "NOT needs_second OR decided_by IS NULL OR (decided_by <> uploaded_by AND (by_officer OR decided_by_officer))",
            name="two_people",
        ),
        CheckConstraint("status <> 'declined' OR length(trim(reason)) > 0", name="reason"),
        Index("uq_tablet_imports_waiting", "file_sha256", unique=True, postgresql_where=text("status = 'waiting'")),
        Index("ix_tablet_imports_tablet", "tablet_id", "uploaded_at"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tablet_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.tablets.id"))
    file_sha256: Mapped[str] = mapped_column(String(64))  # as it came, sealed, in the file store
    filename: Mapped[str]
    status: Mapped[str]
    needs_second: Mapped[bool]  # the tablet's key was revoked
    events: Mapped[int]
    signed: Mapped[int]
    fresh: Mapped[int]  # not on the server when it was taken (while it waits: when it was uploaded)
    refused: Mapped[int]  # kept aside
    first_said_at: Mapped[str]
    last_said_at: Mapped[str]
    uploaded_by: Mapped[UUID]
    uploaded_name: Mapped[str]
    by_officer: Mapped[bool]
    uploaded_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str]
    decided_by_officer: Mapped[bool]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str]


class KeyedSheetRow(Base):
    """A sheet keyed in from signed paper and its slip, and who checked it."""

    __tablename__ = "keyed_sheets"
    __table_args__ = (
        CheckConstraint("(checked_by IS NULL) = (checked_at IS NULL)", name="checked"),
        CheckConstraint("(checked_by IS NULL) = (sheet_id IS NULL)", name="sheet"),
        CheckConstraint(
            "keyed_by <> assessor_id AND (checked_by IS NULL OR (checked_by <> keyed_by AND checked_by <> assessor_id))",
            name="two_people",
        ),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal = '')", name="withdrawn"),
        CheckConstraint("withdrawn_at IS NULL OR checked_at IS NULL", name="not_after"),
        CheckConstraint("length(trim(reason)) > 0", name="reason"),
        CheckConstraint("version >= 1 AND (version > 1) = (length(trim(correction)) > 0)", name="correction"),
        Index(
            "uq_keyed_sheets", "sitting_id", "assessor_id", "version", unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_keyed_sheets_room", "room_session_id"),
        _SCHEMA,
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_session_id: Mapped[UUID]
    sitting_id: Mapped[UUID]
    assessor_id: Mapped[UUID]
    version: Mapped[int]
    answers: Mapped[dict[str, Any]]
    overtime_minutes: Mapped[int | None]
    note: Mapped[str]
    evidence: Mapped[dict[str, Any]]  # words beside veto items that happened
    slip: Mapped[str]
    reason: Mapped[str]  # why from paper
    correction: Mapped[str]  # why the assessor corrected it on paper; empty for a first version
    keyed_by: Mapped[UUID]
    keyed_name: Mapped[str]
    keyed_at: Mapped[datetime]
    checked_by: Mapped[UUID | None]
    checked_name: Mapped[str]
    checked_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal: Mapped[str]  # by whom and why
    sheet_id: Mapped[UUID | None] = mapped_column(ForeignKey("scoring.score_sheets.id"))
