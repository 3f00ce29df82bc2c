"""A whole plan: place the groups, make the sessions, fill the teams; who finds no slot is placed again elsewhere.

What is proven of the placement stays with the plan. A site whose rooms turn out too small for what was placed there
(rooms are not mixed, chains need slots in order) is planned with less in the next round.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np

from scheduling.planning.rules.demand import KIND, Demand, demand
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import FORMAT, Kind, Placement, Plan, Status, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import canonical_plan, problem_sha256
from scheduling.planning.solver.placement import Placed, place_demand
from scheduling.planning.solver.sessions import Scheduled, schedule_sites
from scheduling.planning.solver.staff import Staffed, assign

ROUNDS: Final = 3
_AGAIN: Final = frozenset({UnplacedReason.CAPACITY, UnplacedReason.TIME})


class Stage(StrEnum):
    """What the solver is at."""

    PLACEMENT = "placement"
    SESSIONS = "sessions"
    STAFF = "staff"


@dataclass(frozen=True)
class Step:
    """How far it is: of a stage, so many of so many; and what is known by then."""

    stage: Stage
    done: int
    total: int
    unplaced: int = 0
    km: float = 0.0
    gap: float = 0.0


Progress = Callable[[Step], None]


@dataclass(frozen=True)
class Solved:
    """The plan, and what its parts say of themselves."""

    plan: Plan
    placed: Placed
    scheduled: Scheduled
    staffed: Staffed


def solve(
    problem: Problem,
    *,
    seed: int = 1,
    seconds: float | None = None,
    processes: int = 2,
    progress: Progress | None = None,
) -> Plan:
    """Solve a problem that has been read and checked (:func:`reading.read_problem`).

    `seconds` is a limit of the clock: the best found by then is returned with what is proven. Without it, the same
    problem and seed give the same plan.
    """
    return solve_parts(problem, seed=seed, seconds=seconds, processes=processes, progress=progress).plan


def solve_parts(
    problem: Problem,
    *,
    seed: int = 1,
    seconds: float | None = None,
    processes: int = 2,
    progress: Progress | None = None,
) -> Solved:
    """The same, with the parts."""
    until = None if seconds is None else time.monotonic() + seconds
    tell = progress or _silent
    supply = demand(problem)
    tell(Step(Stage.PLACEMENT, 0, len(problem.groups)))
    placed = proven = place_demand(problem, supply, seconds=_left(until))
    best: tuple[int, Placed, Scheduled] | None = None
    less = np.zeros(len(supply.capacity))
    for _ in range(ROUNDS):
        tell(_placed_step(problem, placed))
        scheduled = schedule_sites(
            problem, placed.placements, seed=seed, seconds=_left(until), processes=processes,
            progress=lambda done, total, placed=placed: tell(_sessions_step(placed, done, total)),  # type: ignore[misc]
        )  # fmt: skip
        missing = sum(one.count for one in scheduled.unplaced)
        total = missing + sum(one.count for one in placed.unplaced)
        if best is None or total < best[0]:
            best = total, placed, scheduled
        short = _short(problem, supply, scheduled.unplaced, placed.placements)
        if not missing or not short or (until is not None and time.monotonic() > until):
            break
        for row, count in short.items():
            less[row] += count
        placed = place_demand(problem, _tightened(supply, less), seconds=_left(until))
    assert best is not None
    _, placed, scheduled = best
    tell(Step(Stage.STAFF, 0, len(scheduled.sessions), unplaced=best[0]))
    staffed = assign(problem, scheduled.sessions, seed=seed, seconds=_left(until), processes=processes)
    plan = _plan(problem, seed, proven, placed, scheduled, staffed)
    tell(Step(Stage.STAFF, len(scheduled.sessions), len(scheduled.sessions), unplaced=best[0]))
    return Solved(plan=plan, placed=proven, scheduled=scheduled, staffed=staffed)


def without(placements: Sequence[Placement], unplaced: Sequence[Unplaced]) -> tuple[Placement, ...]:
    """The placements of those who really have a place: members that are unplaced are cut out."""
    gone: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in sorted(unplaced, key=lambda item: item.first):
        gone[one.group].append((one.first, one.first + one.count))
    kept = []
    for placement in placements:
        begin, end = placement.first, placement.first + placement.count
        for first, last in gone.get(placement.group, ()):
            if last <= begin or first >= end:
                continue
            if first > begin:
                kept.append(msgspec.structs.replace(placement, first=begin, count=first - begin))
            begin = max(begin, last)
        if begin < end:
            kept.append(msgspec.structs.replace(placement, first=begin, count=end - begin))
    return tuple(kept)


def _plan(problem: Problem, seed: int, proven: Placed, placed: Placed, scheduled: Scheduled, staffed: Staffed) -> Plan:
    stopped = Status.STOPPED in {proven.status, placed.status} or not scheduled.finished or staffed.stopped
    same = placed is proven and not scheduled.unplaced and proven.status is Status.OPTIMAL
    plan = Plan(
        format=FORMAT,
        problem_sha256=problem_sha256(problem),
        seed=seed,
        status=Status.STOPPED if stopped else Status.OPTIMAL if same else Status.FEASIBLE,
        placements=without(placed.placements, scheduled.unplaced),
        sessions=scheduled.sessions,
        unplaced=(*placed.unplaced, *scheduled.unplaced),
        assignments=staffed.assignments,
        standby=staffed.standby,
        bound=proven.bound,
    )
    return canonical_plan(msgspec.structs.replace(plan, objectives=objectives(problem, plan)))


def _short(
    problem: Problem, supply: Demand, unplaced: Sequence[Unplaced], placements: Sequence[Placement]
) -> Mapping[int, int]:
    """Resource -> how many of those placed there found no slot."""
    row = {(problem.sites[one.site].id, one.kind, one.certificate): n for n, one in enumerate(supply.resources)}
    where: dict[str, list[Placement]] = defaultdict(list)
    for placement in placements:
        where[placement.group].append(placement)
    short: dict[int, int] = defaultdict(int)
    for one in unplaced:
        if one.reason not in _AGAIN:
            continue
        group = problem.group[one.group]
        home = next((item for item in where[one.group] if item.first <= one.first < item.first + item.count), None)
        if home is None:
            continue
        for part in problem.parts_of(group):
            kind = KIND[part.form]
            number = row.get((home.site, kind, group.certificate if kind is Kind.PRACTICAL else None))
            if number is not None:
                short[number] += one.count
    return short


def _tightened(supply: Demand, less: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Demand:
    capacity = np.maximum(0, supply.capacity - less.astype(np.int64))
    return Demand(
        group=supply.group,
        count=supply.count,
        pinned=supply.pinned,
        resources=supply.resources,
        capacity=capacity,
        blocks=supply.blocks,
    )


def _placed_step(problem: Problem, placed: Placed) -> Step:
    waiting = sum(one.count for one in placed.unplaced)
    km = placed.value - placed.bound.unplaced_km * waiting
    return Step(Stage.PLACEMENT, len(problem.groups), len(problem.groups), unplaced=waiting, km=km, gap=placed.gap)


def _sessions_step(placed: Placed, done: int, total: int) -> Step:
    waiting = sum(one.count for one in placed.unplaced)
    km = placed.value - placed.bound.unplaced_km * waiting
    return Step(Stage.SESSIONS, done, total, unplaced=waiting, km=km, gap=placed.gap)


def _left(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - time.monotonic())


def _silent(step: Step) -> None:
    """Tell nobody."""
