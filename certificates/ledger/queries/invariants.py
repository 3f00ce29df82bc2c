"""What must hold of the ledger in the database, read from the first leaf to the last; each failure says where."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import ChainRow, CheckpointRow, ErasureRow, HeadRow, LeafRow, NodeRow
from certificates.ledger.rules import ErasureStatus, LedgerEvent
from certificates.ledger.rules.chain import ChainedEntry, adopted, chain_failures
from certificates.ledger.rules.checkpoints import tree_head
from certificates.ledger.rules.entries import BadEntry, moment, read_entry
from certificates.ledger.rules.merkle import leaf_hash
from certificates.ledger.rules.notes import BadNote, read_note
from certificates.ledger.rules.published import levels_of, root_from

_TOGETHER: Final = 2_000
_COLUMNS: Final = (
    LeafRow.index.label("place"), LeafRow.at, LeafRow.event, LeafRow.certificate_id, LeafRow.entry, LeafRow.leaf_hash, LeafRow.salt,
)  # fmt: skip


async def invariants(session: AsyncSession) -> list[str]:
    """Whole old chain; leaves without a gap, hashing to what is kept; full tiles; heads and checkpoints with the tree's roots."""
    chained = [_chained(row) for row in await session.scalars(select(ChainRow).order_by(ChainRow.seq))]
    failures = chain_failures(chained)
    hashes, found = await _leaves(session, chained)
    failures += found
    levels = levels_of(hashes)
    failures += await _nodes(session, levels)
    failures += await _signed(session, levels)
    return failures


async def _leaves(session: AsyncSession, chained: list[ChainedEntry]) -> tuple[list[bytes], list[str]]:
    """The hashes of all entries, and what is wrong with a row."""
    erased = set(
        await session.scalars(select(ErasureRow.certificate_id).where(ErasureRow.status == str(ErasureStatus.GRANTED)))
    )
    hashes: list[bytes] = []
    failures: list[str] = []
    last = -1
    while True:
        query = select(*_COLUMNS).where(LeafRow.index > last).order_by(LeafRow.index).limit(_TOGETHER)
        rows = (await session.execute(query)).all()
        if not rows:
            return hashes, failures
        for row in rows:
            if row.place != last + 1:
                failures.append(f"entry {last + 1} is missing before {row.place}")
            last = row.place
            hashes.append(leaf_hash(row.entry))
            if hashes[-1] != row.leaf_hash:
                failures.append(f"entry {row.place} does not hash to its leaf")
            failures += _facts(row, chained)
            if row.salt is None and row.certificate_id not in erased:
                failures.append(f"entry {row.place} has lost its salt, and nobody granted it")


def _facts(row: Any, chained: list[ChainedEntry]) -> list[str]:
    """Whether the columns of a row say what its published bytes say."""
    if row.place < len(chained):
        return (
            []
            if row.entry == adopted(chained[row.place])
            else [f"entry {row.place} is not the old entry it stands for"]
        )
    try:
        said = read_entry(row.entry)
    except BadEntry as error:
        return [f"entry {row.place} is none: {error}"]
    same = (said["event"], said["at"]) == (row.event, moment(row.at))
    return [] if same else [f"entry {row.place} says another event or time than its row"]


async def _nodes(session: AsyncSession, levels: list[list[bytes]]) -> list[str]:
    wanted = {(level, index): one for level, row in enumerate(levels) if level for index, one in enumerate(row)}
    failures = []
    for row in await session.scalars(select(NodeRow).order_by(NodeRow.level, NodeRow.index)):
        expected = wanted.pop((row.level, row.index), None)
        if expected != row.hash:
            failures.append(f"the root of tile {row.level - 1}/{row.index} is another than that of its hashes")
    return failures + [f"the root of tile {level - 1}/{index} is missing" for level, index in wanted]


async def _signed(session: AsyncSession, levels: list[list[bytes]]) -> list[str]:
    """Each head and each checkpoint has the root that the tree had at its size."""
    failures: list[str] = []
    heads: dict[int, str] = {}
    for row in await session.scalars(select(HeadRow).order_by(HeadRow.size)):
        heads[row.size] = row.note
        failures += _head_failures(f"head {row.size}", row.size, row.note, levels)
    for one in await session.scalars(select(CheckpointRow).order_by(CheckpointRow.size)):
        failures += _head_failures(f"checkpoint {one.size}", one.size, one.note, levels)
        if one.size not in heads or not one.note.startswith(heads[one.size]):
            failures.append(f"checkpoint {one.size} is not the head that was signed")
    return failures


def _head_failures(name: str, size: int, text: str, levels: list[list[bytes]]) -> list[str]:
    try:
        head = tree_head(read_note(text))
    except BadNote as error:
        return [f"{name} is none: {error}"]
    if head.size != size:
        return [f"{name} says size {head.size}"]
    if size > len(levels[0]):
        return [f"{name} is about more leaves than there are: entries were lost"]
    same = root_from(levels, size) == head.root
    return [] if same else [f"{name} has another root than the entries"]


def _chained(row: ChainRow) -> ChainedEntry:
    return ChainedEntry(
        seq=row.seq,
        at=row.at,
        event=LedgerEvent(row.event),
        certificate_id=row.certificate_id,
        number=row.number,
        version=row.version,
        sha256=row.sha256,
        reason=row.reason,
        salt=row.salt,
        leaf=row.leaf,
        previous=row.previous,
        entry_sha256=row.entry_sha256,
    )
