"""Nights away: fewer of them, in the same rooms, and everything still holds."""

from random import Random

from benchmarks.instances.sessions import instance
from scheduling.planning.rules.problem import Form, Level, Problem
from scheduling.planning.solver.improving import best_schedule
from scheduling.planning.solver.schedule import Schedule
from scheduling.planning.solver.seating import seat
from scheduling.planning.solver.site import Model, model
from scheduling.planning.solver.stays import fewer_stays
from tests.scheduling.planning import small


def far_away(**changes: object) -> Problem:
    """Two days of two windows; ten candidates from a school 150 km away, ten from next door."""
    theory = small.component("theory", Form.COMPUTER, 60, 0)
    skill = small.component("skill", Form.PRACTICAL, 90, 1)
    values: dict[str, object] = {
        "slots": small.slots(2, (("08:30", 120), ("14:00", 120))),
        "institutions": (small.institution("X1"), small.institution("X2", lat=32.6), small.institution("X3")),
        "certificates": (small.certificate("C1", small.scheme(Level.INTERMEDIATE, theory, skill)),),
        "groups": (small.group("G1", 10, institution="X3"), small.group("G2", 10)),
    }
    return small.problem(**values | changes)


def made(problem: Problem) -> Model:
    return model(problem, problem.sites[0], [(group, 0, group.count) for group in problem.groups], {})


def test_no_candidates_no_nights() -> None:
    empty = made(small.problem(groups=()))
    assert fewer_stays(empty, Schedule([]), Random(1)) == 0


def test_who_lives_far_sits_both_parts_on_one_day() -> None:
    problem = far_away()
    site = made(problem)
    schedule = best_schedule(site, Random(1))
    school = {group.id: group.institution for group in problem.groups}
    fewer_stays(site, schedule, Random(1))
    assert seat(site, schedule, school).stays == 0


def test_who_lives_near_may_come_twice() -> None:
    problem = far_away(institutions=tuple(small.institution(id) for id in ("X1", "X2", "X3")))
    site = made(problem)
    assert fewer_stays(site, best_schedule(site, Random(1)), Random(1)) == 0


def test_in_the_same_rooms_a_third_fewer_nights_even_at_small_sites() -> None:
    first = last = 0
    for seed in range(1, 5):
        problem, placements = instance(seed, sites=1, candidates=400)
        group = problem.group
        site = model(problem, problem.sites[0], [(group[one.group], one.first, one.count) for one in placements], {})
        schedule = best_schedule(site, Random(seed), passes=6)
        school = {one.group: group[one.group].institution for one in placements}
        before, score = seat(site, schedule, school, comfort=False), schedule.score(site)
        left = fewer_stays(site, schedule, Random(seed))
        after = seat(site, schedule, school)
        assert schedule.score(site) == score
        assert after.stays == left
        first, last = first + before.stays, last + after.stays
    assert 0 < 3 * last <= 2 * first
