"""Put, take and undo; and the shortest chain by which a place is filled."""

from typing import Any

from scheduling.planning.rules.problem import Duty
from scheduling.planning.solver.staffing_state import FREE, State, by_load, fill
from scheduling.planning.solver.staffing_table import tabulate
from tests.scheduling.planning import small

FIRST, SECOND = small.session("N1"), small.session("N2", "R2", parts=(small.part("G2"),))
GROUPS = (small.group(), small.group("G2", institution="X1"))
ONLY = {"duties": (Duty.HEAD_INVIGILATOR,)}


def state(*people: Any, sessions: Any = (FIRST, SECOND)) -> State:
    problem = small.problem(groups=GROUPS, sites=(small.site(), small.site("S2", lat=31.25)), staff=people)
    return State(tabulate(problem, sessions, people))


def test_put_and_undo() -> None:
    held = state(small.person("E1"), small.person("E2"))
    held.put(0, 0)
    mark = len(held.log)
    held.put(0, 1)
    held.put(2, 0)
    assert (held.holder, held.load, held.open()) == ([1, FREE, 0, FREE], [1, 1], [1, 3])
    held.undo(mark)
    assert (held.holder, held.load, held.at) == ([0, FREE, FREE, FREE], [1, 0], [[0], [FREE]])


def test_a_chain_moves_one_person_on() -> None:
    """E1 may lead both sessions and leads the second, E2 only the second: the first is free for E1."""
    held = state(small.person("E1", **ONLY), small.person("E2", related=("X2",), **ONLY))
    held.put(2, 0)
    assert fill(held, 0, by_load(held))
    assert held.holder == [0, FREE, 1, FREE]


def test_who_is_fixed_does_not_move() -> None:
    held = state(small.person("E1", **ONLY), small.person("E2", related=("X2",), **ONLY))
    held.put(2, 0)
    held.fixed[2] = True
    assert not fill(held, 0, by_load(held))
    assert held.holder == [FREE, FREE, 0, FREE]


def test_a_free_person_comes_before_a_chain() -> None:
    held = state(small.person("E1"), small.person("E2"), small.person("E3"))
    held.put(2, 0)
    assert fill(held, 0, by_load(held))
    assert held.holder == [1, FREE, 0, FREE]


def test_a_second_site_on_a_day_only_where_it_is_asked_for() -> None:
    there = small.session("N2", slot="1b", site="S2")
    held = state(small.person("E1"), sessions=(FIRST, there))
    held.put(0, 0)
    assert not fill(held, 2, by_load(held))
    assert held.extra_km(0, 2) > 5 and held.extra_km(0, 0) == 0 + held.table.distance[0][0]
    assert fill(held, 2, by_load(held), two_sites=True)


def test_the_barred_and_the_overworked_are_passed_over() -> None:
    held = state(small.person("E1"), small.person("E2", most_sessions=1))
    held.load[1] = 1
    assert not fill(held, 0, by_load(held), barred=(0,))
