"""The check of a proposal to approve sites: H1 once it is done, and its claims. No solver is asked."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.planning.rules.approvals import UNSERVED_KM, Approvals
from scheduling.planning.rules.approving import gap_of, granted, in_period, required_pairs, standing_pairs, uncovered
from scheduling.planning.rules.checking.coverage import covered
from scheduling.planning.rules.checking.report import Violation, Wrong, tolerance
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import problem_sha256

GAP_TOLERANCE = 1e-9


@dataclass(frozen=True)
class ApprovalsReport:
    """What a check says of a proposal: H1 where it does not hold, and what is claimed and not so."""

    violations: tuple[Violation, ...]
    wrong: tuple[Wrong, ...]
    same_problem: bool

    @property
    def passed(self) -> bool:
        """H1 holds, and nothing is claimed that is not so."""
        return not self.violations and not self.wrong


def check_approvals(problem: Problem, approvals: Approvals) -> ApprovalsReport:
    """Say whether H1 holds once the proposal is approved, and whether its lists and sums are right.

    How far people travel and the bound are the solver's word; that everything adds up from them is checked.
    """
    return ApprovalsReport(
        violations=tuple(covered(granted(problem, approvals))),
        wrong=(*_lists(problem, approvals), *_sums(problem, approvals)),
        same_problem=approvals.problem_sha256 == problem_sha256(problem),
    )


def _lists(problem: Problem, approvals: Approvals) -> list[Wrong]:
    """What the chosen ones cover that nothing covered before, and what stays uncovered."""
    chosen, standing = {one.application for one in approvals.approve}, standing_pairs(problem)
    new = {
        (one.certificate, problem.site[one.site].prefecture)
        for one in problem.applications
        if one.id in chosen and in_period(problem, one)
    }
    lists: dict[str, tuple[set[object], set[object]]] = {
        "covers": (
            {(one.certificate, home) for one in approvals.approve for home in one.covers},
            set((new - standing) & required_pairs(problem)),
        ),
        "uncovered": (set(approvals.uncovered), set(uncovered(problem, standing | new))),
    }
    return [
        Wrong(name, len(claimed), len(recomputed))
        for name, (claimed, recomputed) in lists.items()
        if claimed != recomputed
    ]


def _sums(problem: Problem, approvals: Approvals) -> list[Wrong]:
    opening = sum(problem.application[one.application].cost_km for one in approvals.approve)
    objective = approvals.travel_km + opening + UNSERVED_KM * sum(one.count for one in approvals.short)
    sums = {
        "pairs": (approvals.pairs, len(required_pairs(problem)), 0.0),
        "opening_km": (approvals.opening_km, opening, tolerance(opening)),
        "objective_km": (approvals.objective_km, objective, tolerance(objective)),
        "gap": (approvals.gap, gap_of(objective, approvals.bound_km), GAP_TOLERANCE),
    }
    return [
        Wrong(name, claimed, recomputed)
        for name, (claimed, recomputed, off) in sums.items()
        if abs(claimed - recomputed) > off
    ]
