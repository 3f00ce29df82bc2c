"""Accommodations (H16): asked for, decided, withdrawn; the reasons sealed; nothing changes once the seats are published."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden
from exam.kernel.files import DiskStore
from exam.kernel.ids import new_id
from exam.registration import actions, queries
from exam.registration.actions.moving import ReasonMissing
from exam.registration.rules import Accommodation, AccommodationStatus, Measures, Registration
from exam.registration.rules.accommodations import (
    AccommodationMoveNotAllowed,
    AccommodationOpen,
    MeasuresWrong,
    TooLateForAccommodation,
)
from tests.exam.registration.test_actions_registrations import registered, with_photos
from tests.exam.registration.world import NOW, World, row

S = AccommodationStatus
WANTED = Measures(extra_percent=25, own_room=True)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_or_create(tmp_path / "keys")


async def asked(session: AsyncSession, vault: Vault, actor: Actor, one: Registration) -> Accommodation:
    return await actions.ask_accommodation(
        session, actor, vault, registration_id=one.id, measures=WANTED, reason="视力障碍", evidence="残疾人证 123",
        now=NOW,
    )  # fmt: skip


async def granted(session: AsyncSession, vault: Vault) -> tuple[World, Registration]:
    world, (one,) = await registered(session, vault, row(1))
    request = await asked(session, vault, world.secretary, one)
    await actions.decide_accommodation(
        session, world.officer, vault, accommodation_id=request.id, grant=True, reason="核对原件", now=NOW
    )
    return world, await queries.registration(session, one.id)


async def test_only_what_is_granted_counts(session: AsyncSession, vault: Vault) -> None:
    world, (one,) = await registered(session, vault, row(1))
    request = await asked(session, vault, world.secretary, one)
    assert request.status is S.ASKED and not (await queries.registration(session, one.id)).measures
    with pytest.raises(Forbidden):
        await actions.decide_accommodation(
            session, world.secretary, vault, accommodation_id=request.id, grant=True, reason="可以", now=NOW
        )
    with pytest.raises(ReasonMissing):
        await actions.decide_accommodation(
            session, world.officer, vault, accommodation_id=request.id, grant=True, reason=" ", now=NOW
        )
    less = Measures(extra_percent=30, ground_floor=True)
    await actions.decide_accommodation(
        session, world.officer, vault, accommodation_id=request.id, grant=True, reason="核对", measures=less, now=NOW
    )
    assert (await queries.registration(session, one.id)).measures == less
    with pytest.raises(AccommodationMoveNotAllowed):
        await actions.decide_accommodation(
            session, world.officer, vault, accommodation_id=request.id, grant=False, reason="不行", now=NOW
        )


async def test_a_refused_request_leaves_room_for_another(session: AsyncSession, vault: Vault) -> None:
    world, (one,) = await registered(session, vault, row(1))
    first = await asked(session, vault, world.secretary, one)
    with pytest.raises(AccommodationOpen):
        await asked(session, vault, world.secretary, one)
    await actions.decide_accommodation(
        session, world.officer, vault, accommodation_id=first.id, grant=False, reason="没有原件", now=NOW
    )
    await asked(session, vault, world.secretary, one)
    assert [one.status for one in await queries.accommodations_of(session, world.batch.id)] == [S.ASKED, S.REFUSED]
    assert await queries.accommodations_waiting(session, [world.batch.id]) == {world.batch.id: 1}


async def test_why_is_sealed(session: AsyncSession, vault: Vault) -> None:
    _, one = await granted(session, vault)
    stored = (await session.execute(text("SELECT * FROM exam.accommodations"))).one()
    audited = (await session.execute(text("SELECT data::text FROM exam.audit_records"))).scalars().all()
    for words in ("视力障碍", "残疾人证 123", "核对原件"):
        assert words not in str(stored) and not any(words in data for data in audited)
    assert any("extra_time:25+own_room" in data for data in audited)  # what must be done
    (closed,) = await queries.accommodations(session, [one.id])
    (opened,) = await queries.accommodations(session, [one.id], vault=vault)
    assert (closed.reason, closed.evidence, closed.decision) == ("", "", "")
    assert (opened.reason, opened.evidence, opened.decision) == ("视力障碍", "残疾人证 123", "核对原件")


async def test_a_candidate_asks_alone_and_nobody_else_may(session: AsyncSession, vault: Vault) -> None:
    _, (one,) = await registered(session, vault, row(1))
    other = Actor(new_id(), "别校", (Grant(Role.INSTITUTION, Scope("institution", str(new_id()))),))
    with pytest.raises(Forbidden):
        await asked(session, vault, other, one)
    own = Actor(new_id(), "本人", (Grant(Role.CANDIDATE, Scope("registration", str(one.id))),))
    request = await asked(session, vault, own, one)
    with pytest.raises(Forbidden):
        await actions.withdraw_accommodation(session, other, vault, accommodation_id=request.id, reason="不要", now=NOW)
    done = await actions.withdraw_accommodation(
        session, own, vault, accommodation_id=request.id, reason="不需要了", now=NOW
    )
    assert done.status is S.WITHDRAWN


@pytest.mark.parametrize(
    ("measures", "reason", "evidence", "fields"),
    [
        (Measures(), "因为", "证", ["extra_percent"]),
        (Measures(extra_percent=26), "因为", "证", ["extra_percent"]),
        (WANTED, " ", "", ["reason", "evidence"]),
    ],
)
async def test_what_is_missing_is_named_by_its_field(
    session: AsyncSession, vault: Vault, measures: Measures, reason: str, evidence: str, fields: list[str]
) -> None:
    world, (one,) = await registered(session, vault, row(1))
    with pytest.raises(MeasuresWrong) as refused:
        await actions.ask_accommodation(
            session, world.secretary, vault, registration_id=one.id, measures=measures, reason=reason,
            evidence=evidence, now=NOW,
        )  # fmt: skip
    assert [problem.field for problem in refused.value.problems] == fields
    assert await queries.accommodations(session, [one.id]) == []


async def test_published_seats_fix_what_is_granted(session: AsyncSession, vault: Vault, tmp_path: Path) -> None:
    world, one = await granted(session, vault)
    await with_photos(session, world, DiskStore(tmp_path / "files"), [one])
    await actions.accept(session, world.officer, registration_ids=[one.id], now=NOW)
    await actions.record_fee(session, world.secretary, registration_ids=[one.id], now=NOW)
    await actions.close(session, world.officer, batch_id=world.batch.id, now=NOW)
    await actions.mark_seated(session, SYSTEM, registration_ids=[one.id], now=NOW)
    (request,) = await queries.accommodations(session, [one.id])
    with pytest.raises(TooLateForAccommodation):
        await actions.withdraw_accommodation(
            session, world.officer, vault, accommodation_id=request.id, reason="不要", now=NOW
        )
    with pytest.raises(TooLateForAccommodation):
        await asked(session, vault, world.secretary, one)
    assert (await queries.registration(session, one.id)).measures == WANTED
