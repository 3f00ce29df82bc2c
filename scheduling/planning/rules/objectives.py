"""What a plan costs, recomputed from nothing but the problem, the plan, and what was published before."""

from __future__ import annotations

from collections import Counter
from math import fsum

import numpy as np

from scheduling.planning.rules.changes import Changes, changes
from scheduling.planning.rules.members import Members, members_of
from scheduling.planning.rules.plan import Objectives, Plan
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.teams import load_of


def objectives(problem: Problem, plan: Plan, previous: Plan | None = None) -> Objectives:
    """All objectives; `changed` against the published plan, 0 without one."""
    members = members_of(problem, plan)
    return measure(members, changes(members, previous) if previous is not None else None)


def measure(members: Members, changed: Changes | None = None) -> Objectives:
    """The objectives of a plan that has been read as numbers."""
    problem, plan = members.problem, members.plan
    total, p95, most = travel(members)
    loads = load_of(plan.assignments).values()
    return Objectives(
        unplaced=sum(one.count for one in plan.unplaced),
        changed=changed.candidates if changed is not None else 0,
        travel_km_sum=total,
        travel_km_p95=p95,
        travel_km_max=most,
        room_sessions=len({(one.site, one.place, one.slot) for one in plan.sessions}),
        staff=len(plan.assignments),
        overnight_stays=overnight_stays(members),
        two_in_row=two_in_row(members),
        load_spread=max(loads, default=0) - min(loads, default=0),
        two_site_days=two_site_days(problem, plan),
    )


def travel(members: Members) -> tuple[float, float, float]:
    """Kilometres of all placed candidates together; what 95 of 100 do not exceed; the most."""
    known = ~np.isnan(members.km)
    count = np.array([one.count for one in members.plan.placements], dtype=np.int64)[known]
    km = members.km[known]
    if not count.size:
        return 0.0, 0.0, 0.0
    order = np.argsort(km, kind="stable")
    reached = np.cumsum(count[order])
    needed = -(-95 * int(reached[-1]) // 100)
    p95 = km[order[int(np.searchsorted(reached, needed))]]
    return round(fsum((km * count).tolist()), 3), float(p95), float(km.max())


def overnight_stays(members: Members) -> int:
    """Nights away: of each candidate from farther than `overnight_km`, the days of exams after the first."""
    problem = members.problem
    if not members.start.size or not problem.slots:
        return 0
    placement = members.placed.at(members.start)
    km = np.where(placement >= 0, np.append(members.km, 0.0)[placement], 0.0)
    limit = np.array([problem.rules_of(group.certificate).overnight_km for group in problem.groups], dtype=np.int64)
    far = km > limit[members.group]
    days = _days(problem)
    day = np.where(members.slot >= 0, days[members.slot], -1)[:, far]
    if not day.size:
        return 0
    day.sort(axis=0)
    new = (day[1:] != day[:-1]) & (day[:-1] >= 0)
    return int((new.sum(axis=0) * members.count[far]).sum())


def two_in_row(members: Members) -> int:
    """How often a candidate sits in two slots that follow each other on one day."""
    problem = members.problem
    if not members.start.size or not problem.slots:
        return 0
    slot = np.sort(members.slot, axis=0)
    days = _days(problem)
    follows = (slot[:-1] >= 0) & (slot[1:] - slot[:-1] == 1) & (days[slot[1:]] == days[slot[:-1]])
    return int((follows.sum(axis=0) * members.count).sum())


def two_site_days(problem: Problem, plan: Plan) -> int:
    """How many (person, day) serve at two sites or more."""
    session = plan.session
    served = {
        (one.person, problem.slot[session[one.session].slot].day, session[one.session].site) for one in plan.assignments
    }
    return sum(count > 1 for count in Counter((person, day) for person, day, _ in served).values())


def _days(problem: Problem) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Of each slot the number of its day."""
    return np.array([slot.day.toordinal() for slot in problem.slots], dtype=np.int64)
