"""Tables of the tablets: devices and their keys, who worked on them, where they were given out, and every event as it came.

Events are added, never altered. Two different events under one number (a tablet that was copied or set back) are both kept:
which one came first must not matter, and the ledger names the fork. What could not be taken is kept aside, whole.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, append_only, status_check
from scoring.tablets.rules.devices import Oddness
from scoring.tablets.rules.events import Kind

_SCHEMA = {"schema": "scoring"}


class TabletRow(Base):
    """One tablet of a site. Its private key never leaves it."""

    __tablename__ = "tablets"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revocation_reason = '')", name="revoked"),
        CheckConstraint("last_number >= 0", name="last_number"),
        # A wiped tablet enrols again under its old label, once its old key is revoked.
        Index("uq_tablets_label", "site_id", "label", unique=True, postgresql_where=text("revoked_at IS NULL")),
        UniqueConstraint("key_sha256"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    label: Mapped[str]
    public_key: Mapped[bytes]  # SubjectPublicKeyInfo (RFC 5280), P-256
    key_sha256: Mapped[str] = mapped_column(String(64))
    registered_by: Mapped[str]
    registered_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str]
    revocation_reason: Mapped[str]
    seen_at: Mapped[datetime | None]
    last_number: Mapped[int]  # how far its chain goes, by its own last word


class TabletHandoutRow(Base):
    """A tablet given out for a session: it is expected in that session's ledger."""

    __tablename__ = "tablet_handouts"
    __table_args__ = (
        CheckConstraint("(returned_at IS NULL) = (returned_by = '')", name="returned"),
        CheckConstraint("returned_at IS NOT NULL OR unused_reason = ''", name="unused"),
        Index("ix_tablet_handouts_room", "room_session_id"),
        _SCHEMA,
    )

    tablet_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.tablets.id"), primary_key=True)
    room_session_id: Mapped[UUID] = mapped_column(primary_key=True)
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    returned_by: Mapped[str]
    unused_reason: Mapped[str]  # why the ledger need not wait for it: it was never used


class TabletPassRow(Base):
    """An assessor signed in on a tablet while there was a line: what the tablet says in their name counts."""

    __tablename__ = "tablet_passes"
    __table_args__ = (_SCHEMA,)

    tablet_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.tablets.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("exam.accounts.id"), primary_key=True)
    issued_at: Mapped[datetime]


class TabletEventRow(Base):
    """One event, with the hash it had on the tablet."""

    __tablename__ = "tablet_events"
    __table_args__ = (
        status_check("kind", Kind),
        CheckConstraint("number >= 1 AND counter >= 1", name="number"),
        Index("ix_tablet_events_sheet", "sitting_id", "assessor_id", "version"),
        Index("ix_tablet_events_room", "room_session_id", "tablet_id"),
        Index(
            "ix_tablet_events_signed",
            "received_at",
            "room_session_id",
            postgresql_where=text("kind IN ('signed', 'stopped')"),
        ),
        _SCHEMA,
    )

    tablet_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.tablets.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[UUID]
    previous: Mapped[str] = mapped_column(String(64))
    counter: Mapped[int]
    kind: Mapped[str]
    sitting_id: Mapped[UUID]
    assessor_id: Mapped[UUID]
    version: Mapped[int]
    room_session_id: Mapped[UUID]
    said_at: Mapped[str]  # as the tablet wrote it: it is part of the hash
    received_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class TabletOddityRow(Base):
    """What a tablet sent and could not be taken: kept whole, so that nothing is lost."""

    __tablename__ = "tablet_oddities"
    __table_args__ = (
        status_check("why", Oddness),
        Index("uq_tablet_oddities", "tablet_id", "number", "hash", unique=True),
        Index("ix_tablet_oddities_open", "tablet_id", postgresql_where=text("settled_at IS NULL")),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tablet_id: Mapped[UUID] = mapped_column(ForeignKey("scoring.tablets.id"))
    number: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    why: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str]
    settlement: Mapped[str]


append_only(TabletEventRow.__table__)
