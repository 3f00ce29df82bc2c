"""Table of outcomes. One pending and one public version per registration at most; what was decided never changes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import Table

from exam.kernel.db import Base, status_check
from scoring.outcomes.rules import PENDING, PUBLIC, Decision, OutcomeStatus


def _within(states: frozenset[OutcomeStatus]) -> str:
    return "status IN (" + ", ".join(f"'{state.value}'" for state in sorted(states)) + ")"


class OutcomeRow(Base):
    """One version of one registration's result."""

    __tablename__ = "outcomes"
    __table_args__ = (
        status_check("decision", Decision),
        status_check("status", OutcomeStatus),
        CheckConstraint("(decision IN ('passed', 'failed')) = (composite IS NOT NULL)", name="composite"),
        CheckConstraint("status IN ('computed', 'superseded') OR verified_at IS NOT NULL", name="verified"),
        CheckConstraint(f"NOT {_within(PUBLIC)} OR published_at IS NOT NULL", name="published"),
        CheckConstraint("verified_by <> published_by", name="third_person"),
        UniqueConstraint("registration_id", "version"),
        Index("uq_outcomes_pending", "registration_id", unique=True, postgresql_where=text(_within(PENDING))),
        Index("uq_outcomes_public", "registration_id", unique=True, postgresql_where=text(_within(PUBLIC))),
        Index("ix_outcomes_batch_id", "batch_id", "status"),
        {"schema": "scoring"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID]
    batch_id: Mapped[UUID]
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("exam.schemes.id"))
    version: Mapped[int]
    decision: Mapped[str]
    composite: Mapped[Decimal | None]
    explanation: Mapped[dict[str, Any]]
    inputs: Mapped[dict[str, Any]]
    rule_version: Mapped[str]
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str]
    reason: Mapped[str | None]
    computed_by: Mapped[UUID | None]
    computed_at: Mapped[datetime]
    verified_by: Mapped[UUID | None]
    verified_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]


_FORBID = (
    "CREATE OR REPLACE FUNCTION scoring.forbid_decision_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN IF TG_OP = 'DELETE' OR (OLD.decision, OLD.composite, OLD.inputs, OLD.explanation, OLD.rule_version, "
    "OLD.inputs_sha256, OLD.registration_id) IS DISTINCT FROM (NEW.decision, NEW.composite, NEW.inputs, "
    "NEW.explanation, NEW.rule_version, NEW.inputs_sha256, NEW.registration_id) THEN "
    "RAISE EXCEPTION 'what was decided is not changed; a new version is' USING ERRCODE = 'restrict_violation'; "
    "END IF; RETURN NEW; END $$"
)
_GUARD = (
    "CREATE TRIGGER outcomes_decided BEFORE UPDATE OR DELETE ON scoring.outcomes "
    "FOR EACH ROW EXECUTE FUNCTION scoring.forbid_decision_change()"
)
_outcomes = OutcomeRow.__table__
assert isinstance(_outcomes, Table)
for _statement in (_FORBID, _GUARD):
    event.listen(_outcomes, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
