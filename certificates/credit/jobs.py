"""The exchange with the credit bank: hand in proposals, ask what became of them and where people stand, tell schools' decisions.

A bank that is away is no defect: what is not through is tried again at the next hour.
"""

from __future__ import annotations

from typing import Any, Final

from certificates.credit import actions, queries
from certificates.credit.actions import CREDIT_JOB
from certificates.credit.client import CreditBank, bank_of
from certificates.platform.client import PlatformDown, PlatformRefused, by_files
from exam.accounts.rules import SYSTEM
from exam.catalogue import queries as catalogue
from exam.kernel.db import chunks
from exam.kernel.services import Services

_TOGETHER: Final = 200


async def exchange(services: Services, payload: dict[str, Any]) -> None:
    """The job: all four steps; the first silence ends them."""
    async with services.db.transaction() as session:
        holders = await queries.holders_to_open(session)
        await actions.open_records(session, SYSTEM, holders, now=services.clock.now())
        await actions.mark_revoked(session, SYSTEM, await queries.to_mark(session), now=services.clock.now())
    if by_files(services):
        return
    bank = bank_of(services)
    try:
        await hand_in(services, bank)
        await ask(services, bank)
        await tell(services, bank)
        await withdraw(services, bank)
    except (PlatformDown, PlatformRefused):
        return


async def hand_in(services: Services, bank: CreditBank) -> None:
    """Hand in what is proposed, then ask what became of everything under review."""
    async with services.db.transaction() as session:
        waiting = await queries.open_proposals(session)
        codes = {one.id: one.code for one in await catalogue.organisations(session)}
    for one in waiting:
        await bank.propose(
            {
                "certificate_code": one.certificate.code, "certificate_name": one.certificate.name_zh, "level": one.level.zh,
                "organisation_code": codes[one.certificate.organisation_id], "version": one.version, "hours": str(one.hours),
                "credits": str(one.credits), "rule": one.rule,
            }
        )  # fmt: skip
        assert one.proposal_id is not None
        async with services.db.transaction() as session:
            await actions.note_sent(session, one.proposal_id)
    if not waiting:
        return
    ids = {(one.certificate.code, one.level.zh): (one.certificate.id, str(one.level)) for one in waiting}
    answers: dict[Any, Any] = {}
    for answer in await bank.types(sorted(ids)):
        key, version = ids.get((str(answer.get("certificate_code")), str(answer.get("level")))), answer.get("version")
        if key is not None and isinstance(version, int):
            answers[(*key, version)] = answer
    async with services.db.transaction() as session:
        await actions.store_decisions(session, SYSTEM, answers, now=services.clock.now())


async def ask(services: Services, bank: CreditBank) -> None:
    """Ask where the holders stand who have not stored."""
    async with services.db.transaction() as session:
        numbers = await queries.to_ask(session)
    for part in chunks(numbers, _TOGETHER):
        states = await bank.states(part)
        async with services.db.transaction() as session:
            await actions.store_states(session, SYSTEM, part, states, now=services.clock.now())


async def tell(services: Services, bank: CreditBank) -> None:
    """Tell schools' decisions, each under its key."""
    async with services.db.transaction() as session:
        decisions = await queries.to_tell(session)
    for key, decision in decisions:
        if await bank.converted(key, decision):
            async with services.db.transaction() as session:
                await actions.note_told(session, str(decision["number"]), now=services.clock.now())


async def withdraw(services: Services, bank: CreditBank) -> None:
    """Tell revocations until the bank confirms them; what it was told before it is asked about first, and told again only where
    it says that it does not know it."""
    async with services.db.transaction() as session:
        waiting = await queries.to_withdraw(session)
    fresh = [number for number, sent in waiting if not sent]
    for part in chunks([number for number, sent in waiting if sent], _TOGETHER):
        known, unknown = await bank.withdrawn(part)
        fresh += unknown
        async with services.db.transaction() as session:
            await actions.note_withdrawn(session, known, now=services.clock.now())
    for number in fresh:
        async with services.db.transaction() as session:
            await actions.note_withdrawal_sent(session, number, now=services.clock.now())
        if await bank.withdraw(number, "revoked"):
            async with services.db.transaction() as session:
                await actions.note_withdrawn(session, [number], now=services.clock.now())


JOBS = {CREDIT_JOB: exchange}
SCHEDULES = {CREDIT_JOB: "20 * * * *"}
