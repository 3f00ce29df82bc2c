"""That an entry stands in a published tree.

A proof is about the smallest published tree that has the entry, so that the same entry has the same proof for ever.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import CheckpointRow, LeafRow
from certificates.ledger.queries.tree import Tree
from certificates.ledger.rules import LedgerProof
from certificates.ledger.rules.checkpoints import TreeHead, TreeProof, tree_head
from certificates.ledger.rules.merkle import plan_inclusion
from certificates.ledger.rules.notes import Note, read_note
from exam.kernel.errors import N_, Unavailable


class NotSealed(Unavailable):
    """No published tree has the entry yet."""

    message = N_("登记簿第 %(index)s 条还没有封存，含它的检查点尚未签名并取得见证。")
    way_out = N_("封存后会自动继续；若一直没有进展，请查看登记簿页上见证方的状态。")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A published checkpoint."""

    size: int
    at: datetime
    text: str

    @property
    def note(self) -> Note:
        return read_note(self.text)

    @property
    def head(self) -> TreeHead:
        return tree_head(self.note)


async def checkpoint(session: AsyncSession) -> Checkpoint | None:
    """The newest published checkpoint."""
    row = await session.scalar(select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1))
    return None if row is None else Checkpoint(size=row.size, at=row.at, text=row.note)


async def checkpoints(
    session: AsyncSession, sizes: Sequence[int] | None = None, *, limit: int | None = None
) -> list[Checkpoint]:
    """Published checkpoints, the newest first; of these sizes only, when asked."""
    query = select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(limit)
    if sizes is not None:
        query = query.where(CheckpointRow.size.in_(sizes))
    return [Checkpoint(size=row.size, at=row.at, text=row.note) for row in await session.scalars(query)]


async def proofs(session: AsyncSession, indexes: Sequence[int]) -> dict[int, LedgerProof]:
    """A proof for each of these entries; raises `NotSealed` for the first that no published tree has."""
    if not indexes:
        return {}
    wanted = sorted(set(indexes))
    sizes = await _sizes(session, wanted[0], wanted[-1])
    of: dict[int, int] = {}
    for index in wanted:
        place = bisect_right(sizes, index)
        if place == len(sizes):
            raise NotSealed(index=index)
        of[index] = sizes[place]
    notes = {one.size: one.text for one in await checkpoints(session, sorted(set(of.values())))}
    paths = await Tree(session).prove(plan_inclusion(index, of[index]) for index in wanted)
    rows = await session.execute(
        select(LeafRow.index.label("place"), LeafRow.entry, LeafRow.salt)
        .where(LeafRow.index.in_(wanted))
        .order_by(LeafRow.index)
    )
    return {
        row.place: LedgerProof(
            index=row.place,
            size=of[row.place],
            entry=row.entry,
            salt=row.salt or "",
            text=TreeProof(row.place, tuple(path), notes[of[row.place]]).text,
        )
        for row, path in zip(rows.all(), paths, strict=True)
    }


async def _sizes(session: AsyncSession, first: int, last: int) -> list[int]:
    """The sizes of the published trees that could serve, the smallest first."""
    enough = select(func.min(CheckpointRow.size)).where(CheckpointRow.size > last).scalar_subquery()
    query = (
        select(CheckpointRow.size)
        .where(CheckpointRow.size > first, CheckpointRow.size <= func.coalesce(enough, 2**62))
        .order_by(CheckpointRow.size)
    )
    return list((await session.scalars(query)).all())
