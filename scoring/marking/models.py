"""Tables of marking. One live mark per registration and component, two readings by two people, signed sheets that stay.

What two people must do, the database holds too: a verifier is none of those who entered, a second reading is not by the
first reader, a correction is countersigned by somebody else. A signed sheet cannot be updated or deleted (trigger).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import Table

from exam.kernel.db import Base, append_only, status_check
from scoring.marking.rules import MarkSource, MarkStatus, PartState, SheetStatus

_SCHEMA = {"schema": "scoring"}


class MarkRow(Base):
    """One version of the mark of a registration in a component; the live one counts."""

    __tablename__ = "marks"
    __table_args__ = (
        status_check("state", PartState),
        status_check("source", MarkSource),
        status_check("status", MarkStatus),
        CheckConstraint("(state IN ('scored', 'retained')) = (value IS NOT NULL)", name="value"),
        CheckConstraint("value >= 0", name="not_negative"),
        CheckConstraint("state <> 'missing'", name="not_missing"),  # a missing mark is no row
        CheckConstraint("(status = 'verified') = (verified_at IS NOT NULL)", name="verified_at"),
        CheckConstraint("verified_by IS NULL OR NOT verified_by = ANY (entered_by)", name="second_person"),
        UniqueConstraint("registration_id", "component_id", "version"),
        Index("uq_marks_live", "registration_id", "component_id", unique=True, postgresql_where=text("live")),
        Index("ix_marks_batch_id", "batch_id", "component_id"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    registration_id: Mapped[UUID]
    component_id: Mapped[UUID] = mapped_column(ForeignKey("exam.components.id"))
    sitting_id: Mapped[UUID | None]
    state: Mapped[str]
    value: Mapped[Decimal | None]
    source: Mapped[str]
    status: Mapped[str]
    version: Mapped[int]
    live: Mapped[bool]
    entered_by: Mapped[list[UUID]]
    entered_at: Mapped[datetime]
    verified_by: Mapped[UUID | None]
    verified_at: Mapped[datetime | None]
    reason: Mapped[str | None]  # why this version replaced the one before
    detail: Mapped[dict[str, Any]]


class PaperEntryRow(Base):
    """One reading of one paper's mark. Readings are added, never altered."""

    __tablename__ = "paper_entries"
    __table_args__ = (
        CheckConstraint("round BETWEEN 1 AND 3", name="round"),
        CheckConstraint("value >= 0", name="value"),
        UniqueConstraint("registration_id", "component_id", "round"),
        UniqueConstraint("registration_id", "component_id", "entered_by"),
        Index("ix_paper_entries_batch_id", "batch_id", "component_id"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    registration_id: Mapped[UUID]
    component_id: Mapped[UUID] = mapped_column(ForeignKey("exam.components.id"))
    round: Mapped[int]
    value: Mapped[Decimal]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class ScoreSheetRow(Base):
    """One assessor's sheet for one sitting, in one version; immutable once signed."""

    __tablename__ = "score_sheets"
    __table_args__ = (
        status_check("status", SheetStatus),
        CheckConstraint("version >= 1 AND revision >= 0", name="version"),
        CheckConstraint("(status = 'draft') = (signed_at IS NULL)", name="signed_at"),
        CheckConstraint(
            "status = 'draft' OR (total IS NOT NULL AND scored IS NOT NULL AND signed_sha256 IS NOT NULL)",
            name="added_up",
        ),
        CheckConstraint("total >= 0", name="total"),
        CheckConstraint("(version > 1) = (corrects_id IS NOT NULL AND reason IS NOT NULL)", name="correction"),
        # A correction has two signatures, and so has a veto item that needs a second person; evidence stands where it is needed.
        CheckConstraint(
            "(version = 1 AND NOT second_needed) OR status <> 'signed' "
            "OR (countersigned_by IS NOT NULL AND countersigned_by <> assessor_id)",
            name="two_signatures",
        ),
        CheckConstraint("status = 'draft' OR jsonb_exists_all(evidence, evidence_needed)", name="evidence"),
        CheckConstraint("(declined_by IS NULL) = (decline_reason = '')", name="declined"),
        CheckConstraint("declined_by IS NULL OR declined_by <> assessor_id", name="declined_by_another"),
        UniqueConstraint("sitting_id", "assessor_id", "version"),
        Index("ix_score_sheets_batch_id", "batch_id", "component_id"),
        Index("ix_score_sheets_room", "room_session_id", "assessor_id"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    room_session_id: Mapped[UUID]
    sitting_id: Mapped[UUID]
    registration_id: Mapped[UUID]
    component_id: Mapped[UUID] = mapped_column(ForeignKey("exam.components.id"))
    assessor_id: Mapped[UUID]
    version: Mapped[int]
    revision: Mapped[int]  # counts the saves of a draft
    status: Mapped[str]
    answers: Mapped[dict[str, Any]]
    overtime_minutes: Mapped[int | None]
    note: Mapped[str]
    total: Mapped[Decimal | None]
    scored: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    opened_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    signed_sha256: Mapped[str | None] = mapped_column(String(64))
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("scoring.score_sheets.id"))
    reason: Mapped[str | None]
    countersigned_by: Mapped[UUID | None]
    countersigned_at: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any]]  # by veto row: {"text", "photos"}
    evidence_needed: Mapped[list[str]]  # veto rows that count by their evidence
    second_needed: Mapped[bool]  # a veto row counts by a second person's signature
    declined_by: Mapped[UUID | None]  # who was asked to sign as the second and did not see it so
    declined_at: Mapped[datetime | None]
    decline_reason: Mapped[str]


class ContestedSheetRow(Base):
    """A signed version that does not count, because its assessor signed something else under the same number. It stays so: only
    a later version counts."""

    __tablename__ = "contested_sheets"
    __table_args__ = (_SCHEMA,)

    sheet_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.score_sheets.id"), primary_key=True)
    contested_at: Mapped[datetime]


class LeadDecisionRow(Base):
    """What the lead assessor decided where signed sheets differ beyond the tolerance."""

    __tablename__ = "lead_decisions"
    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("length(trim(reason)) > 0", name="reason"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(index=True)
    sitting_id: Mapped[UUID] = mapped_column(index=True)
    registration_id: Mapped[UUID]
    component_id: Mapped[UUID] = mapped_column(ForeignKey("exam.components.id"))
    value: Mapped[Decimal]
    totals: Mapped[list[Any]]  # the sheets' ids and totals that were decided between
    reason: Mapped[str]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


class RoomHoldRow(Base):
    """A room session whose marks wait: more may come (a tablet is out), until somebody closes it."""

    __tablename__ = "room_holds"
    __table_args__ = (_SCHEMA,)

    room_session_id: Mapped[UUID] = mapped_column(primary_key=True)
    held_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


append_only(PaperEntryRow.__table__)
append_only(ContestedSheetRow.__table__)
append_only(LeadDecisionRow.__table__)

_FORBID = (
    "CREATE OR REPLACE FUNCTION scoring.forbid_signed_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN IF TG_OP = 'DELETE' OR OLD.status = 'signed' OR (OLD.status = 'countersign' AND "
    "(NEW.answers IS DISTINCT FROM OLD.answers OR NEW.total IS DISTINCT FROM OLD.total "
    "OR NEW.scored IS DISTINCT FROM OLD.scored OR NEW.signed_sha256 IS DISTINCT FROM OLD.signed_sha256 "
    "OR NEW.evidence IS DISTINCT FROM OLD.evidence OR NEW.second_needed IS DISTINCT FROM OLD.second_needed "
    "OR NEW.evidence_needed IS DISTINCT FROM OLD.evidence_needed)) THEN "
    "RAISE EXCEPTION 'a signed score sheet cannot be changed' USING ERRCODE = 'restrict_violation'; "
    "END IF; RETURN NEW; END $$"
)
_GUARD = (
    "CREATE TRIGGER score_sheets_signed BEFORE UPDATE OR DELETE ON scoring.score_sheets "
    "FOR EACH ROW EXECUTE FUNCTION scoring.forbid_signed_change()"
)
_sheets = ScoreSheetRow.__table__
assert isinstance(_sheets, Table)
for _statement in (_FORBID, _GUARD):
    event.listen(_sheets, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
