"""A second placement, with what the sites turned out to hold: who found no slot at their site displaces whom it costs least.

The first placement counts seats over the whole period. Where the search for sessions leaves somebody out, that many of a
certificate cannot sit there, as far as it found: the site is counted with whom it seats. The program then places everybody
again, staying preferred by so little (`_STAY_KM`) that it decides only between equals; so a chain of short moves may
take the place of one long way. Who moves leaves their sessions and is seated at the new site among what stands there
(:mod:`joining`); who finds no way there is a guest for whom the site is searched again (:mod:`settling`).

What a search did not find is no proof that it cannot be: these capacities never enter the bound of the placement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from scheduling.planning.rules.demand import Demand, demand, need_of, uses_of
from scheduling.planning.rules.plan import Kind, Placement, Session, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Group, Problem
from scheduling.planning.rules.ranges import shared, without, without_members
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.joining import AGAIN, Table
from scheduling.planning.solver.moving import Costs, Moved, pieces_of, placed_again
from scheduling.planning.solver.placement import UNPLACED_KM
from scheduling.planning.solver.transport import Floats

_STAY_KM: Final = 1.0
_NEAREST: Final = 8


@dataclass(frozen=True)
class Second:
    """The plan afterwards: everybody is in one of these."""

    placements: tuple[Placement, ...]
    sessions: tuple[Session, ...]
    unplaced: tuple[Unplaced, ...]
    guests: Mapping[str, Sequence[Unplaced]]  # site -> those of the unplaced who were meant to go there
    sites: frozenset[str]  # where somebody came or went


def second(
    problem: Problem,
    placements: Sequence[Placement],
    sessions: Sequence[Session],
    unplaced: Sequence[Unplaced],
    *,
    ending: Ending,
) -> Second | None:
    """Place again with what the sites hold; None when nobody would go anywhere, or it was ended."""
    fixed = _fixed(problem)
    left = [one for one in unplaced if one.group not in fixed and one.reason in AGAIN]
    if not left:
        return None
    supply = demand(problem)
    capacity = _capacity(problem, supply, placements, left, fixed)
    pieces = pieces_of((one for one in placements if one.group not in fixed), left)
    costs = Costs(move_km=_STAY_KM, unplaced_km=UNPLACED_KM, nearest=_NEAREST)
    moved = placed_again(problem, supply, capacity, pieces, costs, ending=ending)
    if not moved.finished or not moved.fresh:
        return None
    return _seated(problem, placements, sessions, unplaced, moved)


def _fixed(problem: Problem) -> set[str]:
    """Groups that stay where they are: whom a pin holds, and people whose other exams bind them."""
    pinned = {pin.group for pin in problem.pins if pin.group is not None}
    return pinned | {one.id for one in problem.groups if one.person is not None or one.away}


def _capacity(
    problem: Problem, supply: Demand, placements: Iterable[Placement], left: Iterable[Unplaced], fixed: set[str]
) -> Floats:
    """What each resource has for whoever may move: no more than is used where somebody was left out of it."""
    row = {(problem.sites[one.site].id, one.kind, one.certificate): at for at, one in enumerate(supply.resources)}
    used, held = np.zeros(len(row)), np.zeros(len(row))
    uses = {block.need: uses_of(problem, block.need) for block in supply.blocks}
    for one in placements:
        group = problem.group[one.group]
        for kind, weight in uses[need_of(group)].items():
            at = row[one.site, kind, _certificate(group, kind)]
            used[at] += weight * one.count
            held[at] += weight * one.count if group.id in fixed else 0.0
    capacity = supply.capacity.astype(np.float64)
    for out in left:
        group = problem.group[out.group]
        kind = list(uses[need_of(group)])[-1]  # the practical, where there is one: stations are the scarcest
        key = str(out.facts.get("site", "")), kind, _certificate(group, kind)
        if key in row:
            capacity[row[key]] = min(capacity[row[key]], used[row[key]])
    return np.maximum(capacity - held, 0.0)


def _certificate(group: Group, kind: Kind) -> str | None:
    return group.certificate if kind is Kind.PRACTICAL else None


def _seated(
    problem: Problem,
    placements: Sequence[Placement],
    sessions: Sequence[Session],
    unplaced: Sequence[Unplaced],
    moved: Moved,
) -> Second:
    """Take out who moves, and seat them where they are meant to go, the largest pieces first."""
    out: list[Placement | Unplaced] = [*moved.fresh, *moved.unplaced]
    table = Table(problem, without_members(sessions, out), ())
    found: list[Placement] = []
    guests: dict[str, list[Unplaced]] = defaultdict(list)
    for one in sorted(moved.fresh, key=lambda new: (-new.count, new.group, new.first)):
        seated = table.seat(one.site, problem.group[one.group], one.first, one.count)
        if seated:
            found.append(msgspec.structs.replace(one, count=seated))
        if seated < one.count:
            rest = one.first + seated, one.count - seated
            guests[one.site].append(
                Unplaced(
                    group=one.group, first=rest[0], count=rest[1], reason=UnplacedReason.TIME, facts={"site": one.site}
                )
            )
    still = shared(unplaced, moved.unplaced)
    tried = [one for some in guests.values() for one in some]
    others = without(unplaced, out)
    came = {one.site for one in moved.fresh}
    went = {one.site for one in shared(placements, out)}
    return Second(
        placements=(*without(placements, out), *found),
        sessions=table.all(),
        unplaced=(*others, *still, *without(moved.unplaced, still), *tried),
        guests=guests,
        sites=frozenset(came | went),
    )
