"""The table of what-ifs: the question, both plans' figures, who would move, and the planner's plan."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from scheduling.planning.rules.plan import Status


class ForkRow(Base):
    """A batch planned otherwise; it touches nobody and can be deleted."""

    __tablename__ = "forks"
    __table_args__ = (status_check("status", Status), {"schema": "scheduling"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"), index=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.plans.id"), index=True)
    wish: Mapped[dict[str, Any]]
    seed: Mapped[int]
    status: Mapped[str]
    records_sha256: Mapped[str]  # of the problem as the records stood
    comparison: Mapped[dict[str, Any]]
    problem: Mapped[bytes]  # that the question makes; canonical, compressed
    plan: Mapped[bytes]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    adopted_version: Mapped[int | None]
