"""The register: one takes over from another, a lost key stops at once and counts with a second person, constraints hold it all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.keys import actions, queries
from certificates.keys.rules.authority import Validity
from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.register import (
    OVERLAP,
    KeyRefused,
    KeyState,
    KeyUnknown,
    NameTaken,
    NoSuchKey,
    NothingReported,
    ReasonNeeded,
    SamePerson,
    WrongCutoff,
    WrongPurpose,
    stands,
)
from certificates.keys.signer import Signer, open_entry, signer_of
from exam.accounts.rules import Actor, Grant, Role
from exam.kernel.errors import Forbidden
from exam.kernel.settings import Settings
from tests.certificates.keys.makers import Authority, authority, file_entry

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOCUMENT = Purpose.DOCUMENT


@pytest.fixture(scope="module")
def above() -> Authority:
    return authority()


def somebody(name: str = "甲", role: Role = Role.CERTIFICATE_OFFICER) -> Actor:
    return Actor(uuid4(), name, (Grant(role),))


def a_key(
    folder: Path, above: Authority, name: str, purpose: Purpose = DOCUMENT, validity: Validity | None = None
) -> Signer:
    entry = (
        file_entry(folder, above, name, purpose, validity=validity)
        if validity
        else file_entry(folder, above, name, purpose)
    )
    return open_entry(entry, folder)


async def enter(
    session: AsyncSession, signer: Signer, name: str, now: datetime = NOW, purpose: Purpose = DOCUMENT
) -> None:
    await actions.register(session, somebody(), signer, name=name, purpose=purpose, backend="file", now=now)


async def test_a_new_key_takes_over_and_the_old_one_may_finish(
    session: AsyncSession, above: Authority, tmp_path: Path
) -> None:
    old, new = a_key(tmp_path, above, "old"), a_key(tmp_path, above, "new")
    await enter(session, old, "old")
    await actions.require_usable(session, old, DOCUMENT, now=NOW)
    later = NOW + 10 * OVERLAP
    await enter(session, new, "new", later)
    await enter(session, new, "new", later)  # again changes nothing
    await actions.require_usable(session, new, DOCUMENT, now=later)
    await actions.require_usable(session, old, DOCUMENT, now=later + OVERLAP - MINUTE)
    with pytest.raises(KeyRefused):
        await actions.require_usable(session, old, DOCUMENT, now=later + OVERLAP)
    assert [one.name for one in await queries.keys(session)] == ["new", "old"]
    assert await queries.roots(session) == [above.root.public_bytes(serialization.Encoding.DER)]
    assert await queries.invariants(session) == []


async def test_a_real_key_signs_only_once_it_is_registered(
    session: AsyncSession, above: Authority, tmp_path: Path
) -> None:
    with pytest.raises(KeyUnknown):
        await actions.require_usable(session, a_key(tmp_path, above, "k"), DOCUMENT, now=NOW)


async def test_a_demo_registers_itself_and_never_beside_a_real_key(
    session: AsyncSession, above: Authority, tmp_path: Path
) -> None:
    one, other = signer_of(Settings(home=tmp_path / "1")), signer_of(Settings(home=tmp_path / "2"))
    for signer in (one, one, other, other):
        await actions.require_usable(session, signer, DOCUMENT, now=NOW)
    with pytest.raises(KeyRefused):
        await actions.require_usable(session, one, DOCUMENT, now=NOW)
    await enter(session, a_key(tmp_path, above, "real"), "real")
    with pytest.raises(KeyUnknown):
        await actions.require_usable(session, signer_of(Settings(home=tmp_path / "3")), DOCUMENT, now=NOW)


async def test_a_key_has_one_purpose(session: AsyncSession, above: Authority, tmp_path: Path) -> None:
    credential = a_key(tmp_path, above, "cred", Purpose.CREDENTIAL)
    with pytest.raises(WrongPurpose):
        await enter(session, credential, "cred")
    await enter(session, credential, "cred", purpose=Purpose.CREDENTIAL)
    with pytest.raises(WrongPurpose):
        await actions.require_usable(session, credential, DOCUMENT, now=NOW)
    with pytest.raises(WrongPurpose):
        await actions.require_usable(session, signer_of(Settings(home=tmp_path / "demo")), Purpose.LEDGER, now=NOW)


async def test_names_and_public_keys_stay_with_their_key(
    session: AsyncSession, above: Authority, tmp_path: Path
) -> None:
    one, other = a_key(tmp_path, above, "one"), a_key(tmp_path, above, "other")
    await enter(session, one, "one")
    for signer, name in ((other, "one"), (one, "other")):
        with pytest.raises(NameTaken):
            await enter(session, signer, name)
    (tmp_path / "again.key").write_bytes((tmp_path / "one.key").read_bytes())
    with pytest.raises(IntegrityError, match="public_sha256"):
        await session.execute(text(
            "INSERT INTO certificates.signing_keys SELECT gen_random_uuid(), 'copy', 'export', algorithm, backend, specimen, "
            "repeat('f', 64), public_sha256, chain, valid_from, valid_to, in_force_from, registered_at, registered_by, "
            "registered_name, '', retired_at FROM certificates.signing_keys"
        ))  # fmt: skip


async def test_expired_is_refused(session: AsyncSession, above: Authority, tmp_path: Path) -> None:
    short = Validity(begin=NOW - MINUTE, end=NOW + MINUTE)
    signer = a_key(tmp_path, above, "short", validity=short)
    await enter(session, signer, "short")
    await actions.require_usable(session, signer, DOCUMENT, now=NOW)
    with pytest.raises(KeyRefused):
        await actions.require_usable(session, signer, DOCUMENT, now=NOW + 2 * MINUTE)


async def test_a_lost_key_stops_with_one_person_and_counts_with_two(
    session: AsyncSession, above: Authority, tmp_path: Path
) -> None:
    signer, first, second = a_key(tmp_path, above, "k"), somebody("甲"), somebody("乙", Role.EXAM_OFFICER)
    await enter(session, signer, "k", NOW - 60 * MINUTE)
    lost = NOW - 30 * MINUTE
    with pytest.raises(ReasonNeeded):
        await actions.report(session, first, name="k", cut_off=lost, reason=" ", now=NOW)
    with pytest.raises(WrongCutoff):
        await actions.report(session, first, name="k", cut_off=NOW + MINUTE, reason="x", now=NOW)
    await actions.report(session, first, name="k", cut_off=lost, reason="U 盘遗失", now=NOW)
    with pytest.raises(KeyRefused):
        await actions.require_usable(session, signer, DOCUMENT, now=NOW)
    assert await queries.cutoffs(session) == [], "one person's word stops a key and touches nothing that stands"
    with pytest.raises(SamePerson):
        await actions.report(session, first, name="k", cut_off=None, reason="", now=NOW)
    found = await actions.report(session, second, name="k", cut_off=lost - MINUTE, reason="", now=NOW)
    assert found.state(NOW) is KeyState.COMPROMISED
    (cutoff,) = await queries.cutoffs(session)
    assert (cutoff.at, cutoff.reason) == (lost - MINUTE, "U 盘遗失"), "the earlier time counts"
    assert stands([cutoff], found.certificate_sha256, lost - 2 * MINUTE)
    assert not stands([cutoff], found.certificate_sha256, lost)
    for again in (somebody(), first):
        with pytest.raises(NothingReported):
            await actions.report(session, again, name="k", cut_off=None, reason="x", now=NOW)
    with pytest.raises(NothingReported):
        await actions.withdraw(session, somebody(), name="k", reason="x", now=NOW)
    assert await queries.invariants(session) == []


async def test_a_mistaken_report_is_withdrawn_by_another(
    session: AsyncSession, above: Authority, tmp_path: Path
) -> None:
    signer, first = a_key(tmp_path, above, "k"), somebody()
    await enter(session, signer, "k")
    with pytest.raises(NothingReported):
        await actions.withdraw(session, first, name="k", reason="x", now=NOW)
    await actions.report(session, first, name="k", cut_off=None, reason="疑似", now=NOW)
    with pytest.raises(SamePerson):
        await actions.withdraw(session, first, name="k", reason="找到了", now=NOW)
    with pytest.raises(ReasonNeeded):
        await actions.withdraw(session, somebody(), name="k", reason="", now=NOW)
    found = await actions.withdraw(session, somebody(), name="k", reason="找到了", now=NOW)
    assert found.report is None
    await actions.require_usable(session, signer, DOCUMENT, now=NOW)
    await actions.report(session, first, name="k", cut_off=None, reason="又来", now=NOW)


async def test_who_may_not_touch_keys(session: AsyncSession, above: Authority, tmp_path: Path) -> None:
    signer, officer = a_key(tmp_path, above, "k"), somebody(role=Role.SCORE_OFFICER)
    with pytest.raises(Forbidden):
        await actions.register(session, officer, signer, name="k", purpose=DOCUMENT, backend="file", now=NOW)
    with pytest.raises(Forbidden):
        await actions.report(session, officer, name="k", cut_off=None, reason="x", now=NOW)
    with pytest.raises(Forbidden):
        await actions.withdraw(session, officer, name="k", reason="x", now=NOW)
    with pytest.raises(NoSuchKey):
        await actions.report(session, somebody(), name="k", cut_off=None, reason="x", now=NOW)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("second_by = first_by, second_at = now(), state = 'confirmed'", "two_people"),
        ("state = 'confirmed'", "decided"),
        ("cut_off = first_at + interval '1 minute'", "cut_off"),
        ("reason = ''", "reason"),
    ],
)
async def test_the_database_holds_two_people_too(
    session: AsyncSession, above: Authority, tmp_path: Path, change: str, constraint: str
) -> None:
    await enter(session, a_key(tmp_path, above, "k"), "k")
    await actions.report(session, somebody(), name="k", cut_off=None, reason="x", now=NOW)
    with pytest.raises(IntegrityError, match=constraint):
        await session.execute(text(f"UPDATE certificates.key_reports SET {change}"))


@pytest.mark.parametrize(
    "planted",
    [
        "UPDATE certificates.signing_keys SET certificate_sha256 = repeat('a', 64)",
        "UPDATE certificates.signing_keys SET public_sha256 = repeat('a', 64)",
        "UPDATE certificates.signing_keys SET purpose = 'export'",
        "UPDATE certificates.signing_keys SET chain = ''",
    ],
)
async def test_a_register_that_was_changed_is_found(
    session: AsyncSession, above: Authority, tmp_path: Path, planted: str
) -> None:
    await enter(session, a_key(tmp_path, above, "k"), "k")
    await session.execute(text(planted))
    session.expire_all()
    assert len(await queries.invariants(session)) == 1


async def test_nothing_is_deleted(session: AsyncSession, above: Authority, tmp_path: Path) -> None:
    await enter(session, a_key(tmp_path, above, "k"), "k")
    with pytest.raises(IntegrityError, match="append-only"):
        await session.execute(text("DELETE FROM certificates.signing_keys"))


async def test_an_empty_register(session: AsyncSession) -> None:
    assert await queries.keys(session) == await queries.cutoffs(session) == await queries.roots(session) == []
    assert await queries.invariants(session) == []
