"""What a witness answers to a log (C2SP tlog-witness, add-checkpoint): it cosigns only what follows what it cosigned before.

Pure: the state is handed in and handed back. Whoever keeps it must keep the new state before the answer goes out, and
decide one request of a log at a time, or two could be cosigned that do not follow one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from certificates.ledger.rules.checkpoints import TreeHead, read_request, tree_head
from certificates.ledger.rules.merkle import EMPTY_ROOT, ProofFailed, check_consistency
from certificates.ledger.rules.notes import BadNote, Note, Raw, Verifier, read_note, sign, signers

TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"
REQUEST_MOST: Final = 80_000
"""Bytes of the longest request that is read."""


@dataclass(frozen=True)
class Reply:
    """A status of HTTP, a body, and the checkpoint to keep, if one was cosigned."""

    status: int
    body: str
    kept: str | None = None  # with the log's signatures and our own
    media: str = TEXT


@dataclass(frozen=True)
class Witnessing:
    """A witness: its key, and the logs whose checkpoints it looks at."""

    verifier: Verifier
    raw: Raw
    logs: Sequence[Verifier]


def origin_of(body: str) -> str:
    """Whose checkpoint a request is about, so that its state can be looked up; raises `BadNote`."""
    return tree_head(read_note(read_request(body).checkpoint)).origin


def answer(witness: Witnessing, body: str, kept: str | None, *, time: int) -> Reply:
    """Answer a request. `kept` is the checkpoint last cosigned for the log, `time` seconds since 1970."""
    try:
        request = read_request(body)
        note = read_note(request.checkpoint)
        head = tree_head(note)
    except BadNote as error:
        return Reply(400, f"{error}\n")
    logs = [one for one in witness.logs if one.name == head.origin]
    if not logs:
        return Reply(404, "unknown log\n")
    try:
        signed = signers(note, logs)
    except BadNote as error:
        return Reply(403, f"{error}\n")
    if not signed:
        return Reply(403, "no signature of the log\n")
    if request.old > head.size:
        return Reply(400, "the old size is larger than the checkpoint's\n")
    last = tree_head(read_note(kept)) if kept is not None else TreeHead(head.origin, 0, EMPTY_ROOT)
    if request.old != last.size:
        return Reply(409, f"{last.size}\n", media=SIZE)
    if head.size == 0 and head.root != EMPTY_ROOT:
        return Reply(422, "the root of an empty tree is another\n")
    try:
        check_consistency(last.size, last.root, head.size, head.root, request.proof)
    except ProofFailed as error:
        return Reply(422, f"{error}\n")
    own = sign(note.text, witness.verifier, witness.raw, time=time)
    theirs = tuple(signed[one] for one in logs if one in signed)
    return Reply(200, own.line, str(Note(note.text, (*theirs, own))))
