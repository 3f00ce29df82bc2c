"""Tables of the people who sign in: accounts, what they are granted, and their sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from exam.accounts.rules import Role
from exam.kernel.db import Base, status_check


class Account(Base):
    """Someone who can sign in: staff by login and password, a candidate by ticket number and secret."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("(password_hash IS NULL) <> (secret_index IS NULL)", name="one_way_in"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    secret_index: Mapped[str | None] = mapped_column(String(64))
    secret_sealed: Mapped[str | None]
    person_id: Mapped[UUID | None] = mapped_column(index=True)
    registration_id: Mapped[UUID | None] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class AccountGrant(Base):
    """A role of an account in a scope."""

    __tablename__ = "account_grants"
    __table_args__ = (status_check("role", Role), {"schema": "exam"})

    account_id: Mapped[UUID] = mapped_column(ForeignKey("exam.accounts.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    scope_kind: Mapped[str] = mapped_column(primary_key=True)
    scope_id: Mapped[str] = mapped_column(primary_key=True, default="")


class SignIn(Base):
    """A signed-in browser: the hash of its token, never the token."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_expires_at", "expires_at"), {"schema": "exam"})

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("exam.accounts.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
