"""The tree's hashes: full tiles are rows, what stands between their levels is hashed again when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger.models import LeafRow, NodeRow
from certificates.ledger.rules.merkle import Range, fold, peaks, prove, root
from certificates.ledger.rules.tiles import HEIGHT, WIDTH, Tile, bundle

_TOGETHER: Final = 200


class MissingHash(LookupError):
    """A hash that the tree should have is not in the database."""


class Tree:
    """Hashes of complete subtrees, read tile by tile and kept while the object lives."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._rows: dict[tuple[int, int], list[bytes]] = {}
        self._folded: dict[tuple[int, int], bytes] = {}

    async def root(self, size: int) -> bytes:
        """The root of the first `size` leaves."""
        await self._load([(0, size)])
        return root(self.node, size)

    async def prove(self, plans: Iterable[list[Range]]) -> list[list[bytes]]:
        """The hashes of planned proofs."""
        wanted = list(plans)
        await self._load([one for plan in wanted for one in plan])
        return [prove(self.node, plan) for plan in wanted]

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree whose tile was loaded."""
        found = self._folded.get((level, index))
        if found is None:
            row_level, above = divmod(level, HEIGHT)
            at = (index << above) % WIDTH
            hashes = self._rows[row_level, (index << above) // WIDTH][at : at + (1 << above)]
            if len(hashes) != 1 << above:
                raise MissingHash(f"level {level}, index {index}")
            found = self._folded[level, index] = fold(hashes)
        return found

    async def _load(self, ranges: Iterable[Range]) -> None:
        wanted: dict[int, set[int]] = {}
        for start, end in ranges:
            for level, index in peaks(start, end):
                row_level, above = divmod(level, HEIGHT)
                tile_index = (index << above) // WIDTH
                if (row_level, tile_index) not in self._rows:
                    wanted.setdefault(row_level, set()).add(tile_index)
        for row_level in sorted(wanted):
            indexes = sorted(wanted[row_level])
            for at in range(0, len(indexes), _TOGETHER):
                await self._read(row_level, indexes[at : at + _TOGETHER])

    async def _read(self, level: int, tiles: list[int]) -> None:
        for one in tiles:
            self._rows[level, one] = []
        for index, found in await _hashes(self._session, level, [(one * WIDTH, (one + 1) * WIDTH) for one in tiles]):
            row = self._rows[level, index // WIDTH]
            if index % WIDTH != len(row):
                raise MissingHash(f"level {level * HEIGHT}, index {index - index % WIDTH + len(row)}")
            row.append(found)


async def _hashes(session: AsyncSession, level: int, ranges: list[Range]) -> list[tuple[int, bytes]]:
    """Hashes of a level of tiles with their indexes, in order."""
    if level == 0:
        leaves = or_(*(and_(LeafRow.index >= start, LeafRow.index < end) for start, end in ranges))
        found = await session.execute(select(LeafRow.index, LeafRow.leaf_hash).where(leaves).order_by(LeafRow.index))
    else:
        nodes = or_(*(and_(NodeRow.index >= start, NodeRow.index < end) for start, end in ranges))
        query = select(NodeRow.index, NodeRow.hash).where(NodeRow.level == level, nodes).order_by(NodeRow.index)
        found = await session.execute(query)
    return [(row[0], row[1]) for row in found.all()]


async def hashes(session: AsyncSession, level: int, start: int, end: int) -> list[bytes]:
    """The hashes [start, end) of a level of tiles; raises `MissingHash` when one is not there."""
    found = await _hashes(session, level, [(start, end)])
    if [index for index, _ in found] != list(range(start, end)):
        raise MissingHash(f"level {level * HEIGHT}, {start} to {end}")
    return [one for _, one in found]


async def tile(session: AsyncSession, wanted: Tile) -> bytes:
    """The bytes of one static file; raises `MissingHash` for one that the tree does not have."""
    start, end = wanted.start, wanted.start + wanted.width
    if wanted.level is not None:
        return b"".join(await hashes(session, wanted.level, start, end))
    query = select(LeafRow.entry).where(LeafRow.index >= start, LeafRow.index < end).order_by(LeafRow.index)
    entries = (await session.scalars(query)).all()
    if len(entries) != wanted.width:
        raise MissingHash(wanted.path)
    return bundle(entries)
