"""Tables of the catalogue. A published scheme and its components are append-only: a change is a new version (A06),
which is written as a draft by some and approved by another."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exam.catalogue.rules import DraftStatus, Form, Level
from exam.kernel.db import Base, append_only, status_check


class OrganisationRow(Base):
    """培训评价组织."""

    __tablename__ = "organisations"
    __table_args__ = (CheckConstraint("code ~ '^[0-9A-Z]{4}$'", name="code"), {"schema": "exam"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]


class CertificateRow(Base):
    """职业技能等级证书 as a type; the papers people hold are in ``certificates``."""

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9A-Z]{3}$'", name="code"),
        CheckConstraint("batch_no BETWEEN 1 AND 99", name="batch_no"),
        CheckConstraint(
            "levels <@ ARRAY['elementary','intermediate','advanced'] AND cardinality(levels) > 0", name="levels"
        ),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("exam.organisations.id"), index=True)
    batch_no: Mapped[int]
    levels: Mapped[list[str]]


class CancelledTitleRow(Base):
    """A vocational qualification that was cancelled (A04)."""

    __tablename__ = "cancelled_titles"
    __table_args__ = ({"schema": "exam"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    cancelled_on: Mapped[date]
    source: Mapped[str]
    entered_at: Mapped[datetime]
    entered_by: Mapped[UUID | None]


class SchemeRow(Base):
    """考核方案 in one published version; ``definition`` is the file as it was published."""

    __tablename__ = "schemes"
    __table_args__ = (
        UniqueConstraint("certificate_id", "level", "version"),
        status_check("level", Level),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("fee_yuan >= 0", name="fee"),
        CheckConstraint("fee_yuan <= fee_cap_yuan OR fee_approval IS NOT NULL", name="fee_cap"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    level: Mapped[str]
    version: Mapped[int]
    pass_rule: Mapped[dict[str, Any]]
    fee_yuan: Mapped[Decimal]
    fee_cap_yuan: Mapped[Decimal]
    fee_approval: Mapped[str | None]
    definition: Mapped[dict[str, Any]]
    definition_sha256: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]


class SchemeDraftRow(Base):
    """A draft of the next version; whoever wrote on it does not approve it."""

    __tablename__ = "scheme_drafts"
    __table_args__ = (
        status_check("level", Level),
        status_check("status", DraftStatus),
        CheckConstraint("cardinality(authors) > 0", name="authors"),
        CheckConstraint("NOT approved_by = ANY (authors)", name="second_person"),
        CheckConstraint(
            "(status = 'published') = (scheme_id IS NOT NULL AND approved_by IS NOT NULL AND approved_at IS NOT NULL)",
            name="published",
        ),
        CheckConstraint("(status IN ('submitted', 'published')) <= (submitted_at IS NOT NULL)", name="submitted"),
        Index(
            "uq_scheme_drafts_open", "certificate_id", "level", unique=True,
            postgresql_where=text("status IN ('editing', 'submitted')"),
        ),
        {"schema": "exam"},
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("exam.certificates.id"))
    level: Mapped[str]
    base_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.schemes.id"))  # the version it was made from
    definition: Mapped[dict[str, Any]]
    status: Mapped[str]
    revision: Mapped[int]  # counts the saves
    authors: Mapped[list[UUID]]
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    returned_by: Mapped[UUID | None]
    return_reason: Mapped[str]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    scheme_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam.schemes.id"))  # what it was published as


class ComponentRow(Base):
    """科目/模块 of a scheme."""

    __tablename__ = "components"
    __table_args__ = (
        UniqueConstraint("scheme_id", "seq"),
        UniqueConstraint("scheme_id", "code"),
        status_check("form", Form),
        CheckConstraint("weight BETWEEN 0 AND 1", name="weight"),
        CheckConstraint("full_marks > 0", name="full_marks"),
        CheckConstraint("minimum IS NULL OR minimum BETWEEN 0 AND full_marks", name="minimum"),
        CheckConstraint("duration_minutes > 0", name="duration"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("exam.schemes.id"))
    seq: Mapped[int]
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    form: Mapped[str]
    duration_minutes: Mapped[int]
    full_marks: Mapped[Decimal]
    weight: Mapped[Decimal]
    minimum: Mapped[Decimal | None]
    late_limit_minutes: Mapped[int]
    earliest_leave_minutes: Mapped[int]
    blueprint: Mapped[dict[str, Any]]
    sheet: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


append_only(CancelledTitleRow.__table__)
append_only(SchemeRow.__table__)
append_only(ComponentRow.__table__)
