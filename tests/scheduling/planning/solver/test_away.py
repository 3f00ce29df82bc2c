"""Who sits an exam of another batch in a slot is not examined in it here (H8): the search keeps clear, the check names it."""

from msgspec.structs import replace

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import UnplacedReason
from scheduling.planning.rules.problem import Group, Problem
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning import small


def _alone(*away: str) -> Group:
    return small.group("P", components=("theory",), count=1, person="person-1", away=away)


def _problem(*away: str) -> Problem:
    return small.problem(groups=(_alone(*away),))


def test_the_search_keeps_clear_of_slots_away() -> None:
    every = [slot.id for slot in small.problem().slots]
    plan = solve(_problem(*every[:-1]), processes=1)
    assert [session.slot for session in plan.sessions] == every[-1:]
    assert check(_problem(*every[:-1]), plan).violations == ()


def test_who_is_away_all_the_time_is_listed_with_the_clash() -> None:
    problem = _problem(*(slot.id for slot in small.problem().slots))
    plan = solve(problem, processes=1)
    assert [one.reason for one in plan.unplaced] == [UnplacedReason.CLASH]


def test_a_plan_that_seats_them_nevertheless_is_named() -> None:
    plan = solve(_problem(), processes=1)
    taken = plan.sessions[0].slot
    problem = _problem(taken)
    found = check(problem, replace(plan, problem_sha256="0"))
    assert [violation.h for violation in found.violations] == ["H8"]
