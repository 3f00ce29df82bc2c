"""The least number of room-sessions: against every choice there is, on small loads."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.planning.solver.packing import Load, crowded_out, least_slots, pack


def fewest(loads: list[Load], stock: list[int]) -> int | None:
    """By trying everything."""
    options = []
    for load in loads:
        ranges = [range(load.count // seats + 2 if seats else 1) for seats in load.seats]
        options.append(
            [v for v in product(*ranges) if sum(a * b for a, b in zip(v, load.seats, strict=True)) >= load.count]
        )
    best = None
    for choice in product(*options):
        if all(sum(vector[at] for vector in choice) <= most for at, most in enumerate(stock)):
            total = sum(map(sum, choice))
            best = total if best is None else min(best, total)
    return best


def test_nothing_to_pack() -> None:
    assert pack([], [3]).bound == 0
    assert pack([Load(0, (30,))], [3]).bound == 0
    assert least_slots(0, [5]) == 0


def test_equal_rooms_take_the_ceiling() -> None:
    assert pack([Load(30, (30,)), Load(31, (30,))], [3]).chosen == ((1,), (2,))


def test_a_large_room_is_given_to_who_needs_it() -> None:
    packing = pack([Load(36, (54, 36)), Load(54, (54, 36))], [1, 10])
    assert packing.chosen == ((0, 1), (1, 0))


def test_classes_are_used_evenly() -> None:
    packing = pack([Load(30, (54, 36))] * 4, [2, 2])
    assert sorted(packing.chosen) == [(0, 1), (0, 1), (1, 0), (1, 0)]


def test_too_few_rooms_are_said_to_be_short() -> None:
    assert pack([Load(100, (30,))], [3]).short
    assert pack([Load(100, (54, 36))], [1, 1]).short
    assert not pack([Load(90, (54, 36))], [1, 1]).short


@settings(max_examples=80, deadline=None)
@given(
    counts=st.lists(st.integers(1, 25), min_size=1, max_size=3),
    seats=st.lists(st.integers(4, 12), min_size=2, max_size=3, unique=True).map(lambda one: sorted(one, reverse=True)),
    stock=st.lists(st.integers(0, 4), min_size=3, max_size=3),
)
def test_it_is_the_least_there_is(counts: list[int], seats: list[int], stock: list[int]) -> None:
    loads = [Load(count, tuple(seats)) for count in counts]
    stock = stock[: len(seats)]
    packing = pack(loads, stock)
    expected = fewest(loads, stock)
    if expected is None:
        assert packing.short
        return
    assert not packing.short
    assert packing.bound == expected == sum(map(sum, packing.chosen))
    for load, vector in zip(loads, packing.chosen, strict=True):
        assert sum(a * b for a, b in zip(vector, seats, strict=True)) >= load.count
    for at, most in enumerate(stock):
        assert sum(vector[at] for vector in packing.chosen) <= most


def test_more_than_three_sizes_give_a_bound_and_a_choice() -> None:
    seats = (60, 50, 40, 30, 20)
    loads = [Load(100, seats), Load(45, seats), Load(20, seats)]
    packing = pack(loads, [2] * 5)
    assert packing.bound <= sum(map(sum, packing.chosen))
    assert packing.bound == 4
    for load, vector in zip(loads, packing.chosen, strict=True):
        assert sum(a * b for a, b in zip(vector, seats, strict=True)) >= load.count


@pytest.mark.parametrize(
    ("needed", "sizes", "slots"), [(10, [4, 6], 2), (6, [4, 6], 1), (11, [4, 6], 2), (5, [3, 3, 0], 2)]
)
def test_slots_of_a_workshop(needed: int, sizes: list[int], slots: int) -> None:
    assert least_slots(needed, sizes) == slots


@pytest.mark.parametrize(
    ("counts", "served", "stations", "left"),
    [((), 3, 1, 0), ((7, 5, 5), 3, 7, 0), ((7, 5, 5), 3, 6, 1), ((7, 5, 5), 3, 5, 3), ((6,), 3, 1, 3), ((9,), 3, 0, 9)],
)
def test_rests_that_stations_cannot_hold(counts: tuple[int, ...], served: int, stations: int, left: int) -> None:
    assert crowded_out(counts, served, stations) == left
