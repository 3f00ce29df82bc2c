"""The check of a plan: every hard constraint, every objective, the bound; no solver is asked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from msgspec import structs

from scheduling.planning.rules import bounds, objectives
from scheduling.planning.rules.changes import Changes, changes
from scheduling.planning.rules.checking import (
    accommodations,
    calendar,
    coverage,
    order,
    papers,
    pins,
    placement,
    rooms,
    staff,
    stations,
    travel,
)
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.report import HARD, BoundReport, Report, Violation, Violations, Wrong, tolerance
from scheduling.planning.rules.plan import Objectives, Plan, Status
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.reading import match
from scheduling.planning.rules.serial import problem_sha256


def sites_cover(case: Case) -> Violations:
    """H1: a question to the problem, whatever the plan."""
    return coverage.covered(case.problem)


CONSTRAINTS: tuple[Callable[[Case], Violations], ...] = (
    sites_cover,  # H1
    placement.placed_once,  # H2
    placement.seated_once,
    placement.at_own_site,
    placement.parts_fit,
    calendar.approved,  # H3
    rooms.enough_seats,  # H4
    rooms.right_room,
    rooms.reserve_kept,  # H5
    stations.right_workshop,  # H6
    stations.enough_stations,
    order.in_order,  # H7
    order.one_at_a_time,  # H8
    order.people_apart,
    order.away_kept,
    papers.same_start,  # H9
    rooms.one_exam_in_a_room,  # H10
    staff.one_place_at_a_time,  # H11
    staff.available,
    staff.standby_free,
    staff.no_conflict_of_interest,  # H12
    staff.assessors_qualified,  # H13
    staff.duties_fit,  # H13, H14
    staff.teams_complete,
    calendar.within_opening,  # H15
    accommodations.granted,  # H16
    pins.groups_pinned,  # H17
    pins.people_pinned,
    travel.within_limit,  # H18
    travel.own_province,
)


PROVEN_GAP = 1e-6
"""A placement whose cost is so near to its bound is called optimal."""


def check(problem: Problem, plan: Plan, *, previous: Plan | None = None, moved_at_most: int = 0) -> Report:
    """Say everything that is wrong with a plan, in the order of the constraints.

    `previous`: the plan that was published; its items stand (H17), but for `moved_at_most` candidates of a repair.
    :raises Invalid: the plan names something that the problem does not have
    """
    match(problem, plan)
    case = Case(problem, plan)
    changed = changes(case.members, previous) if previous is not None else None
    found = list(chain.from_iterable(constraint(case) for constraint in CONSTRAINTS))
    if previous is not None and changed is not None:
        found += _published(case, previous, changed, moved_at_most)
    found.sort(key=lambda violation: (HARD.index(violation.h), violation.where, violation.what))
    measured = objectives.measure(case.members, changed)
    bound = bound_report(problem, plan, measured.travel_km_sum)
    return Report(
        violations=tuple(found),
        objectives=measured,
        bound=bound,
        wrong=_wrong(plan, measured, bound, with_changes=changed is not None),
        open_positions=len(plan.open_positions),
        same_problem=plan.problem_sha256 == problem_sha256(problem),
    )


def bound_report(problem: Problem, plan: Plan, travel_km_sum: float) -> BoundReport | None:
    """The bound that the plan's prices prove; None where it carries none."""
    if plan.bound is None:
        return None
    recomputed = bounds.lower_bound(problem, plan.bound)
    cost = bounds.placement_cost(plan, travel_km_sum, plan.bound.unplaced_km)
    return BoundReport(plan.bound.value, recomputed, cost, bounds.gap(cost, recomputed), plan.bound.unplaced_km)


def _published(case: Case, previous: Plan, changed: Changes, moved_at_most: int) -> list[Violation]:
    stands = pins.published_stands(case, changed, moved_at_most)
    return [*stands, *pins.published_duties_stand(case, previous)]


def _wrong(plan: Plan, measured: Objectives, bound: BoundReport | None, *, with_changes: bool) -> tuple[Wrong, ...]:
    """The claims of a plan that do not hold; changes can only be judged where the published plan is known."""
    found = []
    if plan.objectives is not None:
        claimed, actual = structs.asdict(plan.objectives), structs.asdict(measured)
        for name, value in actual.items():
            if name == "changed" and not with_changes:
                continue
            if abs(claimed[name] - value) > tolerance(value):
                found.append(Wrong(name, claimed[name], value))
    if bound is not None and not bound.holds:
        found.append(Wrong("bound", bound.claimed, bound.recomputed))
    gap = bound.gap if bound is not None else 1.0
    if plan.status is Status.OPTIMAL and gap > PROVEN_GAP:
        found.append(Wrong("gap", 0.0, gap))
    return tuple(found)
