"""A published log held against itself: entries against tiles, tiles against the checkpoint, this reading against the last.

Every finding names the file and the byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from certificates.ledger.rules.checkpoints import TreeHead
from certificates.ledger.rules.merkle import HASH_BYTES, fold, leaf_hash, range_root
from certificates.ledger.rules.notes import BadNote, Note, Verifier, signers
from certificates.ledger.rules.policy import Policy
from certificates.ledger.rules.tiles import HEIGHT, WIDTH, NoTile, Tile, split_bundle, split_hashes


@dataclass
class Reading:
    """What has been read of a log: leaf hashes by its entries and by its tiles, and what was found wrong."""

    by_entries: list[bytes | None] = field(default_factory=list)
    by_tiles: list[bytes] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def add(self, bundle: Tile, entries: bytes, tile: Tile, hashes: bytes) -> None:
        """Take the entries and the leaf hashes of one tile's width."""
        own: list[bytes | None] = []
        starts: list[int] = []
        try:
            at = 0
            for one in split_bundle(entries, bundle.width):
                own.append(leaf_hash(one))
                starts.append(at)
                at += 2 + len(one)
        except NoTile as error:
            self.findings.append(f"{bundle.path}: {error}")
            own = [None] * bundle.width
        try:
            said = split_hashes(hashes, tile.width)
        except NoTile as error:
            self.findings.append(f"{tile.path}: {error}")
            said = [one or bytes(HASH_BYTES) for one in own]
        for place, (left, right) in enumerate(zip(own, said, strict=True)):
            if left is not None and left != right:
                self.findings.append(
                    f"entry {bundle.start + place}: {bundle.path} byte {starts[place]} and {tile.path} byte {place * HASH_BYTES} differ"
                )
        self.by_entries += own
        self.by_tiles += said

    def check_tiles(self, files: Mapping[Tile, bytes]) -> None:
        """Hold the tiles above the leaves against what their hashes come to."""
        levels = levels_of(self.by_tiles)
        for tile, data in files.items():
            assert tile.level is not None
            expected = b"".join(levels[tile.level][tile.start : tile.start + tile.width])
            if data != expected:
                self.findings.append(
                    f"{tile.path}: byte {first_difference(data, expected)} is not what the level below comes to"
                )

    def check_root(self, head: TreeHead) -> None:
        """Hold entries and tiles against the root of the checkpoint, and say which of them is the wrong one."""
        tiles = root_of(self.by_tiles, head.size)
        if tiles == head.root:
            if self.findings:
                self.findings.append(
                    "the tiles of level 0 lead to the checkpoint's root: what differs from them is wrong"
                )
            return
        whole = [one for one in self.by_entries if one is not None]
        entries = root_of(whole, head.size) if len(whole) == head.size else None
        if entries == head.root:
            self.findings.append("the entries lead to the checkpoint's root and the tiles do not: the tiles are wrong")
        else:
            self.findings.append(
                f"the checkpoint of {head.size} has another root than entries and tiles: it is wrong, or both are"
            )

    def check_before(self, head: TreeHead, before: TreeHead) -> None:
        """Hold this reading against the head that was seen last."""
        if before.origin != head.origin:
            self.findings.append(f"the log was called {before.origin} and is called {head.origin}")
        elif head.size < before.size:
            self.findings.append(f"the log went back from {before.size} to {head.size} entries")
        elif root_of(self.by_tiles, before.size) != before.root:
            self.findings.append(
                f"the first {before.size} entries are not those that were seen before: history was changed"
            )


def signature_findings(note: Note, policy: Policy) -> list[str]:
    """What is missing under a checkpoint: the log's own signature, and enough of its witnesses'."""
    try:
        logs: list[Verifier] = list(signers(note, policy.logs))
        cosigned = policy.cosigners(note)
    except BadNote as error:
        return [f"checkpoint: {error}"]
    found = [] if logs else ["checkpoint: no signature of the log"]
    if not policy.met(cosigned):
        names = ", ".join(one.name for one in policy.witnesses if one.verifier in cosigned) or "nobody"
        found.append(f"checkpoint: cosigned by {names}; the quorum {policy.quorum} is not met")
    return found


def levels_of(hashes: list[bytes]) -> list[list[bytes]]:
    """The hashes of each level of tiles, from the leaf hashes."""
    levels = [hashes]
    while len(levels[-1]) >= WIDTH:
        row = levels[-1]
        levels.append([fold(row[at : at + WIDTH]) for at in range(0, len(row) - len(row) % WIDTH, WIDTH)])
    return levels


def root_of(hashes: list[bytes], size: int) -> bytes | None:
    """The root of the first `size` leaf hashes; None where there are not so many."""
    return root_from(levels_of(hashes), size) if size <= len(hashes) else None


def root_from(levels: list[list[bytes]], size: int) -> bytes:
    """The root of the first `size` leaves, from the levels of tiles."""

    def node(level: int, index: int) -> bytes:
        row, above = divmod(level, HEIGHT)
        return fold(levels[row][index << above : (index + 1) << above])

    return range_root(node, 0, size)


def first_difference(left: bytes, right: bytes) -> int:
    """The first byte in which two differ; the shorter one's length when it is the beginning of the other."""
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
