"""Sessions that stand, read back as a schedule."""

from msgspec.structs import replace

from scheduling.planning.rules.plan import Part
from scheduling.planning.rules.problem import Accommodation, Problem
from scheduling.planning.solver.sessions import schedule_sites
from scheduling.planning.solver.site import Model, model
from scheduling.planning.solver.standing import schedule_of
from tests.scheduling.planning import small


def made(problem: Problem) -> Model:
    return model(problem, problem.sites[0], [(group, 0, group.count) for group in problem.groups], {})


def test_no_sessions_leave_everybody_out() -> None:
    problem = small.problem()
    schedule = schedule_of(problem, made(problem), ())
    assert schedule is not None
    assert schedule.unplaced == [20]


def test_a_schedule_comes_back_from_its_sessions() -> None:
    groups = (small.group(), small.group("G2", 1, accommodations=(Accommodation.OWN_ROOM,)))
    problem = small.problem(groups=groups)
    placements = [small.placement(), small.placement("G2", count=1)]
    found = schedule_sites(problem, placements, seed=1, processes=1)
    site = made(problem)
    schedule = schedule_of(problem, site, found.sessions)
    assert schedule is not None
    assert schedule.unplaced == [0] * len(site.cohorts)
    assert schedule.room_sessions(site) == found.room_sessions
    for cohort, rows in zip(site.cohorts, schedule.flow, strict=True):
        assert [sum(row) for row in rows] == [cohort.count] * len(rows)


def test_a_newcomer_is_left_out_of_it() -> None:
    problem = small.problem(groups=(small.group(), small.group("G2", 3)))
    found = schedule_sites(problem, [small.placement()], seed=1, processes=1)
    schedule = schedule_of(problem, made(problem), found.sessions)
    assert schedule is not None
    assert sum(schedule.unplaced) == 3


def test_members_of_one_part_only_or_out_of_order_are_no_schedule() -> None:
    problem = small.problem()
    theory, skill = small.plan(problem).sessions
    site = made(problem)
    assert schedule_of(problem, site, (theory, skill)) is not None
    assert schedule_of(problem, site, (theory,)) is None
    assert schedule_of(problem, site, (replace(theory, slot="2c"), skill)) is None
    fewer = replace(skill, parts=(Part(group="G1", first=0, count=19),))
    assert schedule_of(problem, site, (theory, fewer)) is None
