"""One loss after the other: whatever happens, and whatever has begun, a repair breaks nothing, keeps pins and moves nobody else."""

from random import Random

import pytest
from msgspec.structs import replace

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.losses import Away, Losses, LostPlace, LostSite, Withdrawn
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Pin, Problem
from scheduling.planning.solver.repair import repair
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning import small
from tests.scheduling.planning.random_problems import random_problem

MANY, FEW = (15, 40, 200), (0, 0, 5)


def happened(problem: Problem, plan: Plan, rng: Random) -> Losses:
    """Something is lost, at random."""
    kind = rng.choice(("site", "room", "staff", "late", "mix", "withdraw"))
    slots = [slot.id for slot in problem.slots]
    some = tuple(sorted(rng.sample(slots, rng.randint(1, len(slots))))) if rng.random() < 0.5 else ()
    found = Losses()
    if kind in ("site", "mix"):
        found = replace(found, sites=(LostSite(site=rng.choice(problem.sites).id, slots=some),))
    spots = sorted({(one.site, one.place) for one in plan.sessions})
    if kind in ("room", "mix") and spots:
        site, place = rng.choice(spots)
        found = replace(found, places=(LostPlace(site=site, place=place, slots=some),))
    if kind in ("staff", "mix") and problem.staff:
        ill = rng.sample(problem.staff, rng.randint(1, min(3, len(problem.staff))))
        found = replace(found, people=tuple(Away(person=one.id, slots=some) for one in ill))
    if kind == "withdraw":
        found = replace(found, withdrawn=(Withdrawn(group=rng.choice(problem.groups).id, count=1),))
    return found


def sat(plan: Plan, past: list[str]) -> set[tuple[str, str, int]]:
    """(session, group, member) of what has begun."""
    return {
        (one.id, part.group, part.first + at)
        for one in plan.sessions
        if one.slot in past
        for part in one.parts
        for at in range(part.count)
    }


@pytest.mark.parametrize(
    ("seed", "most"),
    [*((seed, FEW) for seed in (*range(12), 585, 724)), *((seed, MANY) for seed in (3, 430, 525, 597))],
)
def test_one_loss_after_the_other(seed: int, most: tuple[int, ...]) -> None:
    rng = Random(f"{seed} chain")
    problem = random_problem(seed)
    plan = replace(solve(problem, seed=seed, processes=1), published=True)
    slots = [slot.id for slot in problem.slots]
    begun = 0
    for _ in range(4):
        losses, at_most = happened(problem, plan, rng), rng.choice(most)
        if begun:
            losses = replace(losses, withdrawn=())
        late = [replace(one, count=one.count + 2 * (one.person is None)) for one in problem.groups[:1]]
        grown = replace(problem, groups=(*late, *problem.groups[1:])) if rng.random() < 0.2 else problem
        done = repair(grown, plan, losses=losses, past=slots[:begun], most_moved=at_most)
        report = check(done.problem, done.plan, previous=done.before, moved_at_most=at_most)
        assert [(one.h, one.where) for one in report.violations if one.h != "H1"] == []
        assert (report.wrong, done.others_moved <= at_most) == ((), True)
        left = {(one.group, one.first + at) for one in done.unplaced for at in range(one.count)}
        stood = {one for one in sat(done.before, slots[:begun]) if one[1:] not in left}
        assert {one for one in sat(done.plan, slots[:begun]) if one[1:] not in left} == stood
        problem, plan = done.problem, replace(done.plan, published=True)
        begun = min(begun + (rng.random() < 0.4), len(slots) - 1)


@pytest.mark.parametrize(("count", "left"), [(None, None), (12, 11), (3, 3)])
def test_who_withdraws_is_not_asked_for_by_a_pin(count: int | None, left: int | None) -> None:
    pin = Pin(id="p1", author="Li", reason="agreed", group="G1", site="S1", count=count)
    problem = small.problem(groups=(small.group("G1", 12),), pins=(pin,))
    plan = replace(solve(problem, seed=1, processes=1), published=True)
    done = repair(problem, plan, losses=Losses(withdrawn=(Withdrawn(group="G1", count=1),)))
    assert [one.count for one in done.problem.pins] == [left]
    assert check(done.problem, done.plan, previous=done.before).violations == ()
    nobody = repair(problem, plan, losses=Losses(withdrawn=(Withdrawn(group="G1"),)))
    assert nobody.problem.pins == ()
