"""A live batch as a planning problem: everybody counted, nobody named, and it can be solved."""

from sqlalchemy.ext.asyncio import AsyncSession

from exam.registration import queries as registration
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.reading import read_problem
from scheduling.planning.rules.serial import problem_bytes
from scheduling.planning.solver.solve import solve
from scheduling.timetable.queries import drafted
from tests.scheduling.world import World, close, make_world, register, staff


async def _world(session: AsyncSession) -> World:
    world = await make_world(session)
    await register(session, world, 12, school=0)
    await register(session, world, 3, school=2)
    await register(session, world, 2, school=None)
    await staff(session, world, 0, 6, may_invigilate=True, may_head=True)
    await staff(session, world, 1, 6, may_invigilate=True, may_head=False, assess=True)
    await close(session, world)
    return world


async def test_a_batch_without_candidates_is_a_problem_without_groups(session: AsyncSession) -> None:
    world = await make_world(session)
    found = (await drafted(session, world.batch)).problem
    assert found.groups == ()
    assert solve(found, processes=1).placements == ()


async def test_everybody_is_counted_and_the_file_reads_back(session: AsyncSession) -> None:
    world = await _world(session)
    found = (await drafted(session, world.batch)).problem
    assert sum(group.count for group in found.groups) == 17
    assert len([group for group in found.groups if group.institution.startswith("society-")]) == 1
    assert len(found.staff) == 12
    assert read_problem(problem_bytes(found)).groups


async def test_nobody_is_named(session: AsyncSession) -> None:
    world = await _world(session)
    text = problem_bytes((await drafted(session, world.batch)).problem).decode()
    for one in await registration.registrations(session, batch_id=world.batch.id):
        assert one.name not in text
        assert str(one.person_id) not in text
        assert str(one.id) not in text


async def test_what_is_exported_can_be_solved_and_checked(session: AsyncSession) -> None:
    world = await _world(session)
    found = (await drafted(session, world.batch)).problem
    plan = solve(found, seed=1, processes=1)
    report = check(found, plan)
    assert report.violations == ()
    assert sum(one.count for one in plan.unplaced) == 0
