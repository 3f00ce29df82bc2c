"""The ledger keeps what it was told: the database itself refuses to change an entry, and every proof holds."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger import actions, queries
from certificates.ledger.models import ChainRow
from certificates.ledger.queries import NotSealed, Tree
from certificates.ledger.rules import Draft, LedgerEvent
from certificates.ledger.rules.chain import START, ChainedEntry, hash_of
from certificates.ledger.rules.checkpoints import TreeHead, read_proof
from certificates.ledger.rules.entries import open_record, record_file
from certificates.ledger.rules.merkle import leaf_hash
from certificates.ledger.rules.notes import Note, Signature
from certificates.ledger.rules.tiles import tiles_of
from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.kernel.db import insert_many
from exam.kernel.errors import Conflict, Forbidden, Invalid
from exam.kernel.services import Services
from tests.certificates.ledger.rules.test_merkle import mth
from tests.conftest import NOW


def drafts(count: int, first: int = 0) -> list[Draft]:
    """So many issued certificates."""
    return [
        Draft(event=LedgerEvent.ISSUE, certificate_id=UUID(int=n + 1), number=f"N{n:04}", version=1, record={"n": n})
        for n in range(first, first + count)
    ]


async def publish(session: AsyncSession, size: int) -> TreeHead:
    """A checkpoint without real signatures."""
    head = TreeHead("log.example/ledger", size, await Tree(session).root(size))
    note = Note(head.text, (Signature("log.example/ledger", b"0000", bytes(64)),))
    await actions.keep_head(session, head, note, now=NOW)
    await actions.keep_checkpoint(session, size, note, now=NOW)
    return head


async def test_every_entry_is_proved_in_the_smallest_published_tree(session: AsyncSession) -> None:
    """Across the edge of a tile: roots against the recursive definition, proofs against the roots, files against the tree."""
    indexes: list[int] = []
    for count in (3, 252, 2, 260):
        indexes += await actions.append(session, drafts(count, len(indexes)), now=NOW)
    assert indexes == list(range(517))
    bytes_of = [one.entry for one in await queries.entries(session)]
    heads = {size: await publish(session, size) for size in (0, 3, 256, 257, 517)}
    for size, head in heads.items():
        assert head.root == mth(bytes_of[:size])
    found = await queries.proofs(session, [0, 2, 3, 255, 256, 300, 516, 516])
    assert {index: proof.size for index, proof in found.items()} == {
        0: 3,
        2: 3,
        3: 256,
        255: 256,
        256: 257,
        300: 517,
        516: 517,
    }
    for index, proof in found.items():
        assert read_proof(proof.text).check(leaf_hash(proof.entry)) == heads[proof.size]
        assert open_record(record_file(proof, {"n": index}))[0] == bytes_of[index]
    for tile in tiles_of(517):
        assert await queries.tile(session, tile)
    assert await queries.invariants(session) == []
    assert [number for _, number in await queries.issued(session)] == [f"N{n:04}" for n in range(517)]


async def test_a_smaller_tree_that_comes_late_is_not_published(session: AsyncSession) -> None:
    """A host that was cut off while it sealed: the entry keeps the proof that it has travelled with."""
    await actions.append(session, drafts(5), now=NOW)
    await publish(session, 5)
    (before,) = (await queries.proofs(session, [1])).values()
    await publish(session, 3)
    assert [one.size for one in await queries.checkpoints(session)] == [5]
    assert list((await queries.proofs(session, [1])).values()) == [before]


async def test_what_is_not_published_is_named(session: AsyncSession) -> None:
    assert await actions.append(session, [], now=NOW) == []
    assert await queries.proofs(session, []) == {}
    await actions.append(session, drafts(4), now=NOW)
    await publish(session, 3)
    with pytest.raises(NotSealed, match="3"):
        await queries.proofs(session, [0, 3])


async def test_an_event_happens_once_and_paper_is_printed_often(session: AsyncSession) -> None:
    one = drafts(1)[0]
    again = Draft(event=LedgerEvent.REPRINT, certificate_id=one.certificate_id, number=one.number, version=1, record={})
    await actions.append(session, [one, again, again], now=NOW)
    with pytest.raises(DBAPIError, match="uq_ledger_leaves_event"):
        await actions.append(session, [one], now=NOW)


@pytest.mark.parametrize(
    "table", ["ledger_leaves", "ledger_heads", "ledger_checkpoints", "ledger_nodes", "ledger_entries"]
)
async def test_the_database_itself_refuses_to_change_the_ledger(session: AsyncSession, table: str) -> None:
    await _chain(session, 1)
    await actions.append(session, drafts(256), now=NOW)
    await publish(session, 257)
    column = {"ledger_nodes": "hash = hash", "ledger_leaves": "salt = NULL", "ledger_entries": "salt = NULL"}.get(
        table, "at = at"
    )
    for statement in (
        f"UPDATE certificates.{table} SET {column}",
        f"DELETE FROM certificates.{table}",
        f"TRUNCATE certificates.{table}",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with session.begin_nested():
                await session.execute(text(statement))


async def _chain(session: AsyncSession, count: int) -> None:
    """Entries as they were written before the tree."""
    previous, rows = START, []
    for seq in range(1, count + 1):
        facts = {"seq": seq, "at": NOW + timedelta(seconds=seq), "event": LedgerEvent.ISSUE, "certificate_id": UUID(int=9000 + seq),
                 "number": f"C{seq}", "version": 1, "sha256": f"{seq:064x}", "reason": "", "salt": "5a", "leaf": f"{seq:064x}",
                 "previous": previous, "entry_sha256": ""}  # fmt: skip
        previous = hash_of(ChainedEntry(**facts))  # type: ignore[arg-type]
        rows.append({**facts, "event": "issue", "entry_sha256": previous})
    await insert_many(session, ChainRow, rows)


async def test_entries_of_the_time_before_the_tree_become_its_first_leaves(session: AsyncSession) -> None:
    await _chain(session, 300)
    assert await actions.append(session, drafts(1), now=NOW) == [300]
    assert await actions.append(session, drafts(1, 1), now=NOW) == [301]
    await publish(session, 302)
    proof = (await queries.proofs(session, [7]))[7]
    read_proof(proof.text).check(leaf_hash(proof.entry))
    old = (await session.scalars(select(ChainRow).where(ChainRow.seq == 8))).one()
    assert old.entry_sha256.encode() in proof.entry
    assert (await queries.entries(session))[7].number == "C8"
    assert await queries.invariants(session) == []


ORGANISATION = UUID(int=77)


def officer() -> Actor:
    return Actor(uuid4(), "撤证", (Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(ORGANISATION))),))


def wish(number: str, reason: str = "本人申请") -> dict[str, Any]:
    return {"number": number, "version": 1, "organisation_id": ORGANISATION, "reason": reason, "now": NOW}


async def test_a_person_leaves_with_the_salt(session: AsyncSession) -> None:
    one, other = officer(), officer()
    await _chain(session, 1)
    await actions.append(session, drafts(2), now=NOW)
    await publish(session, 3)
    before = (await queries.proofs(session, [1]))[1]
    asked = await actions.ask_erasure(session, one, **wish("N0000", "本人申请"))
    with pytest.raises(actions.AlreadyAsked):
        await actions.ask_erasure(session, other, **wish("N0000", "本人申请"))
    with pytest.raises(actions.SamePerson):
        await actions.decide_erasure(session, one, erasure_id=asked, grant=True, now=NOW)
    await actions.decide_erasure(session, other, erasure_id=asked, grant=True, now=NOW)
    after = (await queries.proofs(session, [1]))[1]
    assert (after.salt, after.text, after.entry) == ("", before.text, before.entry)
    assert [bool(entry.salt) for entry in await queries.entries(session)] == [True, False, True]
    assert await queries.invariants(session) == []
    with pytest.raises(Conflict):
        await actions.decide_erasure(session, other, erasure_id=asked, grant=True, now=NOW)
    with pytest.raises(actions.NothingToErase):
        await actions.ask_erasure(session, one, **wish("N0000", "再次"))
    old = await actions.ask_erasure(session, one, **wish("C1", "本人申请"))
    await actions.decide_erasure(session, other, erasure_id=old, grant=True, now=NOW)
    assert (await session.scalars(select(ChainRow.salt))).all() == [None]


async def test_a_refused_wish_changes_nothing_and_may_come_again(session: AsyncSession) -> None:
    one, other = officer(), officer()
    await actions.append(session, drafts(1), now=NOW)
    asked = await actions.ask_erasure(session, one, **wish("N0000", "误填"))
    await actions.decide_erasure(session, other, erasure_id=asked, grant=False, now=NOW)
    assert (await queries.entries(session))[0].salt
    await actions.ask_erasure(session, one, **wish("N0000", "本人申请"))
    with pytest.raises(Invalid):
        await actions.ask_erasure(session, one, **wish("N0000", " "))
    with pytest.raises(Forbidden):
        await actions.ask_erasure(session, Actor(uuid4(), "x", ()), **wish("N0000", "x"))


PLANTED = [
    ("UPDATE certificates.ledger_leaves SET entry = entry || 'x' WHERE index = 5", "entry 5 does not hash"),
    ("UPDATE certificates.ledger_leaves SET leaf_hash = sha256(leaf_hash) WHERE index = 5", "entry 5 does not hash"),
    ("UPDATE certificates.ledger_leaves SET event = 'revoke' WHERE index = 5", "entry 5 says another event"),
    ("UPDATE certificates.ledger_leaves SET at = at + interval '1 s' WHERE index = 5", "entry 5 says another event or time"),
    ("UPDATE certificates.ledger_leaves SET salt = NULL WHERE index = 5", "entry 5 has lost its salt"),
    ("DELETE FROM certificates.ledger_leaves WHERE index = 5", "entry 5 is missing"),
    ("DELETE FROM certificates.ledger_leaves WHERE index >= 255", "checkpoint 257 is about more leaves"),
    ("UPDATE certificates.ledger_nodes SET hash = sha256(hash)", "the root of tile 0/0 is another"),
    ("DELETE FROM certificates.ledger_nodes", "the root of tile 0/0 is missing"),
    ("UPDATE certificates.ledger_checkpoints SET note = replace(note, '257', '256')", "checkpoint 257 says size 256"),
    ("UPDATE certificates.ledger_checkpoints SET note = 'x'", "checkpoint 257 is none"),
    ("UPDATE certificates.ledger_checkpoints SET note = replace(note, 'log.example', 'log.exemple')", "is not the head"),
    ("UPDATE certificates.ledger_entries SET reason = 'x'", "old entry 1 was altered"),
]  # fmt: skip


async def test_a_changed_row_is_found(session: AsyncSession) -> None:
    await _chain(session, 1)
    await actions.append(session, drafts(256), now=NOW)
    await publish(session, 257)
    assert await queries.invariants(session) == []
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    for statement, finding in PLANTED:
        async with session.begin_nested() as planted:
            await session.execute(text(statement))
            session.expire_all()
            assert any(finding in one for one in await queries.invariants(session)), statement
            await planted.rollback()


async def test_two_appends_at_a_time_leave_no_gap(services: Services) -> None:
    async def add(first: int) -> list[int]:
        async with services.db.transaction() as session:
            return await actions.append(session, drafts(5, first), now=NOW)

    indexes = await asyncio.gather(*(add(first) for first in range(0, 40, 5)))
    assert sorted(chain.from_iterable(indexes)) == list(range(40))
