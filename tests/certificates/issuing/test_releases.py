"""Two people release a batch; who published its results is neither; the database holds it too. The stop switch from a shell."""

from __future__ import annotations

import argparse
import io
import json
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from certificates.issuing import actions, commands, queries
from certificates.issuing.actions import items_of
from certificates.issuing.rules.releases import (
    GROUP,
    AlreadyProposed,
    ListChanged,
    NothingToRelease,
    NotProposed,
    PublisherMayNotRelease,
    ReleaseItem,
    SameOfficer,
    group_of,
    list_sha256,
)
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, Invalid
from exam.kernel.services import Services
from tests.certificates.conftest import officers, proposed, release


def test_groups_are_counted_from_one_and_an_empty_list_has_a_hash() -> None:
    assert [group_of(place) for place in (0, GROUP - 1, GROUP)] == [1, 1, 2]
    assert len(list_sha256([])) == 64


def test_the_hash_of_a_list_stays_what_it_was() -> None:
    """The second officer's page holds it against the first one's, across versions of the programme; the order is no part of it."""
    items = [
        ReleaseItem(
            registration_id=UUID(int=number), outcome_id=UUID(int=9), outcome_version=1, face_sha256="ab" * 32, held=held
        )
        for number, held in ((2, "照片 <é>"), (1, ""))
    ]  # fmt: skip
    for given in (items, items[::-1]):
        assert list_sha256(given) == "832250f5806957349356c520b263ae4f966fb8c183c94da5b8d36ebf211b383f"
    assert list_sha256([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


async def test_who_proposed_does_not_approve_and_a_list_is_decided_once(services: Services, unreleased: UUID) -> None:
    first, second = await officers(services)
    id = await proposed(services, first, unreleased)
    now = services.clock.now()
    with pytest.raises(SameOfficer):
        async with services.db.transaction() as session:
            await actions.approve(session, first, release_id=id, now=now)
    with pytest.raises(AlreadyProposed):
        await proposed(services, second, unreleased)
    with pytest.raises(ListChanged):
        async with services.db.transaction() as session:
            await actions.approve(session, second, release_id=id, seen="0" * 64, now=now)
    with pytest.raises(Invalid):
        async with services.db.transaction() as session:
            await actions.send_back(session, second, release_id=id, reason=" ", now=now)
    with pytest.raises(Forbidden):
        async with services.db.transaction() as session:
            await actions.withdraw(session, second, release_id=id, now=now)
    async with services.db.transaction() as session:
        await actions.send_back(session, second, release_id=id, reason="照片有误", now=now)
    with pytest.raises(NotProposed):
        async with services.db.transaction() as session:
            await actions.approve(session, second, release_id=id, now=now)
    await release(services, unreleased)  # a returned list holds nobody


async def test_a_publisher_of_results_neither_proposes_nor_approves(services: Services, unreleased: UUID) -> None:
    first, second = await officers(services)
    now = services.clock.now()
    async with services.db.transaction() as session:
        waiting = await queries.eligible(session, first, unreleased, issued_on=china_date(now), specimen=True)
    for publisher, decides in ((first, False), (second, True)):
        mixed = [replace(waiting[0], published_by=publisher.account_id), *waiting[1:]]
        with pytest.raises(PublisherMayNotRelease) as refused:
            async with services.db.transaction() as session:
                id = await actions.propose(session, first, batch_id=unreleased, waiting=mixed, problems={}, now=now)
                assert decides
                await actions.approve(session, second, release_id=id, now=now)
        assert refused.value.facts == {"n": 1}
    with pytest.raises(NothingToRelease):
        async with services.db.transaction() as session:
            held = {one.registration_id: ["no_photo"] for one in waiting}
            await actions.propose(session, first, batch_id=unreleased, waiting=waiting, problems=held, now=now)
    assert len({list_sha256(items_of(waiting, held)), list_sha256(items_of(waiting, {}))}) == 2


@pytest.mark.parametrize(
    "change",
    [
        "decided_by = proposed_by",
        "publishers = ARRAY[proposed_by]",
        "publishers = ARRAY[decided_by]",
        "decided_by = NULL",
    ],
)
async def test_the_database_holds_it_too(services: Services, batch_id: UUID, change: str) -> None:
    with pytest.raises(IntegrityError):
        async with services.db.transaction() as session:
            await session.execute(text(f"UPDATE certificates.releases SET {change}"))


async def test_two_people_end_a_stop_in_the_database_too(services: Services, unreleased: UUID) -> None:
    first, _ = await officers(services)
    async with services.db.transaction() as session:
        stop = await actions.halt(session, first, reason="印章有误", now=services.clock.now())
        assert await actions.halt(session, first, reason="再按一次", now=services.clock.now()) == stop
    async with services.db.transaction() as session:
        await actions.resume(session, first, now=services.clock.now())
    with pytest.raises(IntegrityError):
        async with services.db.transaction() as session:
            await session.execute(text("UPDATE certificates.halts SET resumed_at = now(), resumed_by = first_by"))


async def test_the_shell_stops_and_needs_two_to_go_on(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for login in ("fa1", "fa2"):
        async with services.db.transaction() as session:
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password="correct horse battery",
                grants=[Grant(Role.CERTIFICATE_OFFICER)], now=services.clock.now(),
            )  # fmt: skip

    async def run(work: object, login: str, password: str = "correct horse battery", **more: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
        given = argparse.Namespace(login=login, password_stdin=True, json=True, **more)
        status: int = await work(services, given)  # type: ignore[operator]
        return status

    with pytest.raises(commands.NotAnOfficer):
        await run(commands.halt, "fa1", "wrong", reason=str(uuid4()))
    assert await run(commands.halt, "fa1", reason="模板有误") == 0
    assert await run(commands.resume, "fa1") == 1
    assert await run(commands.resume, "fa2") == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["halted"] for one in said] == [True, True, False]
