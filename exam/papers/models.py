"""Tables of the item bank and of sealed papers. Keys stand in tables of their own."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from exam.catalogue.rules import ItemKind
from exam.kernel.db import Base, append_only, status_check


class ItemRow(Base):
    """One item of one certificate's level; a changed item is a new one."""

    __tablename__ = "items"
    __table_args__ = (
        status_check("kind", ItemKind),
        UniqueConstraint("certificate_id", "level", "code"),
        UniqueConstraint("certificate_id", "level", "content_sha256"),
        Index("ix_items_certificate_id_level", "certificate_id", "level", "kind"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID]
    level: Mapped[str]
    code: Mapped[str]
    kind: Mapped[str]
    stem: Mapped[str]
    options: Mapped[list[Any]]  # [{"id": "A", "text": "..."}]
    dimension: Mapped[str]
    content_sha256: Mapped[str] = mapped_column(String(64))
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]


class ItemKeyRow(Base):
    """The right answer of an item."""

    __tablename__ = "item_keys"
    __table_args__ = ({"schema": "exam"},)

    item_id: Mapped[UUID] = mapped_column(ForeignKey(ItemRow.id), primary_key=True)
    options: Mapped[list[Any]]  # option ids, or ["true"] / ["false"]
    blanks: Mapped[list[Any]]  # accepted texts per blank


class PaperRow(Base):
    """A paper version, sealed when it was made: never changed, superseded by a newer one of the same version letter."""

    __tablename__ = "papers"
    __table_args__ = (
        Index("ix_papers_component_id", "component_id", "version", "sealed_at"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    component_id: Mapped[UUID]
    certificate_id: Mapped[UUID]
    level: Mapped[str]
    batch_id: Mapped[UUID | None]
    version: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[dict[str, Any]]
    content_sha256: Mapped[str] = mapped_column(String(64))
    items_count: Mapped[int]
    full_marks: Mapped[Decimal]
    sealed_at: Mapped[datetime]
    sealed_by: Mapped[UUID | None]


class PaperKeysRow(Base):
    """The keys of one sealed paper."""

    __tablename__ = "paper_keys"
    __table_args__ = ({"schema": "exam"},)

    paper_id: Mapped[UUID] = mapped_column(ForeignKey(PaperRow.id), primary_key=True)
    keys: Mapped[list[Any]]
    keys_sha256: Mapped[str] = mapped_column(String(64))


append_only(PaperRow.__table__)
append_only(PaperKeysRow.__table__)
