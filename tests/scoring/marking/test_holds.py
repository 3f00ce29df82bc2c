"""Marks of a session whose tablets are out wait: neither verified nor published, and said in words that lead on."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from scoring.marking import actions, queries
from tests.scoring.world import AFTER, GOOD, START, World, finish, hold, make_world


async def _scored(session: AsyncSession) -> World:
    """The practical part is over and every candidate has two equal sheets."""
    world = await make_world(session)
    at = await hold(session, world, "P")
    for index in range(3):
        for one in world.assessors:
            await actions.record_sheet(
                session, one, sitting_id=world.sittings["P", index], answers=GOOD, overtime_minutes=0, now=at
            )
    await finish(session, world, "P")
    return world


async def test_marks_of_a_held_session_wait_until_it_is_let_go(session: AsyncSession) -> None:
    world = await _scored(session)
    room = world.rooms["P"].id
    await actions.hold_rooms(session, {room}, START)
    await actions.hold_rooms(session, {room}, AFTER)
    assert [one.id for one in await queries.held_rooms(session, world.batch_id)] == [room]
    with pytest.raises(actions.RoomsOpen) as refused:
        await actions.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert refused.value.facts["count"] == 1
    await actions.release_room(session, room, AFTER)
    await actions.hold_rooms(session, {room}, AFTER)  # a late tablet does not shut it again
    assert await queries.held_rooms(session, world.batch_id) == []
    done = await actions.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert (done.count, done.held) == (3, 0)


async def test_marks_of_other_sessions_go_on(session: AsyncSession) -> None:
    world = await _scored(session)
    await hold(session, world, "W", absent=(0,))
    await finish(session, world, "W", absent=(0,))
    await actions.hold_rooms(session, {world.rooms["P"].id}, START)
    await actions.collect(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    done = await actions.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert (done.count, done.held) == (1, 3), "one absence of the paper part; three practical marks wait"


def test_of_no_sessions_there_is_nothing_to_wait_for() -> None:
    actions.require_closed([])
