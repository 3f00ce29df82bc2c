"""What the log signed and what it published: one head and one checkpoint for each size, for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import CheckpointRow, HeadRow
from certificates.ledger.queries.proofs import Checkpoint, checkpoint
from certificates.ledger.rules.checkpoints import TreeHead
from certificates.ledger.rules.notes import Note

_CHECKPOINT_LOCK: Final = 0x6B616F777543  # held to the end of the transaction


async def keep_head(session: AsyncSession, head: TreeHead, note: Note, *, now: datetime) -> Note:
    """Note a signed head before anybody sees it; returns the one that stands, should another have been quicker."""
    values = {"size": head.size, "root": head.root, "at": now, "note": str(note)}
    await session.execute(insert(HeadRow).values(values).on_conflict_do_nothing())
    kept = await session.scalar(select(HeadRow.note).where(HeadRow.size == head.size))
    assert kept == str(note), "two heads of one size"
    return note


async def keep_checkpoint(session: AsyncSession, size: int, note: Note, *, now: datetime) -> Checkpoint:
    """Note a checkpoint that is to be published; returns the newest, should another have been quicker.

    Sizes only grow: a smaller one that came late (a host that was cut off while it sealed) would change the proof that
    an entry has already travelled with.
    """
    await session.execute(select(func.pg_advisory_xact_lock(_CHECKPOINT_LOCK)))
    newest = await checkpoint(session)
    if newest is not None and newest.size >= size:
        return newest
    await session.execute(insert(CheckpointRow).values(size=size, at=now, note=str(note)))
    return Checkpoint(size=size, at=now, text=str(note))
