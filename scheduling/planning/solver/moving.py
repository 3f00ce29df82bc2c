"""Placing again while others stay: who lost their site after publication, or found no slot there before it.

Everybody keeps their site in the model: staying costs their kilometres, leaving costs so many more. After publication that
is more than any way (`MOVE_KM`), and a place that nobody gives up is worth more than any number of moves: the fewest
unplaced, then the fewest others moved, then least travel. Pins stand, because a pinned lot is allowed at its site only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from scheduling.planning.rules.demand import Demand, demand
from scheduling.planning.rules.plan import Placement, Plan, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Problem
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.placement import Node, nodes_of
from scheduling.planning.solver.transport import Family, Floats, Solution, solve

MOVE_KM: Final = 20_000.0
"""What moving a candidate who has lost nothing costs: more than any way in the country."""
UNPLACED_KM: Final = 2_000_000.0
"""What a candidate without a place costs: more than a chain of a hundred moves."""


@dataclass(frozen=True)
class Piece:
    """Members of a group who are at one site now (None: nowhere), and whether they lost it."""

    group: str
    first: int
    count: int
    site: str | None
    lost: bool


@dataclass(frozen=True)
class Moved:
    """Who goes where instead."""

    placements: tuple[Placement, ...]  # of everybody
    fresh: tuple[Placement, ...]  # those of them that differ from before
    unplaced: tuple[Unplaced, ...]
    others: int  # candidates moved who had lost nothing
    finished: bool


@dataclass(frozen=True, eq=False)
class _Stand:
    """Pieces alike: their node and where they are now (column of the family's cost; -1: to be placed)."""

    node: Node
    place: int
    pieces: list[Piece]


def move(problem: Problem, plan: Plan, lost: Collection[str], *, seconds: float | None = None) -> Moved:
    """Place again who was at a lost site or has no place in the plan; everybody else stays if possible.

    `problem` is as it stands now (:func:`losses.as_it_stands`).
    """
    supply = demand(problem)
    capacity = supply.capacity.astype(np.float64)
    pieces = pieces_of(plan.placements, plan.unplaced, lost)
    costs = Costs(move_km=MOVE_KM, unplaced_km=UNPLACED_KM, nearest=2)
    return placed_again(problem, supply, capacity, pieces, costs, ending=Ending.after(seconds))


@dataclass(frozen=True)
class Costs:
    """What moving, and leaving somebody without a place, costs beside the kilometres; and where the search begins."""

    move_km: float
    unplaced_km: float
    nearest: int


def placed_again(
    problem: Problem,
    supply: Demand,
    capacity: Floats,
    pieces: Mapping[str, Sequence[Piece]],
    costs: Costs,
    *,
    ending: Ending,
) -> Moved:
    """Place these pieces (of a group, by its id) into so much capacity; who is in none of them takes none of it."""
    families, nodes = nodes_of(problem, supply)
    stands, split = _split(problem, families, nodes, pieces, supply.group, costs.move_km)
    count = np.array([sum(piece.count for piece in stand.pieces) for stand in stands], dtype=np.int64)
    found = solve(count, capacity, split, unplaced=costs.unplaced_km, ending=ending, nearest=costs.nearest)
    return _dealt(problem, stands, found)


def pieces_of(
    placements: Iterable[Placement], unplaced: Iterable[Unplaced], lost: Collection[str] = ()
) -> dict[str, list[Piece]]:
    """Where the members of every group are now."""
    pieces: dict[str, list[Piece]] = defaultdict(list)
    for one in placements:
        gone = one.site in lost
        pieces[one.group].append(Piece(one.group, one.first, one.count, None if gone else one.site, gone))
    for left in unplaced:
        pieces[left.group].append(Piece(left.group, left.first, left.count, None, lost=False))
    return pieces


def _split(
    problem: Problem,
    families: Sequence[Family],
    nodes: Sequence[Node],
    pieces: Mapping[str, Sequence[Piece]],
    group_of_lot: np.ndarray[tuple[int], np.dtype[np.int32]],
    move_km: float,
) -> tuple[list[_Stand], list[Family]]:
    """Split each node by where its people are now."""
    stands: list[_Stand] = []
    made: list[Family] = []
    dealt: set[str] = set()
    for family in families:
        first, costs = len(stands), []
        for row, number in enumerate(family.nodes.tolist()):
            node = nodes[number]
            place_of = {problem.sites[site].id: place for place, site in enumerate(node.block.sites.tolist())}
            at: dict[int, list[Piece]] = defaultdict(list)
            for lot in node.lots:
                group = problem.groups[group_of_lot[lot]].id
                if group in dealt:
                    continue
                dealt.add(group)
                for piece in pieces.get(group, []):
                    at[place_of.get(piece.site or "", -1)].append(piece)
            for place in sorted(at):
                stands.append(_Stand(node, place, at[place]))
                cost = family.cost[row].copy()
                if place >= 0:
                    cost += move_km
                    cost[place] = family.cost[row, place]
                costs.append(cost)
        if costs:
            made.append(
                Family(np.arange(first, len(stands), dtype=np.int64), np.stack(costs), family.rows, family.uses)
            )
    return stands, made


def _dealt(problem: Problem, stands: Sequence[_Stand], found: Solution) -> Moved:
    """Turn flows into placements: who stays is taken from the front of the pieces, who goes from their end."""
    flows: dict[int, dict[int, int]] = defaultdict(dict)
    for flow in found.flows:
        flows[flow.node][flow.place] = flow.count
    placements: list[Placement] = []
    fresh: list[Placement] = []
    unplaced: list[Unplaced] = []
    others = 0
    for number, stand in enumerate(stands):
        rest = dict(sorted(flows[number].items(), key=lambda item: (item[0] != stand.place, item[0])))
        for piece in stand.pieces:
            begin, left = piece.first, piece.count
            for place in rest:
                some = min(left, rest[place])
                if not some:
                    continue
                site = problem.sites[int(stand.node.block.sites[place])].id
                one = Placement(group=piece.group, site=site, first=begin, count=some)
                placements.append(one)
                if place != stand.place:
                    fresh.append(one)
                    others += some if stand.place >= 0 else 0
                rest[place] -= some
                begin, left = begin + some, left - some
            if left:
                unplaced.append(Unplaced(group=piece.group, first=begin, count=left, reason=UnplacedReason.CAPACITY))
    return Moved(tuple(placements), tuple(fresh), tuple(unplaced), others, found.finished)
