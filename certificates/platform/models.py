"""Tables of the registration on the platform: registrations, batch files and their rows, reconciliations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.platform.rules import Deed, PlatformStatus
from certificates.platform.rules.batches import FileStatus
from certificates.platform.rules.reconciling import Difference
from exam.kernel.db import Base, status_check


class PlatformRegistration(Base):
    """One certificate version on its way to the platform, with the receipt once it is there."""

    __tablename__ = "platform_registrations"
    __table_args__ = (
        status_check("status", PlatformStatus),
        UniqueConstraint("number", "version"),
        Index("ix_platform_registrations_status_due_on", "status", "due_on"),
        CheckConstraint("status NOT IN ('accepted', 'verified_public') OR platform_id IS NOT NULL", name="receipt"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(index=True)
    batch_id: Mapped[UUID] = mapped_column(index=True)
    organisation_id: Mapped[UUID]
    organisation_code: Mapped[str]
    number: Mapped[str]
    version: Mapped[int]
    status: Mapped[str]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    due_provisional: Mapped[bool]
    record_sealed: Mapped[str]
    record_sha256: Mapped[str] = mapped_column(String(64))  # what receipts must echo
    submission: Mapped[UUID | None]
    file_id: Mapped[UUID | None] = mapped_column(index=True)  # the batch file it travels in: the line leaves it alone
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    platform: Mapped[str | None]
    platform_id: Mapped[str | None]
    receipt: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")


class PlatformFile(Base):
    """A batch file: how it was written, what its bytes hash to, and how far it has come. The bytes are made again on demand."""

    __tablename__ = "platform_files"
    __table_args__ = (
        status_check("status", FileStatus),
        UniqueConstraint("number"),
        CheckConstraint("rows_count > 0", name="rows_count"),
        CheckConstraint("(status = 'answered') = (answered_at IS NOT NULL)", name="answered"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    status: Mapped[str]
    format: Mapped[str]
    format_version: Mapped[int]
    format_sha256: Mapped[str] = mapped_column(String(64))
    rows_count: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    organisation_ids: Mapped[list[UUID]]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    handed_in_at: Mapped[datetime | None]
    handed_in_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
    receipt_sha256: Mapped[str | None] = mapped_column(String(64))


class PlatformFileRow(Base):
    """One row of a batch file and the platform's answer to it."""

    __tablename__ = "platform_file_rows"
    __table_args__ = (
        status_check("deed", Deed),
        UniqueConstraint("file_id", "registration_id"),
        {"schema": "certificates"},
    )

    file_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.platform_files.id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True)  # as the sheet counts them, the head being row 1
    registration_id: Mapped[UUID] = mapped_column(index=True)
    deed: Mapped[str]
    accepted: Mapped[bool | None]
    platform_id: Mapped[str] = mapped_column(default="")
    code: Mapped[str] = mapped_column(default="")
    message: Mapped[str] = mapped_column(default="")


class Reconciliation(Base):
    """One comparison of our register with the platform's."""

    __tablename__ = "platform_reconciliations"
    __table_args__ = ({"schema": "certificates"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    platform: Mapped[str]
    ours_count: Mapped[int]
    theirs_count: Mapped[int]
    same_count: Mapped[int]
    by: Mapped[UUID | None]
    problem: Mapped[str] = mapped_column(default="")  # why it could not be made


class ReconciliationDifference(Base):
    """One disagreement that a comparison found."""

    __tablename__ = "platform_differences"
    __table_args__ = (status_check("kind", Difference), {"schema": "certificates"})

    reconciliation_id: Mapped[UUID] = mapped_column(
        ForeignKey("certificates.platform_reconciliations.id"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    organisation_id: Mapped[UUID | None]
    certificate_id: Mapped[UUID | None]
    fields: Mapped[list[str]]
    ours: Mapped[dict[str, Any]]
    theirs: Mapped[dict[str, Any]]
