"""The checker of the documents (docs/formats/examples/check_ledger.py) accepts what our rules make, and nothing that was changed."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certificates.ledger.rules import LedgerEvent, LedgerProof
from certificates.ledger.rules.checkpoints import TreeHead, TreeProof
from certificates.ledger.rules.entries import commitment, entry_bytes, record_file
from certificates.ledger.rules.merkle import plan_inclusion, prove, root
from certificates.ledger.rules.notes import Kind, Note, sign, verifier_of
from certificates.ledger.rules.policy import Group, Policy, Witness, written
from certificates.ledger.rules.tiles import bundle, tiles_of
from exam.kernel.settings import TREE
from tests.certificates.ledger.rules.test_merkle import node_at
from tests.certificates.ledger.rules.test_witness import KEY, LOG, LOG_KEY, OTHER, OWN

AT = datetime(2026, 5, 16, 1, tzinfo=UTC)
RECORD = {"number": "N1", "version": 1, "face": {"holder_name": "王小明", "specimen": True, "mark": None}}
SECOND = verifier_of("w2.example", Kind.COSIGNATURE, OTHER.public_key())
POLICY = Policy(
    (LOG,), (Witness("w1", OWN, "http://w1"), Witness("w2", SECOND, "http://w2")), (Group("two", 2, ("w1", "w2")),), "two"
)  # fmt: skip


def issued(folder: Path, size: int, index: int) -> Note:
    """A certificate's two files, the policy, and the published entries of a log of so many."""
    salt = bytes(range(32))
    committed = commitment(salt, event=LedgerEvent.ISSUE, at=AT, record=RECORD)
    entry = entry_bytes(event=LedgerEvent.ISSUE, at=AT, committed=committed)
    entries = [entry if at == index else b"%d" % at for at in range(size)]
    node = node_at(entries)
    text = TreeHead(LOG.name, size, root(node, size)).text
    own = sign(text, LOG, LOG_KEY.sign)
    note = Note(text, (own, sign(text, OWN, KEY.sign, time=1), sign(text, SECOND, OTHER.sign, time=2)))
    path = tuple(prove(node, plan_inclusion(index, size)))
    proof = LedgerProof(
        index=index, size=size, entry=entry, salt=salt.hex(), text=TreeProof(index, path, str(note)).text
    )
    (folder / "ledger-record.json").write_bytes(record_file(proof, RECORD))
    (folder / "ledger-proof.txt").write_text(proof.text)
    (folder / "policy").write_text(written(POLICY))
    for tile in tiles_of(size):
        if tile.level is None:
            (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / tile.path).write_bytes(bundle(entries[tile.start : tile.start + tile.width]))
    return note


@pytest.mark.parametrize(("size", "index"), [(1, 0), (11, 5), (257, 256), (1000, 777)])
def test_what_is_whole_is_accepted_and_what_was_changed_is_named(
    size: int, index: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run: Callable[..., None] = runpy.run_path(str(TREE / "docs/formats/examples/check_ledger.py"))["main"]
    note = issued(tmp_path, size, index)
    run(str(tmp_path), str(tmp_path / "policy"), str(tmp_path))
    assert capsys.readouterr().out == f"entry {index} of {size}: N1 version 1, issue\n"
    proof, record = tmp_path / "ledger-proof.txt", tmp_path / "ledger-record.json"
    published = next(one for one in sorted(tmp_path.glob("tile/**/*")) if b"commitment" in _bytes(one))
    other = json.loads(record.read_text())
    other["record"]["face"]["holder_name"] = "某某某"
    text = proof.read_text()
    for path, data, words in (
        (record, json.dumps(other), "commits to another record"),
        (proof, text.replace(f"index {index}\n", f"index {index + 1}\n"), "leads to another root"),
        (proof, text.replace(str(note), str(Note(note.text, note.signatures[:2]))), "too few witnesses"),
        (proof, text.replace(str(note), str(Note(note.text, note.signatures[1:]))), "the log did not sign"),
        (published, published.read_bytes().replace(b"commitment", b"Commitment"), "publishes another entry"),
    ):
        whole = path.read_bytes()
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        with pytest.raises(SystemExit, match=words):
            run(str(tmp_path), str(tmp_path / "policy"), str(tmp_path))
        path.write_bytes(whole)


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
