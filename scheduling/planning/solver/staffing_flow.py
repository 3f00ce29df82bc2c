"""Staffing by flows with convex costs: first who goes to which site on which day, then who takes which place.

Both are minimum-cost flows (Ahuja, Magnanti and Orlin, *Network Flows*, chapter 14: a convex cost is a bundle of arcs, each dearer than
the one before). The second is exact for the sites that the first chose: it fills as many places as possible, makes the loads
as even as possible (least sum of squares, which is also the least spread), and among those looks for little travel. The cost of the
first session of somebody's day is fixed, which a flow cannot express: it is spread over the sessions that the day had in the last round.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from scheduling.planning.solver.staffing_state import FREE, State
from scheduling.planning.solver.staffing_table import Numbers, Table

NOWHERE = -1
PER_KM = 10  # costs are whole numbers: hundreds of metres
NEAREST = 8  # sites that somebody is considered for as an invigilator, in the first flow

Costs = npt.NDArray[np.int64]


class Network:
    """Arcs and nodes of a flow from a source to a sink, gathered in bulk; arcs are numbered as they come."""

    def __init__(self) -> None:
        self.nodes = 2
        self.arcs = 0
        self._parts: list[tuple[Numbers, Numbers, Numbers, Costs]] = []

    SOURCE, SINK = 0, 1

    def add_nodes(self, count: int) -> int:
        """So many nodes; the number of the first."""
        first = self.nodes
        self.nodes += count
        return first

    def add(self, tails: object, heads: object, capacity: object, cost: object) -> int:
        """Arcs; scalars are repeated. The number of the first."""
        made = np.broadcast_arrays(*(np.asarray(one, dtype=np.int64) for one in (tails, heads, capacity, cost)))
        first = self.arcs
        self.arcs += made[0].size
        self._parts.append((made[0].ravel(), made[1].ravel(), made[2].ravel(), made[3].ravel()))
        return first

    def flow(self, amount: int) -> Numbers:
        """How much goes over each arc when so much goes from source to sink at least cost."""
        if not amount:
            return np.zeros(self.arcs, dtype=np.int64)
        solver = SimpleMinCostFlow()
        tails, heads, capacity, cost = (np.concatenate(one) for one in zip(*self._parts, strict=True))
        solver.add_arcs_with_capacity_and_unit_cost(tails.astype(np.int32), heads.astype(np.int32), capacity, cost)
        solver.set_nodes_supplies(
            np.array([self.SOURCE, self.SINK], dtype=np.int32), np.array([amount, -amount], dtype=np.int64)
        )
        status = solver.solve()
        if status != solver.OPTIMAL:
            raise RuntimeError(f"a flow without an answer: {status}")
        found: Numbers = solver.flows(np.arange(self.arcs, dtype=np.int32))
        return found


def choose_sites(state: State) -> list[list[int]]:
    """[person][day]: the site to which somebody may go, the wanted ones by a flow, the nearest that needs anybody for the others."""
    table = state.table
    sites = _fixed_sites(state)
    network = Network()
    days = len(table.slots_of_day)
    step = 10 * PER_KM * _farthest(table)
    persons = network.add_nodes(len(table.persons))
    person_days = network.add_nodes(len(table.persons) * days)
    for times in range(days):
        network.add(Network.SOURCE, np.arange(len(table.persons)) + persons, 1, times * step)
    everyone = np.repeat(np.arange(len(table.persons)), days)
    network.add(everyone + persons, np.arange(everyone.size) + person_days, 1, 0)
    wanted = 0
    arcs = []
    for day, site, needed, able in _needs(state):
        near = [sites[person][day] in (NOWHERE, site) for person in range(len(table.persons))]
        free = np.array(near, dtype=np.bool_)
        people = np.flatnonzero((able > 0) & free)
        node = network.add_nodes(1)
        missing = 1 - able[people] / able.max(initial=1)
        cost = np.rint((table.km[people, site] + missing * 20) * PER_KM).astype(np.int64)
        arcs.append((network.add(people * days + day + person_days, node, 1, cost), people, day, site))
        network.add(node, Network.SINK, needed, 0)
        network.add(Network.SOURCE, node, needed, step * days * 10)
        wanted += needed
    flow = network.flow(wanted)
    for first, people, day, site in arcs:
        for person in people[flow[first : first + people.size] > 0].tolist():
            sites[person][day] = site
    _send_others(state, sites)
    return sites


def _farthest(table: Table) -> int:
    return int(table.km.max(initial=1.0)) + 1


def _fixed_sites(state: State) -> list[list[int]]:
    """Where somebody is on a day because a place of theirs is fixed."""
    days = len(state.table.slots_of_day)
    sites = [[NOWHERE] * days for _ in state.table.persons]
    for place, person in enumerate(state.holder):
        if person != FREE:
            sites[person][state.table.day[state.slot(place)]] = state.site(place)
    return sites


def _needs(state: State) -> list[tuple[int, int, int, Numbers]]:
    """(day, site, how many people at most at once, of each person the number of slots in which they could) per kind of place."""
    table = state.table
    sessions: dict[tuple[int, int, str], dict[int, list[int]]] = {}
    for number, (site, slot, kind) in enumerate(zip(table.site, table.slot, table.kind, strict=True)):
        sessions.setdefault((table.day[slot], site, kind), {}).setdefault(slot, []).append(number)
    order = np.argsort(table.km, axis=1, kind="stable")[:, :NEAREST]
    close = np.zeros(table.km.shape, dtype=np.bool_)
    np.put_along_axis(close, order, True, axis=1)
    needs = []
    for (day, site, kind), slots in sorted(sessions.items()):
        for head in (True, False):
            matrix = table.head if head else table.member
            able = sum(
                (matrix[:, numbers].any(axis=1).astype(np.int64) for _, numbers in sorted(slots.items())), np.int64(0)
            )
            able = np.asarray(able) if kind else np.asarray(able) * close[:, site]
            most = max(
                sum(
                    state.holder[place] == FREE and table.place_head[place] == head
                    for one in numbers
                    for place in table.places[one]
                )
                for numbers in slots.values()
            )
            if most:
                needs.append((day, site, most, able))
    return needs


def _send_others(state: State, sites: list[list[int]]) -> None:
    """Everybody without a site on a day is thought of at the nearest one where they could take a place."""
    table = state.table
    days = len(table.slots_of_day)
    useful = np.zeros((len(table.persons), days, len(table.sites)), dtype=np.bool_)
    any_place = table.head | table.member
    for number, (site, slot) in enumerate(zip(table.site, table.slot, strict=True)):
        useful[:, table.day[slot], site] |= any_place[:, number]
    far = np.where(useful, table.km[:, None, :], np.inf)
    nearest = far.argmin(axis=2)
    for person, row in enumerate(sites):
        for day, site in enumerate(row):
            if site == NOWHERE and np.isfinite(far[person, day, nearest[person, day]]):
                row[day] = int(nearest[person, day])


def serve(state: State, sites: Sequence[Sequence[int]], share: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """(place, person): who takes which open place, everybody only at their site of the day.

    `share[person][day]` is the number of sessions over which the way of that day is spread.
    """
    table = state.table
    if not table.persons:
        return []
    slots = len(table.slots)
    network = Network()
    persons = network.add_nodes(len(table.persons))
    person_slots = network.add_nodes(len(table.persons) * slots)
    classes = network.add_nodes(2 * len(table.sessions))
    open_places = [[place for place in places if state.holder[place] == FREE] for places in table.places]
    wanted = np.array(
        [[sum(table.place_head[p] == head for p in each) for head in (True, False)] for each in open_places]
    )
    wanted = wanted.reshape(-1)
    step = 10 * PER_KM * _farthest(table)
    dearest = _loads(network, state, persons, int(wanted.sum()), step)
    everyone = np.repeat(np.arange(len(table.persons)), slots)
    network.add(everyone + persons, np.arange(everyone.size) + person_slots, 1, 0)
    first, tails, heads = _places(network, state, sites, share, person_slots, classes)
    network.add(np.arange(wanted.size) + classes, Network.SINK, wanted, 0)
    network.add(Network.SOURCE, np.arange(wanted.size) + classes, wanted, dearest * 10)
    flow = network.flow(int(wanted.sum()))[first : first + tails.size]
    found = []
    for person_slot, one in zip(tails[flow > 0].tolist(), heads[flow > 0].tolist(), strict=True):
        session, head = one // 2, one % 2 == 0
        place = next(place for place in open_places[session] if table.place_head[place] == head)
        open_places[session].remove(place)
        found.append((place, person_slot // slots))
    return found


def _loads(network: Network, state: State, persons: int, wanted: int, step: int) -> int:
    """The arcs from the source, each session of a person dearer than the one before; the cost of the dearest."""
    table = state.table
    even = -(-(wanted + sum(state.load)) // max(1, len(table.persons)))
    load = np.array(state.load)
    room = np.maximum(np.minimum(np.array(table.most), len(table.slots)) - load, 0)
    units = 2 * even + 2
    everyone = np.arange(len(table.persons)) + persons
    for times in range(units):
        network.add(Network.SOURCE, everyone, np.clip(room - times, 0, 1), (load + times) * step)
    dearest = (int(load.max(initial=0)) + units) * step
    network.add(Network.SOURCE, everyone, np.maximum(room - units, 0), dearest)
    return dearest


def _places(
    network: Network,
    state: State,
    sites: Sequence[Sequence[int]],
    share: Sequence[Sequence[int]],
    person_slots: int,
    classes: int,
) -> tuple[int, Numbers, Numbers]:
    """The arcs from people in slots to the places at their site: number of the first, person x slot, session x (head, member)."""
    table = state.table
    at = np.array(sites).reshape(len(table.persons), -1)
    shares = np.array(share).reshape(len(table.persons), -1)
    free = np.array(state.at, dtype=np.int64).reshape(len(table.persons), -1) == FREE
    tails, heads, costs = [], [], []
    for session, (site, slot) in enumerate(zip(table.site, table.slot, strict=True)):
        day = table.day[slot]
        here = (at[:, day] == site) & free[:, slot]
        for head, matrix in enumerate((table.head, table.member)):
            people = np.flatnonzero(here & matrix[:, session])
            tails.append(people * len(table.slots) + slot)
            heads.append(np.full(people.size, 2 * session + head))
            costs.append(np.rint(table.km[people, site] * PER_KM / shares[people, day]).astype(np.int64))
    tail, head_, cost = (np.concatenate(one) if one else np.zeros(0, dtype=np.int64) for one in (tails, heads, costs))
    return network.add(tail + person_slots, head_ + classes, 1, cost), tail, head_
