"""Tables of the repairs: what was asked, the plan that came out, what it changes, and who must be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from scheduling.repairs.rules.repair import RepairStatus


class RepairRow(Base):
    """A repair of a published plan: it changes nothing until it is accepted."""

    __tablename__ = "repairs"
    __table_args__ = (
        status_check("status", RepairStatus),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("most_moved >= 0", name="most_moved"),
        CheckConstraint("(status = 'proposed') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(status = 'accepted') = (version IS NOT NULL)", name="version"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("exam.exam_batches.id"), index=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.plans.id"), index=True)  # that it repairs
    status: Mapped[str]
    asked: Mapped[dict[str, Any]]
    reason: Mapped[str]
    most_moved: Mapped[int]
    truth_sha256: Mapped[str]  # of every place and duty as they stood
    outcome: Mapped[dict[str, Any]]  # figures and lines of the page
    problem: Mapped[bytes]  # as it stands now; canonical, compressed
    plan: Mapped[bytes]
    members: Mapped[dict[str, Any]]  # group -> registrations, in the order of their numbers
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str]
    version: Mapped[int | None]  # of the plan that it became


class NoticeRow(Base):
    """Somebody who must be told of an accepted repair: a candidate (registration) or one of the staff (account)."""

    __tablename__ = "repair_notices"
    __table_args__ = (
        CheckConstraint("num_nonnulls(registration_id, account_id) = 1", name="reader"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    repair_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.repairs.id"), index=True)
    registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.registrations.id"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.accounts.id"), index=True)
    changes: Mapped[list[Any]]  # lines: what, before, after
    at: Mapped[datetime]
