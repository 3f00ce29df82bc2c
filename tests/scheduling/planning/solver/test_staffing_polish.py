"""What the flows leave: places that need a whole day moved, uneven loads, a way for a single session."""

from typing import Any

from scheduling.planning.solver.staffing_polish import fill_open, level, make_room, shorten, spread
from scheduling.planning.solver.staffing_state import FREE, State
from scheduling.planning.solver.staffing_table import tabulate
from tests.scheduling.planning import small

NEAR = small.site("S2", lat=31.25)


def never() -> bool:
    return False


def state(people: Any, *sessions: Any) -> State:
    groups = (small.group(), small.group("G2", institution="X1"))
    return State(tabulate(small.problem(sites=(small.site(), NEAR), groups=groups, staff=people), sessions, people))


def test_a_whole_day_is_moved_so_that_a_place_is_filled() -> None:
    """Only E1 may serve at S2 (E2, E3 are tied to its candidates); E1 is at S1 on that day, where the others could be."""
    people = (small.person("E1"), small.person("E2", related=("X1",)), small.person("E3", related=("X1",)))
    here, there = small.session("N1"), small.session("N2", site="S2", slot="1b", parts=(small.part("G2"),))
    held = state(people, here, there)
    held.put(0, 0)
    held.put(1, 1)
    assert make_room(held, 2)
    assert (held.holder[:3], held.holder[3]) == ([2, 1, 0], FREE)
    assert not make_room(held, 3)
    assert held.holder == [2, 1, 0, FREE]


def test_a_second_site_is_the_last_resort() -> None:
    held = state(
        (small.person("E1"), small.person("E2")), small.session("N1"), small.session("N2", site="S2", slot="1b")
    )
    fill_open(held, never, thorough=False)
    assert len(held.open()) == 2
    fill_open(held, never, thorough=True)
    assert held.open() == []


def test_loads_become_even() -> None:
    sessions = [small.session(f"N{slot}", slot=slot) for slot in ("1a", "1b", "2a", "2b")]
    held = state([small.person(f"E{number}") for number in range(1, 5)], *sessions)
    for place in range(0, 8, 2):
        held.put(place, 0)
        held.put(place + 1, 1)
    assert spread(held) == 4
    level(held, never)
    assert (held.load, spread(held)) == ([2, 2, 2, 2], 0)


def test_who_is_there_anyway_saves_a_way() -> None:
    """E1 comes on two days for one session each, E2 on both for two: one exchange leaves each a day at home."""
    sessions = [small.session(f"N{slot}", slot=slot, parts=()) for slot in ("1a", "1b", "2a", "2b")]
    people = [small.person(f"E{number}", lat=31.3) for number in range(1, 5)]
    held = state(people, *sessions)
    for place, person in enumerate((0, 2, 1, 2, 0, 3, 1, 3)):
        held.put(place, person)
    shorten(held, never)
    days = [{held.table.day[slot] for slot, place in enumerate(row) if place != FREE} for row in held.at]
    assert [len(one) for one in days] == [1, 1, 1, 1]
    assert held.load == [2, 2, 2, 2]
