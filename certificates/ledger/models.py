"""The table of the ledger, append-only by trigger."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.ledger.rules import LedgerEvent
from exam.kernel.db import Base, append_only, status_check


class LedgerRow(Base):
    """One event, chained to the one before."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        status_check("event", LedgerEvent),
        UniqueConstraint("number", "version", "event"),
        UniqueConstraint("previous"),  # two entries cannot follow the same one
        {"schema": "certificates"},
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    event: Mapped[str]
    certificate_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[str]
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    reason: Mapped[str]
    salt: Mapped[str]
    leaf: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    entry_sha256: Mapped[str] = mapped_column(String(64))


append_only(LedgerRow.__table__)
