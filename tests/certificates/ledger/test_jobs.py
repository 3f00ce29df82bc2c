"""Sealing with witnesses, the published files, and the monitor that finds every changed byte."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger import actions, jobs, queries
from certificates.ledger.client import Folder
from certificates.ledger.commands import monitor, static
from certificates.ledger.commands.witness import BadLogKey, WitnessServer, open_witness
from certificates.ledger.documents import LedgerWentBack, folder_of, published_size
from certificates.ledger.jobs import NoQuorum, seal
from certificates.ledger.rules.checkpoints import tree_head
from certificates.ledger.rules.complete import Known
from certificates.ledger.rules.notes import read_note
from certificates.ledger.rules.policy import Policy, read_policy
from certificates.ledger.signer import PolicyUnreadable, origin_of, own_policy, verifier
from exam.kernel.crypto import Vault
from exam.kernel.services import Services
from tests.certificates.ledger.test_actions import drafts
from tests.conftest import NOW


@dataclass
class World:
    """A log with two witnesses, both of them wanted."""

    services: Services
    folder: Path
    witnesses: dict[str, WitnessServer]

    async def add(self, count: int) -> None:
        async with self.services.db.transaction() as session:
            first = await queries.size(session)
            await actions.append(session, drafts(count, first), now=NOW)

    async def policy(self) -> Policy:
        async with self.services.db.transaction() as session:
            return await own_policy(session, self.services.settings)

    def open(self, name: str) -> None:
        log = verifier(self.services.settings, origin_of(self.services.settings)).vkey
        self.witnesses[name] = open_witness(
            f"{name}.example/{name}", self.folder / name, [log], clock=self.services.clock
        )


@pytest.fixture
async def world(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    path = tmp_path / "witnesses.txt"
    made = World(replace(services, settings=replace(services.settings, ledger_witnesses=path)), tmp_path, {})
    for name in ("w1", "w2"):
        made.open(name)
    lines = [
        f"witness {name} {one.witness.verifier.vkey} http://{name}.example" for name, one in made.witnesses.items()
    ]
    path.write_text("\n".join([*lines, "group both all w1 w2", "quorum both", ""]))

    async def pass_on(request: httpx.Request) -> httpx.Response:
        server = made.witnesses.get(request.url.host.removesuffix(".example"))
        if server is None:
            raise httpx.ConnectError("nobody there")
        return await httpx.ASGITransport(server).handle_async_request(request)

    class Road(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await pass_on(request)

    client = jobs.client
    monkeypatch.setattr(jobs, "client", lambda: client(Road()))
    return made


async def test_a_checkpoint_is_cosigned_published_and_stays_as_it_is(world: World) -> None:
    await world.add(300)
    first = await seal(world.services)
    assert first.size == 300
    assert [one.name for one in first.note.signatures[1:]] == ["w1.example/w1", "w2.example/w2"]
    assert await seal(world.services) == first
    await world.add(5)
    second = await seal(world.services)
    folder = folder_of(world.services.settings)
    assert (folder / "checkpoint").read_text() == second.text
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != ".lock") == [
        "checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/0/001.p/49", "tile/1/000.p/1", "tile/entries/000",
        "tile/entries/001.p/44", "tile/entries/001.p/49",
    ]  # fmt: skip
    kept = next((world.folder / "w1").glob("*.checkpoint")).read_text()
    assert tree_head(read_note(kept)).size == 305
    async with world.services.db.transaction() as session:
        assert await queries.invariants(session) == []
        assert (await queries.proofs(session, [7]))[7].size == 300


async def test_without_the_quorum_it_waits_by_name_and_goes_on_later(world: World) -> None:
    await world.add(3)
    away = world.witnesses.pop("w2")
    with pytest.raises(NoQuorum, match="w2: ConnectError"):
        await seal(world.services)
    async with world.services.db.transaction() as session:
        with pytest.raises(queries.NotSealed):
            await queries.proofs(session, [0])
    await jobs.seal_job(world.services, {})  # the clock's job says so in the log and comes again
    assert published_size(folder_of(world.services.settings)) == 0
    await world.add(2)
    world.witnesses["w2"] = away
    await jobs.seal_job(world.services, {})
    assert published_size(folder_of(world.services.settings)) == 5
    await jobs.seal_job(world.services, {})


async def test_a_witness_that_forgot_or_fell_behind_is_led_up(world: World) -> None:
    await world.add(3)
    await seal(world.services)
    for file in (world.folder / "w1").glob("*.checkpoint"):
        file.unlink()
    await world.add(3)
    assert (await seal(world.services)).size == 6


async def test_a_witness_refuses_another_history(world: World) -> None:
    await world.add(3)
    await seal(world.services)
    async with world.services.db.transaction() as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(
            text("UPDATE certificates.ledger_leaves SET leaf_hash = sha256(leaf_hash) WHERE index = 1")
        )
    await world.add(1)
    with pytest.raises(NoQuorum, match="422"):
        await seal(world.services)


async def test_a_database_that_went_back_is_noticed(world: World) -> None:
    await world.add(3)
    await seal(world.services)
    async with world.services.db.transaction() as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        for table, column in (("leaves", "index"), ("heads", "size"), ("checkpoints", "size")):
            await session.execute(text(f"DELETE FROM certificates.ledger_{table} WHERE {column} > 1"))
    world.services.settings.ledger_witnesses.write_text("quorum none\n")  # type: ignore[union-attr]
    with pytest.raises(LedgerWentBack):
        await seal(world.services)


async def test_ten_sealers_at_a_time_publish_one_checkpoint(world: World) -> None:
    await world.add(10)
    found = await asyncio.gather(*(seal(world.services) for _ in range(4)))
    assert len({one.text for one in found}) == 1


async def test_the_witness_answers_what_it_kept_and_nothing_else(world: World) -> None:
    await world.add(1)
    sealed = await seal(world.services)
    server = world.witnesses["w1"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://w") as http:
        name = next((world.folder / "w1").glob("*.checkpoint")).stem
        kept = await http.get(f"/{name}/checkpoint")
        assert kept.text.startswith(sealed.head.text)
        assert (await http.get("/0000/checkpoint")).status_code == 404
        assert (await http.get("/witness.key")).status_code == 404
        assert (await http.post("/add-checkpoint", content=b"x" * 100_000)).status_code == 413
        assert (await http.post("/add-checkpoint", content=b"\xff")).status_code == 400
    again = open_witness("w1.example/w1", world.folder / "w1", [])
    assert again.witness.verifier == server.witness.verifier
    with pytest.raises(BadLogKey):
        open_witness("w1.example/w1", world.folder / "w1", ["nonsense"])


async def test_a_policy_that_cannot_be_read_stops_sealing(world: World) -> None:
    await world.add(1)
    world.services.settings.ledger_witnesses.write_text("nonsense\n")  # type: ignore[union-attr]
    with pytest.raises(PolicyUnreadable, match="line 1"):
        await seal(world.services)


async def known(session: AsyncSession, vault: Vault) -> Sequence[Known]:
    """What the certificates would say."""
    count = await queries.size(session)
    return [
        Known(id=UUID(int=n + 1), number=f"N{n:04}", version=1, begun=True, ended=False, record={"n": n})
        for n in range(count)
    ]


def _arguments(**more: object) -> Namespace:
    return Namespace(**{"source": None, "policy": None, "state": None, "json": True, "no_database": False, **more})


async def test_the_monitor_finds_every_changed_byte(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A bit is flipped in each published file, at random places: the file is named, and with the database the byte."""
    await world.add(300)
    await seal(world.services)
    folder, random = folder_of(world.services.settings), Random("flips")
    source, policy = Folder(folder), await world.policy()
    first = await monitor.watch(source, policy, None)
    assert first.findings == ()
    head = first.head
    assert head is not None
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and one.name != ".lock"):
        whole = path.read_bytes()
        places = (
            range(len(whole)) if path.name == "checkpoint" else random.sample(range(len(whole)), min(12, len(whole)))
        )
        for place in places:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << random.randrange(8)]) + whole[place + 1 :])
            watched = await monitor.watch(source, policy, None)
            name = path.relative_to(folder).as_posix()
            assert watched.findings, (name, place)
            assert any(name in one for one in watched.findings), (name, place, watched.findings)
        async with world.services.db.transaction() as session:
            found = await monitor.against_database(source, session, head)
        assert [one for one in found if f": byte {place} is" in one and one.startswith(name)], found
        path.write_bytes(whole)
        for cut in (whole[:-1], whole + b"\x00"):
            path.write_bytes(cut)
            assert (await monitor.watch(source, policy, None)).findings
        path.write_bytes(whole)
    (folder / "tile/0/000").unlink()
    assert "tile/0/000: FileNotFoundError" in (await monitor.watch(source, policy, None)).findings


async def test_the_monitor_holds_the_database_against_the_log_and_the_certificates(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.add(4)
    await seal(world.services)
    state = world.folder / "monitor" / "seen"
    run: Callable[..., object] = monitor.with_database(known)
    assert await run(world.services, _arguments(state=state)) == 0  # type: ignore[misc]
    assert tree_head(read_note(state.read_text())).size == 4
    assert json.loads(capsys.readouterr().out) == {"passed": True, "size": 4, "findings": []}
    planted = (
        ("UPDATE certificates.ledger_leaves SET number = 'N9' WHERE index = 1", "entry 1 names N9/1 for N0001/1"),
        ("UPDATE certificates.ledger_leaves SET salt = repeat('0', 64) WHERE index = 2", "entry 2 commits to another record"),
        ("DELETE FROM certificates.ledger_leaves WHERE index = 3", "about more leaves"),
        ("UPDATE certificates.ledger_checkpoints SET note = note || note", "checkpoint: byte"),
    )  # fmt: skip
    for statement, finding in planted:
        async with world.services.db.engine.connect() as connection:
            outer = await connection.begin()
            async with AsyncSession(bind=connection, join_transaction_mode="create_savepoint") as session:
                await session.execute(text("SET LOCAL session_replication_role = replica"))
                await session.execute(text(statement))
                source = Folder(folder_of(world.services.settings))
                found = await monitor.database_findings(session, (await known(session, world.services.vault)))
                watched = await monitor.watch(source, await world.policy(), None)
                assert watched.head is not None
                found += await monitor.against_database(source, session, watched.head)
            await outer.rollback()
        assert any(finding in one for one in found), (finding, found)


async def test_the_monitor_remembers(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await world.add(5)
    await seal(world.services)
    policy = await world.policy()
    seen = (await monitor.watch(Folder(folder_of(world.services.settings)), policy, None)).head
    assert seen is not None
    other = tmp_path / "export"
    assert await static.export(world.services, Namespace(folder=other, json=True)) == 0
    assert read_policy((other / static.POLICY).read_text()) == policy
    assert (await monitor.watch(Folder(other), policy, seen)).findings == ()
    later = replace(seen, size=9)
    assert "the log went back from 9 to 5 entries" in (await monitor.watch(Folder(other), policy, later)).findings
    forked = replace(seen, size=3)
    assert any("history was changed" in one for one in (await monitor.watch(Folder(other), policy, forked)).findings)
    renamed = replace(seen, origin="else.example")
    assert any("was called" in one for one in (await monitor.watch(Folder(other), policy, renamed)).findings)
    strict = read_policy((other / static.POLICY).read_text().replace("quorum both", "quorum w1"))
    lines = (other / "checkpoint").read_text().splitlines(keepends=True)
    (other / "checkpoint").write_text("".join(lines[:-2]))
    assert any("cosigned by nobody" in one for one in (await monitor.watch(Folder(other), strict, None)).findings)
    assert await static.seal_now(seal)(world.services, Namespace(json=False)) == 0
    assert await static.key(world.services, Namespace(json=False)) == 0
    assert "127.0.0.1" in capsys.readouterr().out
