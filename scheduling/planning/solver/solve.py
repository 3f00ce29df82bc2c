"""A whole plan: place the groups, make the sessions, let who found no slot join others nearby, fill the teams.

The placement counts seats over the whole period; slot by slot, rooms may turn out too small (they are not mixed, and
components come in order). What is proven of the placement stays with the plan: the bound holds whatever follows.
On the way the best plan so far can be kept (:mod:`so_far`), each of them whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduling.planning.rules.demand import demand
from scheduling.planning.rules.plan import Plan, Session, Status
from scheduling.planning.rules.problem import Problem
from scheduling.planning.solver.ending import PATIENCE, Ending, Stop
from scheduling.planning.solver.joining import Joined
from scheduling.planning.solver.placement import Placed, place_demand
from scheduling.planning.solver.sessions import Reached, Scheduled
from scheduling.planning.solver.settling import Settled, Standing, settle, travel_km
from scheduling.planning.solver.so_far import Keep, SoFar, plan_of
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
    patience: float = PATIENCE,
    keep: Keep | None = None,
) -> Plan:
    """Solve a problem that has been read and checked (:func:`reading.read_problem`).

    `seconds` is a limit of the clock: the best found by then is returned with what is proven. Without it, the same
    problem and seed give the same plan. `stop` is asked all the time, inside the linear program and at every site and pool
    of staff: True ends the search with the best so far. After either end, what is not begun is done in the shortest way for
    `patience` seconds in each stage; whoever is not reached by then is listed without a place.
    `keep` is given the best plan so far after the placement, now and then while sites are searched, and before the teams.
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
        patience=patience,
        keep=keep,
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
    patience: float = PATIENCE,
    keep: Keep | None = None,
) -> Solved:
    """The same, with the parts."""
    ending = Ending.after(seconds, stop, patience=patience)
    so_far = SoFar(problem, seed, keep)
    tell = progress or _silent
    tell(Step(Stage.PLACEMENT, 0, len(problem.groups)))
    placed = place_demand(problem, demand(problem), ending=ending)
    so_far.placed(placed)
    tell(_step(Stage.PLACEMENT, placed, len(problem.groups), len(problem.groups)))

    def told(reached: Reached, standing: Callable[[], Standing]) -> None:
        tell(_sessions_step(placed, reached))
        so_far.offer(standing)

    settled = settle(
        problem,
        placed.placements,
        placed.unplaced,
        seed=seed,
        ending=ending.again(),
        processes=processes,
        told=told,
    )
    joined = settled.joined
    so_far.offer(lambda: Standing(joined.placements, joined.sessions, joined.unplaced), always=True)
    km = travel_km(problem, joined.placements)
    tell(_staff_step(placed, joined, km, 0))
    if before_staff is not None:
        problem = before_staff(joined.sessions)
    staffed = assign(problem, joined.sessions, seed=seed, ending=ending.again(), processes=processes)
    plan = _plan(problem, seed, placed, settled, staffed)
    tell(_staff_step(placed, joined, km, len(joined.sessions)))
    return Solved(plan=plan, placed=placed, scheduled=settled.scheduled, joined=joined, staffed=staffed)


def _plan(problem: Problem, seed: int, placed: Placed, settled: Settled, staffed: Staffed) -> Plan:
    stopped = placed.status is Status.STOPPED or not settled.finished or staffed.stopped
    joined = settled.joined
    stands = not settled.scheduled.unplaced and not joined.found  # the sessions have left the placement as it is
    proven = placed.status is Status.OPTIMAL and stands
    return plan_of(
        problem,
        seed,
        status=Status.STOPPED if stopped else Status.OPTIMAL if proven else Status.FEASIBLE,
        placed=placed,
        standing=Standing(joined.placements, joined.sessions, joined.unplaced),
        staffed=staffed,
    )


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


def _silent(step: Step) -> None:
    """Tell nobody."""
