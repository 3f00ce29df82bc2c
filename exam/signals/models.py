"""Tables of announcements, who read them, and the last sign of life of everything that gives one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, append_only, status_check
from exam.signals.rules import Reach, Source

_SCHEMA = {"schema": "exam"}


class AnnouncementRow(Base):
    """What the office or the site head says to rooms."""

    __tablename__ = "announcements"
    __table_args__ = (
        status_check("reach", Reach),
        CheckConstraint("text_zh <> ''", name="text_zh"),
        Index("ix_announcements_target", "target_id", "made_at"),
        _SCHEMA,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reach: Mapped[str]
    target_id: Mapped[UUID]  # a room session, a site or a batch
    target_name: Mapped[str]
    text_zh: Mapped[str]
    text_en: Mapped[str]
    made_by: Mapped[UUID | None]
    made_name: Mapped[str]
    made_at: Mapped[datetime]


class AnnouncementReadRow(Base):
    """Somebody on duty in a room has read it."""

    __tablename__ = "announcement_reads"
    __table_args__ = (_SCHEMA,)

    announcement_id: Mapped[UUID] = mapped_column(ForeignKey("exam.announcements.id"), primary_key=True)
    room_session_id: Mapped[UUID] = mapped_column(ForeignKey("exam.room_sessions.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    at: Mapped[datetime]


class HeartbeatRow(Base):
    """When something was last heard of. Not a fact of the exam: overwritten, without an audit record."""

    __tablename__ = "heartbeats"
    __table_args__ = (status_check("source", Source), Index("ix_heartbeats_room", "room_session_id", "source"), _SCHEMA)

    source: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    room_session_id: Mapped[UUID] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


append_only(AnnouncementRow.__table__)
append_only(AnnouncementReadRow.__table__)
