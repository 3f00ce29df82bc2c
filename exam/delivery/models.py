"""Tables of the computer exam: one run per sitting, and its answers, which are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exam.delivery.rules import HandIn
from exam.kernel.db import Base, append_only


class RunRow(Base):
    """One candidate's work on one paper."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("epoch > 0", name="epoch"),
        CheckConstraint("deadline_at > started_at", name="deadline"),
        CheckConstraint("(submitted_at IS NULL) = (hand_in IS NULL)", name="handed_in"),
        CheckConstraint("(submitted_at IS NULL) = (answers_sha256 IS NULL)", name="hashed"),
        CheckConstraint(
            "hand_in IS NULL OR hand_in IN (" + ", ".join(f"'{way}'" for way in HandIn) + ")", name="hand_in"
        ),
        Index("ix_runs_due", "deadline_at", postgresql_where="submitted_at IS NULL"),
        {"schema": "exam"},
    )

    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("exam.sittings.id"), primary_key=True)
    registration_id: Mapped[UUID]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("exam.papers.id"))
    order_seed: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int]
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    grace_seconds: Mapped[int]
    submitted_at: Mapped[datetime | None]
    hand_in: Mapped[str | None]
    answers_count: Mapped[int | None]
    answers_sha256: Mapped[str | None] = mapped_column(String(64))


class AnswerRow(Base):
    """One answer as it was given: its own record, never altered; sending a key twice adds nothing."""

    __tablename__ = "answers"
    __table_args__ = (
        Index("ix_answers_latest", "sitting_id", "item_id", "epoch", "seq"),
        {"schema": "exam"},
    )

    sitting_id: Mapped[UUID] = mapped_column(Uuid(), ForeignKey(RunRow.sitting_id), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    seq: Mapped[int]
    item_id: Mapped[UUID]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    saved_at: Mapped[datetime]


append_only(AnswerRow.__table__)
