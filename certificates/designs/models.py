"""The table of designs. Two people approve (CHECK); from its submission on, what a design says never changes (trigger);
one is in force for each organisation; none is ever deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, Index, String, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from certificates.designs.rules.records import DesignStatus
from exam.kernel.db import Base, status_check

_SETTLED = "'approved', 'published', 'retired'"


class DesignRow(Base):
    """One version of a design."""

    __tablename__ = "designs"
    __table_args__ = (
        status_check("status", DesignStatus),
        UniqueConstraint("name"),
        Index(
            "uq_designs_in_force",
            text("coalesce(organisation_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            unique=True,
            postgresql_where=text("status = 'published'"),
        ),
        CheckConstraint("version >= 2", name="version"),  # 1 is the built-in one
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_at"),
        CheckConstraint("approved_by <> submitted_by AND approved_by <> ALL (authors)", name="two_people"),
        CheckConstraint("status NOT IN ('approved', 'published') OR approved_by IS NOT NULL", name="approved"),
        CheckConstraint("status = 'draft' OR status = 'retired' OR submitted_by IS NOT NULL", name="submitted"),
        CheckConstraint("(published_at IS NULL) OR approved_by IS NOT NULL", name="published"),
        CheckConstraint("used_at IS NULL OR published_at IS NOT NULL", name="used"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    organisation_id: Mapped[UUID | None] = mapped_column(index=True)
    version: Mapped[int]
    title: Mapped[str]
    status: Mapped[str]
    html: Mapped[str]
    style: Mapped[str]
    seal_mm: Mapped[list[Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]
    based_on: Mapped[str]
    authors: Mapped[list[UUID]]
    saved_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    submitted_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]  # when the first certificate was drawn with it
    way: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")


_FROZEN: Final = (
    "CREATE OR REPLACE FUNCTION certificates.keep_design() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF OLD.status <> 'draft' AND (NEW.html, NEW.style, NEW.seal_mm, NEW.sha256, NEW.name, NEW.organisation_id, NEW.version, "
    "NEW.authors) IS DISTINCT FROM (OLD.html, OLD.style, OLD.seal_mm, OLD.sha256, OLD.name, OLD.organisation_id, "
    "OLD.version, OLD.authors) THEN RAISE EXCEPTION 'design %% is frozen', OLD.name USING ERRCODE = 'restrict_violation'; "
    f"END IF; IF OLD.status IN ({_SETTLED}) AND (NEW.status IN ('draft', 'submitted') OR NEW.approved_by IS DISTINCT FROM "
    "OLD.approved_by OR OLD.used_at IS DISTINCT FROM NEW.used_at AND OLD.used_at IS NOT NULL) THEN "
    "RAISE EXCEPTION 'design %% is approved', OLD.name USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$"
)
_FORBID: Final = (
    "CREATE OR REPLACE FUNCTION exam.forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
)
for _statement in (
    _FORBID,
    _FROZEN,
    "CREATE TRIGGER designs_frozen BEFORE UPDATE ON certificates.designs FOR EACH ROW EXECUTE FUNCTION certificates.keep_design()",
    "CREATE TRIGGER designs_no_delete BEFORE DELETE ON certificates.designs FOR EACH ROW EXECUTE FUNCTION exam.forbid_change()",
    "CREATE TRIGGER designs_no_truncate BEFORE TRUNCATE ON certificates.designs "
    "FOR EACH STATEMENT EXECUTE FUNCTION exam.forbid_change()",
):
    event.listen(DesignRow.__table__, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
