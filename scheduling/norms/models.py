"""Table of the norms: every decision a version of its own, never changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base


class NormVersionRow(Base):
    """What an organisation decided for all of its certificates, or for one."""

    __tablename__ = "norm_versions"
    __table_args__ = (
        UniqueConstraint("organisation_id", "certificate_id", "version", postgresql_nulls_not_distinct=True),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("btrim(reason) <> ''", name="reason"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("exam.organisations.id"))
    certificate_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.certificates.id"))
    version: Mapped[int]
    effective_on: Mapped[date]
    values: Mapped[dict[str, Any]]  # norm -> number, as far as it differs
    reason: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
