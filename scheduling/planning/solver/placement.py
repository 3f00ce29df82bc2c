"""Groups to sites: the least travel there is, proven, in whole people (objectives: unplaced first, then kilometres).

Lots that are alike (same institution, same sites, same resources) become one node of :mod:`transport`; afterwards each
node's people are dealt out to its lots again, so that few groups are split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from scheduling.planning.rules.demand import Block, Demand, demand
from scheduling.planning.rules.plan import Bound, Kind, Placement, Price, Status, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Problem
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
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.transport import Family, Floats, Flow, Numbers, Solution, solve

UNPLACED_KM: Final = 100_000.0
"""What a candidate without a place costs: more than any detour of all the others that could make room."""


_ROUNDING: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Placed:
    """Where everybody goes, and what is proven about it."""

    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    bound: Bound
    value: float  # kilometres, with `unplaced_km` for who has no place
    gap: float  # (value - bound) / value
    status: Status


@dataclass(frozen=True, eq=False)
class Node:
    """Lots that are alike, and the block whose sites they may go to."""

    block: Block
    row: int  # of the block's table of kilometres
    lots: tuple[int, ...]


def place(problem: Problem, *, ending: Ending | None = None) -> Placed:
    """Place every group of a problem; when `ending` comes, with the best so far."""
    supply = demand(problem)
    return place_demand(problem, supply, ending=ending)


def place_demand(problem: Problem, supply: Demand, *, ending: Ending | None = None) -> Placed:
    """The same for a demand that is worked out already."""
    families, nodes = nodes_of(problem, supply)
    count = np.array([sum(int(supply.count[lot]) for lot in node.lots) for node in nodes], dtype=np.int64)
    pinned = np.array([supply.pinned[node.lots[0]] >= 0 for node in nodes], dtype=np.bool_)
    found = solve(
        count, supply.capacity.astype(np.float64), families, unplaced=UNPLACED_KM, ending=ending, first=pinned
    )
    placements, unplaced = _dealt(problem, supply, nodes, found)
    return Placed(
        placements=placements,
        unplaced=unplaced,
        bound=bound_of(problem, supply, found),
        value=found.value,
        gap=gap_of(found),
        status=Status.STOPPED if not found.finished else status_of(found),
    )


def gap_of(found: Solution) -> float:
    """How much of the value is not proven, as a share; what arithmetic in doubles cannot tell from nothing is nothing."""
    share = (found.value - found.bound) / found.value if found.value else 0.0
    return share if share > _ROUNDING else 0.0


def status_of(found: Solution) -> Status:
    """Whether the value equals its bound, to a millionth."""
    return Status.OPTIMAL if found.value - found.bound <= 1e-6 * max(1.0, found.value) else Status.FEASIBLE


def nodes_of(problem: Problem, supply: Demand) -> tuple[list[Family], list[Node]]:
    """The nodes of a demand with their families, in the order of needs and institutions."""
    home = {one.id: number for number, one in enumerate(problem.institutions)}
    alike: dict[tuple[str, bytes, bytes, bytes], list[Block]] = defaultdict(list)
    for block in supply.blocks:
        key = (block.need.certificate, block.sites.tobytes(), block.rows.tobytes(), block.uses.tobytes())
        alike[key].append(block)
    families: list[Family] = []
    nodes: list[Node] = []
    for blocks in alike.values():
        lots: dict[tuple[int, int], list[tuple[Block, int]]] = defaultdict(list)
        for block in blocks:
            for row, lot in enumerate(block.lots.tolist()):
                group = problem.groups[supply.group[lot]]
                lots[home[group.institution], int(supply.pinned[lot])].append((block, row))
        first = len(nodes)
        for same in sorted(lots):
            block, row = lots[same][0]
            nodes.append(Node(block, row, tuple(int(one.lots[at]) for one, at in lots[same])))
        own = nodes[first:]
        families.append(
            Family(
                nodes=np.arange(first, len(nodes), dtype=np.int64),
                cost=np.stack([node.block.km[node.row] for node in own]),
                rows=blocks[0].rows.astype(np.int64),
                uses=blocks[0].uses,
            )
        )
    return families, nodes


def bound_of(problem: Problem, supply: Demand, found: Solution) -> Bound:
    """The bound with the prices that prove it; prices of nothing are left out."""
    prices = tuple(
        Price(
            site=problem.sites[one.site].id,
            kind=Kind(one.kind),
            price=round(float(found.prices[number]), 9),
            certificate=one.certificate,
        )
        for number, one in enumerate(supply.resources)
        if found.prices[number] > 0
    )
    return Bound(value=found.bound, unplaced_km=UNPLACED_KM, prices=prices)


def _dealt(
    problem: Problem, supply: Demand, nodes: Sequence[Node], found: Solution
) -> tuple[tuple[Placement, ...], tuple[Unplaced, ...]]:
    """Deal the people of each node out to its lots: members are counted from the first lot of a group on."""
    flows: dict[int, list[Flow]] = defaultdict(list)
    for flow in found.flows:
        flows[flow.node].append(flow)
    first = _first_members(supply)
    used = _used(supply, nodes, found)
    dealt: list[Dealt] = []
    for number, node in enumerate(nodes):
        km = node.block.km[node.row]
        dealt.append(_pieces(supply, node, sorted(flows[number], key=lambda flow: (km[flow.place], flow.place))))
    _fit_stations(problem, supply, nodes, dealt)
    placements: list[Placement] = []
    unplaced: list[Unplaced] = []
    for node, lots in zip(nodes, dealt, strict=True):
        for lot, places in lots.items():
            group = problem.groups[supply.group[lot]].id
            begin = first[lot]
            for place_number, count in places.items():
                if place_number is None:
                    reason, facts = _why_left(problem, supply, node, used)
                    unplaced.append(Unplaced(group=group, first=begin, count=count, reason=reason, facts=facts))
                else:
                    site = problem.sites[int(node.block.sites[place_number])].id
                    placements.append(Placement(group=group, site=site, first=begin, count=count))
                begin += count
    return (
        tuple(sorted(placements, key=lambda one: (one.group, one.first))),
        tuple(sorted(unplaced, key=lambda one: (one.group, one.first))),
    )


def _pieces(supply: Demand, node: Node, supplies: Sequence[Flow]) -> Dealt:
    """Lot -> place or None -> count: whole lots first where one fits, the rest in turn."""
    rest = {flow.place: flow.count for flow in supplies}
    done: Dealt = {}
    waiting: list[int] = []
    for lot in sorted(node.lots, key=lambda lot: (-int(supply.count[lot]), lot)):
        count = int(supply.count[lot])
        whole = next((place for place, left in rest.items() if left >= count), None)
        if whole is None:
            waiting.append(lot)
            continue
        rest[whole] -= count
        done[lot] = {whole: count}
    for lot in waiting:
        left = int(supply.count[lot])
        done[lot] = {}
        for place_number in rest:
            some = min(rest[place_number], left)
            if some:
                done[lot][place_number] = some
                rest[place_number] -= some
                left -= some
        if left:
            done[lot][None] = left
    return done


def _fit_stations(problem: Problem, supply: Demand, nodes: Sequence[Node], dealt: Sequence[Dealt]) -> None:
    """Swap candidates of a node between its sites where the levels need more stations than there are (:mod:`dealing`)."""
    by_certificate: dict[str, list[int]] = defaultdict(list)
    for number, node in enumerate(nodes):
        by_certificate[node.block.need.certificate].append(number)
    for certificate, own in by_certificate.items():
        served = served_of(problem, certificate)
        if not served or max(served.values()) == 1:
            continue
        shops: dict[int, Shop] = {}
        links: dict[int, list[Link]] = defaultdict(list)
        keys: dict[int, tuple[tuple[str, str], ...]] = {}
        for number in own:
            block = nodes[number].block
            shop_of = [
                next((int(row) for row in rows if supply.resources[row].kind is Kind.PRACTICAL), None)
                for rows in block.rows
            ]
            for lot, places in dealt[number].items():
                practical = practicals(problem, problem.groups[supply.group[lot]])
                if practical and supply.pinned[lot] < 0:
                    keys[lot] = practical
                for place_number, count in places.items():
                    row = None if place_number is None else shop_of[place_number]
                    if row is None:
                        continue
                    if row not in shops:
                        shops[row] = Shop(stations_of(problem, supply.resources[row].site, certificate), served, {})
                    for key in practical:
                        shops[row].counts[key] = shops[row].counts.get(key, 0) + count
            for row, link in links_of(shop_of, dealt[number]):
                links[row].append(link)
        swap_levels(Certificate(shops, links, keys))


def _first_members(supply: Demand) -> list[int]:
    """The first member of each lot within its group."""
    reached: dict[int, int] = defaultdict(int)
    found = []
    for group, count in zip(supply.group.tolist(), supply.count.tolist(), strict=True):
        found.append(reached[group])
        reached[group] += count
    return found


def _used(supply: Demand, nodes: Sequence[Node], found: Solution) -> Floats:
    """What the flows take of every resource."""
    used = np.zeros(len(supply.resources))
    for flow in found.flows:
        block = nodes[flow.node].block
        used[block.rows[flow.place]] += block.uses * flow.count
    return used


def _why_left(
    problem: Problem, supply: Demand, node: Node, used: Floats
) -> tuple[UnplacedReason, dict[str, str | int]]:
    """Why a node's people have no place: nowhere to go, held by a pin, or what is full at the nearest site."""
    km = node.block.km[node.row]
    allowed: Numbers = np.flatnonzero(np.isfinite(km))
    if not len(allowed):
        return UnplacedReason.NO_SITE, {"certificate": node.block.need.certificate}
    nearest = int(allowed[np.argmin(km[allowed])])
    site = problem.sites[int(node.block.sites[nearest])].id
    rows = node.block.rows[nearest]
    full = next((int(row) for row in rows if used[row] + 1e-9 >= supply.capacity[row]), int(rows[0]))
    facts: dict[str, str | int] = {
        "site": site,
        "kind": str(supply.resources[full].kind),
        "capacity": int(supply.capacity[full]),
    }
    pinned = supply.pinned[node.lots[0]] >= 0
    return UnplacedReason.PINNED if pinned else UnplacedReason.CAPACITY, facts
