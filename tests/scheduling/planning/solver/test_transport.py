"""The transport problem: the traps that nearest-first, pruning and rounding fall into; the bound; time running out."""

import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.transport import Family, Solution, lower_bound, solve

INF = np.inf
UNPLACED = 1000.0


def family(nodes: list[int], cost: list[list[float]], rows: list[list[int]], uses: list[float] | None = None) -> Family:
    width = len(rows[0]) if rows else 0
    return Family(
        nodes=np.array(nodes),
        cost=np.array(cost, dtype=float).reshape(len(nodes), len(rows)),
        rows=np.array(rows, dtype=np.int64).reshape(len(rows), width),
        uses=np.array(uses or [1.0] * width),
    )


def run(
    count: list[int], capacity: list[float], *families: Family, nearest: int = 8, ending: Ending | None = None
) -> Solution:
    return solve(np.array(count), np.array(capacity), families, unplaced=UNPLACED, nearest=nearest, ending=ending)


def test_nobody_to_place_costs_nothing() -> None:
    found = run([], [])
    assert (found.value, found.bound, found.flows, found.finished) == (0, 0, (), True)


def test_a_node_without_a_place_is_left() -> None:
    found = run([7], [], family([0], [[]], []))
    assert found.left.tolist() == [7]
    assert found.value == 7 * UNPLACED


def test_the_greedy_trap() -> None:
    """Nearest-first gives the near site to the first group and sends the second around the world."""
    found = run([10, 10], [10.0, 10.0], family([0, 1], [[1, 2], [1, 100]], [[0], [1]]))
    assert found.value == 10 * 2 + 10 * 1
    assert {(flow.node, flow.place, flow.count) for flow in found.flows} == {(0, 1, 10), (1, 0, 10)}


def test_the_nearest_trap() -> None:
    """The one place with room is farther than all that a node begins with: pricing finds it."""
    width = 12
    cost = [[float(place) for place in range(width)]]
    found = run([5], [0.0] * (width - 1) + [5.0], family([0], cost, [[place] for place in range(width)]), nearest=2)
    assert found.left.sum() == 0
    assert found.value == 5 * (width - 1)


def test_an_odd_cycle_of_shared_capacities_is_made_whole() -> None:
    """Three places that share three capacities of one in pairs: half of each is the optimum of the linear program."""
    cycle = family([0], [[0, 0, 0]], [[0, 1], [1, 2], [2, 0]])
    found = run([2], [1.0, 1.0, 1.0], cycle)
    assert [flow.count for flow in found.flows] == [1]
    assert found.left.tolist() == [1]
    assert found.value == UNPLACED
    assert found.bound == pytest.approx(0.5 * UNPLACED)


@pytest.mark.parametrize("short", [0, 1, 4])
def test_capacity_short_by_k_leaves_k(short: int) -> None:
    found = run([10, 6], [16.0 - short], family([0, 1], [[3], [5]], [[0]]))
    assert found.left.sum() == short


def test_a_place_that_is_not_allowed_is_never_used() -> None:
    found = run([4], [10.0, 10.0], family([0], [[INF, 9]], [[0], [1]]))
    assert [(flow.place, flow.count) for flow in found.flows] == [(1, 4)]


def test_prices_prove_the_bound_and_any_other_prices_prove_less() -> None:
    families = [family([0, 1], [[1, 2], [1, 100]], [[0], [1]])]
    count, capacity = np.array([10.0, 10.0]), np.array([10.0, 10.0])
    found = run([10, 10], [10.0, 10.0], *families)
    assert lower_bound(count, capacity, families, found.prices, unplaced=UNPLACED) == pytest.approx(found.value)
    for other in ([0.0, 0.0], [500.0, 0.0], [3.0, 700.0]):
        assert lower_bound(count, capacity, families, np.array(other), unplaced=UNPLACED) <= found.value + 1e-9


def ended(times: int) -> Ending:
    """It comes when it has been asked so many times."""
    asked = iter(range(1_000_000))
    return Ending(stop=lambda: next(asked) >= times)


@pytest.mark.parametrize("times", range(40))
def test_ended_anywhere_it_answers_with_whole_people_and_a_bound(times: int) -> None:
    random = Random(f"{times} nodes")
    cost = [[float(random.randint(0, 99)) for _ in range(30)] for _ in range(25)]
    some = [family(list(range(25)), cost, [[place] for place in range(30)])]
    count, capacity = np.array([random.randint(1, 9) for _ in cost]), np.array([4.0] * 30)
    found = solve(count, capacity, some, unplaced=UNPLACED, nearest=2, ending=ended(times))
    whole = solve(count, capacity, some, unplaced=UNPLACED)
    sent = np.zeros(25, dtype=np.int64)
    used = np.zeros(30)
    for flow in found.flows:
        sent[flow.node] += flow.count
        used[flow.place] += flow.count
    assert (sent + found.left == count).all() and (used <= capacity).all() and (found.left >= 0).all()
    assert found.bound <= whole.value + 1e-6 <= found.value + 2e-6
    assert found.finished == (found.value == pytest.approx(whole.value) and found.bound == pytest.approx(whole.bound))


def test_ended_before_the_program_everybody_goes_to_the_nearest_with_room() -> None:
    found = run([3, 2], [4.0, 9.0], family([0, 1], [[1, 5], [2, 7]], [[0], [1]]), ending=ended(0))
    assert {(one.node, one.place): one.count for one in found.flows} == {(0, 0): 3, (1, 0): 1, (1, 1): 1}
    assert (found.value, found.bound, found.finished) == (12.0, 7.0, False)


def test_ended_before_whole_numbers_were_found_nobody_is_halved() -> None:
    cycle = family([0], [[0, 0, 0]], [[0, 1], [1, 2], [2, 0]])
    found = [run([2], [1.0, 1.0, 1.0], cycle, ending=ended(times)) for times in range(30)]
    assert {(sum(flow.count for flow in one.flows), one.left.tolist()[0]) for one in found} == {(1, 1)}
    assert [one.finished for one in found] == sorted(one.finished for one in found)
    assert not found[0].finished and found[-1].finished


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_the_optimum_does_not_depend_on_where_the_search_begins(
    count: list[int], capacity: list[int], random: Random
) -> None:
    cost = [[float(random.randint(0, 50)) for _ in capacity] for _ in count]
    some = family(list(range(len(count))), cost, [[place] for place in range(len(capacity))])
    wide = run(count, [float(one) for one in capacity], some)
    narrow = run(count, [float(one) for one in capacity], some, nearest=1)
    assert wide.value == pytest.approx(narrow.value)
    assert wide.value == pytest.approx(wide.bound)


def test_both_solvers_live_in_one_process() -> None:
    """ortools 9.15 and highspy 1.15 do not; the pinned pair must, in either order."""
    for first, second in (("highspy", "ortools.sat.python.cp_model"), ("ortools.sat.python.cp_model", "highspy")):
        code = f"import {first}, {second}; import highspy; highspy.Highs().run(); print('both')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.stdout.strip().endswith("both"), done.stderr
