"""The table of what became of a tablet's work on the server: a score sheet, a stopped sitting, or the words why not yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from scoring.tablets.rules.settling import Matter, Outcome


class TabletSettlementRow(Base):
    """One version of one sheet, or one safety stop, that tablets sent."""

    __tablename__ = "tablet_settlements"
    __table_args__ = (
        status_check("matter", Matter),
        status_check("outcome", Outcome),
        CheckConstraint("outcome <> 'applied' OR matter = 'stop' OR sheet_id IS NOT NULL", name="applied"),
        CheckConstraint("(outcome = 'applied') = (message = '')", name="words"),
        Index("ix_tablet_settlements_open", "room_session_id", postgresql_where=text("outcome <> 'applied'")),
        Index("ix_tablet_settlements_sheet", "sheet_id"),
        {"schema": "scoring"},
    )

    sitting_id: Mapped[UUID] = mapped_column(primary_key=True)
    assessor_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    matter: Mapped[str] = mapped_column(primary_key=True)
    room_session_id: Mapped[UUID]
    outcome: Mapped[str]
    code: Mapped[str]  # of the refusal
    message: Mapped[str]  # its msgid, with the facts below
    way_out: Mapped[str]
    facts: Mapped[dict[str, Any]]
    signed: Mapped[str] = mapped_column(String(64))  # digest of what was signed, or of the stop
    events_count: Mapped[int]  # how many signatures (or stops) it was decided on
    sheet_id: Mapped[UUID | None] = mapped_column(ForeignKey("scoring.score_sheets.id"))
    at: Mapped[datetime]
