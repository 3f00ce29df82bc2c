"""The best plan so far, for whoever wants to keep it while the search goes on: whole, honest, and not too often.

A plan on the way has the placements that have their sessions; whoever has a site only is listed without a place as not
reached, with that site among the facts. Teams are those of pins, every other place is open. It carries the bound of the
placement, which holds whatever follows, and never calls itself optimal.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import Final

import msgspec

from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import FORMAT, Plan, Status
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import canonical_plan, problem_sha256
from scheduling.planning.solver.placement import Placed
from scheduling.planning.solver.sessions import not_reached
from scheduling.planning.solver.settling import Standing
from scheduling.planning.solver.staff import Staffed, pinned_only

Keep = Callable[[Plan], None]

_SHARE: Final = 20  # keeping takes at most the 20th part of the time


class SoFar:
    """Offers plans to who keeps them; between two of them as much time passes as keeping is worth."""

    def __init__(self, problem: Problem, seed: int, keep: Keep | None) -> None:
        self.problem, self.seed, self.keep = problem, seed, keep
        self.next = 0.0  # of the monotonic clock
        self.placement: Placed | None = None

    def placed(self, placed: Placed) -> None:
        """The placement is there: everybody is still to be reached."""
        self.placement = placed
        self.offer(lambda: Standing((), (), (*placed.unplaced, *not_reached(placed.placements))), always=True)

    def offer(self, standing: Callable[[], Standing], *, always: bool = False) -> None:
        """Keep the plan as it stands, if it is time for one, or `always`."""
        begin = time.monotonic()
        if self.keep is None or self.placement is None or (begin < self.next and not always):
            return
        now = standing()
        plan = plan_of(
            self.problem,
            self.seed,
            status=Status.STOPPED,
            placed=self.placement,
            standing=now,
            staffed=pinned_only(self.problem, now.sessions),
            problem_hash=self.problem_hash,
        )
        self.keep(plan)
        end = time.monotonic()
        self.next = end + _SHARE * (end - begin)

    @cached_property
    def problem_hash(self) -> str:
        """The hash of the problem, worked out once."""
        return problem_sha256(self.problem)


def plan_of(
    problem: Problem,
    seed: int,
    *,
    status: Status,
    placed: Placed,
    standing: Standing,
    staffed: Staffed,
    problem_hash: str | None = None,
) -> Plan:
    """The parts put together, in canonical order, with their objectives."""
    plan = Plan(
        format=FORMAT,
        problem_sha256=problem_hash or problem_sha256(problem),
        seed=seed,
        status=status,
        placements=standing.placements,
        sessions=standing.sessions,
        unplaced=standing.unplaced,
        assignments=staffed.assignments,
        standby=staffed.standby,
        open_positions=staffed.open,
        bound=placed.bound,
    )
    return canonical_plan(msgspec.structs.replace(plan, objectives=objectives(problem, plan)))
