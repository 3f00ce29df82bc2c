"""Tables of printing. One sheet carries one version of a certificate, one version stands on one sheet at a time; a sheet is
spoiled by two people; no sheet, intake or order is ever deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, Numeric, String, Table, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from certificates.printing.rules.papers import PaperStatus
from exam.kernel.db import Base, append_only, status_check


class PrinterRow(Base):
    """A printer's profile: how far it is off, and how it prints."""

    __tablename__ = "printers"
    __table_args__ = (UniqueConstraint("organisation_id", "name"), {"schema": "certificates"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    name: Mapped[str]
    dx_mm: Mapped[float] = mapped_column(Numeric(5, 2, asdecimal=False))
    dy_mm: Mapped[float] = mapped_column(Numeric(5, 2, asdecimal=False))
    bleed_mm: Mapped[float] = mapped_column(Numeric(5, 2, asdecimal=False))
    crop_marks: Mapped[bool]
    background: Mapped[bool]
    saved_at: Mapped[datetime]


class IntakeRow(Base):
    """A range of blank paper taken in."""

    __tablename__ = "paper_intakes"
    __table_args__ = (CheckConstraint("sheets_count > 0", name="sheets_count"), {"schema": "certificates"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    first_serial: Mapped[str]
    last_serial: Mapped[str]
    sheets_count: Mapped[int]
    taken_in_by: Mapped[UUID]
    taken_in_at: Mapped[datetime]


class PrintOrderRow(Base):
    """Certificates that are printed together, with the setting of that day."""

    __tablename__ = "print_orders"
    __table_args__ = ({"schema": "certificates"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    batch_id: Mapped[UUID]
    institution: Mapped[str]  # as on the certificates; empty: all
    printer: Mapped[str]
    setting: Mapped[dict[str, Any]]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]


class PartRow(Base):
    """Some sheets of an order as one file, made in the background; the file is forgotten after a while, the part is not."""

    __tablename__ = "print_parts"
    __table_args__ = (
        CheckConstraint("part > 0 AND sheets_count > 0", name="part"),
        CheckConstraint("(sha256 IS NULL) = (made_at IS NULL)", name="made_at"),
        CheckConstraint("problem = '' OR sha256 IS NULL", name="problem"),
        {"schema": "certificates"},
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.print_orders.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)  # from 1
    first_serial: Mapped[str]
    last_serial: Mapped[str]
    sheets_count: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="")  # "no_frame", or the number whose stored file is missing


class PaperRow(Base):
    """One sheet of certificate paper."""

    __tablename__ = "papers"
    __table_args__ = (
        status_check("status", PaperStatus),
        UniqueConstraint("organisation_id", "serial"),
        Index("uq_papers_bound", "certificate_id", unique=True, postgresql_where=text("status = 'bound'")),
        CheckConstraint("status <> 'blank' OR certificate_id IS NULL", name="blank"),
        CheckConstraint("status <> 'bound' OR certificate_id IS NOT NULL", name="bound"),
        CheckConstraint("(certificate_id IS NULL) = (bound_at IS NULL)", name="bound_at"),
        CheckConstraint("(certificate_id IS NULL) = (order_id IS NULL)", name="order"),
        CheckConstraint(
            "status <> 'spoiled' OR (confirmed_by IS NOT NULL AND reported_by IS NOT NULL AND reason <> '')",
            name="spoiled",
        ),
        CheckConstraint("confirmed_by <> reported_by", name="two_people"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    serial: Mapped[str]
    intake_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.paper_intakes.id"))
    status: Mapped[str]
    certificate_id: Mapped[UUID | None] = mapped_column(index=True)
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificates.print_orders.id"), index=True)
    place: Mapped[int | None]  # in the order, from 1
    bound_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    reported_by: Mapped[UUID | None]
    reported_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]


append_only(IntakeRow.__table__)
append_only(PrintOrderRow.__table__)
assert isinstance(PaperRow.__table__, Table)
_KEEP = (
    "CREATE OR REPLACE FUNCTION certificates.keep_paper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF OLD.serial <> NEW.serial OR OLD.status = 'spoiled' OR (OLD.status = 'bound' AND (NEW.status = 'blank' OR "
    "NEW.certificate_id IS DISTINCT FROM OLD.certificate_id)) THEN "
    "RAISE EXCEPTION 'paper %% is settled', OLD.serial USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$"
)
for _statement in (
    _KEEP,
    "CREATE TRIGGER papers_keep BEFORE UPDATE ON certificates.papers FOR EACH ROW EXECUTE FUNCTION certificates.keep_paper()",
    "CREATE TRIGGER papers_no_delete BEFORE DELETE ON certificates.papers FOR EACH ROW EXECUTE FUNCTION exam.forbid_change()",
    "CREATE TRIGGER papers_no_truncate BEFORE TRUNCATE ON certificates.papers "
    "FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change()",
):
    event.listen(PaperRow.__table__, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
