"""The archival copies that were made. Nothing is ever changed or deleted (trigger): a renewed copy is a row of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, Table, event
from sqlalchemy.orm import Mapped, mapped_column

from certificates.issuing.rules.signature import Level
from exam.kernel.db import Base, status_check


class ArchiveCopyRow(Base):
    """A copy of a certificate's file with what it takes to judge it later; the file lies in the store under its hash."""

    __tablename__ = "archive_copies"
    __table_args__ = (
        status_check("level", Level),
        CheckConstraint("sha256 <> original_sha256", name="copy"),
        CheckConstraint("level <> 'B-B'", name="more_than_issued"),
        Index("ix_archive_copies_latest", "certificate_id", "made_at"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.certificates.id"))
    original_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size_bytes: Mapped[int]
    level: Mapped[str]
    stamped_at: Mapped[datetime]  # the earliest trusted time
    renew_by: Mapped[datetime]  # when the certificate under the last time stamp ends
    made_at: Mapped[datetime]


def _append_only(table: Any) -> None:
    assert isinstance(table, Table)
    name = f"{table.schema}.{table.name}"
    row = (
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION exam.forbid_change()"
    )
    whole = (
        f"CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change()"
    )
    for statement in (row, whole):
        event.listen(table, "after_create", DDL(statement))  # type: ignore[no-untyped-call]


_append_only(ArchiveCopyRow.__table__)
