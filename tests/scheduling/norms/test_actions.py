"""Norms on a real database: decided by their organisation, followed by the next proposal, two officers at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Role
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, Invalid, NotFound
from exam.kernel.services import Services
from scheduling.norms import actions, queries
from scheduling.norms.rules import DESCRIBED, OF_CERTIFICATES, NormSet, NothingDiffers, OutOfDate
from scheduling.timetable import actions as timetable
from scheduling.timetable.queries import drafted
from tests.exam.registration.world import NOW, person
from tests.scheduling.world import World, close, make_world, register, staff

TODAY = china_date(NOW)


def _given(world: World, *, certificate: bool = False, **changes: Any) -> dict[str, Any]:
    return {
        "organisation_id": world.scheme.organisation_id,
        "certificate_id": world.scheme.certificate_id if certificate else None,
        "effective_on": TODAY,
        "reason": "按考核方案第三条",
        "based_on": 0,
        "now": NOW,
    } | changes


async def test_the_next_proposal_follows_them_and_a_plan_keeps_its_own(session: AsyncSession) -> None:
    world = await make_world(session)
    await register(session, world, 12, school=0)
    await staff(session, world, 0, 8, may_invigilate=True, may_head=True)
    await staff(session, world, 1, 6, may_invigilate=True, may_head=False, assess=True)
    await close(session, world)
    before = await timetable.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    await actions.decide(session, world.officer, values={"opens": 480, "gap_minutes": 90}, **_given(world))
    own = {"invigilators_per_room": 3, "candidates_per_assessor": 4}
    await actions.decide(session, world.officer, values=own, **_given(world, certificate=True))
    problem = (await drafted(session, world.batch)).problem
    certificate = problem.certificates[0]
    rules = problem.rules_of(certificate.id)
    assert (problem.rules.gap_minutes, problem.rules.invigilators_per_room) == (90, 2)
    assert (rules.gap_minutes, rules.invigilators_per_room, rules.version) == (90, 3, "2026-1+1+1")
    assert rules.candidates_per_assessor % 4 == 0
    assert f"{problem.slots[0].starts:%H:%M}" == "08:00"
    after = await timetable.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    kept = [NormSet.restored(plan.settings["norms"]) for plan in (before, after)]
    assert [one.common.gap_minutes for one in kept] == [30, 90]
    assert kept[1].of(certificate.id).invigilators_per_room == 3
    material = await timetable.gather(session, world.batch, kept[0])
    assert material.drafted.problem.rules.gap_minutes == 30  # a repair goes by what the plan was made by


async def test_a_practical_room_has_the_invigilators_of_its_certificate(session: AsyncSession) -> None:
    world = await make_world(session)
    await register(session, world, 4, school=0)
    await staff(session, world, 0, 9, may_invigilate=True, may_head=True)
    await staff(session, world, 1, 6, may_invigilate=True, may_head=False, assess=True)
    await close(session, world)
    await actions.decide(session, world.officer, values={"invigilators_per_room": 3}, **_given(world, certificate=True))
    material = await timetable.prepare(session, world.officer, batch_id=world.batch.id)
    solution = timetable.work_out(material, seed=1)
    posts = [material.ground.post(one, material.drafted.members, session_id=world.site_id, site_id=world.site_id)
             for one in solution.held]  # fmt: skip
    assert {post.invigilators_count for post in posts if post.practical} == {3}
    held = [str(one.duty) for one in solution.roster.assignments]
    assert held.count("invigilator") == 3 * len(posts)


async def test_only_what_differs_is_kept_and_follows_its_organisation(session: AsyncSession) -> None:
    world = await make_world(session)
    values = {code: 45 if code == "gap_minutes" else getattr(NormSet().common, code) for code in DESCRIBED}
    assert await actions.decide(session, world.officer, values=values, **_given(world)) == 1
    own = {code: values[code] for code in OF_CERTIFICATES} | {"travel_limit_km": 300}
    await actions.decide(session, world.officer, values=own, **_given(world, certificate=True))
    (one,) = await queries.overview(session, world.officer, TODAY)
    found = next(
        line for line in one.certificates if line.certificate and line.certificate.id == world.scheme.certificate_id
    )
    assert (one.general.decision and one.general.decision.values) == {"gap_minutes": 45}
    assert (found.decision and found.decision.values) == {"travel_limit_km": 300}
    assert (found.norms.gap_minutes, found.norms.travel_limit_km) == (45, 300)
    with pytest.raises(NothingDiffers):
        await actions.decide(session, world.officer, values=values, **_given(world, based_on=1))
    back = values | {"gap_minutes": 30}
    assert await actions.decide(session, world.officer, values=back, **_given(world, based_on=1)) == 2
    assert (await queries.overview(session, world.officer, TODAY))[0].general.norms.gap_minutes == 30


async def test_what_is_refused_changes_nothing(session: AsyncSession) -> None:
    world = await make_world(session)
    stranger = person(Role.EXAM_OFFICER, "organisation", world.batch.id)
    with pytest.raises(Forbidden):
        await actions.decide(session, stranger, values={"gap_minutes": 40}, **_given(world))
    with pytest.raises(NotFound):
        await queries.holding(session, stranger, world.scheme.organisation_id, None, TODAY)
    with pytest.raises(Invalid) as refused:
        await actions.decide(session, world.officer, values={"gap_minutes": 4000}, **_given(world))
    assert [one.field for one in refused.value.problems] == ["gap_minutes"]
    late = _given(world, reason="  ", effective_on=TODAY - timedelta(days=1))
    with pytest.raises(Invalid) as refused:
        await actions.decide(session, world.officer, values={"gap_minutes": 40}, **late)
    assert [one.field for one in refused.value.problems] == ["reason", "effective_on"]
    assert await queries.decisions(session) == []


async def test_of_two_officers_at_once_the_second_is_told(services: Services) -> None:
    async with services.db.transaction() as session:
        world = await make_world(session)

    async def decide(minutes: int) -> int:
        async with services.db.transaction() as session:
            return await actions.decide(session, world.officer, values={"gap_minutes": minutes}, **_given(world))

    done = await asyncio.gather(decide(40), decide(50), return_exceptions=True)
    assert sorted(str(type(one).__name__) for one in done) == ["OutOfDate", "int"]
    assert any(isinstance(one, OutOfDate) and one.facts["n"] == 1 for one in done)
