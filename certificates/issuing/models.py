"""Tables of issuing. What must never be double is a constraint: a serial, a number, a live number per outcome, a place on
a list that is to be issued; that two people release and resume is one too. No number, certificate, release or stop is ever
deleted (trigger)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from certificates.issuing.rules.releases import ReleaseStatus
from certificates.issuing.rules.status import UNFINISHED, CertificateStatus
from exam.kernel.db import Base, status_check

_UNFINISHED = ", ".join(f"'{status}'" for status in UNFINISHED)
ENDED = "status IN ('reissued', 'revoked', 'superseded', 'voided')"
"""Versions that no longer stand: few among many, read anew for each status list; the index is theirs alone."""


class ReleaseRow(Base):
    """A list that one officer proposes to issue and another approves; who published results is neither (section 2)."""

    __tablename__ = "releases"
    __table_args__ = (
        status_check("status", ReleaseStatus),
        CheckConstraint("(status = 'proposed') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("status <> 'approved' OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint("proposed_by <> ALL (publishers)", name="proposer_published"),
        CheckConstraint("status <> 'approved' OR decided_by <> ALL (publishers)", name="approver_published"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(index=True)
    status: Mapped[str]
    list_sha256: Mapped[str] = mapped_column(String(64))
    issue_count: Mapped[int]
    held_count: Mapped[int]
    groups_count: Mapped[int]
    publishers: Mapped[list[UUID]]  # who published the results on the list
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")


class ReleaseItemRow(Base):
    """One outcome on a list. Nobody stands on two lists that are open or being issued."""

    __tablename__ = "release_items"
    __table_args__ = (
        Index("uq_release_items_live", "registration_id", unique=True, postgresql_where=text("live")),
        Index("ix_release_items_group", "release_id", "group_no"),
        CheckConstraint("NOT live OR (held = '' AND dropped = '')", name="live"),
        CheckConstraint("(group_no = 0) = (held <> '')", name="group"),
        {"schema": "certificates"},
    )

    release_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.releases.id"), primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome_id: Mapped[UUID]
    outcome_version: Mapped[int]
    organisation_id: Mapped[UUID]
    face_sha256: Mapped[str] = mapped_column(String(64))
    group_no: Mapped[int]  # from 1; 0 for who is held back
    held: Mapped[str]  # why not, when it was proposed: codes
    dropped: Mapped[str] = mapped_column(default="")  # why not, when its turn came
    live: Mapped[bool]


class HaltRow(Base):
    """A stop of all issuing, in force until two people have ended it."""

    __tablename__ = "halts"
    __table_args__ = (
        Index("uq_halts_in_force", text("(true)"), unique=True, postgresql_where=text("resumed_at IS NULL")),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("resumed_at IS NULL OR (first_by IS NOT NULL AND resumed_by <> first_by)", name="two_people"),
        CheckConstraint("(resumed_at IS NULL) = (resumed_by IS NULL)", name="resumed_by"),
        CheckConstraint("(first_at IS NULL) = (first_by IS NULL)", name="first_by"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    halted_by: Mapped[UUID]
    halted_at: Mapped[datetime]
    first_by: Mapped[UUID | None]
    first_at: Mapped[datetime | None]
    resumed_by: Mapped[UUID | None]
    resumed_at: Mapped[datetime | None]


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
        Index("ix_certificates_ended", "id", postgresql_where=text(ENDED)),
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
    release_id: Mapped[UUID | None] = mapped_column(index=True)  # None: a correction or replacement
    begun_by: Mapped[UUID]  # whose deed it is: the second officer of the release, or who renews
    template: Mapped[str]
    template_sha256: Mapped[str] = mapped_column(String(64))
    compiled: Mapped[str] = mapped_column(
        String(64), server_default=""
    )  # the shape it is pressed with, or "weasyprint"
    face: Mapped[dict[str, Any]]
    id_sealed: Mapped[str]
    photo_sha256: Mapped[str] = mapped_column(String(64))
    record_sha256: Mapped[str] = mapped_column(String(64))
    leaf_index: Mapped[int | None] = mapped_column(BigInteger, unique=True)  # of the entry that announced it
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


for _table in (
    Number.__table__,
    CertificateRow.__table__,
    ReleaseRow.__table__,
    ReleaseItemRow.__table__,
    HaltRow.__table__,
):
    _no_delete(_table)
