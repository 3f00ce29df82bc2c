"""A session moved by hand: what each choice would break is what a check of the whole plan says."""

from typing import Any

import pytest

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Assignment
from scheduling.planning.rules.problem import Duty, Problem
from scheduling.planning.rules.relocating import options, places_for, relocated, seats_in
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning.random_problems import random_problem
from tests.scheduling.planning.small import person, plan, problem, room, session, site, workshop

TWO_ROOMS = site(rooms=(room(), room("R2", seats=10), room("R3")), workshops=(workshop(), workshop("W2", "C2")))


def named(known: Problem, **changes: Any) -> dict[tuple[str, str], set[str]]:
    return {(one.slot, one.place): {each.h for each in one.violations} for one in options(known, plan(**changes), "N1")}


def test_each_choice_says_what_it_breaks() -> None:
    found = named(problem(sites=(TWO_ROOMS,)))
    assert found["1a", "R3"] == set()
    assert found["1b", "R3"] == set()
    assert found["1a", "R2"] == {"H4"}
    assert found["1c", "R1"] == {"H8"}
    assert found["2a", "R1"] == {"H7"}
    assert ("1a", "R1") not in found
    assert {place for _, place in found} == {"R1", "R2", "R3"}


def test_the_reserve_a_closed_room_and_a_busy_team_speak_against_it() -> None:
    shut = site(rooms=(room(), room("R2", seats=21), room("R3", closed=("1b",))))
    team = (person(), person("E2"))
    busy = (
        session(),
        session("N2", "W1", "1c", "skill"),
        session("N3", "R3", "2b", parts=(), paper="B"),
    )
    found = named(
        problem(sites=(shut,), staff=team),
        sessions=busy,
        assignments=(
            Assignment(session="N1", person="E1", duty=Duty.HEAD_INVIGILATOR),
            Assignment(session="N3", person="E1", duty=Duty.HEAD_INVIGILATOR),
        ),
    )
    assert found["1a", "R2"] == {"H5"}
    assert found["1b", "R3"] == {"H15"}
    assert found["2b", "R1"] == {"H7", "H11"}
    assert found["2b", "R3"] == {"H7", "H10", "H11"}


def test_the_paper_follows_the_start() -> None:
    other = session("N3", "R2", "1b", paper="theory-B", parts=())
    made = plan(sessions=(session(), session("N2", "W1", "1c", "skill"), other))
    known = problem(sites=(TWO_ROOMS,))
    assert relocated(known, made, "N1", slot="1b", place="R1").session["N1"].paper == "theory-B"
    assert relocated(known, made, "N1", slot="2a", place="R1").session["N1"].paper == "theory-A"
    twin = plan(sessions=(session(), session("N2", "W1", "1c", "skill"), session("N3", "R2", parts=())))
    moved = relocated(known, twin, "N1", slot="1b", place="R1")
    assert moved.session["N1"].paper not in {"theory-A"}
    assert not [one for one in check(known, moved).violations if one.h == "H9"]


def test_a_practical_goes_to_workshops_of_its_certificate() -> None:
    known = problem(sites=(TWO_ROOMS,))
    assert places_for(known, plan().session["N2"]) == ("W1",)
    assert (seats_in(known, "S1", "W1"), seats_in(known, "S1", "R2")) == (10, 10)


@pytest.mark.parametrize("seed", range(6))
def test_the_choices_agree_with_the_whole_check(seed: int) -> None:
    known = random_problem(seed)
    made = solve(known, seed=seed, processes=1)
    clean = {(one.h, one.what, one.where) for one in check(known, made).violations}
    for one in made.sessions[:6]:
        for option in options(known, made, one.id):
            moved = relocated(known, made, one.id, slot=option.slot, place=option.place)
            whole = {(each.h, each.what, each.where) for each in check(known, moved).violations} - clean
            assert {(each.h, each.what, each.where) for each in option.violations} == whole, (one.id, option)
