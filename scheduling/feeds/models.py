"""Tables of the feeds: the addresses, by hash only, and what each feed has said of its items so far."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, status_check
from scheduling.feeds.rules import FeedKind


class FeedRow(Base):
    """The calendar of a site, a room or a person; it has at most one address that answers."""

    __tablename__ = "feeds"
    __table_args__ = (
        status_check("kind", FeedKind),
        CheckConstraint("locale IN ('zh', 'en')", name="locale"),
        CheckConstraint("(token_sha256 IS NULL) = (revoked_at IS NOT NULL)", name="revoked"),
        UniqueConstraint("kind", "owner_id"),
        UniqueConstraint("token_sha256"),
        {"schema": "scheduling"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    owner_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("exam.accounts.id"), index=True)
    token_sha256: Mapped[str | None] = mapped_column(String(64))  # never the token
    locale: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class FeedItemRow(Base):
    """What a feed last said of one item: a calendar program is told of each change by a higher sequence."""

    __tablename__ = "feed_items"
    __table_args__ = (
        CheckConstraint("sequence >= 0", name="sequence"),
        CheckConstraint("ends_at > starts_at", name="period"),
        {"schema": "scheduling"},
    )

    feed_id: Mapped[UUID] = mapped_column(ForeignKey("scheduling.feeds.id"), primary_key=True)
    uid: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    summary: Mapped[str]
    location: Mapped[str]
    description: Mapped[str]
    path: Mapped[str]
    sequence: Mapped[int]
    cancelled: Mapped[bool]
    modified_at: Mapped[datetime]
