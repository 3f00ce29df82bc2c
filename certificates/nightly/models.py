"""What the nightly checks did and found: a row for each run, and for each stored certificate when it was read last."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base

_SCHEMA = {"schema": "certificates"}


class CheckRow(Base):
    """One run: how much it wants to read, how far it is, what it found. One is open at a time."""

    __tablename__ = "nightly_checks"
    __table_args__ = (
        Index("uq_nightly_checks_open", text("(true)"), unique=True, postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("0 <= read_count AND read_count <= due_count AND due_count <= total_count", name="counts"),
        CheckConstraint("wrong_count <= read_count", name="wrong"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    asked_by: Mapped[UUID | None]  # None: the clock
    total_count: Mapped[int]
    due_count: Mapped[int]
    read_count: Mapped[int]
    wrong_count: Mapped[int]
    ledger_findings: Mapped[list[Any]] = mapped_column(JSONB)


class ReadingRow(Base):
    """When a stored certificate was read last, and what differed then."""

    __tablename__ = "nightly_readings"
    __table_args__ = (
        Index("ix_nightly_readings_wrong", "certificate_id", postgresql_where=text("differences <> '[]'::jsonb")),
        _SCHEMA,
    )

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.certificates.id"), primary_key=True)
    check_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.nightly_checks.id"))
    read_at: Mapped[datetime] = mapped_column(index=True)
    differences: Mapped[list[Any]] = mapped_column(JSONB)
