"""A witness cosigns what follows what it cosigned, and nothing else (C2SP tlog-witness, add-checkpoint)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.ledger.rules.checkpoints import AddCheckpoint, TreeHead, tree_head
from certificates.ledger.rules.merkle import plan_consistency, prove, root
from certificates.ledger.rules.notes import Kind, Note, read_note, sign, signatures_in, signers, verifier_of
from certificates.ledger.rules.witness import SIZE, Reply, Witnessing, answer, origin_of
from tests.certificates.ledger.rules.test_merkle import node_at, some

LOG_KEY, KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
LOG, OWN = (
    verifier_of("log.example", Kind.ED25519, LOG_KEY.public_key()),
    verifier_of("w.example", Kind.COSIGNATURE, KEY.public_key()),
)
WITNESS = Witnessing(OWN, KEY.sign, [LOG])
LEAVES, FORK = some(20), [*some(9), b"fork", *some(20)[10:]]


def checkpoint(
    size: int, leaves: list[bytes] | None = None, *, key: Ed25519PrivateKey = LOG_KEY, origin: str = "log.example"
) -> str:
    text = TreeHead(origin, size, root(node_at(leaves or LEAVES), size)).text
    return str(Note(text, (sign(text, verifier_of(origin, Kind.ED25519, key.public_key()), key.sign),)))


def request(old: int, size: int, leaves: list[bytes] | None = None) -> str:
    proof = prove(node_at(leaves or LEAVES), plan_consistency(old, size))
    return AddCheckpoint(old, tuple(proof), checkpoint(size, leaves)).text


def ask(body: str, kept: str | None = None) -> Reply:
    return answer(WITNESS, body, kept, time=1_700_000_000)


def test_it_goes_along_with_a_growing_log() -> None:
    kept = None
    for old, size in ((0, 3), (3, 3), (3, 8), (8, 19)):
        reply = ask(request(old, size), kept)
        assert reply.status == 200
        kept = reply.kept
        assert kept is not None
        note = read_note(kept)
        assert tree_head(note).size == size
        assert set(signers(note, [LOG, OWN])) == {LOG, OWN}
        assert [one.time for one in signatures_in(reply.body)] == [1_700_000_000]
    assert origin_of(request(0, 3)) == "log.example"


def test_roll_back_split_view_and_wrong_proofs_are_refused() -> None:
    kept = ask(request(0, 10)).kept
    assert (ask(request(0, 12), kept).status, ask(request(0, 12), kept).body) == (409, "10\n")
    assert ask(request(0, 12), kept).media == SIZE
    assert ask(AddCheckpoint(10, (), checkpoint(8)).text, kept).status == 400  # back
    assert ask(request(7, 8), kept).status == 409  # back, with another old size
    assert ask(request(10, 12, FORK), kept).status == 422  # another history
    assert ask(AddCheckpoint(10, (), checkpoint(10, FORK)).text, kept).status == 422  # another tree of the same size
    assert ask(AddCheckpoint(10, (), checkpoint(12)).text, kept).status == 422  # no proof
    assert ask(AddCheckpoint(0, (bytes(32),), checkpoint(12)).text).status == 422  # a proof where none belongs
    text = TreeHead("log.example", 0, bytes(32)).text
    empty = str(Note(text, (sign(text, LOG, LOG_KEY.sign),)))
    assert ask(AddCheckpoint(0, (), empty).text).status == 422


def test_strangers_are_refused() -> None:
    assert ask(AddCheckpoint(0, (), checkpoint(3, origin="else.example")).text).status == 404
    assert ask(AddCheckpoint(0, (), checkpoint(3, key=OTHER)).text).status == 403
    spoilt = checkpoint(3).replace("\n3\n", "\n4\n")
    assert ask(AddCheckpoint(0, (), spoilt).text).status == 403


@pytest.mark.parametrize(
    "body",
    ["", "old 0\n\n", "old x\n\n" + checkpoint(3), "old 0\n\nno checkpoint\n", "old 0\nAAAA\n\n" + checkpoint(3)],
)
def test_nonsense_is_refused(body: str) -> None:
    reply = ask(body)
    assert (reply.status, reply.kept) == (400, None)
