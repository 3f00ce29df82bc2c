"""The register of keys. One purpose per public key, one open key per purpose, two people for a cut-off: constraints."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, Table, event, text
from sqlalchemy.orm import Mapped, mapped_column

from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.register import ReportState
from exam.kernel.db import Base, status_check

_SCHEMA = {"schema": "certificates"}


class SigningKeyRow(Base):
    """A key that signs or signed: what is public of it, and from when to when. Never deleted (trigger)."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        status_check("purpose", Purpose),
        Index("uq_signing_keys_open_purpose", "purpose", unique=True, postgresql_where=text("retired_at IS NULL")),
        CheckConstraint("valid_from < valid_to", name="validity"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str]
    algorithm: Mapped[str]
    backend: Mapped[str]
    specimen: Mapped[bool]
    certificate_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    public_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    chain: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime]
    in_force_from: Mapped[datetime]
    registered_at: Mapped[datetime]
    registered_by: Mapped[UUID | None]
    registered_name: Mapped[str]
    ceremony_sha256: Mapped[str] = mapped_column(default="")
    retired_at: Mapped[datetime | None]


class KeyReportRow(Base):
    """A report that a key was lost: it stops the key at once, and counts for what was signed once two people stand for it."""

    __tablename__ = "key_reports"
    __table_args__ = (
        status_check("state", ReportState),
        Index("uq_key_reports_standing", "key_id", unique=True, postgresql_where=text("state <> 'withdrawn'")),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("cut_off <= first_at", name="cut_off"),
        CheckConstraint("(second_by IS NULL) = (second_at IS NULL)", name="second"),
        CheckConstraint("(state = 'open') = (second_by IS NULL)", name="decided"),
        CheckConstraint("second_by <> first_by", name="two_people"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.signing_keys.id"), index=True)
    state: Mapped[str]
    cut_off: Mapped[datetime]
    reason: Mapped[str]
    first_by: Mapped[UUID]
    first_name: Mapped[str]
    first_at: Mapped[datetime]
    second_by: Mapped[UUID | None]
    second_name: Mapped[str] = mapped_column(default="")
    second_at: Mapped[datetime | None]
    second_reason: Mapped[str] = mapped_column(default="")


def _no_delete(table: Any) -> None:
    assert isinstance(table, Table)
    name = f"{table.schema}.{table.name}"
    row = f"CREATE TRIGGER {table.name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION exam.forbid_change()"
    whole = (
        f"CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change()"
    )
    forbid = (
        "CREATE OR REPLACE FUNCTION exam.forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for statement in (forbid, row, whole):
        event.listen(table, "after_create", DDL(statement))  # type: ignore[no-untyped-call]


for _table in (SigningKeyRow.__table__, KeyReportRow.__table__):
    _no_delete(_table)
