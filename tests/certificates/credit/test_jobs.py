"""The exchange with the built-in bank: from a proposal to a conversion, each answer kept once, schools deciding for their own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from certificates.credit import actions, jobs, queries
from certificates.credit.client import CreditBank, bank_of
from certificates.credit.queries import Holder
from certificates.credit.rules import BadConversion, BadProposal, CertificateRevoked, CreditMoveRefused, PersonStatus
from certificates.platform.client import PlatformDown, line_of
from certificates.platform.jobs import register_pending
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue.rules import Level
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden
from exam.kernel.services import Services
from tests.certificates.platform.conftest import db as db
from tests.certificates.platform.conftest import home as home
from tests.certificates.platform.test_jobs import OFFICER, ORGANISATION, put
from tests.certificates.platform.test_rules import RECORD

SCHOOL = uuid4()
PRINCIPAL = Actor(uuid4(), "学校", (Grant(Role.INSTITUTION, Scope("institution", str(SCHOOL))),))
CERTIFICATE = uuid4()


@pytest.fixture
def batch_id() -> UUID:
    return uuid4()


async def propose(services: Services, actor: Actor = OFFICER, **given: Any) -> None:
    whole = {"hours": Decimal(128), "credits": Decimal(8), "rule": "16 学时 1 学分", **given}
    async with services.db.transaction() as session:
        await actions.propose(
            session, actor, certificate_id=CERTIFICATE, organisation_id=ORGANISATION, level=Level.ELEMENTARY,
            now=services.clock.now(), **whole,
        )  # fmt: skip


async def status(services: Services) -> list[tuple[int, str, str]]:
    async with services.db.transaction() as session:
        rows = await session.execute(
            text(
                "SELECT version, status, coalesce(trim_scale(recognised)::text, '') FROM certificates.credit_proposals ORDER BY 1"
            )
        )
        return [(row[0], row[1], row[2]) for row in rows]


async def people(services: Services) -> dict[PersonStatus, int]:
    async with services.db.transaction() as session:
        return {key: count for key, count in (await queries.counts(session)).items() if count}


async def test_a_proposal_is_decided_once_and_a_next_one_is_a_next_version(services: Services) -> None:
    with pytest.raises(BadProposal):
        await propose(services, credits=Decimal(0))
    with pytest.raises(Forbidden):
        await propose(services, PRINCIPAL)
    await propose(services)
    with pytest.raises(CreditMoveRefused):
        await propose(services)
    async with services.db.transaction() as session:
        id = (await session.execute(text("SELECT id FROM certificates.credit_proposals"))).scalar_one()
        await actions.note_sent(session, id)
        key = (CERTIFICATE, str(Level.ELEMENTARY), 1)
        for nonsense in ({"status": "published", "recognised": "many"}, {"status": "?"}, {}):
            assert await actions.store_decisions(session, SYSTEM, {key: nonsense}, now=services.clock.now()) == 0
        answer = {"status": "published", "recognised": "6"}
        assert await actions.store_decisions(session, SYSTEM, {key: answer}, now=services.clock.now()) == 1
        assert await actions.store_decisions(session, SYSTEM, {key: answer}, now=services.clock.now()) == 0
    await propose(services, credits=Decimal(9))
    assert await status(services) == [(1, "published", "6"), (2, "proposed", "")]


async def stored(services: Services) -> CreditBank:
    """Two registered certificates at the bank, one of them stored by its holder."""
    await put(services, 2)
    await register_pending(services)
    bank, line = bank_of(services), line_of(services)
    async with services.db.transaction() as session:
        holders = [
            Holder(number=f"N000{n}", registration_id=uuid4(), organisation_id=ORGANISATION, institution_id=SCHOOL,
                   issued_on=china_date(services.clock.now()))
            for n in range(2)
        ]  # fmt: skip
        assert await actions.open_records(session, SYSTEM, holders, now=services.clock.now()) == 2
        assert await actions.open_records(session, SYSTEM, holders, now=services.clock.now()) == 0
    await jobs.ask(services, bank)
    assert await people(services) == {PersonStatus.ACCOUNT_MISSING: 2}
    await bank.propose(
        {"certificate_code": "WLG", "certificate_name": "物流管理", "level": "初级", "organisation_code": "WL01",
         "version": 1, "hours": "128", "credits": "8", "rule": "16"}
    )  # fmt: skip
    assert (await bank.types([("WLG", "初级")]))[0]["status"] == "published"
    learner = {"id_type": RECORD.id_type, "id_number": RECORD.id_number, "store": ["N0000"]}
    await line.call("POST", "/credits/learners", json={"learners": [learner]})
    await jobs.ask(services, bank)
    assert await people(services) == {PersonStatus.ACCOUNT_OPEN: 1, PersonStatus.STORED: 1}
    return bank


async def test_a_stored_certificate_is_converted_by_its_own_school_and_the_bank_is_told_once(
    services: Services,
) -> None:
    bank = await stored(services)
    now = services.clock.now()
    stranger = replace(PRINCIPAL, grants=(Grant(Role.INSTITUTION, Scope("institution", str(uuid4()))),))
    async with services.db.transaction() as session:
        assert [one.count for one in await queries.needs(session, PRINCIPAL, now)] == [1]
        with pytest.raises(Forbidden):
            await actions.request_conversion(session, stranger, "N0000", course="仓储实务", now=now)
        with pytest.raises(CreditMoveRefused):
            await actions.request_conversion(session, PRINCIPAL, "N0001", course="仓储实务", now=now)
        await actions.request_conversion(session, PRINCIPAL, "N0000", course="仓储实务", now=now)
        with pytest.raises(BadConversion):
            await actions.decide(
                session, PRINCIPAL, "N0000", converted=True, course="", credits=Decimal(9), reason="", now=now
            )
        await actions.decide(
            session, PRINCIPAL, "N0000", converted=False, course="", credits=None, reason="课程已满", now=now
        )
        await actions.request_conversion(session, PRINCIPAL, "N0000", course="物流基础", now=now)
        await actions.decide(
            session, PRINCIPAL, "N0000", converted=True, course="", credits=Decimal(4), reason="", now=now
        )
        assert len(await queries.to_tell(session)) == 1
    await jobs.tell(services, bank)
    async with services.db.transaction() as session:
        assert await queries.to_tell(session) == []
        assert await queries.invariants(session) == []
        kept = (await session.execute(text("SELECT course, credits, status FROM platform.credit_conversions"))).all()
        await session.execute(text("INSERT INTO certificates.credit_records (number, id, registration_id, organisation_id, issued_on, "
                                   "status, course, reason) VALUES ('X', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), "
                                   "'2026-01-01', 'account_open', '', '')"))  # fmt: skip
        assert len(await queries.invariants(session)) == 1
    assert [tuple(row) for row in kept] == [("物流基础", "4.0000", "converted")]


async def test_a_bank_that_is_away_or_talks_nonsense_changes_nothing(services: Services) -> None:
    await put(services, 1)
    await jobs.exchange(services, {})
    async with services.db.transaction() as session:
        holder = Holder(number="N0000", registration_id=uuid4(), organisation_id=ORGANISATION, institution_id=SCHOOL,
                        issued_on=china_date(services.clock.now()))  # fmt: skip
        await actions.open_records(session, SYSTEM, [holder], now=services.clock.now())
        for state in (
            {"number": "N0000", "state": "rich"},
            {"number": "N0000", "state": "stored", "credits": "-1"},
            {},
        ):
            assert await actions.store_states(session, SYSTEM, ["N0000"], [state], now=services.clock.now()) == 0

    class Silent:
        async def call(self, method: str, path: str, **_: Any) -> dict[str, Any]:
            return {"states": "none"}

    with pytest.raises(PlatformDown):
        await jobs.ask(services, CreditBank(Silent()))  # type: ignore[arg-type]
    assert await people(services) == {PersonStatus.ACCOUNT_MISSING: 1}


async def test_a_revoked_certificate_stays_stored_and_the_bank_is_asked_before_it_is_told_again(
    services: Services,
) -> None:
    """The bank away, an answer lost, then confirmed: told once, shown until then, and nothing more is converted."""
    bank = await stored(services)
    now = services.clock.now()

    async def needs_of(actor: Actor) -> list[str]:
        async with services.db.transaction() as session:
            return [one.text for one in await queries.needs(session, actor, now) if "撤销" in one.text]

    async with services.db.transaction() as session:
        await session.execute(
            text("UPDATE certificates.platform_registrations SET status = 'withdrawn' WHERE number = 'N0000'")
        )
        assert await queries.to_mark(session) == ["N0000"]
        assert await actions.mark_revoked(session, SYSTEM, ["N0000"], now=now) == 1
        assert await actions.mark_revoked(session, SYSTEM, ["N0000"], now=now) == 0
        with pytest.raises(CertificateRevoked):
            await actions.request_conversion(session, PRINCIPAL, "N0000", course="仓储实务", now=now)
    line, told = line_of(services), []

    class Cut:
        lose, away = False, True

        async def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
            if self.away:
                raise PlatformDown("away")
            answer = await line.call(method, path, **arguments)
            if path == "/credits/withdrawals":
                told.append(arguments["json"]["number"])
                if self.lose:
                    raise PlatformDown("cut")
            return answer

    cut = Cut()
    scripted = CreditBank(cut)  # type: ignore[arg-type]
    for cut.away, cut.lose, sent in ((True, False, 0), (False, True, 1)):
        with pytest.raises(PlatformDown):
            await jobs.withdraw(services, scripted)
        assert len(told) == sent
        assert len(await needs_of(PRINCIPAL)) == len(await needs_of(OFFICER)) == 1
    cut.lose = False
    await jobs.withdraw(services, scripted)
    await jobs.withdraw(services, scripted)
    assert told == ["N0000"]
    assert await needs_of(PRINCIPAL) == await needs_of(OFFICER) == []
    assert (await people(services))[PersonStatus.STORED] == 1
    decision = {"number": "N0000", "school_code": "1", "status": "converted", "course": "x", "credits": "1"}
    assert not await bank.converted("k", decision)
    assert await bank.withdraw("N9", "revoked") is False
