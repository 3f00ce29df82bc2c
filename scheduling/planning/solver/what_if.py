"""What if there were one more day, 20 more computers, a site less, or candidates could cross the province's border?

A change makes another problem; its placement is solved anew and set beside the present one: figures, and who would go
elsewhere. Nothing of the plan is touched. Seats slot by slot are a matter of solving the changed problem in full.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from scheduling.planning.rules.demand import Floats, distances
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.variants import more_machines, one_more_day, other_province, site_closed, travel_limit
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.placement import Placed, place

__all__ = [
    "Comparison",
    "Difference",
    "Figures",
    "compare",
    "figures",
    "more_machines",
    "one_more_day",
    "other_province",
    "site_closed",
    "travel_limit",
]


@dataclass(frozen=True)
class Figures:
    """What a placement comes to."""

    unplaced: int
    km_sum: float
    km_p95: float
    km_max: float
    fee_cents: int  # of everybody who has a place
    gap: float


@dataclass(frozen=True)
class Difference:
    """Members of a group who would go elsewhere; None: no place."""

    group: str
    count: int
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Comparison:
    """Both placements side by side."""

    before: Figures
    after: Figures
    moved: tuple[Difference, ...]


def compare(before: Problem, after: Problem, *, seconds: float | None = None) -> Comparison:
    """Place both problems and set them side by side; they have the same groups."""
    one, other = (place(each, ending=Ending.after(seconds)) for each in (before, after))
    return Comparison(before=figures(before, one), after=figures(after, other), moved=_differences(before, one, other))


def figures(problem: Problem, placed: Placed) -> Figures:
    """What a placement comes to, from its kilometres."""
    km = _kilometres(problem, placed)
    count = np.array([one.count for one in placed.placements], dtype=np.int64)
    order = np.argsort(km, kind="stable")
    reached = np.cumsum(count[order])
    p95 = float(km[order[int(np.searchsorted(reached, -(-95 * int(reached[-1]) // 100)))]]) if count.size else 0.0
    fee = sum(
        problem.certificate[problem.group[one.group].certificate].fee_cents * one.count for one in placed.placements
    )
    return Figures(
        unplaced=sum(one.count for one in placed.unplaced),
        km_sum=round(float(km @ count), 3) if count.size else 0.0,
        km_p95=p95,
        km_max=float(km.max()) if count.size else 0.0,
        fee_cents=fee,
        gap=placed.gap,
    )


def _kilometres(problem: Problem, placed: Placed) -> Floats:
    """Of each placement, in its order."""
    home = {one.id: number for number, one in enumerate(problem.institutions)}
    number = {one.id: at for at, one in enumerate(problem.sites)}
    rows = [home[problem.group[one.group].institution] for one in placed.placements]
    found: Floats = distances(problem)[rows, [number[one.site] for one in placed.placements]]
    return found


def _differences(problem: Problem, one: Placed, other: Placed) -> tuple[Difference, ...]:
    """Who goes elsewhere, group by group: the least that turns one set of sites into the other."""
    before, after = _sites(one), _sites(other)
    found = []
    for group in problem.groups:
        gone, come = before[group.id] - after[group.id], after[group.id] - before[group.id]
        leaving, coming = sorted(gone.elements(), key=str), sorted(come.elements(), key=str)
        pairs = Counter(zip(leaving, coming, strict=True))
        found += [Difference(group.id, count, old, new) for (old, new), count in sorted(pairs.items(), key=str)]
    return tuple(found)


def _sites(placed: Placed) -> dict[str, Counter[str | None]]:
    found: dict[str, Counter[str | None]] = {}
    for one in placed.placements:
        found.setdefault(one.group, Counter())[one.site] += one.count
    for left in placed.unplaced:
        found.setdefault(left.group, Counter())[None] += left.count
    return found
