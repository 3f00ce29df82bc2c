"""Tables of deployments: which version ran since when, and what two people signed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, append_only

_SCHEMA = {"schema": "exam"}


class DeploymentOverrideRow(Base):
    """A change although a session is near: it counts once two people have signed."""

    __tablename__ = "deployment_overrides"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("(second_by IS NULL) = (second_at IS NULL)", name="second"),
        CheckConstraint("second_by <> first_by", name="two_people"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    reason: Mapped[str]
    first_by: Mapped[UUID]
    first_name: Mapped[str]
    first_at: Mapped[datetime]
    second_by: Mapped[UUID | None]
    second_name: Mapped[str]
    second_at: Mapped[datetime | None]


class DeploymentRow(Base):
    """A version that began to run here."""

    __tablename__ = "deployments"
    __table_args__ = (_SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    override_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.deployment_overrides.id"))


append_only(DeploymentRow.__table__)
