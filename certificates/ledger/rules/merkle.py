"""The Merkle tree of RFC 6962 section 2.1: hashes, audit paths, consistency proofs, and their checks.

Proofs are made from the hashes of complete subtrees, asked for by level and index (level 0: leaves), so that whoever
keeps them decides how: `plan_inclusion` and `plan_consistency` say which ranges a proof is made of, `range_root` folds
one. The checks are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2. Hashes are 32 bytes; indexes count from 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""

NodeAt = Callable[[int, int], bytes]
"""The hash of the complete subtree at (level, index): leaves [index << level, (index + 1) << level)."""
Range = tuple[int, int]
"""Leaves from the first up to, not including, the second."""


class ProofFailed(ValueError):
    """A proof does not show what it should; its text says what differs."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a full row of hashes (a power of two of them)."""
    row = list(hashes)
    if not row or len(row) & (len(row) - 1):
        raise ValueError(len(row))
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def peaks(start: int, end: int) -> list[tuple[int, int]]:
    """The complete subtrees (level, index) that a range of the tree falls into, from left to right.

    `start` is a multiple of the largest power of two below the range's length, as all ranges of proofs are.
    """
    found: list[tuple[int, int]] = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start & ((1 << level) - 1):
            raise ValueError((start, end))
        found.append((level, start >> level))
        start += 1 << level
    return found


def range_root(node_at: NodeAt, start: int, end: int) -> bytes:
    """MTH(D[start:end]) of RFC 6962, from complete subtrees."""
    if start == end:
        return EMPTY_ROOT
    hashes = [node_at(level, index) for level, index in peaks(start, end)]
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def root(node_at: NodeAt, size: int) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return range_root(node_at, 0, size)


def plan_inclusion(index: int, size: int) -> list[Range]:
    """The ranges whose roots are the audit path PATH(index, D[size]), from the leaf's sibling upwards."""
    if not 0 <= index < size:
        raise ValueError((index, size))
    found: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def plan_consistency(old: int, size: int) -> list[Range]:
    """The ranges whose roots are PROOF(old, D[size]); none for an empty old tree or the same one."""
    if not 0 <= old <= size:
        raise ValueError((old, size))
    if old in (0, size):
        return []
    found: list[Range] = []
    start, end, whole = 0, size, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, whole = middle, False
    if not whole:
        found.append((start, end))
    return found[::-1]


def prove(node_at: NodeAt, plan: Iterable[Range]) -> list[bytes]:
    """The hashes of a planned proof."""
    return [range_root(node_at, start, end) for start, end in plan]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> None:
    """Raise `ProofFailed` unless `leaf` (a leaf hash) stands at `index` of the tree with root `expected`."""
    if not 0 <= index < size:
        raise ProofFailed(f"no leaf {index} in a tree of {size}")
    at, last, found = index, size - 1, leaf
    for one in proof:
        if last == 0:
            raise ProofFailed("the inclusion proof is too long")
        if at & 1 or at == last:
            found = node_hash(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofFailed("the inclusion proof is too short")
    if found != expected:
        raise ProofFailed("the inclusion proof leads to another root")


def check_consistency(old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `ProofFailed` unless the tree of `size` leaves begins with the tree of `old` leaves."""
    if not 0 <= old <= size:
        raise ProofFailed(f"a tree of {size} cannot follow one of {old}")
    if old in (0, size):
        if proof:
            raise ProofFailed("the consistency proof should be empty")
        if old == size and old_root != new_root:
            raise ProofFailed("two roots for one size")
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise ProofFailed("the consistency proof is empty")
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    older = newer = path[0]
    for one in path[1:]:
        if last == 0:
            raise ProofFailed("the consistency proof is too long")
        if at & 1 or at == last:
            older, newer = node_hash(one, older), node_hash(one, newer)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            newer = node_hash(newer, one)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofFailed("the consistency proof is too short")
    if older != old_root:
        raise ProofFailed("the consistency proof leads to another old root")
    if newer != new_root:
        raise ProofFailed("the consistency proof leads to another new root")


def _split(width: int) -> int:
    """The largest power of two smaller than a width of at least 2."""
    return 1 << ((width - 1).bit_length() - 1)
