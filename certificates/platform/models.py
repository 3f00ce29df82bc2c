"""Tables of the registration on the platform, and of the built-in registry."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.platform.rules import PlatformStatus
from exam.kernel.db import Base, status_check


class PlatformRegistration(Base):
    """One certificate version on its way to the platform, with the receipt once it is there."""

    __tablename__ = "platform_registrations"
    __table_args__ = (
        status_check("status", PlatformStatus),
        UniqueConstraint("number", "version"),
        Index("ix_platform_registrations_status_due_on", "status", "due_on"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(index=True)
    batch_id: Mapped[UUID] = mapped_column(index=True)
    organisation_id: Mapped[UUID]
    number: Mapped[str]
    version: Mapped[int]
    status: Mapped[str]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    due_provisional: Mapped[bool]
    record_sealed: Mapped[str]
    submission: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    platform: Mapped[str | None]
    platform_id: Mapped[str | None]
    receipt: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")


class RegistryRecord(Base):
    """A line of the built-in registry: what a platform keeps and answers with. No ID number is kept, only a hash."""

    __tablename__ = "registry_records"
    __table_args__ = (UniqueConstraint("receipt_no"), {"schema": "certificates"})

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    receipt_no: Mapped[str]
    received_at: Mapped[datetime]
    record_sha256: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]
