"""The lower bound of a placement, recomputed from the prices that a plan carries (Lagrange).

Whatever prices (none below 0) are put on the places of the sites: everybody pays at least the kilometres and prices of
the site where both together are least, and what the sites take in for their places can be given back. No plan is cheaper::

    sum over groups of count * min(unplaced_km, min over allowed sites (km + prices used))
        - sum over resources of capacity * price

The least is taken over *all* allowed sites of every group, not over those the search has looked at.
"""

from __future__ import annotations

from math import fsum

import numpy as np

from scheduling.planning.rules.demand import Demand, demand
from scheduling.planning.rules.plan import Bound, Plan
from scheduling.planning.rules.problem import Problem


def lower_bound(problem: Problem, bound: Bound, supply: Demand | None = None) -> float:
    """Kilometres that every placement costs at least, an unplaced candidate counting `unplaced_km`.

    A price below 0 counts as 0, one of a resource that the problem does not have as nothing.
    """
    supply = demand(problem) if supply is None else supply
    prices = _prices(problem, bound, supply)
    terms: list[float] = []
    for block in supply.blocks:
        least = np.full(block.lots.size, bound.unplaced_km)
        if block.sites.size:
            paid = (prices[block.rows] * block.uses).sum(axis=1)
            least = np.minimum(least, (block.km + paid).min(axis=1))
        terms += (least * supply.count[block.lots]).tolist()
    terms += (-prices * supply.capacity).tolist()
    return fsum(terms)


def placement_cost(plan: Plan, travel_km_sum: float, unplaced_km: float) -> float:
    """What the plan's placement costs in the terms of the bound."""
    return travel_km_sum + unplaced_km * sum(one.count for one in plan.unplaced)


def gap(cost: float, bound: float) -> float:
    """How much of the cost is not proven: (cost - bound) / cost, at least 0."""
    return max(0.0, (cost - bound) / cost) if cost > 0 else 0.0


def _prices(problem: Problem, bound: Bound, supply: Demand) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The price of each resource."""
    named = {(one.site, one.kind, one.certificate): max(0.0, one.price) for one in bound.prices}
    ids = [site.id for site in problem.sites]
    return np.array([named.get((ids[one.site], one.kind, one.certificate), 0.0) for one in supply.resources])
