"""Signing in: what opens, what waits, what is forgotten."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions, queries
from exam.accounts.rules import SESSION_IDLE, SESSION_LIFE, SYSTEM, Grant, Permission, Role, Scope
from exam.kernel.errors import Invalid, TooMany
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from tests.conftest import NOW

PASSWORD = "correct horse battery"
HASHER = actions._HASHER
"""As it is in service: while tests run, another one stands in its place."""


async def officer(session: AsyncSession, login: str = "officer") -> UUID:
    grants = [Grant(Role.EXAM_OFFICER, Scope("organisation", "1"))]
    return await actions.create_staff(
        session, SYSTEM, login=login, name="示例", password=PASSWORD, grants=grants, now=NOW
    )


async def enter(session: AsyncSession, services: Services, secret: str = PASSWORD, **more: object) -> str | None:
    given = {"login": "officer", "old_token": None, "now": NOW} | more
    opened = await actions.sign_in(session, services.vault, secret=secret, **given)  # type: ignore[arg-type]
    return opened[1] if opened else None


def test_a_password_costs_a_thief_what_owasp_asks() -> None:
    assert actions._HASHER is not HASHER
    assert HASHER.hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_session_knows_its_actor(session: AsyncSession, services: Services) -> None:
    account = await officer(session)
    token = await enter(session, services)
    assert token
    actor = await queries.actor_of_token(session, token, NOW)
    assert actor
    assert actor.account_id == account
    assert actor.within(Permission.PLAN_MANAGE, organisation_id="1")


async def test_only_the_hash_of_a_session_is_stored(session: AsyncSession, services: Services) -> None:
    await officer(session)
    token = await enter(session, services)
    stored = (await session.execute(text("SELECT token_sha256 FROM exam.sign_ins"))).scalars().all()
    assert stored == [queries.token_hash(token or "")]


@pytest.mark.parametrize("secret", ["", "wrong", PASSWORD + " ", "x" * 10_000])
async def test_a_wrong_password_opens_nothing(session: AsyncSession, services: Services, secret: str) -> None:
    await officer(session)
    assert await enter(session, services, secret) is None
    assert await enter(session, services, secret, login="nobody") is None


async def test_a_session_is_never_carried_over(session: AsyncSession, services: Services) -> None:
    await officer(session)
    planted = "a-token-somebody-else-chose"
    assert await queries.actor_of_token(session, planted, NOW) is None
    first = await enter(session, services, old_token=planted)
    second = await enter(session, services, old_token=first)
    assert len({planted, first, second}) == 3
    assert await queries.actor_of_token(session, first or "", NOW) is None


async def test_a_session_ends_by_idleness_and_by_age(session: AsyncSession, services: Services) -> None:
    await officer(session)
    token = await enter(session, services) or ""
    assert await queries.actor_of_token(session, token, NOW + SESSION_IDLE)
    late = NOW + SESSION_IDLE + SESSION_IDLE + timedelta(seconds=1)
    assert await queries.actor_of_token(session, token, late) is None
    assert await queries.actor_of_token(session, token, NOW + SESSION_LIFE) is None


async def test_an_account_waits_after_five_failures_and_no_other_does(
    session: AsyncSession, services: Services
) -> None:
    await officer(session)
    await officer(session, "neighbour")
    for _ in range(5):
        await enter(session, services, "wrong")
    with pytest.raises(TooMany) as refusal:
        await enter(session, services)
    assert refusal.value.facts["seconds"] == 6
    assert await enter(session, services, login="neighbour")
    assert await enter(session, services, now=NOW + timedelta(seconds=6))


async def test_a_short_password_is_refused_by_name(session: AsyncSession) -> None:
    with pytest.raises(Invalid) as refusal:
        await actions.create_staff(session, SYSTEM, login="x", name="x", password="short", grants=[], now=NOW)
    assert refusal.value.problems[0].field == "password"


async def test_two_accounts_cannot_share_a_login(session: AsyncSession) -> None:
    await officer(session)
    with pytest.raises(actions.LoginTaken):
        await officer(session)


async def test_a_candidate_enters_by_ticket_and_secret_and_keeps_it(session: AsyncSession, services: Services) -> None:
    person, registration = new_id(), new_id()
    ticket = actions.CandidateAccess(registration, person, "26050101", "示例")
    vault = services.vault
    first = await actions.open_candidate_access(session, SYSTEM, vault, tickets=[ticket], now=NOW)
    again = await actions.open_candidate_access(session, SYSTEM, vault, tickets=[ticket], now=NOW)
    secret = first["26050101"]
    assert again == first
    assert await queries.secrets(session, vault, [registration]) == {registration: secret}
    typed = secret.lower().replace("-", " ")
    token = await enter(session, services, typed, login="26050101")
    assert token
    actor = await queries.actor_of_token(session, token, NOW)
    assert actor
    assert actor.within(Permission.OWN_READ, registration_id=registration)
    assert not actor.within(Permission.OWN_READ, registration_id=new_id())
    stored = (await session.execute(text("SELECT secret_index, secret_sealed FROM exam.accounts"))).one()
    assert secret not in "".join(stored)


async def test_no_tickets_open_nothing(session: AsyncSession, services: Services) -> None:
    assert await actions.open_candidate_access(session, SYSTEM, services.vault, tickets=[], now=NOW) == {}


async def test_a_new_password_ends_every_session(session: AsyncSession, services: Services) -> None:
    account = await officer(session)
    token = await enter(session, services) or ""
    actor = await queries.actor(session, account)
    with pytest.raises(Invalid):
        await actions.change_password(session, actor, old="wrong", new="another password", now=NOW)
    await actions.change_password(session, actor, old=PASSWORD, new="another password", now=NOW)
    session.expire_all()
    assert await queries.actor_of_token(session, token, NOW) is None
    assert await enter(session, services, "another password")
