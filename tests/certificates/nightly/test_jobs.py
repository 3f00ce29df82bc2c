"""Stored certificates read again: whole ones pass, each kind of wrong one is named, a cut run goes on, the page tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import jobs as issuing
from certificates.issuing import queries as issued
from certificates.nightly import actions, jobs, queries
from certificates.nightly.rules import Kind
from exam.accounts.rules import Actor, Role
from exam.kernel import audit
from exam.kernel.clock import FixedClock
from exam.kernel.runner import run_jobs
from exam.kernel.services import Services
from tests.certificates.conftest import actor_of
from tests.certificates.test_pages import post, sign_in

HOME = "/certificates/nightly"


@pytest.fixture
async def stored(services: Services, officer: Actor, batch_id: UUID) -> list[issued.Certificate]:
    """Issued certificates, by number."""
    await issuing.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        return await issued.certificates(session, await queries.stored(session, limit=100))


async def test_whole_files_pass_and_a_cut_run_goes_on(
    services: Services, clock: FixedClock, stored: list[issued.Certificate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE", 3)
    notes, note = 0, actions.note

    async def cut(*args: object, **more: object) -> None:
        nonlocal notes
        notes += 1
        if notes == 2:
            raise RuntimeError("killed")
        await note(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "note", cut)
    with pytest.raises(RuntimeError):
        await jobs.run(services)
    async with services.db.transaction() as session:
        opened = await queries.open_check(session)
        assert opened is not None
        assert (opened.read_count, opened.due_count) == (3, len(stored))
    clock.advance(timedelta(minutes=1))
    done = await jobs.run(services)
    assert done.id == opened.id
    assert (done.read_count, done.total_count, done.wrong_count) == (len(stored), len(stored), 0)
    assert done.passed
    clock.advance(timedelta(days=1))
    again = await jobs.run(services)
    assert again.id != done.id
    assert again.read_count == len(stored)
    async with services.db.transaction() as session:
        assert await audit.unrecorded(session, "nightly_check", [done.id, again.id]) == set()
        assert (await queries.standing(session)).unread == 0
        for role in (Role.CERTIFICATE_OFFICER, Role.AUDITOR):
            assert await queries.needs(session, await actor_of(services, role), clock.now()) == []
        late = await queries.needs(session, await actor_of(services, Role.AUDITOR), clock.now() + timedelta(days=2))
        assert [one.tone for one in late] == ["warning"]


@dataclass(frozen=True)
class Planted:
    """A violation, as SQL on the rows of the first and second certificate, and what must be said of the first."""

    statement: str
    kinds: frozenset[Kind]
    details: frozenset[str] = frozenset()


_FIRST = "(SELECT min(number) FROM certificates.certificates)"
PLANTED = {
    "text changed": Planted(
        f"""UPDATE certificates.certificates SET face = face || '{{"holder_name": "某某某", "level_zh": "无级"}}' WHERE number = {_FIRST}""",
        frozenset({Kind.TEXT, Kind.RECORD}), frozenset({"holder_name", "level_zh", "face"}),
    ),
    "file missing": Planted(
        f"UPDATE certificates.certificates SET sha256 = repeat('a', 64) WHERE number = {_FIRST}", frozenset({Kind.MISSING})
    ),
    "swapped": Planted(
        f"""UPDATE certificates.certificates SET sha256 = (SELECT sha256 FROM certificates.certificates
            WHERE number > {_FIRST} ORDER BY number LIMIT 1) WHERE number = {_FIRST}""",
        frozenset({Kind.TEXT, Kind.RECORD, Kind.ENTRY, Kind.PROOF, Kind.CREDENTIAL}), frozenset({"number"}),
    ),
    "leaf missing": Planted(
        f"DELETE FROM certificates.ledger_leaves WHERE number = {_FIRST}", frozenset({Kind.ENTRY, Kind.PROOF})
    ),
    "another commitment": Planted(
        f"UPDATE certificates.ledger_leaves SET entry = (SELECT entry FROM certificates.ledger_leaves WHERE number > {_FIRST}"
        f" ORDER BY number LIMIT 1) WHERE number = {_FIRST}",
        frozenset({Kind.ENTRY, Kind.PROOF}),
    ),
    "another time": Planted(
        f"UPDATE certificates.certificates SET numbered_at = numbered_at + interval '1 hour' WHERE number = {_FIRST}",
        frozenset({Kind.TIME, Kind.RECORD}),
    ),
    "checkpoint gone": Planted("DELETE FROM certificates.ledger_checkpoints", frozenset({Kind.PROOF})),
    "another root": Planted(
        "UPDATE certificates.ledger_leaves SET leaf_hash = sha256(leaf_hash) WHERE index = 1", frozenset({Kind.PROOF})
    ),
    "key lost": Planted(
        """INSERT INTO certificates.key_reports (id, key_id, state, cut_off, reason, first_by, first_name, first_at,
            second_by, second_name, second_at, second_reason) SELECT gen_random_uuid(), id, 'confirmed', '2026-01-01', 'x',
            gen_random_uuid(), 'x', now(), gen_random_uuid(), 'x', now(), 'x' FROM certificates.signing_keys
            WHERE purpose = 'document'""",
        frozenset({Kind.KEY_LOST}),
    ),
}  # fmt: skip


async def test_each_kind_of_wrong_is_named(services: Services, stored: list[issued.Certificate]) -> None:
    first = stored[0]
    for name, planted in PLANTED.items():
        async with services.db.engine.connect() as connection:
            outer = await connection.begin()
            async with AsyncSession(bind=connection, join_transaction_mode="create_savepoint") as session:
                await session.execute(text("SET LOCAL session_replication_role = replica"))
                for index in ("certificates_sha256_key", "uq_certificates_sha256"):
                    drop = f"ALTER TABLE certificates.certificates DROP CONSTRAINT IF EXISTS {index}"
                    await session.execute(text(drop))
                await session.execute(text(planted.statement))
                expected = (await actions.expected_of(session, services.vault, [first.id]))[0]
                trusted = await jobs._trusted(session, services)
                entries = await actions.ledger_findings(session, services)
            await outer.rollback()
        found = actions.compare(services.files, trusted, expected)
        assert {one.kind for one in found} == planted.kinds, (name, found)
        assert planted.details <= {one.detail for one in found}, (name, found)
        if name in ("leaf missing", "another commitment", "checkpoint gone", "another root", "text changed"):
            assert entries or name == "checkpoint gone", name


async def test_a_damaged_file_is_named_and_everybody_concerned_is_told(
    services: Services, client: httpx.AsyncClient, clock: FixedClock, stored: list[issued.Certificate]
) -> None:
    first, second = stored[:2]
    folder = services.settings.files
    broken = folder / (first.sha256 or "")[:2] / (first.sha256 or "")
    whole = broken.read_bytes()
    for changed, kinds in (
        (whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], {Kind.ALTERED, Kind.SIGNATURE}),
        (b"%PDF-1.7 nothing", {Kind.ALTERED, Kind.UNREADABLE}),
        (services.files.get(second.sha256 or ""), {Kind.ALTERED, Kind.TEXT, Kind.RECORD, Kind.ENTRY, Kind.PROOF, Kind.CREDENTIAL}),
    ):  # fmt: skip
        broken.write_bytes(changed)
        done = await jobs.run(services, whole=True)
        assert done.wrong_count == 1
        async with services.db.transaction() as session:
            wrong = await queries.wrong(session, await actor_of(services, Role.AUDITOR), limit=9)
            assert [one.number for one in wrong] == [first.number]
            assert kinds <= {one.kind for one in wrong[0].differences}, wrong
            for role in (Role.CERTIFICATE_OFFICER, Role.AUDITOR):
                needed = await queries.needs(session, await actor_of(services, role), clock.now())
                assert [(one.tone, one.count) for one in needed] == [("stopped", 1)]
            assert await queries.needs(session, await actor_of(services, Role.INVIGILATOR), clock.now()) == []
        clock.advance(timedelta(minutes=1))
    await sign_in(client, services, Role.AUDITOR, [])
    shown = (await client.get(HOME)).text
    assert first.number in shown
    assert second.number not in shown
    assert all(words in shown for words in ("页面上的文字与登记的不同", "姓名", "发现不符"))
    assert (await post(client, HOME)).status_code == 403, "the auditor looks on"
    broken.write_bytes(whole)
    assert (await jobs.run(services)).passed


async def test_an_officer_has_everything_read_now(
    services: Services, client: httpx.AsyncClient, stored: list[issued.Certificate]
) -> None:
    await sign_in(client, services, Role.CERTIFICATE_OFFICER, [stored[0].organisation_id])
    assert "还没有核查过" in (await client.get(HOME)).text
    assert (await post(client, HOME)).status_code == 303
    assert "核查已在排队" in (await client.get(HOME)).text
    async with services.db.transaction() as session:
        await session.execute(text("UPDATE certificates.certificates SET organisation_id = gen_random_uuid()"))
    await run_jobs(services, jobs.JOBS, {}, drain=True)
    shown = (await client.get(HOME)).text
    assert "人工发起" in shown
    assert stored[0].number not in shown, "what is another organisation's is not shown"
