"""Tables of the ledger: leaves, the hashes above them, what was signed, what was published. Append-only by trigger; the one
change allowed is that a salt goes, once two people have agreed that it shall."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, Index, String, Table, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from certificates.ledger.rules import ErasureStatus, LedgerEvent
from exam.kernel.db import Base, append_only, status_check


class LeafRow(Base):
    """One leaf of the tree: what is published, and what only this installation knows of it."""

    __tablename__ = "ledger_leaves"
    __table_args__ = (
        status_check("event", LedgerEvent),
        CheckConstraint("octet_length(leaf_hash) = 32", name="leaf_hash"),
        # each event happens to a version once; paper can be printed again and again
        Index(
            "uq_ledger_leaves_event",
            "certificate_id",
            "event",
            unique=True,
            postgresql_where=text("event <> 'reprint'"),
        ),
        {"schema": "certificates"},
    )

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    event: Mapped[str]
    certificate_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[str]
    version: Mapped[int]
    reason: Mapped[str]
    entry: Mapped[bytes]
    leaf_hash: Mapped[bytes]
    salt: Mapped[str | None]  # hexadecimal; None once it was erased


class NodeRow(Base):
    """The root of a full tile: of 256 leaves (level 1), of 256 of those (level 2), and so on."""

    __tablename__ = "ledger_nodes"
    __table_args__ = (CheckConstraint("octet_length(hash) = 32 AND level > 0", name="hash"), {"schema": "certificates"})

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class HeadRow(Base):
    """A checkpoint with the log's own signature, noted before any witness sees it: one for each size, for ever."""

    __tablename__ = "ledger_heads"
    __table_args__ = ({"schema": "certificates"},)

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    at: Mapped[datetime]
    note: Mapped[str]


class CheckpointRow(Base):
    """A published checkpoint: the head with the cosignatures that made the quorum."""

    __tablename__ = "ledger_checkpoints"
    __table_args__ = ({"schema": "certificates"},)

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    note: Mapped[str]


class ErasureRow(Base):
    """A person's wish to leave the ledger: asked by one, decided by another; then the salts of the certificate go."""

    __tablename__ = "ledger_erasures"
    __table_args__ = (
        status_check("status", ErasureStatus),
        CheckConstraint("(status = 'asked') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("decided_by <> asked_by", name="two_people"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("uq_ledger_erasures_open", "certificate_id", unique=True, postgresql_where=text("status <> 'refused'")),
        {"schema": "certificates"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID]
    organisation_id: Mapped[UUID]
    number: Mapped[str]
    version: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]


class ChainRow(Base):
    """An entry of the time before the tree, chained to the one before; nothing is added any more."""

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
    salt: Mapped[str | None]
    leaf: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    entry_sha256: Mapped[str] = mapped_column(String(64))


def _only_the_salt_goes(table: Any) -> None:
    """Like `append_only`, but for a salt whose erasure was granted."""
    assert isinstance(table, Table)
    name = f"{table.schema}.{table.name}"
    guard = (
        "CREATE OR REPLACE FUNCTION certificates.only_the_salt_goes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' THEN IF OLD.salt IS NOT NULL AND NEW.salt IS NULL "
        "AND to_jsonb(NEW) - 'salt' = to_jsonb(OLD) - 'salt' AND EXISTS (SELECT FROM certificates.ledger_erasures one "
        "WHERE one.certificate_id = OLD.certificate_id AND one.status = 'granted') THEN RETURN NEW; END IF; END IF; "
        "RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    row = (
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION certificates.only_the_salt_goes()"
    )
    whole = (
        f"CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION certificates.only_the_salt_goes()"
    )
    for statement in (guard, row, whole):
        event.listen(table, "after_create", DDL(statement))  # type: ignore[no-untyped-call]


for _table in (NodeRow.__table__, HeadRow.__table__, CheckpointRow.__table__):
    append_only(_table)
for _table in (LeafRow.__table__, ChainRow.__table__):
    _only_the_salt_goes(_table)
