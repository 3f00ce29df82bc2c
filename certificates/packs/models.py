"""Tables of packs: who ordered which, what is in it and how far it is compared. Nothing personal stands here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from certificates.packs.rules.contents import Names
from certificates.packs.rules.status import OwnerKind, PackStatus
from exam.kernel.db import Base, status_check


class PackRow(Base):
    """One pack."""

    __tablename__ = "packs"
    __table_args__ = (
        status_check("status", PackStatus),
        status_check("owner_kind", OwnerKind),
        status_check("names", Names),
        CheckConstraint("count > 0 AND done >= 0 AND done <= count", name="done"),
        CheckConstraint("status <> 'ready' OR (done = count AND size IS NOT NULL AND etag <> '')", name="ready"),
        CheckConstraint("(status = 'refused') = (problem <> '')", name="problem"),
        Index("ix_packs_owner", "owner_kind", "owner_id", "made_at"),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_kind: Mapped[str]
    owner_id: Mapped[UUID]
    batch_id: Mapped[UUID]
    institution_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    names: Mapped[str]
    status: Mapped[str]
    count: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    size: Mapped[int | None] = mapped_column(BigInteger)
    etag: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")  # the number whose file is missing or altered
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]


class PackItemRow(Base):
    """One certificate of a pack: its status that day, and the size of its bytes once they were compared."""

    __tablename__ = "pack_items"
    __table_args__ = (
        UniqueConstraint("pack_id", "certificate_id"),
        CheckConstraint("(size IS NULL) = (crc32 IS NULL)", name="compared"),
        {"schema": "certificates"},
    )

    pack_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.packs.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)  # from 1
    certificate_id: Mapped[UUID]
    status: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int | None] = mapped_column(BigInteger)
    crc32: Mapped[int | None] = mapped_column(BigInteger)
