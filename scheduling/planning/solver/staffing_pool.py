"""One pool, staffed: flows and polish in rounds, each starting from the sites and the days of the one before; the best round stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.staffing_flow import choose_sites, serve
from scheduling.planning.solver.staffing_polish import fill_open, level, servants, shorten, spread
from scheduling.planning.solver.staffing_state import FREE, State
from scheduling.planning.solver.staffing_table import Table

ROUNDS: Final = 4


class Pool(NamedTuple):
    """What a process needs to staff a pool."""

    table: Table
    fixed: tuple[tuple[int, int], ...] = ()  # (place, person): they stay
    held: tuple[tuple[int, int], ...] = ()  # (place, person): they may move


class PoolStaffed(NamedTuple):
    """The answer of a pool."""

    holder: list[int]  # of each place
    load_spread: int
    stopped: bool


class Score(NamedTuple):
    """What a round reached, in the order in which it counts."""

    open: int
    two_site_days: int
    spread: int
    unevenness: int  # sum of the squares of the loads
    km: float
    site_changes: int


def state_of(pool: Pool) -> State:
    """A state in which the fixed places are held for good, and those held already are held."""
    state = State(pool.table)
    for place, person in (*pool.fixed, *pool.held):
        state.put(place, person)
    for place, _ in pool.fixed:
        state.fixed[place] = True
    return state


def staff_pool(pool: Pool, ending: Ending) -> PoolStaffed:
    """Fill the places of a pool; when it is ended, with what is there: after one round, or with what is fixed and held."""
    state = state_of(pool)
    if ending.over():
        return PoolStaffed(state.holder, spread(state), True)
    days = len(pool.table.slots_of_day)
    sites = choose_sites(state)
    share = [[max(1, len(slots)) for slots in pool.table.slots_of_day] for _ in pool.table.persons]
    best: tuple[Score, State] | None = None
    for number in range(ROUNDS):
        if ending.over() if best is None else ending.reached():
            break
        state = state_of(pool)
        for place, person in serve(state, sites, share):
            state.put(place, person)
        fill_open(state, ending.reached, thorough=number == ROUNDS - 1)
        level(state, ending.reached)
        shorten(state, ending.reached)
        reached = score(state)
        if best is None or reached < best[0]:
            best = reached, state
        _learn(state, sites, share, days)
    final = best[1] if best is not None else state
    fill_open(final, ending.reached, thorough=True)
    return PoolStaffed(final.holder, spread(final), ending.reached())


def _learn(state: State, sites: list[list[int]], share: list[list[int]], days: int) -> None:
    """Where everybody was on which day, and for how many sessions, is where the next round starts."""
    for person, row in enumerate(state.at):
        for day in range(days):
            held = [row[slot] for slot in state.table.slots_of_day[day] if row[slot] != FREE]
            share[person][day] = max(1, len(held))
            if held:
                sites[person][day] = state.site(held[0])


def score(state: State) -> Score:
    """What counts, of a state."""
    km, two, changes = 0.0, 0, 0
    for person in range(len(state.table.persons)):
        before = None
        for visited in visits(state, person):
            km += sum(state.table.distance[person][site] for site in visited)
            two += len(visited) > 1
            changes += before is not None and visited[0] != before
            before = visited[-1]
    loads = [state.load[person] for person in servants(state)]
    return Score(len(state.open()), two, spread(state), sum(one * one for one in loads), round(km, 3), changes)


def visits(state: State, person: int) -> list[list[int]]:
    """The sites of each day on which somebody serves, in order of time."""
    row = state.at[person]
    found = []
    for slots in state.table.slots_of_day:
        sites: Sequence[int] = [state.site(row[slot]) for slot in slots if row[slot] != FREE]
        if sites:
            found.append(list(dict.fromkeys(sites)))
    return found
