"""Two witnesses as processes of their own: they cosign over HTTP, one is killed and starts again, neither goes along with a fork."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from certificates.ledger.client import Ahead, ask, client, cosigned
from certificates.ledger.rules.checkpoints import tree_head
from certificates.ledger.rules.merkle import plan_consistency, prove
from certificates.ledger.rules.notes import Note, read_note
from certificates.ledger.rules.policy import Policy, Witness, read_policy
from exam.kernel.ports import free_port
from exam.kernel.settings import TREE
from tests.certificates.ledger.rules.test_merkle import node_at
from tests.certificates.ledger.rules.test_witness import FORK, LEAVES, LOG, checkpoint, request

PROGRAM = """
import json, sys
from argparse import Namespace
from pathlib import Path
from certificates.ledger.commands import witness
name, state, port, log = sys.argv[1:]
witness.run(Namespace(name=name, state=Path(state), host="127.0.0.1", port=int(port), log=[log], json=True))
"""
"""What `kaowu ledger witness` runs, without the seconds that the rest of the command line takes to load."""


@contextmanager
def witness(name: str, folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], Witness]]:
    """A witness that answers; killed at the end, as a power cut would."""
    command = [sys.executable, "-c", PROGRAM, f"{name}.example/{name}", str(folder / name), str(port), LOG.vkey]
    with subprocess.Popen(command, cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            line = f"witness {name} {said['key']} {said['address']}\nquorum {name}\n"
            transport = httpx.HTTPTransport(retries=8)  # it has said its address and is about to listen
            with httpx.Client(transport=transport, trust_env=False, timeout=60) as http:
                assert http.get(said["address"]).status_code == 404
            yield process, read_policy(line).witnesses[0]
        finally:
            process.kill()


def cosigns(one: Witness, size: int, guess: int) -> Note:
    """Ask one for the checkpoint of so many leaves."""
    return asyncio.run(_cosigns(one, size, guess))


async def _cosigns(one: Witness, size: int, guess: int) -> Note:

    async def proof(old: int) -> list[bytes]:
        return prove(node_at(LEAVES), plan_consistency(old, size))

    note = read_note(checkpoint(size))
    async with client() as http:
        asked = await ask(http, one, note, size=size, guess=guess, prove=proof)
    assert asked.problem == "", asked.problem
    return cosigned(Policy(witnesses=(one,)), note, [asked])


def test_two_processes_cosign_and_one_comes_back_after_a_kill(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        first, one = stack.enter_context(witness("w1", tmp_path, ports[0]))
        _, two = stack.enter_context(witness("w2", tmp_path, ports[1]))
        for each in (one, two):
            note = cosigns(each, 7, 0)
            assert list(Policy(witnesses=(each,)).cosigners(note)) == [each.verifier]
        command = [sys.executable, "-c", PROGRAM, "w1.example/w1", str(tmp_path / "w1"), str(free_port()), LOG.vkey]
        second = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
        assert "InUse" in second.stderr, "two processes do not share a folder"
        first.kill()
        first.wait()
        cosigns(two, 9, 7)
        again, back = stack.enter_context(witness("w1", tmp_path, ports[0]))
        assert back.verifier == one.verifier, "its key is the one it had"
        cosigns(back, 12, 9)  # it says by itself that it saw 7 last
        with httpx.Client(base_url=back.url, trust_env=False, timeout=60) as http:
            for body, status in (
                (request(12, 15, FORK), 422),  # another history
                (request(7, 9), 409),  # a smaller tree than it has seen
                (request(0, 12, FORK), 409),
                (request(12, 15).replace("log.example", "else.example"), 404),
            ):
                assert http.post("/add-checkpoint", content=body.encode()).status_code == status, body
        with pytest.raises(Ahead):
            cosigns(back, 9, 9)
        kept = next((tmp_path / "w1").glob("*.checkpoint")).read_text()
        assert tree_head(read_note(kept)).size == 12, "what it refused changed nothing"
        assert len(re.findall(r"^— ", kept, re.M)) == 2
        assert again.poll() is None
