"""The transport problem behind placement: many to few, shared capacities, solved to a proven optimum and in whole people.

Minimise the cost of sending `count[i]` people of every node to places, each person taking up the resources of the place
chosen; who finds none costs `unplaced`. One linear program (HiGHS) over columns that are generated as they are needed:
it starts with the nearest places of every node, and after each solution *every* arc is priced exactly, so that nothing
is lost by not listing them all. The prices give a lower bound (Lagrange) that needs no solver to verify.

It can be ended at any time, inside the program too (HiGHS asks): then the last solution that was finished stands, in whole
people as far as there was time for it, with the best bound by then; before the first one, what :mod:`fallback` finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.fallback import Sent, filled_up
from scheduling.planning.solver.quiet import quiet

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

_NEAREST: Final = 8  # places of every node to begin with
_NEW_PER_NODE: Final = 8  # columns a node may gain in a round
_ROUNDS: Final = 200
_NEGATIVE: Final = -1e-7  # a reduced cost below this improves
_WHOLE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Family:
    """Nodes that may go to the same places and take up the same there."""

    nodes: Numbers  # [n] their numbers
    cost: Floats  # [n, s] of one person; inf: not allowed
    rows: Numbers  # [s, k] resources
    uses: Floats  # [k] what one person takes of each


@dataclass(frozen=True, eq=False)
class Flow:
    """So many people of a node at a place of its family."""

    node: int
    place: int  # column of the family's cost
    count: int


@dataclass(frozen=True, eq=False)
class Solution:
    """Whole people, and what is proven."""

    flows: tuple[Flow, ...]
    left: Numbers  # [node] people without a place
    value: float  # cost of the flows and of who is left
    bound: float  # no solution costs less
    prices: Floats  # [resource] what one more unit would save
    finished: bool  # False: it was ended before


def solve(
    count: Numbers,
    capacity: Floats,
    families: Sequence[Family],
    *,
    unplaced: float,
    ending: Ending | None = None,
    nearest: int = _NEAREST,
    first: npt.NDArray[np.bool_] | None = None,
) -> Solution:
    """Solve; when `ending` comes, with the best so far and the bound proven by then.

    `nearest`: how many of its cheapest places a node begins with. It changes the speed, not the optimum. `first`: nodes whose
    people are placed before all others where there is not room for everybody (the value and the bound count them alike).
    """
    ending = ending or Ending()
    master = _Master(count.astype(np.float64), capacity, families, unplaced, nearest, first, ending)
    finished, best, prices = False, -np.inf, np.zeros(len(capacity))
    for _ in range(_ROUNDS):
        if not master.run():
            break
        bound, found, new = master.price()
        if bound > best:
            best, prices = bound, found
        if not new:
            finished = True
            break
        if ending.reached():
            break
        master.extend(new)
    if best == -np.inf:  # nothing is known but that nobody can go nearer than the nearest
        best = lower_bound(master.count, capacity, families, prices, unplaced=unplaced)
    whole, sent = master.whole()
    if not whole:
        sent = filled_up(count, capacity, families, sent, first)
    return _solution(master, sent, best, prices, finished=finished and whole)


def lower_bound(
    count: Floats, capacity: Floats, families: Sequence[Family], prices: Floats, *, unplaced: float
) -> float:
    """What any prices >= 0 prove: everybody at the cheapest place with prices paid, minus what the capacities are worth."""
    value = -float(capacity @ prices)
    for family in families:
        cheapest = np.full(len(family.nodes), unplaced)
        if family.cost.shape[1]:
            cheapest = np.minimum((family.cost + prices[family.rows] @ family.uses).min(axis=1), unplaced)
        value += float(count[family.nodes] @ cheapest)
    return value


@dataclass(frozen=True, eq=False)
class _New:
    """Columns to add: places of nodes of one family."""

    family: int
    rows: Numbers
    places: Numbers


class _Master:
    """The linear program with the columns found so far; the first of them leave a node's people unplaced."""

    def __init__(
        self,
        count: Floats,
        capacity: Floats,
        families: Sequence[Family],
        unplaced: float,
        nearest: int,
        first: npt.NDArray[np.bool_] | None,
        ending: Ending,
    ) -> None:
        self.count, self.capacity, self.families, self.unplaced = count, capacity, families, unplaced
        self.ending = ending
        self.left_out = np.full(len(count), unplaced)  # what it costs the program to leave somebody out
        if first is not None:
            self.left_out[first] *= 2
        self.known = [np.zeros(family.cost.shape, dtype=bool) for family in families]
        size = len(count)
        self.family = np.full(size, -1, dtype=np.int64)
        self.node = np.arange(size, dtype=np.int64)
        self.place = np.full(size, -1, dtype=np.int64)
        self.highs = _highs(ending)
        self.highs.passModel(self._empty())
        self.extend([_nearest(number, family, nearest) for number, family in enumerate(families) if family.cost.size])
        self.values: Floats | None = None  # of the last solution that was finished
        self.duals = np.zeros(0)

    def _empty(self) -> Any:
        size, none = len(self.count), highspy.kHighsInf
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = size, size + len(self.capacity)
        lp.col_cost_ = self.left_out
        lp.col_lower_, lp.col_upper_ = np.zeros(size), np.full(size, none)
        lp.row_lower_ = np.concatenate([self.count, np.full(len(self.capacity), -none)])
        lp.row_upper_ = np.concatenate([self.count, self.capacity])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.arange(size + 1)
        lp.a_matrix_.index_ = np.arange(size)
        lp.a_matrix_.value_ = np.ones(size)
        return lp

    def extend(self, new: Sequence[_New]) -> None:
        """Add columns: a person of the node, at the place, with what it uses there."""
        costs, indexes, weights, lengths = [], [], [], []
        for one in new:
            family = self.families[one.family]
            fresh = ~self.known[one.family][one.rows, one.places]
            rows, places = one.rows[fresh], one.places[fresh]
            self.known[one.family][rows, places] = True
            nodes = family.nodes[rows]
            used = len(self.count) + family.rows[places]
            costs.append(family.cost[rows, places])
            indexes.append(np.concatenate([nodes[:, None], used], axis=1).ravel())
            weights.append(np.tile(np.concatenate([[1.0], family.uses]), len(nodes)))
            lengths.append(np.full(len(nodes), 1 + len(family.uses)))
            self.family = np.concatenate([self.family, np.full(len(nodes), one.family)])
            self.node = np.concatenate([self.node, nodes])
            self.place = np.concatenate([self.place, places])
        if not costs:
            return
        cost, index, length = np.concatenate(costs), np.concatenate(indexes), np.concatenate(lengths)
        starts = np.concatenate([[0], np.cumsum(length)[:-1]])
        self.highs.addCols(
            len(cost),
            cost,
            np.zeros(len(cost)),
            np.full(len(cost), highspy.kHighsInf),
            len(index),
            starts.astype(np.int32),
            index.astype(np.int32),
            np.concatenate(weights),
        )

    def run(self) -> bool:
        """Solve over the columns known so far, from where the last solution stood; False: it was ended first."""
        self.highs.run()
        if self.highs.getModelStatus() == highspy.HighsModelStatus.kInterrupt:
            return False
        solution = self.highs.getSolution()
        self.values, self.duals = np.array(solution.col_value), np.array(solution.row_dual)
        return True

    def price(self) -> tuple[float, Floats, list[_New]]:
        """The bound that the present prices prove, the prices, and the columns that would improve the solution."""
        size = len(self.count)
        worth, prices = self.duals[:size], np.maximum(0.0, -self.duals[size:])
        bound = lower_bound(self.count, self.capacity, self.families, prices, unplaced=self.unplaced)
        new = []
        for number, family in enumerate(self.families):
            if not family.cost.size:
                continue
            reduced = family.cost + prices[family.rows] @ family.uses - worth[family.nodes][:, None]
            reduced[self.known[number]] = np.inf
            rows, places = _lowest(reduced, _NEW_PER_NODE)
            improving = reduced[rows, places] < _NEGATIVE
            if improving.any():
                new.append(_New(number, rows[improving], places[improving]))
        return bound, prices, new

    def whole(self) -> tuple[bool, Sent]:
        """The last solution in whole people: as it is where it is whole, the rest by a small integer program.

        Ended before that program, or before any solution: False, with those who are whole.
        """
        if self.values is None:
            return False, {}
        values = np.concatenate([self.values, np.zeros(len(self.node) - len(self.values))])
        broken = np.abs(values - np.round(values)) > _WHOLE
        if not broken.any():
            return True, self._sent(np.round(values))
        concerned = np.isin(self.node, np.unique(self.node[broken]))
        kept = np.where(concerned, 0.0, np.round(values))
        rest = None if self.ending.reached() else self._integral(concerned, kept)
        if rest is None:
            return False, self._sent(np.where(broken, np.floor(values), np.round(values)))
        return True, self._sent(kept + rest)

    def _sent(self, values: Floats) -> Sent:
        """How many people go from which node to which place."""
        size = len(self.count)
        return {
            (int(self.node[column]), int(self.place[column])): int(values[column])
            for column in (np.flatnonzero(values[size:]) + size).tolist()
        }

    def _integral(self, concerned: npt.NDArray[np.bool_], kept: Floats) -> Floats | None:
        """Place the people of the concerned nodes again, in whole numbers, into what the others leave; None: ended first."""
        size = len(self.count)
        taken = self._taken(kept)
        highs, columns = _highs(self.ending), np.flatnonzero(concerned).tolist()
        nodes = np.unique(self.node[columns])
        row_of = {int(node): number for number, node in enumerate(nodes)}
        resources = np.unique(np.concatenate([self._rows(column)[0] for column in columns]))
        resource_of = {int(row): len(nodes) + number for number, row in enumerate(resources)}
        for node in nodes:
            highs.addRow(self.count[node], self.count[node], 0, np.array([], dtype=np.int32), np.array([]))
        for row in resources:
            room = self.capacity[row] - taken[row]
            highs.addRow(-highspy.kHighsInf, room, 0, np.array([], dtype=np.int32), np.array([]))
        for column in columns:
            rows, uses = self._rows(column)
            index = [row_of[int(self.node[column])], *(resource_of[int(row)] for row in rows)]
            cost = self.left_out[column] if column < size else self._cost(column)
            highs.addCol(
                cost,
                0.0,
                self.count[self.node[column]],
                len(index),
                np.array(index, dtype=np.int32),
                np.array([1.0, *uses]),
            )
        for number in range(len(columns)):
            highs.changeColIntegrality(number, highspy.HighsVarType.kInteger)
        highs.setOptionValue("mip_rel_gap", 0.0)
        with quiet():
            highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kInterrupt:
            return None
        found = np.zeros(len(self.node))
        found[columns] = np.round(np.array(highs.getSolution().col_value))
        return found

    def _rows(self, column: int) -> tuple[Numbers, Floats]:
        if self.place[column] < 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        family = self.families[self.family[column]]
        return family.rows[self.place[column]].astype(np.int64), family.uses

    def _cost(self, column: int) -> float:
        family = self.families[self.family[column]]
        row = int(np.searchsorted(family.nodes, self.node[column]))
        return float(family.cost[row, self.place[column]])

    def _taken(self, values: Floats) -> Floats:
        taken = np.zeros(len(self.capacity))
        for column in np.flatnonzero(values):
            rows, uses = self._rows(int(column))
            taken[rows] += uses * values[column]
        return taken


def _solution(master: _Master, sent: Sent, bound: float, prices: Floats, *, finished: bool) -> Solution:
    flows = tuple(Flow(node, place, count) for (node, place), count in sent.items())
    left = master.count.astype(np.int64)
    value = 0.0
    rows = {int(node): (family.cost, row) for family in master.families for row, node in enumerate(family.nodes)}
    for flow in flows:
        cost, row = rows[flow.node]
        value += float(cost[row, flow.place]) * flow.count
        left[flow.node] -= flow.count
    value += master.unplaced * float(left.sum())
    return Solution(flows=flows, left=left, value=value, bound=bound, prices=prices, finished=finished)


def _nearest(number: int, family: Family, most: int) -> _New:
    rows, places = _lowest(family.cost, most)
    allowed = np.isfinite(family.cost[rows, places])
    return _New(number, rows[allowed], places[allowed])


def _lowest(table: Floats, most: int) -> tuple[Numbers, Numbers]:
    """Row and column of the lowest entries of each row."""
    height, width = table.shape
    if width > most:
        places = np.argpartition(table, most - 1, axis=1)[:, :most]
    else:
        places = np.tile(np.arange(width), (height, 1))
    return np.repeat(np.arange(height), places.shape[1]), places.ravel()


def _highs(ending: Ending) -> Any:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 0)
    if ending.may_come():
        for ask in (highs.cbSimplexInterrupt, highs.cbMipInterrupt):
            ask.subscribe(lambda event: event.interrupt() if ending.reached() else None)
    return highs
