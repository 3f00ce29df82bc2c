"""What each application is worth: who would be short and how much farther people would go without it, or how much less with it.

Everything else stays as it was chosen. Where the nearest open sites have room for all, sending everybody to the nearest
is best and no program is solved.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from scheduling.planning.rules.approvals import FORMAT, UNSERVED_KM, Approvals, Approve, NotNeeded, Short
from scheduling.planning.rules.approving import Option, gap_of, required_pairs, standing_pairs
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import problem_sha256
from scheduling.planning.solver.approving import Answer, Floats, Task, approve, kilometres, sending
from scheduling.planning.solver.quiet import quiet

NOTHING_KM = 1e-6
"""Less than this is nothing."""


@dataclass(frozen=True)
class _Sent:
    """Where everybody goes when certain options are open."""

    km: float
    unserved: int

    @property
    def cost(self) -> float:
        return self.km + UNSERVED_KM * self.unserved


def propose(problem: Problem) -> Approvals:
    """Which applications to approve and what each is for; lists in order, sums to the metre."""
    approved = approve(problem)
    pairs, standing = required_pairs(problem), standing_pairs(problem)
    chosen: list[Approve] = []
    spare: list[NotNeeded] = []
    short: list[Short] = []
    travel = 0.0
    with quiet():
        for task, answer in approved.answers:
            weighed = _Weighed(problem, task, answer, pairs - standing)
            chosen += weighed.chosen()
            spare += weighed.spare()
            travel += weighed.base.km
            if weighed.base.unserved:
                short.append(
                    Short(certificate=task.certificate, province=task.province, count=weighed.base.unserved)
                )  # fmt: skip
    opening = sum(problem.application[one.application].cost_km for one in chosen)
    made = Approvals(
        format=FORMAT,
        problem_sha256=problem_sha256(problem),
        pairs=len(pairs),
        approve=tuple(sorted(chosen, key=lambda one: one.application)),
        not_needed=tuple(sorted(spare, key=lambda one: one.application)),
        uncovered=approved.uncovered,
        short=tuple(short),
        travel_km=round(travel, 3),
        opening_km=round(opening, 3),
        bound_km=round(approved.bound, 3),
    )
    objective = round(made.travel_km + made.opening_km + UNSERVED_KM * sum(one.count for one in short), 3)
    bound = min(made.bound_km, objective)
    return replace(made, objective_km=objective, bound_km=bound, gap=gap_of(objective, bound))


class _Weighed:
    """The answer to one task, with what is open and what each option changes."""

    def __init__(self, problem: Problem, task: Task, answer: Answer, new_pairs: Collection[tuple[str, str]]) -> None:
        self.problem, self.task, self.new_pairs = problem, task, new_pairs
        self.km: Floats = kilometres(problem, task)
        self.open = set(answer.chosen)
        self.base = self._sent(self.open)
        for at in sorted(self.open, reverse=True):  # of two that do the same, one is enough
            if self._idle(at):
                self.open.discard(at)

    def chosen(self) -> list[Approve]:
        """The applications to approve, each with what would be without it."""
        found = []
        for at in sorted(self.open):
            one = self.task.options[at]
            if one.application is None:
                continue
            less = self._sent(self.open - {at})
            short_by = less.unserved - self.base.unserved
            found.append(
                Approve(
                    application=one.application,
                    site=one.site,
                    certificate=one.certificate,
                    covers=self._covers(one),
                    short_by=short_by,
                    saves_km=0.0 if short_by else round(max(0.0, less.km - self.base.km), 3),
                )
            )
        return found

    def spare(self) -> list[NotNeeded]:
        """The applications that are not worth their cost."""
        return [
            NotNeeded(
                application=one.application,
                saves_km=round(max(0.0, self.base.cost - self._sent(self.open | {at}).cost), 3),
            )
            for at, one in enumerate(self.task.options)
            if one.application is not None and at not in self.open
        ]

    def _covers(self, one: Option) -> tuple[str, ...]:
        home = self.problem.site[one.site].prefecture
        return (home,) if (one.certificate, home) in self.new_pairs else ()

    def _idle(self, at: int) -> bool:
        """Whether an application that costs nothing changes nothing either."""
        one = self.task.options[at]
        if one.application is None or one.cost_km or self._covers(one):
            return False
        return self._sent(self.open - {at}).cost - self.base.cost < NOTHING_KM

    def _sent(self, opened: Collection[int]) -> _Sent:
        task, open_now = self.task, sorted(opened)
        if not task.demand:
            return _Sent(0.0, 0)
        if not open_now:
            return _Sent(0.0, sum(task.demand))
        km = self.km[:, open_now]
        nearest = km.argmin(axis=1)
        load = np.bincount(nearest, weights=np.array(task.demand, dtype=np.float64), minlength=len(open_now))
        capacity = np.array([task.options[at].capacity for at in open_now])
        best = km.min(axis=1)
        if (load <= capacity).all() and (best < UNSERVED_KM).all():
            return _Sent(float(best @ np.array(task.demand)), 0)
        value, unserved = sending(task, self.km, open_now)
        return _Sent(value - UNSERVED_KM * unserved, unserved)
