"""Levels to stations: swaps that add no kilometre, until nobody is left over at a station."""

from collections import Counter

import pytest

from scheduling.planning.rules.plan import Placement
from scheduling.planning.rules.problem import Accommodation, Form, Level, Problem
from scheduling.planning.solver.dealing import (
    Certificate,
    Dealt,
    Link,
    Shop,
    links_of,
    practicals,
    served_of,
    stations_of,
    swap_levels,
)
from scheduling.planning.solver.placement import place
from tests.scheduling.planning import small

LOW, HIGH = (("elementary", "skill"),), (("advanced", "skill"),)
SERVED = {LOW[0]: 3, HIGH[0]: 3}


def two_sites(here: tuple[int, int], there: tuple[int, int], stations: tuple[int, int]) -> Certificate:
    """Lots 0 (low) and 1 (high) of one node, so many at either site; a station serves three."""
    dealt: Dealt = {0: {0: here[0], 1: there[0]}, 1: {0: here[1], 1: there[1]}}
    shops = {
        number: Shop(stations[number], SERVED, {LOW[0]: counts[0], HIGH[0]: counts[1]})
        for number, counts in enumerate((here, there))
    }
    links: dict[int, list[Link]] = {0: [], 1: []}
    for number, link in links_of([0, 1], dealt):
        links[number].append(link)
    return Certificate(shops, links, {0: LOW, 1: HIGH})


def missing(certificate: Certificate) -> list[int]:
    return [shop.over() for _, shop in sorted(certificate.shops.items())]


def test_nothing_to_swap() -> None:
    swap_levels(Certificate({}, {}, {}))
    enough = two_sites((3, 3), (3, 3), (2, 2))
    swap_levels(enough)
    assert enough.links[0][0].dealt == {0: {0: 3, 1: 3}, 1: {0: 3, 1: 3}}


def test_levels_come_in_whole_loads_after_a_swap() -> None:
    certificate = two_sites((4, 2), (5, 4), (2, 9))
    assert missing(certificate) == [1, 0]
    swap_levels(certificate)
    assert missing(certificate) == [0, 0]
    dealt = certificate.links[0][0].dealt
    assert [sum(places.get(site, 0) for places in dealt.values()) for site in (0, 1)] == [6, 9]
    assert [sum(dealt[lot].values()) for lot in (0, 1)] == [9, 6]


def test_nobody_swaps_when_the_other_site_would_miss_as_many() -> None:
    certificate = two_sites((4, 2), (1, 2), (2, 1))
    before = missing(certificate)
    swap_levels(certificate)
    assert sum(missing(certificate)) <= sum(before)


def test_a_surplus_is_handed_on_to_where_stations_are_to_spare() -> None:
    """0 is too full and 1 just full; 2 has stations to spare, and only 1 shares a school with it."""
    first: Dealt = {0: {0: 4, 1: 1}, 1: {0: 2, 1: 5}}
    second: Dealt = {2: {1: 2, 2: 3}, 3: {1: 1, 2: 3}}
    counts = ((4, 2), (3, 6), (3, 3))
    shops = {at: Shop(size, SERVED, {LOW[0]: low, HIGH[0]: high}) for at, (size, (low, high)) in enumerate(
        zip((2, 3, 9), counts, strict=True)
    )}  # fmt: skip
    links: dict[int, list[Link]] = {0: [], 1: [], 2: []}
    for dealt in (first, second):
        for number, link in links_of([0, 1, 2], dealt):
            links[number].append(link)
    certificate = Certificate(shops, links, {0: LOW, 1: HIGH, 2: LOW, 3: HIGH})
    assert missing(certificate) == [1, 0, 0]
    swap_levels(certificate)
    assert missing(certificate) == [0, 0, 0]


def levelled() -> Problem:
    """The near site has two stations of three, the far one four: four and eleven of two levels."""
    schemes = tuple(
        small.scheme(level, small.component("skill", Form.PRACTICAL, 30))
        for level in (Level.ELEMENTARY, Level.ADVANCED)
    )
    shut = ("1b", "1c", "2a", "2b", "2c")
    return small.problem(
        certificates=(small.certificate("C1", *schemes),),
        sites=(
            small.site("S1", workshops=(small.workshop(stations=2, closed=shut),)),
            small.site("S2", lat=32.0, workshops=(small.workshop(stations=4, closed=shut),)),
        ),
        slots=small.slots(2, (("08:30", 120), ("11:00", 120), ("14:00", 120))),
        groups=(
            small.group("G1", 4, level=Level.ELEMENTARY, components=("skill",)),
            small.group("G2", 11, level=Level.ADVANCED, components=("skill",)),
        ),
    )


def stations_missing(problem: Problem, placements: tuple[Placement, ...]) -> int:
    """Summed over the sites; three a station."""
    levels: Counter[tuple[str, str]] = Counter()
    for one in placements:
        levels[one.site, problem.group[one.group].level.value] += one.count
    needed: Counter[str] = Counter()
    for (site, _), count in levels.items():
        needed[site] += -(-count // 3)
    return sum(max(0, count - stations_of(problem, int(site == "S2"), "C1")) for site, count in needed.items())


def test_a_placement_deals_levels_to_whole_stations() -> None:
    problem = levelled()
    assert served_of(problem, "C1") == {("elementary", "skill"): 3, ("advanced", "skill"): 3}
    placed = place(problem)
    assert sum(one.count for one in placed.placements) == 15
    assert placed.gap == 0
    assert stations_missing(problem, placed.placements) == 0


def test_slots_that_serve_differently_are_left_alone() -> None:
    assert served_of(small.problem(), "C1") is None


@pytest.mark.parametrize("granted", [(), (Accommodation.OWN_ROOM,)])
def test_who_sits_alone_is_not_swapped(granted: tuple[Accommodation, ...]) -> None:
    group = small.group("G1", 1, accommodations=granted)
    assert practicals(small.problem(groups=(group,)), group) == (() if granted else (("intermediate", "skill"),))
