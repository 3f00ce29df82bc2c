"""Whatever the problem: the plan breaks no hard constraint, says of itself what is so, and does not depend on the order of lists."""

from random import Random

import pytest
from msgspec.structs import replace

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.reading import read_plan, read_problem
from scheduling.planning.rules.serial import plan_bytes, problem_bytes
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning.random_problems import random_problem


@pytest.mark.parametrize("seed", [*range(20), 41, 98, 310])
def test_a_random_problem_is_solved_without_a_violation(seed: int) -> None:
    problem = read_problem(problem_bytes(random_problem(seed)))
    plan = solve(problem, seed=seed, processes=1)
    report = check(problem, plan)
    assert [(one.h, one.where, one.what % one.facts) for one in report.violations] == []
    assert (report.wrong, report.same_problem) == ((), True)
    assert read_plan(plan_bytes(plan)) == plan


@pytest.mark.parametrize("seed", range(5))
def test_the_same_problem_and_seed_give_the_same_bytes_in_any_order(seed: int) -> None:
    problem, rng = random_problem(seed), Random(seed)
    groups, sites = list(problem.groups), list(problem.sites)
    rng.shuffle(groups)
    rng.shuffle(sites)
    other = replace(problem, groups=tuple(groups), sites=tuple(sites))
    plans = [solve(read_problem(problem_bytes(one)), seed=7, processes=1) for one in (problem, other)]
    assert plan_bytes(plans[0]) == plan_bytes(plans[1])
