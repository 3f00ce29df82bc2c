"""From issuing with time stamps to the archive: who waits, what is made beside the issued file, what `kaowu check` names."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from certificates.archive import commands, queries
from certificates.archive.rules.reading import examine_any
from certificates.issuing import jobs
from certificates.issuing.jobs.groups import Unfinished
from certificates.issuing.rules.signature import Level, examine
from certificates.issuing.signer import roots
from certificates.stamps import client
from certificates.verification import queries as verification
from certificates.verification.rules import Verdict
from exam.accounts.rules import Actor
from exam.kernel.services import Services
from tests.certificates.stamps import authority

pytestmark = authority.needs_openssl


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[authority.Stamping]:
    with authority.serving(authority.make(tmp_path_factory.mktemp("tsa"))) as found:
        yield found


def stamped(services: Services, stamping: authority.Stamping) -> Services:
    client._authority.cache_clear()  # nobody remembers that it was away
    settings = replace(services.settings, tsa_url=stamping.url, tsa_roots=stamping.folder / "root.pem")
    return replace(services, settings=settings)


async def run(services: Services, capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[int, dict[str, Any]]:
    wanted = {"all": True, "batch": None, "number": "", "level": "lta", "renew": False, "json": True} | options
    status = await commands.archive(services, argparse.Namespace(**wanted))
    return status, json.loads(capsys.readouterr().out)


async def findings(services: Services) -> list[str]:
    async with services.db.transaction() as session:
        return await queries.invariants(session, services.files, now=services.clock.now())


async def test_from_stamped_issuing_to_a_renewed_copy(
    services: Services, officer: Actor, batch_id: UUID, stamping: authority.Stamping, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    stamping.mode = "away"
    with pytest.raises(Unfinished) as waiting:
        await jobs.issue_batch(stamped(services, stamping), officer, batch_id)
    assert "HTTP 503" in str(waiting.value.facts["reason"])
    stamping.mode = "right"
    services = stamped(services, stamping)
    await jobs.issue_batch(services, officer, batch_id)
    async with services.db.transaction() as session:
        issued = await queries.wanted(session, batch_id=batch_id)
    trust = {"roots": roots(services.settings), "stamp_roots": stamping.roots_der}
    assert len(issued) > 3
    for one in issued:
        found = examine(services.files.get(one.sha256 or ""), **trust)
        assert (found.accepted, found.level) == (True, Level.B_T)

    number = issued[0].number
    status, said = await run(services, capsys, all=False, number=number)
    assert (status, said["made"]) == (1, 0)
    assert "Kaowu" in said["failed"][0]["reason"]  # nothing says that the signer's certificate stood
    lay_lists(services.settings.keys, stamping)
    for made, there in ((1, 0), (0, 1)):
        status, said = await run(services, capsys, all=False, number=number)
        assert (status, said["made"], said["there"]) == (0, made, there)
    async with services.db.transaction() as session:
        copy = (await queries.latest(session))[issued[0].id]
        data = services.files.get(copy.sha256)
        seen = examine_any(data, **trust)
        answer = await verification.by_file(session, seen)
    assert (copy.level, seen.level, answer.verdict) == (Level.B_LTA, Level.B_LTA, Verdict.GENUINE)
    assert data.startswith(services.files.get(issued[0].sha256 or ""))
    assert copy.renew_by == stamping.leaf.not_valid_after_utc
    assert await findings(services) == []

    assert (await run(services, capsys, renew=True))[1]["made"] == 0  # long before its end
    monkeypatch.setattr(queries, "NOTICE", timedelta(days=36500))
    assert "must be renewed before 2049-01-01" in (await findings(services))[0]
    assert (await run(services, capsys, renew=True))[1]["made"] == 1
    monkeypatch.undo()
    async with services.db.transaction() as session:
        again = (await queries.latest(session))[issued[0].id]
    assert services.files.get(again.sha256).startswith(data)
    await spoil(services, again)


async def spoil(services: Services, copy: queries.Copy) -> None:
    """A lost or altered copy is named; a row cannot be changed."""
    path = next(Path(services.settings.files).glob(f"??/{copy.sha256}"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"!")
    assert "altered" in (await findings(services))[0]
    path.unlink()
    assert "missing" in (await findings(services))[0]
    path.write_bytes(data)
    with pytest.raises(DBAPIError, match="append-only"):
        async with services.db.transaction() as session:
            await session.execute(text("UPDATE certificates.archive_copies SET level = 'B-T'"))


async def test_without_an_authority_nothing_is_begun(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(commands.NoAuthority):
        await run(services, capsys)


def lay_lists(keys: Path, stamping: authority.Stamping) -> None:
    """What the demo's authority and the stamps' say of revocations, where the collector looks; one PEM, one DER."""
    root = x509.load_pem_x509_certificate((keys / "demo-ca.pem").read_bytes())
    key: Any = serialization.load_pem_private_key((keys / "demo-ca.key").read_bytes(), None)
    folder = keys / "crls"
    folder.mkdir()
    ours = authority.crl_of(root, key)
    (folder / "ours.crl").write_bytes(ours.public_bytes(serialization.Encoding.PEM))
    (folder / "stamps.crl").write_bytes(stamping.crl().public_bytes(serialization.Encoding.DER))
