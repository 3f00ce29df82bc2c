"""Nothing changes within 24 hours of a session unless two people sign; fresh and unchanged installations never wait."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts import queries as people
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.deployment import actions, queries
from exam.deployment.rules import NotASigner, ReasonMissing, SameSigner, SessionsNear
from exam.sittings import actions as sittings
from tests.conftest import NOW
from tests.exam.day import make_day

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
HEAD = "0001"


async def signer(session: AsyncSession, name: str, role: Role = Role.EXAM_OFFICER) -> Actor:
    id = await accounts.create_staff(
        session, SYSTEM, login=name, name=name, password="correct-horse", grants=(Grant(role, Scope("all")),), now=NOW
    )
    return await people.actor(session, id)


async def start(
    session: AsyncSession, fingerprint: str = NEW, *, now: datetime = NOW, head: str = HEAD, deploys: bool = True
) -> None:
    await actions.require_calm(session, fingerprint=fingerprint, head=head, deploys=deploys, now=now)


@pytest.fixture
async def ran(session: AsyncSession) -> str:
    """The old version runs; the next session starts in 24 hours and a minute."""
    await actions.note(session, fingerprint=OLD, now=NOW - timedelta(days=3))
    await make_day(session, NOW + timedelta(hours=24, minutes=1), component=1, paper=False)
    found = await queries.revision(session)
    assert found == HEAD
    return found


async def test_a_new_version_waits_when_a_session_is_near(session: AsyncSession, ran: str) -> None:
    await start(session)  # more than 24 hours away
    for later in (timedelta(minutes=2), timedelta(hours=24, minutes=30), timedelta(hours=25)):
        with pytest.raises(SessionsNear) as refused:
            await start(session, now=NOW + later)
        assert refused.value.facts["place"] == "江城考点 机房 101"
    await start(session, now=NOW + timedelta(hours=26))  # over
    await start(session, OLD, now=NOW + timedelta(hours=25))  # the same version starts again on the day


async def test_a_migration_waits_for_every_command(session: AsyncSession, ran: str) -> None:
    with pytest.raises(SessionsNear):
        await start(session, OLD, now=NOW + timedelta(hours=2), head="0002", deploys=False)
    await start(session, NEW, now=NOW + timedelta(hours=2), deploys=False)  # a command that only looks


async def test_closed_rooms_hold_nothing_up(session: AsyncSession, ran: str) -> None:
    await session.execute(
        text("UPDATE exam.room_sessions SET status = 'closed', expected = 0, present = 0, absent = 0")
    )
    await start(session, now=NOW + timedelta(hours=2))


async def test_a_fresh_installation_and_the_first_version_never_wait(session: AsyncSession) -> None:
    await make_day(session, NOW + timedelta(hours=1), component=1, paper=False)
    await start(session)  # no version was ever noted
    await session.execute(text("DROP TABLE alembic_version"))
    await start(session, head="0002")


async def test_two_people_sign_for_one_version_and_a_day(session: AsyncSession, ran: str) -> None:
    near = NOW + timedelta(hours=2)
    first, second = await signer(session, "officer"), await signer(session, "province", Role.PROVINCE)
    with pytest.raises(ReasonMissing):
        await actions.sign(session, first, fingerprint=NEW, reason=" ", now=near)
    await actions.sign(session, first, fingerprint=NEW, reason="评分表出错", now=near)
    with pytest.raises(SameSigner):
        await actions.sign(session, first, fingerprint=NEW, reason="再签", now=near)
    with pytest.raises(SessionsNear):
        await start(session, now=near)
    made = await actions.sign(session, second, fingerprint=NEW, reason="", now=near)
    assert (made.first_name, made.second_name, made.reason) == ("officer", "province", "评分表出错")
    await start(session, now=near)
    with pytest.raises(SessionsNear):
        await start(session, OTHER, now=near)
    assert await actions.note(session, fingerprint=NEW, now=near)
    assert not await actions.note(session, fingerprint=NEW, now=near)
    assert await session.scalar(text("SELECT override_id FROM exam.deployments ORDER BY at DESC LIMIT 1")) == made.id
    with pytest.raises(IntegrityError):
        await session.execute(text("UPDATE exam.deployment_overrides SET second_by = first_by"))


async def test_an_override_is_worth_a_day(session: AsyncSession) -> None:
    await actions.note(session, fingerprint=OLD, now=NOW)
    await make_day(session, NOW + timedelta(hours=30), component=1, paper=False)
    for name in ("one", "two"):
        await actions.sign(session, await signer(session, name), fingerprint=NEW, reason="x", now=NOW)
    await start(session, now=NOW + timedelta(hours=23, minutes=59))
    with pytest.raises(SessionsNear):
        await start(session, now=NOW + timedelta(hours=24))


async def test_who_may_sign(session: AsyncSession) -> None:
    for role in (Role.SITE_HEAD, Role.INSTITUTION, Role.ASSESSOR):
        with pytest.raises(NotASigner):
            await actions.sign(session, await signer(session, role, role), fingerprint=NEW, reason="x", now=NOW)
    with pytest.raises(NotASigner):
        await actions.sign(session, SYSTEM, fingerprint=NEW, reason="x", now=NOW)


async def test_an_open_room_counts_until_it_is_closed(session: AsyncSession, ran: str) -> None:
    room = await session.scalar(text("SELECT id FROM exam.room_sessions"))
    begun = NOW + timedelta(hours=24, minutes=5)
    await sittings.open_room(session, SYSTEM, room_session_id=room, now=begun)
    with pytest.raises(SessionsNear):
        await start(session, now=begun)
