"""The tree of RFC 6962 against the RFC's own recursive definitions, its examples, and the roots of Certificate Transparency."""

from __future__ import annotations

import hashlib
from random import Random

import pytest

from certificates.ledger.rules import merkle
from certificates.ledger.rules.merkle import (
    EMPTY_ROOT,
    ProofFailed,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    plan_consistency,
    plan_inclusion,
    prove,
    range_root,
    root,
)

LEAVES = [bytes.fromhex(one) for one in
          ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The reference tree of Certificate Transparency: the roots of its first 0 to 8 leaves."""


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = _k(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """Section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = _k(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: list[bytes]) -> list[bytes]:
    """Section 2.1.2."""
    return subproof(m, leaves, whole=True)


def subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = _k(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def _k(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def node_at(leaves: list[bytes]) -> merkle.NodeAt:
    return lambda level, index: mth(leaves[index << level : (index + 1) << level])


def some(count: int) -> list[bytes]:
    return [f"leaf {n}".encode() for n in range(count)]


def test_the_roots_are_those_of_certificate_transparency() -> None:
    for size, expected in enumerate(ROOTS):
        assert root(node_at(LEAVES), size).hex() == mth(LEAVES[:size]).hex() == expected
    assert EMPTY_ROOT.hex() == ROOTS[0]


def test_the_examples_of_rfc_6962() -> None:
    """Section 2.1.3: the tree of seven leaves, its nodes a to l, and what the RFC says proofs are made of."""
    d = some(7)
    a, b, c, e, f, j = (leaf_hash(d[n]) for n in (0, 1, 2, 4, 5, 6))
    dd = leaf_hash(d[3])
    g, h, i = node_hash(a, b), node_hash(c, dd), node_hash(e, f)
    k, ll = node_hash(g, h), node_hash(i, j)
    at = node_at(d)
    assert root(at, 7) == node_hash(k, ll)
    assert prove(at, plan_inclusion(0, 7)) == [b, h, ll]
    assert prove(at, plan_inclusion(3, 7)) == [c, g, ll]
    assert prove(at, plan_inclusion(4, 7)) == [f, j, k]
    assert prove(at, plan_inclusion(6, 7)) == [i, k]
    assert prove(at, plan_consistency(3, 7)) == [c, dd, g, ll]
    assert prove(at, plan_consistency(4, 7)) == [ll]
    assert prove(at, plan_consistency(6, 7)) == [i, j, k]


@pytest.mark.parametrize("size", [1, 2, 3, 8, 13, 21])
def test_every_proof_is_that_of_the_recursive_definition_and_is_accepted(size: int) -> None:
    leaves = some(size)
    at, top = node_at(leaves), mth(leaves)
    for index in range(size):
        audit = prove(at, plan_inclusion(index, size))
        assert audit == path(index, leaves)
        check_inclusion(leaf_hash(leaves[index]), index, size, audit, top)
    for old in range(1, size + 1):
        shown = prove(at, plan_consistency(old, size))
        assert shown == proof(old, leaves)
        check_consistency(old, mth(leaves[:old]), size, top, shown)
    check_consistency(0, EMPTY_ROOT, size, top, [])


def test_no_changed_proof_is_accepted() -> None:
    random = Random("merkle")
    for _ in range(300):
        size = random.randrange(2, 40)
        leaves = some(size)
        at, top = node_at(leaves), mth(leaves)
        index, old = random.randrange(size), random.randrange(1, size)
        audit, shown = path(index, leaves), proof(old, leaves)
        for spoilt in _spoilt(audit, random):
            with pytest.raises(ProofFailed):
                check_inclusion(leaf_hash(leaves[index]), index, size, spoilt, top)
        for spoilt in _spoilt(shown, random):
            with pytest.raises(ProofFailed):
                check_consistency(old, mth(leaves[:old]), size, top, spoilt)
        with pytest.raises(ProofFailed):
            check_inclusion(leaf_hash(b"other"), index, size, audit, top)
        with pytest.raises(ProofFailed):
            check_inclusion(leaf_hash(leaves[index]), (index + 1) % size, size, audit, top)
        with pytest.raises(ProofFailed):
            check_consistency(old, leaf_hash(b"other"), size, top, shown)
        assert at(0, 0) == leaf_hash(leaves[0])


def _spoilt(hashes: list[bytes], random: Random) -> list[list[bytes]]:
    """The same with a flipped bit, one too few, one too many."""
    flipped = list(hashes)
    place = random.randrange(len(hashes))
    flipped[place] = bytes([flipped[place][0] ^ 1 << random.randrange(8)]) + flipped[place][1:]
    return [flipped, hashes[:-1], [*hashes, bytes(32)]]


@pytest.mark.parametrize("arguments", [(2, 1), (5, 3)])
def test_a_smaller_tree_follows_nothing(arguments: tuple[int, int]) -> None:
    with pytest.raises(ProofFailed, match="cannot follow"):
        check_consistency(arguments[0], bytes(32), arguments[1], bytes(32), [])
    with pytest.raises(ValueError, match=str(arguments[0])):
        plan_consistency(*arguments)
    with pytest.raises(ValueError, match=str(arguments[0])):
        plan_inclusion(*arguments)


def test_two_roots_of_one_size_are_named() -> None:
    with pytest.raises(ProofFailed, match="two roots"):
        check_consistency(4, bytes(32), 4, mth(some(4)), [])
    with pytest.raises(ProofFailed, match="no leaf"):
        check_inclusion(bytes(32), 0, 0, [], EMPTY_ROOT)
    assert range_root(node_at([]), 0, 0) == EMPTY_ROOT
