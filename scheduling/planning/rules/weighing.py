"""A plan weighed: who sits how far away, what is used of every resource and what one more of it is worth (dual prices)."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import numpy as np

from scheduling.planning.rules.demand import Block, Need, demand, distances, need_of
from scheduling.planning.rules.filling import Filling
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Group, Problem


class Weighed:
    """A plan made ready for questions."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.supply = demand(problem)
        self.block: dict[Need, Block] = {block.need: block for block in self.supply.blocks}
        self.distance = distances(problem)
        self.home = {one.id: number for number, one in enumerate(problem.institutions)}
        self.site_number = {site.id: number for number, site in enumerate(problem.sites)}
        self.approving: dict[str, list[int]] = defaultdict(list)
        for number, site in enumerate(problem.sites):
            for certificate in dict.fromkeys(one.certificate for one in site.approvals):
                self.approving[certificate].append(number)
        self.at: dict[str, dict[str, int]] = defaultdict(dict)
        self.used = np.zeros(len(self.supply.resources))
        self._count()
        named = {} if plan.bound is None else {(p.site, p.kind, p.certificate): p.price for p in plan.bound.prices}
        self.price = [
            named.get((problem.sites[one.site].id, one.kind, one.certificate), 0.0) for one in self.supply.resources
        ]

    def _count(self) -> None:
        places: dict[Need, dict[int, int]] = {}
        for one in self.plan.placements:
            need = need_of(self.problem.group[one.group])
            block = self.block[need]
            if need not in places:
                places[need] = {site: place for place, site in enumerate(block.sites.tolist())}
            mine = self.at[one.group]
            mine[one.site] = mine.get(one.site, 0) + one.count
            place = places[need].get(self.site_number[one.site])
            if place is not None:
                self.used[block.rows[place]] += block.uses * one.count

    @cached_property
    def filling(self) -> Filling:
        """What every room holds."""
        return Filling(self.problem, self.plan)

    def km(self, group: Group, site: str) -> float:
        """How far a group's institution is from a site."""
        return float(self.distance[self.home[group.institution], self.site_number[site]])

    def sites_of(self, group: Group) -> list[tuple[float, int]]:
        """(km, site) of the sites that are approved for the certificate, the nearest first."""
        km = self.distance[self.home[group.institution]]
        return sorted((float(km[number]), number) for number in self.approving[group.certificate])
