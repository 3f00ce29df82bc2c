"""The second placement: a chain of short moves instead of one long way; whom nothing may move stays; never worse."""

import pytest

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Plan, UnplacedReason
from scheduling.planning.rules.problem import Pin, Problem
from scheduling.planning.rules.reading import read_problem
from scheduling.planning.rules.serial import problem_bytes
from scheduling.planning.solver import settling
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.placement import place
from scheduling.planning.solver.second import second
from scheduling.planning.solver.sessions import schedule_sites
from scheduling.planning.solver.settling import settle
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning import small
from tests.scheduling.planning.random_problems import random_problem

EARLY = ("1b", "1c", "2a", "2b", "2c")
LATE = ("1a", "1b", "1c", "2a", "2b")
SEATS = 20  # ten stations, two one after the other


def chain(*pins: Pin) -> Problem:
    """S1, next to G1, has its stations before anybody can have sat the theory. S2 is full of G2, who live by S3 as well."""
    near = small.institution("X4", lat=32.14)
    return small.problem(
        institutions=(*small.problem().institutions, near),
        sites=(
            small.site("S1", workshops=(small.workshop(stations=SEATS, closed=EARLY),)),
            small.site("S2", lat=32.0, workshops=(small.workshop(stations=10, closed=LATE),)),
            small.site("S3", lat=32.3, workshops=(small.workshop(stations=10, closed=LATE),)),
        ),
        groups=(small.group(count=SEATS), small.group("G2", count=SEATS, institution="X4")),
        pins=pins,
    )


def where(plan: Plan) -> dict[str, str]:
    return {one.group: one.site for one in plan.placements}


def test_a_chain_of_short_moves_instead_of_a_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = chain()
    first = place(problem)
    assert {one.group: one.site for one in first.placements} == {"G1": "S1", "G2": "S2"}
    plan = solve(problem, processes=1)
    assert where(plan) == {"G1": "S2", "G2": "S3"} and plan.unplaced == ()
    assert [one.h for one in check(problem, plan).violations] == [] and check(problem, plan).wrong == ()
    assert plan.bound == first.bound  # what a search did not find is no proof
    monkeypatch.setattr(settling, "second", lambda *given, **named: None)
    joined = solve(problem, processes=1)
    assert where(joined) == {"G1": "S3", "G2": "S2"}
    assert plan.objectives is not None and joined.objectives is not None
    assert plan.objectives.travel_km_sum < 0.8 * joined.objectives.travel_km_sum


def test_who_is_pinned_stays() -> None:
    pin = Pin(id="P1", author="A", reason="R", group="G2", site="S2")
    assert where(solve(chain(pin), processes=1)) == {"G1": "S3", "G2": "S2"}


def test_without_anybody_left_out_there_is_none() -> None:
    problem = small.problem()
    placed = place(problem)
    found = schedule_sites(problem, placed.placements, seed=1, processes=1)
    assert second(problem, placed.placements, found.sessions, found.unplaced, ending=Ending()) is None
    assert second(problem, (), (), (), ending=Ending()) is None


def test_when_it_is_ended_there_is_none() -> None:
    problem = chain()
    placed = place(problem)
    found = schedule_sites(problem, placed.placements, seed=1, processes=1)
    assert {one.reason for one in found.unplaced} == {UnplacedReason.TIME}
    stays = tuple(one for one in placed.placements if one.group == "G2")
    now = Ending.after(None, lambda: True)
    assert second(problem, stays, found.sessions, found.unplaced, ending=now) is None
    assert second(problem, stays, found.sessions, found.unplaced, ending=Ending()) is not None


@pytest.mark.parametrize("seed", range(30))
def test_everybody_is_somewhere_and_it_is_never_worse(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = read_problem(problem_bytes(random_problem(seed)))
    placed = place(problem)

    def settled() -> tuple[int, float]:
        found = settle(problem, placed.placements, placed.unplaced, seed=1, processes=1).joined
        plan = small.plan(problem, placements=found.placements, sessions=found.sessions, unplaced=found.unplaced)
        report = check(problem, plan)
        assert [one for one in report.violations if one.h not in ("H1", "H13", "H14", "H17")] == []
        return report.objectives.unplaced, report.objectives.travel_km_sum

    both = settled()
    monkeypatch.setattr(settling, "_BOTH", 0)
    alone = settled()
    monkeypatch.setattr(settling, "second", lambda *given, **named: None)
    assert both == min(alone, settled())
