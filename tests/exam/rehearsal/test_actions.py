"""A site rehearses on invented candidates, ticks its drills, two people sign; nothing of it is anywhere else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam import check
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.command import snapshot
from exam.command.snapshot import Arrived
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.pdf import render_pdf
from exam.kernel.printing import preview
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.rehearsal import actions, queries
from exam.rehearsal.rules import AlreadySigned, Drill, NothingChosen, NotReady, SamePerson, SeenMissing, ValidityWrong
from exam.sittings import actions as sittings
from exam.sittings import queries as places
from exam.sittings.queries import desk
from exam.sittings.rules.publication import PublicationClash
from scheduling.sites import queries as sites
from tests.conftest import NOW
from tests.exam.day import person
from tests.scheduling.world import World, make_world

START = NOW + timedelta(hours=1)


async def staff(session: AsyncSession, login: str, role: Role, scope: Scope | None = None) -> Actor:
    grants = (Grant(role, scope or Scope("all")),)
    id = await accounts.create_staff(
        session, SYSTEM, login=login, name=login, password="correct-horse", grants=grants, now=NOW
    )
    return Actor(id, login, grants)


async def begun(session: AsyncSession, world: World, head: Actor, login: str = "") -> queries.Rehearsal:
    room = (await sites.site(session, world.site_id)).rooms[0]
    made = await actions.rehearse(
        session, head, site_id=world.site_id, component_id=world.scheme.components[0].id, room_ids=[room.id], candidates=2,
        starts_at=START, invigilators=[login], now=NOW,
    )  # fmt: skip
    return await queries.rehearsal(session, made)


async def gone_through(session: AsyncSession, found: queries.Rehearsal) -> None:
    """The day by the shortest way; how it is done in full is the room page's own affair."""
    await session.execute(
        text("UPDATE exam.sittings SET status = 'absent', absent_at = ends_at WHERE batch_id = :id"), {"id": found.id}
    )
    await session.execute(
        text(
            "UPDATE exam.room_sessions SET status = 'closed', expected = 2, present = 0, absent = 2 WHERE batch_id = :id"
        ),
        {"id": found.id},
    )


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await make_world(session)


@pytest.fixture
async def head(session: AsyncSession, world: World) -> Actor:
    return await staff(session, "head", Role.SITE_HEAD, Scope("site", str(world.site_id)))


async def test_the_whole_way_to_a_record_that_holds_for_a_period(
    session: AsyncSession, world: World, head: Actor
) -> None:
    second = await staff(session, "second", Role.INVIGILATOR)
    found = await begun(session, world, head, "second")
    assert [duty.name for duty in found.duties] == ["second"]
    with pytest.raises(NotReady) as refused:
        await actions.sign(session, head, rehearsal_id=found.id, days=180, now=NOW)
    assert refused.value.facts == {"rooms": 1, "drills": 4}
    for drill in Drill:
        await actions.tick(session, second, rehearsal_id=found.id, drill=drill, seen="都正常", now=START)
    with pytest.raises(SeenMissing):
        await actions.tick(session, head, rehearsal_id=found.id, drill=Drill.LINE, seen=" ", now=START)
    await gone_through(session, found)
    with pytest.raises(ValidityWrong):
        await actions.sign(session, head, rehearsal_id=found.id, days=367, now=START)
    with pytest.raises(Forbidden):
        await actions.sign(session, second, rehearsal_id=found.id, days=10, now=START)  # the head begins
    await actions.sign(session, head, rehearsal_id=found.id, days=10, now=START)
    today = china_date(START)
    assert await queries.ready_sites(session, [world.site_id], today) == {}
    for wrong in (head, person(Role.INVIGILATOR)):
        with pytest.raises(SamePerson):
            await actions.sign(session, wrong, rehearsal_id=found.id, days=10, now=START)
    await actions.sign(session, second, rehearsal_id=found.id, days=10, now=START)
    ready = (await queries.ready_sites(session, [world.site_id], today + timedelta(days=10)))[world.site_id]
    assert (ready.head_name, ready.second_name) == ("head", "second")
    assert await queries.ready_sites(session, [world.site_id], today + timedelta(days=11)) == {}
    assert await queries.ready_sites(session, [UUID(int=1)], today) == {}
    with pytest.raises(AlreadySigned):
        await actions.sign(session, second, rehearsal_id=found.id, days=10, now=START)
    with pytest.raises(IntegrityError):
        await session.execute(text("UPDATE exam.readiness SET second_by = head_by"))


async def test_nothing_of_it_is_real(session: AsyncSession, world: World, head: Actor) -> None:
    found = await begun(session, world, head)
    assert [batch.id for batch in await registration.batches(session)] == [world.batch.id]
    assert await registration.registrations(session) == []
    assert (await snapshot.read(session, START, Arrived(counts={}))).rooms == ()
    assert await session.scalar(text("SELECT count(*) FROM exam.accounts WHERE registration_id IS NOT NULL")) == 0
    room = await desk.room_desk(session, found.rooms[0].id, START)
    assert [row.name for row in room.rows] == ["演练001", "演练002"]
    assert found.rooms[0].room_name.endswith("（演练）") and found.rooms[0].form == "paper"


async def test_a_room_has_one_thing_at_a_time(session: AsyncSession, world: World, head: Actor) -> None:
    found = await begun(session, world, head)
    with pytest.raises(PublicationClash):
        async with session.begin_nested():
            await begun(session, world, head)
    await sittings.open_room(session, head, room_session_id=found.rooms[0].id, now=START - timedelta(minutes=30))


async def test_what_is_refused(session: AsyncSession, world: World, head: Actor) -> None:
    room = (await sites.site(session, world.site_id)).rooms[0]
    right: dict[str, Any] = {
        "site_id": world.site_id, "component_id": world.scheme.components[0].id, "room_ids": [room.id], "candidates": 2,
        "starts_at": START, "now": NOW,
    }  # fmt: skip
    wrong: list[dict[str, Any]] = [
        {"room_ids": []},
        {"candidates": 0},
        {"candidates": room.usable + 1},
        {"starts_at": NOW},
    ]
    for change in wrong:
        with pytest.raises(NothingChosen):
            await actions.rehearse(session, head, **{**right, **change})
    unknown: list[dict[str, Any]] = [{"component_id": UUID(int=1)}, {"invigilators": ["nobody"]}]
    for change in unknown:
        with pytest.raises(NotFound):
            await actions.rehearse(session, head, **{**right, **change})
    with pytest.raises(Forbidden):
        await actions.rehearse(session, world.officer, **right)


async def test_the_record_prints() -> None:
    for locale in ("zh", "en"):
        html = preview("readiness_record", locale="en" if locale == "en" else "zh")
        assert ("具备考核条件" in html) is (locale == "zh")
    assert (await render_pdf(preview("readiness_record"))).startswith(b"%PDF")


async def test_the_day_itself_is_the_real_one(
    session: AsyncSession, services: Services, world: World, head: Actor
) -> None:
    found = await begun(session, world, head)
    room, ids = found.rooms[0].id, [one.id for one in await places.sittings(session, batch_id=found.id)]
    await sittings.open_room(session, head, room_session_id=room, now=START - timedelta(minutes=30))
    await sittings.check_in(session, head, sitting_id=ids[0], now=START - timedelta(minutes=10))
    await sittings.begin_room(session, head, room_session_id=room, now=START)
    view = await desk.room_desk(session, room, START)
    late = view.view.room.late_until + timedelta(minutes=1)
    await sittings.mark_absent_many(session, head, sitting_ids=ids[1:], now=late)
    await sittings.collect(session, head, room_session_id=room, now=view.view.room.ends_at)
    assert [row.sitting.status.value for row in (await desk.room_desk(session, room, late)).rows] == [
        "submitted",
        "absent",
    ]
    assert [one.failures for one in await check.evaluate(session, services) if not one.passed] == []
