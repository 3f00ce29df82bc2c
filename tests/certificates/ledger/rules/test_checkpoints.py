"""Checkpoints, proofs and requests as texts, by the published examples."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.ledger.rules.checkpoints import (
    AddCheckpoint,
    TreeHead,
    TreeProof,
    read_proof,
    read_request,
    tree_head,
)
from certificates.ledger.rules.merkle import ProofFailed, leaf_hash, node_hash
from certificates.ledger.rules.notes import BadNote, Kind, Note, read_note, sign, verifier_of
from tests.certificates.ledger.rules.test_notes import COSIGNED

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
H1, H2 = (hashlib.sha256(one).digest() for one in (b"hash1", b"hash2"))
B1, B2 = (base64.b64encode(one).decode() for one in (H1, H2))


def checkpoint(size: int, root: bytes) -> str:
    log = verifier_of("log.example", Kind.ED25519, KEY.public_key())
    text = TreeHead("log.example", size, root).text
    return str(Note(text, (sign(text, log, KEY.sign),)))


def test_the_published_checkpoint_is_read_and_written() -> None:
    head = tree_head(read_note(COSIGNED))
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert COSIGNED.startswith(head.text + "\n")


def test_the_published_proofs_are_written_and_read() -> None:
    """The three forms of the reference implementation's tests: with hashes, with extra data, without hashes."""
    plain = TreeProof(5, (H1, H2), "test checkpoint\n")
    assert plain.text == f"c2sp.org/tlog-proof@v1\nindex 5\n{B1}\n{B2}\n\ntest checkpoint\n"
    extra = TreeProof(10, (H1,), "checkpoint data\n", b"extra information")
    assert extra.text.startswith("c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n" + B1)
    bare = TreeProof(0, (), "checkpoint\n")
    assert bare.text == "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n"
    for one in (plain, extra, bare):
        assert read_proof(one.text) == one


@pytest.mark.parametrize("text", [
    "wrong-header\nindex 0\n\ncheckpoint\n", "c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\ncheckpoint\n",
    "c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n", "c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n",
    "c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n", "c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n",
    "c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n", "c2sp.org/tlog-proof@v1\nindex 0",
    f"c2sp.org/tlog-proof@v1\nindex 0\n{base64.b64encode(bytes(64)).decode()}\n\ncheckpoint\n",
    "c2sp.org/tlog-proof@v1\nindex 0\n" + (B1 + "\n") * 64 + "\ncheckpoint\n",
])  # fmt: skip
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_proof(text)


def test_a_proof_shows_its_leaf_and_no_other() -> None:
    leaf, other = leaf_hash(b"a"), leaf_hash(b"b")
    proof = read_proof(TreeProof(1, (other,), checkpoint(2, node_hash(other, leaf))).text)
    assert proof.check(leaf).size == 2
    with pytest.raises(ProofFailed):
        proof.check(other)


def test_a_request_to_a_witness() -> None:
    request = AddCheckpoint(20852014, (H1, H2), COSIGNED)
    assert request.text == f"old 20852014\n{B1}\n{B2}\n\n{COSIGNED}"
    assert read_request(request.text) == request
    for text in (
        "",
        "old 1",
        "new 1\n\n" + COSIGNED,
        "old 01\n\n" + COSIGNED,
        "old 1\n" + (B1 + "\n") * 64 + "\n" + COSIGNED,
    ):
        with pytest.raises(BadNote):
            read_request(text)


@pytest.mark.parametrize("text", ["origin\n1\n", "origin\n01\n" + B1 + "\n", "origin\n1\nAAAA\n", "\n1\n" + B1 + "\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        tree_head(Note(text, ()))
