"""The audit log: one record per change, in the change's own transaction, chained by hash within a stream.

A stream is the thing whose history is told together (``batch:<id>``, ``site:<id>``, ``account:<id>``);
one chain per stream keeps unrelated work from waiting for each other. A record holds identifiers,
numbers, states, hashes and reasons, never a person's data. Records cannot be altered (trigger) and an
altered or missing one breaks the chain, which :func:`verify` names.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, UniqueConstraint, cast, func, literal, select
from sqlalchemy.dialects.postgresql import BIT, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from exam.kernel.db import Base, append_only
from exam.kernel.ids import new_id

_START = "0" * 64


class Doer(Protocol):
    """Whoever did it: an account, or the system itself (no account)."""

    @property
    def account_id(self) -> UUID | None:
        """The account, None for the system."""


class AuditStream(Base):
    """The head of one chain: its last number and hash. Locked while a record is added."""

    __tablename__ = "audit_streams"
    __table_args__ = ({"schema": "exam"},)

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))


class AuditRecord(Base):
    """One change: who, what, to which things, when, and the hash that ties it to the one before."""

    __tablename__ = "audit_records"
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        Index("ix_audit_records_subject_ids", "subject_ids", postgresql_using="gin"),
        {"schema": "exam"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str]
    seq: Mapped[int]
    at: Mapped[datetime]
    account_id: Mapped[UUID | None]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    subject_ids: Mapped[list[UUID]]
    data: Mapped[dict[str, Any]]
    previous_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))


append_only(AuditRecord.__table__)


async def record(
    session: AsyncSession,
    actor: Doer,
    action: str,
    *,
    subject: str,
    ids: Iterable[UUID],
    stream: str,
    data: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Add the record of one change to its stream's chain, inside the caller's transaction."""
    head = await _lock_head(session, stream)
    entry = AuditRecord(
        id=new_id(),
        stream=stream,
        seq=head.seq + 1,
        at=now,
        account_id=actor.account_id,
        action=action,
        subject=subject,
        subject_ids=list(ids),
        data=json.loads(json.dumps(dict(data or {}), default=str)),
        previous_sha256=head.sha256,
        sha256="",
    )
    entry.sha256 = chain_hash(entry)
    session.add(entry)
    head.seq, head.sha256 = entry.seq, entry.sha256
    await session.flush()


async def _lock_head(session: AsyncSession, stream: str) -> AuditStream:
    await session.execute(
        insert(AuditStream).values(stream=stream, seq=0, sha256=_START).on_conflict_do_nothing(),
    )
    query = select(AuditStream).where(AuditStream.stream == stream).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


def chain_hash(entry: AuditRecord) -> str:
    """Return SHA-256 over the canonical form of the record and the hash of the one before."""
    body = {
        "stream": entry.stream,
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "account_id": str(entry.account_id) if entry.account_id else None,
        "action": entry.action,
        "subject": entry.subject,
        "subject_ids": [str(identifier) for identifier in entry.subject_ids],
        "data": entry.data,
        "previous": entry.previous_sha256,
    }
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def verify(session: AsyncSession) -> list[str]:
    """Walk every chain and name each break: a changed record, a gap, a head that does not fit."""
    failures: list[str] = []
    previous: dict[str, tuple[int, str]] = {}
    query = select(AuditRecord).order_by(AuditRecord.stream, AuditRecord.seq)
    async for entry in await session.stream_scalars(query.execution_options(yield_per=500)):
        seq, sha256 = previous.get(entry.stream, (0, _START))
        place = f"{entry.stream} #{entry.seq}"
        if entry.seq != seq + 1:
            failures.append(f"{place}: record {seq + 1} is missing")
        elif entry.previous_sha256 != sha256:
            failures.append(f"{place}: does not follow the record before it")
        if chain_hash(entry) != entry.sha256:
            failures.append(f"{place}: was altered")
        previous[entry.stream] = (entry.seq, entry.sha256)
        session.expunge(entry)
    heads = (await session.execute(select(AuditStream.stream, AuditStream.seq, AuditStream.sha256))).all()
    failures += [
        f"{stream}: head does not match the last record"
        for stream, seq, sha256 in heads
        if previous.get(stream, (0, _START)) != (seq, sha256)
    ]
    return failures


async def state(session: AsyncSession, *, without: Iterable[str] = ()) -> str:
    """What all records so far come to, in a word: it differs as soon as anything is recorded (but in streams that begin so).

    For what is worked out from many records and kept in the process: the heads tell whether it still holds.
    """
    head = cast(cast(literal("x").concat(func.substr(AuditStream.sha256, 1, 15)), BIT(60)), BigInteger)
    query = select(func.count(), func.sum(head))
    for begin in without:
        query = query.where(~AuditStream.stream.startswith(begin, autoescape=True))
    count, total = (await session.execute(query)).one()
    return f"{count}:{total}"


async def counts(session: AsyncSession, since: datetime) -> dict[str, int]:
    """How many records of each action were made since an instant."""
    query = select(AuditRecord.action, func.count()).where(AuditRecord.at >= since).group_by(AuditRecord.action)
    return {action: count for action, count in await session.execute(query)}  # noqa: C416 - a Result is not a mapping


async def unrecorded(session: AsyncSession, subject: str, ids: Iterable[UUID]) -> set[UUID]:
    """Return those of the ids that no audit record of this subject names."""
    query = select(func.unnest(AuditRecord.subject_ids)).where(AuditRecord.subject == subject).distinct()
    return set(ids) - set((await session.execute(query)).scalars())
