"""Bottlenecks: what people without a place run into, and the resources whose next place would save most (dual prices)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from scheduling.planning.rules.demand import KIND, Need, need_of
from scheduling.planning.rules.plan import Kind, UnplacedReason
from scheduling.planning.rules.weighing import Weighed

NEARER: Final = 5
"""So many nearer sites are explained, the nearest first."""

CONCERNED: Final = 8
"""So many groups are named that would go where one more place is worth most."""

MOST_LEFT: Final = 50
"""So many groups without a place are followed to what they run into, the largest first."""


@dataclass(frozen=True)
class Bottleneck:
    """A resource with a price, by what one more of it would save."""

    site: str
    kind: Kind
    certificate: str | None
    capacity: int
    used: int
    saves_km: float
    concerned: tuple[tuple[str, int, float], ...] = ()  # (group, how many sit farther away, by how many km)
    left: tuple[tuple[str, int], ...] = ()  # (group, how many have no place and run into this)


def bottlenecks(of: Weighed, most: int = 20) -> tuple[Bottleneck, ...]:
    """What people without a place run into, by how many; then the resources whose next place would save most."""
    runs = _runs_into(of)
    order = sorted(
        (row for row in range(len(of.price)) if of.price[row] > 0 or row in runs),
        key=lambda row: (-sum(count for _, count in runs.get(row, ())), -of.price[row], row),
    )
    return tuple(
        Bottleneck(
            site=of.problem.sites[of.supply.resources[row].site].id,
            kind=of.supply.resources[row].kind,
            certificate=of.supply.resources[row].certificate,
            capacity=int(of.supply.capacity[row]),
            used=round(float(of.used[row])),
            saves_km=of.price[row],
            concerned=_concerned(of, row),
            left=tuple(runs.get(row, ())),
        )
        for row in order[:most]
    )


def _runs_into(of: Weighed) -> dict[int, list[tuple[str, int]]]:
    """Resource -> the groups without a place that find no slot for a component of its kind at its site."""
    counts: dict[str, int] = defaultdict(int)
    for one in of.plan.unplaced:
        if one.reason in {UnplacedReason.CAPACITY, UnplacedReason.TIME}:
            counts[one.group] += one.count
    rows = {(one.site, one.kind, one.certificate): row for row, one in enumerate(of.supply.resources)}
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for id, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LEFT]:
        group = of.problem.group[id]
        allowed = set(of.block[need_of(group)].sites.tolist())
        reachable = [at for _, at in of.sites_of(group) if at in allowed]
        for at in reachable[:NEARER]:
            _, stuck = of.filling.way(of.problem.sites[at], group)
            if stuck is not None:
                kind = KIND[stuck.form]
                row = rows.get((at, kind, group.certificate if kind is Kind.PRACTICAL else None))
                if row is not None:
                    found[row].append((id, count))
    return found


def _concerned(of: Weighed, row: int) -> tuple[tuple[str, int, float], ...]:
    """Who may sit at the site of a resource, would use it, and sits farther away: (group, how many, km farther)."""
    site = of.supply.resources[row].site
    needs = {block.need for block in of.supply.blocks if row in block.rows[block.sites == site]}
    found = []
    for group, sites in of.at.items():
        one = of.problem.group[group]
        if need_of(one) not in needs:
            continue
        here = float(of.distance[of.home[one.institution], site])
        farther = [(count, of.km(one, at) - here) for at, count in sites.items() if of.km(one, at) > here]
        if farther:
            found.append((group, sum(count for count, _ in farther), max(km for _, km in farther)))
    return tuple(sorted(found, key=lambda one: (-one[1] * one[2], one[0]))[:CONCERNED])


def full_around(of: Weighed, need: Need) -> list[int]:
    """Full resources reached from a need: who uses them could only go where it is full as well."""
    full = of.used + 1 > of.supply.capacity + 1e-9
    users: dict[int, set[Need]] = defaultdict(set)
    for block in of.supply.blocks:
        for row in np.unique(block.rows).tolist():
            if full[row]:
                users[row].add(block.need)
    seen, waiting, found = {need}, [need], set()
    while waiting and len(seen) < 200:
        block = of.block[waiting.pop()]
        for rows in block.rows.tolist():
            for row in rows:
                if full[row] and row not in found:
                    found.add(row)
                    fresh = users[row] - seen if of.supply.resources[row].certificate else set()
                    seen |= fresh
                    waiting += sorted(fresh)
    return sorted(found)
