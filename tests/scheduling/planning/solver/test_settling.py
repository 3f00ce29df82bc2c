"""Everybody finds a place where there is one; rooms are not opened needlessly; an end leaves a plan that holds."""

from collections.abc import Callable

import pytest

from scheduling.planning.rules.checking.check import check
from scheduling.planning.rules.plan import Plan, Status, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Form, Level, Problem
from scheduling.planning.rules.reading import read_plan, read_problem
from scheduling.planning.rules.serial import plan_bytes, problem_bytes
from scheduling.planning.solver import so_far
from scheduling.planning.solver.joining import join
from scheduling.planning.solver.placement import place
from scheduling.planning.solver.sessions import Reached, room_bounds, schedule_sites
from scheduling.planning.solver.settling import Settled, Standing, settle
from scheduling.planning.solver.solve import Stage, Step, solve
from tests.scheduling.planning import small
from tests.scheduling.planning.random_problems import random_problem


def settled(problem: Problem) -> Settled:
    placed = place(problem)
    found = settle(problem, placed.placements, placed.unplaced, seed=1, processes=1)
    joined = found.joined
    plan = small.plan(problem, placements=joined.placements, sessions=joined.sessions, unplaced=joined.unplaced)
    assert [one for one in check(problem, plan).violations if one.h not in ("H1", "H13", "H14")] == []
    return found


def too_early() -> Problem:
    """S1, near, has its stations in the first window, before which nobody can have sat the theory; S2, far, has time."""
    near = small.site("S1", workshops=(small.workshop(stations=10, closed=("1b", "1c", "2a", "2b", "2c")),))
    return small.problem(sites=(near, small.site("S2", lat=32.0)), groups=(small.group(count=20),))


def test_nobody_to_settle() -> None:
    found = settle(small.problem(), (), seed=1, processes=1)
    assert (found.joined.placements, found.joined.sessions, found.joined.unplaced) == ((), (), ())
    assert found.finished


def test_who_is_left_out_goes_to_another_site() -> None:
    found = settled(too_early())
    assert sum(one.count for one in found.scheduled.unplaced) > 0
    assert found.joined.unplaced == ()
    assert {one.site for one in found.joined.found} == {"S2"}


def test_sites_that_somebody_joins_are_searched_again() -> None:
    """Ten of a small room and eighteen who come fill the large one: who only joins what stands opens it for himself."""
    theory = small.component()
    problem = small.problem(
        certificates=(small.certificate("C1", small.scheme(Level.INTERMEDIATE, theory)),),
        sites=(small.site(rooms=(small.room("R1", seats=32), small.room("R2", seats=12)), workshops=()),),
        groups=(small.group("G1", 10, components=("theory",)), small.group("G2", 18, components=("theory",))),
    )
    there = [small.placement("G1", count=10)]
    coming = [Unplaced(group="G2", first=0, count=18, reason=UnplacedReason.TIME)]
    alone = join(problem, there, schedule_sites(problem, there, seed=1, processes=1).sessions, coming)
    again = settle(problem, there, coming, seed=1, processes=1).joined
    assert len({(one.place, one.slot) for one in alone.sessions}) == 2
    assert len({(one.place, one.slot) for one in again.sessions}) == room_bounds(problem, again.placements)["S1"] == 1


def test_room_is_made_for_guests_who_find_no_way() -> None:
    """Ten take the stations in the first window; who writes afterwards needs them then, the others could come later."""
    skill, theory = small.component("skill", Form.PRACTICAL, 60, 0), small.component(order=1)
    problem = small.problem(
        slots=small.slots(1, (("08:30", 120), ("11:00", 120))),
        certificates=(small.certificate("C1", small.scheme(Level.INTERMEDIATE, skill, theory)),),
        groups=(small.group("G1", 10, components=("skill",)), small.group("G2", 10)),
    )
    there = [small.placement("G1", count=10)]
    coming = [Unplaced(group="G2", first=0, count=10, reason=UnplacedReason.TIME)]
    alone = join(problem, there, schedule_sites(problem, there, seed=1, processes=1).sessions, coming)
    assert sum(one.count for one in alone.unplaced) == 10
    found = settle(problem, there, coming, seed=1, processes=1).joined
    assert found.unplaced == ()
    plan = small.plan(problem, placements=found.placements, sessions=found.sessions)
    assert [one for one in check(problem, plan).violations if one.h not in ("H13", "H14")] == []


@pytest.mark.parametrize("seed", [3, 8, 11])
def test_progress_tells_the_plan_so_far(seed: int) -> None:
    problem = read_problem(problem_bytes(random_problem(seed)))
    placed = place(problem)
    told: list[Reached] = []

    def hear(reached: Reached, standing: Callable[[], Standing]) -> None:
        told.append(reached)
        now = standing()
        assert sum(one.count for one in now.unplaced) >= reached.unplaced
        plan = small.plan(problem, placements=now.placements, sessions=now.sessions, unplaced=now.unplaced)
        assert [one for one in check(problem, plan).violations if one.h not in ("H1", "H13", "H14", "H17")] == []

    found = settle(problem, placed.placements, placed.unplaced, seed=1, processes=1, told=hear)
    sites = len({one.site for one in placed.placements})
    assert [one.done for one in told[:sites]] == list(range(1, sites + 1))
    assert told[-1].unplaced == sum(one.count for one in found.joined.unplaced)
    assert told[-1].room_sessions == len({(one.site, one.place, one.slot) for one in found.joined.sessions})


def stop_after(times: int) -> Callable[[], bool]:
    asked = iter(range(1_000_000))
    return lambda: next(asked) >= times


@pytest.mark.parametrize("patience", [0.0, 60.0])
@pytest.mark.parametrize("times", [*range(12), 20, 40, 60, 80])
@pytest.mark.parametrize("seed", [2, 5])
def test_a_solve_that_is_stopped_anywhere_leaves_a_plan_that_holds(seed: int, times: int, patience: float) -> None:
    problem = read_problem(problem_bytes(random_problem(seed)))
    steps: list[Step] = []
    plan = solve(problem, seed=seed, processes=1, stop=stop_after(times), progress=steps.append, patience=patience)
    report = check(problem, plan)
    assert [(one.h, one.where) for one in report.violations] == []
    assert report.wrong == ()
    last = steps[-1]
    assert plan.objectives is not None
    assert (last.stage, last.unplaced, last.room_sessions) == (
        Stage.STAFF,
        plan.objectives.unplaced,
        plan.objectives.room_sessions,
    )
    assert last.km == pytest.approx(plan.objectives.travel_km_sum, abs=0.5)
    if times == 0:
        assert plan.status is Status.STOPPED
        left = {one.reason for one in plan.unplaced}
        assert (UnplacedReason.NOT_REACHED in left) == (patience == 0)


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_plan_that_is_kept_on_the_way_holds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(so_far, "_SHARE", 0)  # every one of them
    problem = read_problem(problem_bytes(random_problem(seed)))
    kept: list[Plan] = []
    plan = solve(problem, seed=seed, processes=1, keep=kept.append)
    assert plan == solve(problem, seed=seed, processes=1)
    sites = len({one.site for one in plan.placements})
    assert len(kept) >= 2 + sites
    for one in kept:
        report = check(problem, read_plan(plan_bytes(one)))
        assert ([(found.h, found.where) for found in report.violations], report.wrong) == ([], ())
        assert report.bound is not None and report.bound.holds
    assert kept[0].placements == () and {one.status for one in kept} == {Status.STOPPED}
    assert kept[-1].placements == plan.placements
    counts = [sum(one.count for one in each.unplaced) for each in kept]
    assert counts == sorted(counts, reverse=True)


def test_keeping_takes_a_small_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    problem = small.problem()
    kept: list[float] = []

    def keep(plan: Plan) -> None:
        kept.append(clock[0])
        clock[0] += 1.0

    offered = so_far.SoFar(problem, 1, keep)
    offered.placed(place(problem))
    for _ in range(50):
        clock[0] += 1.0
        offered.offer(lambda: Standing((), (), ()))
    assert kept == [0.0, 21.0, 42.0]
