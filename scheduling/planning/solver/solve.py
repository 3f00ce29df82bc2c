"""A whole plan: place the groups, make the sessions, let who found no slot join others nearby, fill the teams.

The placement counts seats over the whole period; slot by slot, rooms may turn out too small (they are not mixed, and
components come in order). What is proven of the placement stays with the plan: the bound holds whatever follows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import fsum

import msgspec

from scheduling.planning.rules.demand import demand
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import FORMAT, Placement, Plan, Session, Status
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import canonical_plan, problem_sha256
from scheduling.planning.solver.joining import Joined
from scheduling.planning.solver.placement import Placed, place_demand
from scheduling.planning.solver.sessions import Reached, Scheduled
from scheduling.planning.solver.settling import Settled, settle
from scheduling.planning.solver.staff import Staffed, assign


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
    room_sessions: int = 0  # of the sites that are done


Progress = Callable[[Step], None]
Stop = Callable[[], bool]
BeforeStaff = Callable[[tuple[Session, ...]], Problem]


@dataclass(frozen=True)
class Solved:
    """The plan, and what its parts say of themselves."""

    plan: Plan
    placed: Placed
    scheduled: Scheduled
    joined: Joined
    staffed: Staffed


def solve(
    problem: Problem,
    *,
    seed: int = 1,
    seconds: float | None = None,
    processes: int = 2,
    progress: Progress | None = None,
    before_staff: BeforeStaff | None = None,
    stop: Stop | None = None,
) -> Plan:
    """Solve a problem that has been read and checked (:func:`reading.read_problem`).

    `seconds` is a limit of the clock: the best found by then is returned with what is proven. Without it, the same
    problem and seed give the same plan. `stop` is asked between stages and while sites are
    searched: True ends the search with the best so far.
    `before_staff` is given the sessions and answers the problem in which the teams are filled (whose plan it is then), for
    who is needed elsewhere than in teams.
    """
    return solve_parts(
        problem,
        seed=seed,
        seconds=seconds,
        processes=processes,
        progress=progress,
        before_staff=before_staff,
        stop=stop,
    ).plan


def solve_parts(
    problem: Problem,
    *,
    seed: int = 1,
    seconds: float | None = None,
    processes: int = 2,
    progress: Progress | None = None,
    before_staff: BeforeStaff | None = None,
    stop: Stop | None = None,
) -> Solved:
    """The same, with the parts."""
    until = None if seconds is None else time.monotonic() + seconds

    def left() -> float | None:
        return 0.0 if stop is not None and stop() else _left(until)

    tell = progress or _silent
    tell(Step(Stage.PLACEMENT, 0, len(problem.groups)))
    placed = place_demand(problem, demand(problem), seconds=left())
    tell(_step(Stage.PLACEMENT, placed, len(problem.groups), len(problem.groups)))
    settled = settle(
        problem, placed.placements, placed.unplaced, seed=seed, seconds=left(), processes=processes, stop=stop,
        progress=lambda reached: tell(_sessions_step(placed, reached)),
    )  # fmt: skip
    scheduled, joined = settled.scheduled, settled.joined
    km = _km(problem, joined.placements)
    tell(_staff_step(placed, joined, km, 0))
    if before_staff is not None:
        problem = before_staff(joined.sessions)
    staffed = assign(problem, joined.sessions, seed=seed, seconds=left(), processes=processes)
    plan = _plan(problem, seed, placed, settled, staffed)
    tell(_staff_step(placed, joined, km, len(joined.sessions)))
    return Solved(plan=plan, placed=placed, scheduled=scheduled, joined=joined, staffed=staffed)


def _plan(problem: Problem, seed: int, placed: Placed, settled: Settled, staffed: Staffed) -> Plan:
    stopped = placed.status is Status.STOPPED or not settled.finished or staffed.stopped
    joined = settled.joined
    stands = not settled.scheduled.unplaced and not joined.found  # the sessions have left the placement as it is
    proven = placed.status is Status.OPTIMAL and stands
    plan = Plan(
        format=FORMAT,
        problem_sha256=problem_sha256(problem),
        seed=seed,
        status=Status.STOPPED if stopped else Status.OPTIMAL if proven else Status.FEASIBLE,
        placements=joined.placements,
        sessions=joined.sessions,
        unplaced=joined.unplaced,
        assignments=staffed.assignments,
        standby=staffed.standby,
        open_positions=staffed.open,
        bound=placed.bound,
    )
    return canonical_plan(msgspec.structs.replace(plan, objectives=objectives(problem, plan)))


def _step(stage: Stage, placed: Placed, done: int, total: int) -> Step:
    waiting = sum(one.count for one in placed.unplaced)
    km = placed.value - placed.bound.unplaced_km * waiting
    return Step(stage, done, total, unplaced=waiting, km=km, gap=placed.gap)


def _sessions_step(placed: Placed, reached: Reached) -> Step:
    step = _step(Stage.SESSIONS, placed, reached.done, reached.total)
    return replace(step, unplaced=reached.unplaced, room_sessions=reached.room_sessions)


def _staff_step(placed: Placed, joined: Joined, km: float, done: int) -> Step:
    return Step(
        Stage.STAFF,
        done,
        len(joined.sessions),
        unplaced=sum(one.count for one in joined.unplaced),
        km=km,
        gap=placed.gap,
        room_sessions=len({(one.site, one.place, one.slot) for one in joined.sessions}),
    )


def _km(problem: Problem, placements: Sequence[Placement]) -> float:
    """Kilometres of all who have a place."""
    found = []
    for one in placements:
        home, site = problem.institution[problem.group[one.group].institution], problem.site[one.site]
        found.append(one.count * distance_km(home.lat, home.lon, site.lat, site.lon))
    return fsum(found)


def _left(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - time.monotonic())


def _silent(step: Step) -> None:
    """Tell nobody."""
