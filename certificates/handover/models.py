"""Tables of the issue register: lines that are only ever added, one step of one certificate once, however many clerks there are;
and how often holders were handed their files."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.handover.rules import Deed, Place
from exam.kernel.db import Base, append_only, status_check


class TransferRow(Base):
    """Certificates that were handed over together from the awarding organisation to an institution (交接单)."""

    __tablename__ = "handover_transfers"
    __table_args__ = (CheckConstraint("count > 0 AND handed_to <> ''", name="count"), {"schema": "certificates"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    batch_id: Mapped[UUID]
    institution_id: Mapped[UUID]
    count: Mapped[int]
    handed_to: Mapped[str]
    on_date: Mapped[date]
    noted_by: Mapped[UUID]
    noted_at: Mapped[datetime]


class EntryRow(Base):
    """One line: what happened to one paper certificate."""

    __tablename__ = "handover_entries"
    __table_args__ = (
        status_check("deed", Deed),
        status_check("place", Place),
        UniqueConstraint("certificate_id", "step"),
        CheckConstraint("step > 0", name="step"),
        CheckConstraint("deed = 'undo' OR recipient <> ''", name="recipient"),
        CheckConstraint("deed <> 'undo' OR reason <> ''", name="reason"),
        CheckConstraint("(deed = 'send') = (transfer_id IS NOT NULL)", name="transfer"),
        Index("ix_handover_entries_transfer", "transfer_id"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID]
    step: Mapped[int]
    deed: Mapped[str]
    place: Mapped[str]
    serial: Mapped[str]
    transfer_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificates.handover_transfers.id"))
    recipient: Mapped[str] = mapped_column(default="")
    relation: Mapped[str] = mapped_column(default="")
    on_date: Mapped[date]
    reason: Mapped[str] = mapped_column(default="")
    noted_by: Mapped[UUID]
    noted_at: Mapped[datetime]


class DownloadRow(Base):
    """How often a holder was handed a certificate's file: a count for the reporting tables, of no person and no legal weight."""

    __tablename__ = "downloads"
    __table_args__ = (CheckConstraint("count > 0", name="count"), {"schema": "certificates"})

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]


append_only(TransferRow.__table__)
append_only(EntryRow.__table__)
