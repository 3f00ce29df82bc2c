"""Tables of issuing. What must never be double is a constraint: a serial, a number, a live number per outcome; and no
number or certificate is ever deleted (trigger)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, Index, String, Table, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from certificates.issuing.rules.status import UNFINISHED, CertificateStatus
from exam.kernel.db import Base, status_check

_UNFINISHED = ", ".join(f"'{status}'" for status in UNFINISHED)


class NumberCounter(Base):
    """The last serial of an issuer in a year; locked while the next ones are taken, so that there is no gap."""

    __tablename__ = "number_counters"
    __table_args__ = (CheckConstraint("last_serial >= 0", name="last_serial"), {"schema": "certificates"})

    issuer_code: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_serial: Mapped[int]


class Number(Base):
    """The number log: every serial ever taken, and what it was taken for."""

    __tablename__ = "numbers"
    __table_args__ = (
        UniqueConstraint("issuer_code", "year", "serial"),
        Index("uq_numbers_live_outcome", "outcome_id", unique=True, postgresql_where=text("voided_at IS NULL")),
        Index(
            "uq_numbers_live_registration", "registration_id", unique=True, postgresql_where=text("voided_at IS NULL")
        ),
        CheckConstraint("(voided_at IS NULL) = (void_reason = '')", name="void_reason"),
        {"schema": "certificates"},
    )

    number: Mapped[str] = mapped_column(primary_key=True)
    scheme_version: Mapped[int]
    issuer_code: Mapped[str]
    year: Mapped[int]
    serial: Mapped[int]
    registration_id: Mapped[UUID]
    outcome_id: Mapped[UUID]
    taken_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(default="")


class CertificateRow(Base):
    """One version of one certificate: the intent first, then the bytes, then the issue."""

    __tablename__ = "certificates"
    __table_args__ = (
        status_check("status", CertificateStatus),
        UniqueConstraint("number", "version"),
        UniqueConstraint("token"),
        Index("uq_certificates_issued_number", "number", unique=True, postgresql_where=text("status = 'issued'")),
        Index("uq_certificates_issued_outcome", "outcome_id", unique=True, postgresql_where=text("status = 'issued'")),
        Index(
            "uq_certificates_unfinished_number",
            "number",
            unique=True,
            postgresql_where=text(f"status IN ({_UNFINISHED})"),
        ),
        CheckConstraint("status IN ('numbered', 'rendered', 'voided') OR sha256 IS NOT NULL", name="signed_bytes"),
        CheckConstraint(
            "(issued_at IS NULL) = (status IN ('numbered', 'rendered', 'signed', 'voided'))", name="issued_time"
        ),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    token: Mapped[str]
    status: Mapped[str]
    registration_id: Mapped[UUID] = mapped_column(index=True)
    outcome_id: Mapped[UUID] = mapped_column(index=True)
    outcome_version: Mapped[int]
    batch_id: Mapped[UUID] = mapped_column(index=True)
    person_id: Mapped[UUID] = mapped_column(index=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    certificate_id: Mapped[UUID]
    template: Mapped[str]
    face: Mapped[dict[str, Any]]
    id_sealed: Mapped[str]
    photo_sha256: Mapped[str] = mapped_column(String(64))
    numbered_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    issued_at: Mapped[datetime | None]
    issued_on: Mapped[date]
    issued_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    renewal: Mapped[str] = mapped_column(default="")  # why this version follows another one
    reason: Mapped[str] = mapped_column(default="")


def _no_delete(table: Any) -> None:
    assert isinstance(table, Table)
    name = f"{table.schema}.{table.name}"
    forbid = (
        "CREATE OR REPLACE FUNCTION exam.forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    row = f"CREATE TRIGGER {table.name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION exam.forbid_change()"
    whole = (
        f"CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change()"
    )
    for statement in (forbid, row, whole):
        event.listen(table, "after_create", DDL(statement))  # type: ignore[no-untyped-call]


for _table in (Number.__table__, CertificateRow.__table__):
    _no_delete(_table)
