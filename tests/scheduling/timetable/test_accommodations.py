"""H16 on the whole road: what is granted divides the groups, lengthens the sitting, is published, and is checked again."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM
from exam.kernel.crypto import Vault
from exam.registration import actions as registration_actions
from exam.registration import queries as registration
from exam.registration.rules import Measures
from exam.sittings import queries as sittings
from scheduling.planning.rules.problem import Accommodation
from scheduling.timetable import actions, queries
from scheduling.timetable.queries.accommodations import accommodation_failures
from scheduling.timetable.rules.lifecycle import AccommodationsChanged
from tests.exam.registration.world import NOW
from tests.scheduling.world import World, close, make_world, register, staff

ALL = Measures(extra_percent=50, own_room=True, ground_floor=True)
TIME = Measures(extra_percent=25)


@pytest.fixture
def vault() -> Vault:
    return Vault({"001": b"k" * 32}, "001")


async def grant(session: AsyncSession, vault: Vault, id: UUID, measures: Measures) -> UUID:
    asked = await registration_actions.ask_accommodation(
        session, SYSTEM, vault, registration_id=id, measures=measures, reason="视力障碍", evidence="残疾人证", now=NOW
    )
    done = await registration_actions.decide_accommodation(
        session, SYSTEM, vault, accommodation_id=asked.id, grant=True, reason="核对", now=NOW
    )
    return done.id


async def arranged(session: AsyncSession, vault: Vault) -> tuple[World, UUID, UUID]:
    """A closed batch in which one candidate is granted extra time, and another everything."""
    world = await make_world(session)
    await register(session, world, 12, school=0)
    await register(session, world, 3, school=2)
    await staff(session, world, 0, 8, may_invigilate=True, may_head=True)
    await staff(session, world, 1, 8, may_invigilate=True, may_head=False, assess=True)
    some, other = world.registrations[0], world.registrations[5]
    await grant(session, vault, some, TIME)
    await grant(session, vault, other, ALL)
    await close(session, world)
    return world, some, other


async def test_what_is_granted_divides_a_group(session: AsyncSession, vault: Vault) -> None:
    world, some, other = await arranged(session, vault)
    found = await queries.drafted(session, world.batch)
    group = {id: found.problem.group[name] for name, ids in found.members.items() for id in ids}
    assert group[some].accommodations == (Accommodation.EXTRA_TIME,)
    assert (group[some].extra_time_percent, group[some].count, group[some].person) == (25, 1, None)
    assert group[other].accommodations == tuple(sorted(Accommodation)) and group[other].person is not None
    practical = next(part.code for part in world.scheme.components if part.form.practical)
    assert f"{practical}~25" in group[some].components and f"{practical}~50" in group[other].components
    rest = group[world.registrations[1]]
    assert (rest.accommodations, rest.count) == ((), 10)
    minutes = {part.id: part.minutes for part in found.problem.parts_of(group[some])}
    assert minutes[f"{practical}~25"] == 75


async def test_the_published_places_do_it_and_say_so(session: AsyncSession, vault: Vault) -> None:
    world, some, other = await arranged(session, vault)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    assert plan.figures["unplaced"] == 0
    await actions.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="人手不足", now=NOW)
    length = {part.id: part.duration_minutes for part in world.scheme.components}
    rooms = {one.id: one for one in await sittings.room_sessions(session, batch_id=world.batch.id)}
    everybody = await sittings.sittings(session, batch_id=world.batch.id)
    for one in everybody:
        measures = TIME if one.registration_id == some else ALL if one.registration_id == other else Measures()
        more = measures.extra_minutes(length[one.component_id])
        assert (one.needs, one.granted_minutes) == (measures, more)
        assert one.ends_at - one.starts_at == timedelta(minutes=length[one.component_id] + more)
        assert one.ends_at <= rooms[one.room_session_id].ends_at
        alone = [two for two in everybody if two.room_session_id == one.room_session_id]
        assert not measures.own_room or len(alone) == 1
    assert await accommodation_failures(session) == []
    assert [one for one in await queries.invariants(session) if "accommodation" in one] == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("UPDATE exam.sittings SET ends_at = ends_at - interval '1 minute'", "has no extra time"),
        ("UPDATE scheduling.rooms SET floor = 3", "is not on the ground floor"),
        (
            "UPDATE exam.room_sessions SET room_id = (SELECT min(room_id::text)::uuid FROM exam.room_sessions), "
            "first_seat = abs(hashtext(id::text)) / 1000, starts_at = '2026-05-01', ends_at = '2026-05-02'",
            "is not alone",
        ),
    ],
)
async def test_what_is_not_honoured_is_named(session: AsyncSession, vault: Vault, broken: str, words: str) -> None:
    world, _, _ = await arranged(session, vault)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    await actions.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="人手不足", now=NOW)
    await session.execute(text("ALTER TABLE exam.room_sessions DROP CONSTRAINT ex_room_sessions_room"))
    await session.execute(text(broken))
    assert any(words in one for one in await accommodation_failures(session))


async def test_a_draft_older_than_a_grant_is_not_published(session: AsyncSession, vault: Vault) -> None:
    world, some, _ = await arranged(session, vault)
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    (standing,) = await registration.accommodations(session, [some])
    await registration_actions.withdraw_accommodation(
        session, world.officer, vault, accommodation_id=standing.id, reason="不再需要", now=NOW
    )
    with pytest.raises(AccommodationsChanged):
        await actions.publish(session, world.officer, vault, plan_id=plan.id, gaps_reason="人手不足", now=NOW)
