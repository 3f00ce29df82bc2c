"""Who has sat one component and lost the next keeps what was sat and gets another place for the rest (H7, H8)."""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.crypto import Vault
from scheduling.planning.rules.plan import Unplaced, UnplacedReason
from scheduling.repairs import actions, queries
from scheduling.repairs.rules.asking import Asked
from scheduling.repairs.rules.parting import of_parted, parted, too_far, torn
from scheduling.repairs.rules.repair import What
from scheduling.repairs.rules.standing import as_seated, numbered
from scheduling.sites import queries as sites
from scheduling.timetable import queries as timetable
from tests.exam.registration.world import NOW
from tests.scheduling.planning import small
from tests.scheduling.repairs.test_actions import _agrees
from tests.scheduling.repairs.test_rules import members, standing, who
from tests.scheduling.repairs.world import publish, stand
from tests.scheduling.world import World

PAST = ("1a",)


@pytest.fixture
def vault() -> Vault:
    return Vault({"001": b"k" * 32}, "001")


def left(*numbers: int) -> list[Unplaced]:
    return [Unplaced(group="G1", first=one, count=1, reason=UnplacedReason.TIME) for one in numbers]


def test_who_is_left_out_after_a_part_has_begun_is_torn() -> None:
    problem = small.problem()
    plan, people = small.plan(problem), members(small.problem())
    assert torn(plan, left(3, 1), people, PAST) == [who("G1", 1), who("G1", 3)]
    assert torn(plan, left(3), people, ()) == torn(plan, [], people, PAST) == []


def test_what_was_sat_stands_and_the_rest_is_late() -> None:
    problem = small.problem()
    plan, people = small.plan(problem), members(problem)
    found = parted(problem, plan, people, [who("G1", 1), who("G1", 3)], PAST)
    assert (found.problem.group["G1"].count, len(found.members["G1"])) == (18, 18)
    for number, at in ((1, 1), (2, 3)):
        sat, rest = (found.problem.group[f"G1/{kind}-{number:04d}"] for kind in ("sat", "rest"))
        assert (sat.components, rest.components, rest.late) == (("theory",), ("skill",), True)
        assert found.members[sat.id] == found.members[rest.id] == (who("G1", at),)
        assert "1a" in rest.away
        assert "2a" not in rest.away
    sits: Counter[str] = Counter()
    for part in (part for one in found.plan.sessions if one.slot == "1a" for part in one.parts):
        sits[part.group] += part.count
    assert sits == {"G1": 18, "G1/sat-0001": 1, "G1/sat-0002": 1}
    assert {one.group for one in found.plan.placements} == set(sits)
    assert not any("/" in part.group for one in found.plan.sessions if one.slot != "1a" for part in one.parts)
    assert of_parted(found.members, people) == [who("G1", 1), who("G1", 3)]
    nothing = parted(problem, plan, people, [], PAST)
    assert (nothing.problem, nothing.plan, dict(nothing.members)) == (problem, plan, people)


def test_a_rest_that_cannot_be_reached_on_the_day_waits_for_the_next() -> None:
    problem = small.problem(sites=(small.site(), small.site("S2", lat=35.0)))
    people, id = members(problem), who("G1", 0)
    found = parted(problem, small.plan(problem), people, [id], PAST)
    rest = small.part("G1/rest-0001", 0, 1)
    near = small.plan(sessions=(small.session("N8", "W1", "1c", "skill", parts=(rest,)),))
    far = small.plan(sessions=(small.session("N8", "W1", "1c", "skill", site="S2", parts=(rest,)),))
    assert too_far(found.plan, near, found.problem) == []
    assert too_far(found.plan, far, found.problem) == ["G1/rest-0001"]
    later = parted(problem, small.plan(problem), people, [id], PAST, next_day=["G1/rest-0001"])
    away = later.problem.group["G1/rest-0001"].away
    assert {slot.id for slot in problem.slots if slot.day == small.DAY} <= set(away)
    assert "2a" not in away


def test_the_exam_day_is_read_back_in_two_groups_of_one_person() -> None:
    problem = small.problem()
    plan, people = small.plan(problem), members(problem)
    stands = standing(problem, plan)
    found = parted(problem, plan, people, [who("G1", 0)], PAST)
    assert numbered(found.problem, found.members)[who("G1", 0), "skill"] == ("G1/rest-0001", 0)
    seated = as_seated(found.problem, found.plan, found.members, stands)
    assert {one.group for one in seated.placements} >= {"G1/sat-0001", "G1/rest-0001"}


async def test_the_next_part_is_lost_after_the_first_has_begun(session: AsyncSession, vault: Vault) -> None:
    before = await publish(session, vault)
    world = before.world
    site = next(one for one in await sites.sites(session) if one.id != world.site_id)
    lost = {id: one for id, one in before.places.items() if before.rooms[one.room_session_id].site_id == site.id}
    rooms = {before.rooms[one.room_session_id] for one in lost.values()}
    practical = next(one for one in rooms if one.form != "computer")
    begun = next(one for one in rooms if one.form == "computer")
    now = begun.starts_at + timedelta(minutes=5)
    code = next(one.code for one in site.rooms if one.id == practical.room_id)
    repair_id = await _propose(session, world, Asked(what=What.ROOM, site=site.code, room=code), now)
    found = await queries.repair(session, repair_id)
    assert (found.figures["moved"], found.figures["unplaced"], found.figures["others_moved"]) == (3, 0, 0)
    await actions.accept(session, world.officer, vault, repair_id=repair_id, ask_papers=True, now=now)
    after = await stand(session, world)
    assert len(after.places) == len(before.places)
    for id, one in lost.items():
        new = after.places[id]
        if one.component_id == begun.component_id:
            assert (new.room_session_id, new.seat_no) == (one.room_session_id, one.seat_no)
        else:
            there = after.rooms[new.room_session_id]
            assert (there.id != practical.id, there.starts_at >= begun.ends_at) == (True, True)
    assert {id for id in before.places if before.places[id].room_session_id != after.places[id].room_session_id} == {
        id for id, one in lost.items() if one.component_id != begun.component_id
    }
    await _agrees(session, world.batch.id, after.plan.id)
    held = {one.registration_id for one in after.places.values()}
    placed = await timetable.placements(session, after.plan.id)
    assert set(placed) == held
    again = Asked(what=What.SITE, site=(await _other(session, site.id)))
    second = await _propose(session, world, again, now)  # nowhere is left for the practical part; what was sat stands
    assert (await queries.repair(session, second)).figures["unplaced"] == len(held)
    await actions.accept(session, world.officer, vault, repair_id=second, ask_papers=True, now=now)
    last = await stand(session, world)
    assert {one.registration_id for one in last.places.values()} == held
    assert {one.component_id for one in last.places.values()} == {begun.component_id}
    await _agrees(session, world.batch.id, last.plan.id)


async def _other(session: AsyncSession, id: UUID) -> str:
    return next(one.code for one in await sites.sites(session) if one.id != id)


async def _propose(session: AsyncSession, world: World, asked: Asked, now: datetime) -> UUID:
    question = await actions.prepare(
        session, world.officer, batch_id=world.batch.id, asked=asked, reason="停电", most_moved=0, now=now,
    )  # fmt: skip
    return await actions.keep(session, world.officer, question, actions.compute(question), now=NOW)
