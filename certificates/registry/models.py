"""Tables of the built-in registry, in a schema of their own: what a national platform and a credit bank would keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.registry.rules import ConversionStatus, TypeStatus
from exam.kernel.db import Base, status_check


class RecordRow(Base):
    """One registered certificate version. Of the holder only a keyed hash of the ID number is kept."""

    __tablename__ = "records"
    __table_args__ = (
        UniqueConstraint("receipt_no"),
        UniqueConstraint("number", "version"),
        Index("ix_records_organisation_code_key", "organisation_code", "key"),
        {"schema": "platform"},
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str]
    version: Mapped[int]
    organisation_code: Mapped[str]
    receipt_no: Mapped[str]
    received_at: Mapped[datetime]
    record_sha256: Mapped[str] = mapped_column(String(64))
    person: Mapped[str] = mapped_column(String(64), index=True)
    facts: Mapped[dict[str, Any]]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]


class SubmissionRow(Base):
    """A batch that came in under an idempotency key, and the answer it got."""

    __tablename__ = "submissions"
    __table_args__ = ({"schema": "platform"},)

    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    answer: Mapped[dict[str, Any]]


class CreditTypeRow(Base):
    """What a certificate is worth: a proposal, and what the bank made of it."""

    __tablename__ = "credit_types"
    __table_args__ = (
        status_check("status", TypeStatus),
        CheckConstraint("(status IN ('recognised', 'published')) = (recognised IS NOT NULL)", name="recognised"),
        {"schema": "platform"},
    )

    certificate_code: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    proposal: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    status: Mapped[str]
    recognised: Mapped[str | None]
    message: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]


class AccountRow(Base):
    """A learner's account, opened after real name and face were checked (E08)."""

    __tablename__ = "credit_accounts"
    __table_args__ = ({"schema": "platform"},)

    person: Mapped[str] = mapped_column(String(64), primary_key=True)
    opened_at: Mapped[datetime]


class DepositRow(Base):
    """A certificate that its holder stored in the account: once, whatever its later versions."""

    __tablename__ = "credit_deposits"
    __table_args__ = ({"schema": "platform"},)

    number: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(String(64), index=True)
    credits: Mapped[str]
    stored_at: Mapped[datetime]


class ConversionRow(Base):
    """A conversion of stored credits into a course: once per certificate and school."""

    __tablename__ = "credit_conversions"
    __table_args__ = (
        status_check("status", ConversionStatus),
        UniqueConstraint("number", "school_code"),
        {"schema": "platform"},
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str]
    school_code: Mapped[str]
    course: Mapped[str]
    credits: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class WithdrawalRow(Base):
    """A certificate that its organisation revoked: what was stored stays stored, marked, and is converted no more."""

    __tablename__ = "credit_withdrawals"
    __table_args__ = ({"schema": "platform"},)

    number: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime]
