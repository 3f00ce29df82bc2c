"""A plan counted for its pictures: kilometres by candidates, sessions by people, places used by site."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from scheduling.planning.rules.demand import resources
from scheduling.planning.rules.members import distances_of
from scheduling.planning.rules.plan import Kind, Plan
from scheduling.planning.rules.problem import Form, Problem
from scheduling.planning.rules.teams import load_of

_MOST_BARS: Final = 12
_STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


@dataclass(frozen=True)
class Bin:
    """How many lie from `low` up to, but without, `high`."""

    low: int
    high: int
    count: int


@dataclass(frozen=True)
class Distances:
    """How far the candidates travel."""

    bins: tuple[Bin, ...]
    p50: float
    p95: float
    most: float
    count: int


@dataclass(frozen=True)
class SiteLoad:
    """How much of what a site can hold over the whole period is used."""

    site: str
    candidates: int
    seats_used: int
    seats: int  # places of its rooms, each open slot once, without the reserve
    stations_used: int
    stations: int  # candidates that its workshops can serve


def distances(problem: Problem, plan: Plan) -> Distances:
    """Kilometres of the candidates who have a place."""
    km = distances_of(problem, plan.placements).tolist()
    pairs = sorted((length, one.count) for length, one in zip(km, plan.placements, strict=True) if length == length)
    count = sum(number for _, number in pairs)
    most = pairs[-1][0] if pairs else 0.0
    step = next((step for step in _STEPS if most < step * _MOST_BARS), _STEPS[-1])
    bars: Counter[int] = Counter()
    for length, number in pairs:
        bars[int(length // step)] += number
    bins = tuple(Bin(at * step, (at + 1) * step, bars[at]) for at in range(max(bars, default=-1) + 1))
    return Distances(bins, _share(pairs, count, 50), _share(pairs, count, 95), most, count)


def _share(pairs: Sequence[tuple[float, int]], count: int, percent: int) -> float:
    """What so many of a hundred do not exceed."""
    reached, needed = 0, ceil(count * percent / 100)
    for length, number in pairs:
        reached += number
        if reached >= needed:
            return length
    return 0.0


def duties(plan: Plan) -> tuple[Bin, ...]:
    """People by the number of their sessions, from the fewest to the most."""
    spread = Counter(load_of(plan.assignments).values())
    return tuple(Bin(at, at + 1, spread[at]) for at in range(min(spread), max(spread) + 1)) if spread else ()


def sites(problem: Problem, plan: Plan) -> tuple[SiteLoad, ...]:
    """The sites that the plan uses, the fullest first."""
    people: Counter[str] = Counter()
    for placement in plan.placements:
        people[placement.site] += placement.count
    used: dict[str, Counter[bool]] = defaultdict(Counter)
    for session in plan.sessions:
        form = problem.component[session.certificate, session.level, session.component].form
        used[session.site][form is Form.PRACTICAL] += session.count
    room: dict[str, Counter[bool]] = defaultdict(Counter)
    for one in resources(problem):
        room[problem.sites[one.site].id][one.kind is Kind.PRACTICAL] += one.capacity
    found = [
        SiteLoad(id, people[id], used[id][False], room[id][False], used[id][True], room[id][True])
        for id in sorted(used)
    ]
    return tuple(sorted(found, key=lambda one: (-_full(one), one.site)))


def _full(one: SiteLoad) -> float:
    return max(
        one.seats_used / one.seats if one.seats else 0.0, one.stations_used / one.stations if one.stations else 0.0
    )
