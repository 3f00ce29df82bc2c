"""The case `staff` of the scheduling benchmark: 2,000 places in a city, and the country; every answer counted by the check.

``python -m benchmarks.staffing [--seed S] [--city] [--json]`` prints the figures of one run: CPU seconds with all child processes; `conflicts` are violations
of H11-H14 in the eyes of the rules, which use no solver, and places that are open although a perfect answer is hidden in the instance.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import chain

from benchmarks.instances.staff import Case, city, country
from benchmarks.measuring import cpu_seconds, peak_mb
from scheduling.planning.rules.checking import staff as constraints
from scheduling.planning.rules.checking.case import Case as Checked
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import FORMAT, Assignment, Plan, Session, Status
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.teams import load_of, obstacle, positions, serving, two_site_days
from scheduling.planning.solver.staff import Staffed, assign

CONSTRAINTS = (
    constraints.one_place_at_a_time,
    constraints.available,
    constraints.standby_free,
    constraints.no_conflict_of_interest,
    constraints.assessors_qualified,
    constraints.duties_fit,
    constraints.teams_complete,
)


def run(seed: int = 1, *, with_country: bool = True) -> dict[str, float]:
    """Conflicts, spread, two-site days and seconds first, then the bound, the baseline and what else tells how good the answer is."""
    case = city(seed)
    began = cpu_seconds()
    found = assign(case.problem, case.sessions, seed=seed)
    seconds = cpu_seconds() - began
    simple = greedy(case.problem, case.sessions)
    figures: dict[str, float] = {
        "conflicts": conflicts(case, found),
        "load_spread": load_spread(case.problem, found.assignments),
        "two_site_days": two_site_days(case.problem, case.sessions, found.assignments),
        "seconds": round(seconds, 2),
        "open": len(found.open),
        "load_spread_bound": int(len(found.assignments) % len(case.problem.staff) > 0),
        "travel_km": round(travel_km(case.problem, case.sessions, found.assignments)),
        "standby": len(found.standby),
        "standby_short": found.standby_short,
        "greedy_open": sum(len(positions(case.problem, one)) for one in case.sessions) - len(simple),
        "greedy_load_spread": load_spread(case.problem, simple),
        "greedy_travel_km": round(travel_km(case.problem, case.sessions, simple)),
    }
    return figures | (_country(seed) if with_country else {})


def _country(seed: int) -> dict[str, float]:
    case = country(seed)
    began = cpu_seconds()
    found = assign(case.problem, case.sessions, seed=seed)
    seconds = cpu_seconds() - began
    return {
        "country_seconds": round(seconds, 1),
        "country_sites": len(case.problem.sites),
        "country_sessions": len(case.sessions),
        "country_places": len(found.assignments) + len(found.open),
        "country_people": len(case.problem.staff),
        "country_conflicts": conflicts(case, found),
        "country_open": len(found.open),
        "country_load_spread": found.load_spread,
        "country_two_site_days": two_site_days(case.problem, case.sessions, found.assignments),
        "country_standby_short": found.standby_short,
        "country_peak_mb": peak_mb(),
    }


def conflicts(case: Case, found: Staffed) -> int:
    """Violations of H11-H14, and open places: the hidden answer has none."""
    plan = Plan(
        format=FORMAT,
        problem_sha256="",
        seed=0,
        status=Status.FEASIBLE,
        placements=(),
        sessions=case.sessions,
        assignments=found.assignments,
        standby=found.standby,
    )
    checked = Checked(case.problem, plan)
    return sum(1 for _ in chain.from_iterable(constraint(checked) for constraint in CONSTRAINTS))


def load_spread(problem: Problem, assignments: Sequence[Assignment]) -> int:
    """Sessions of the busiest minus those of the least busy of all people."""
    loads = load_of(assignments)
    counts = [loads.get(person.id, 0) for person in problem.staff]
    return max(counts) - min(counts)


def travel_km(problem: Problem, sessions: Sequence[Session], assignments: Sequence[Assignment]) -> float:
    """The way to each site, once per person and day, one way."""
    total = 0.0
    for id, held in serving(sessions, assignments).items():
        person = problem.person[id]
        for site in {(problem.slot[session.slot].day, session.site) for session in held}:
            at = problem.site[site[1]]
            total += distance_km(person.lat, person.lon, at.lat, at.lon)
    return total


def greedy(problem: Problem, sessions: Sequence[Session]) -> list[Assignment]:
    """The spreadsheet: session after session, the least busy person who may, is free, and is at no other site on that day."""
    loads = dict.fromkeys((person.id for person in problem.staff), 0)
    busy: dict[tuple[str, str], bool] = {}
    place: dict[tuple[str, object], str] = {}
    found = []
    for session in sorted(sessions, key=lambda one: (problem.slot_number[one.slot], one.id)):
        day = problem.slot[session.slot].day
        for duty in positions(problem, session):
            free = [
                (loads[person.id], person.id)
                for person in problem.staff
                if (person.id, session.slot) not in busy
                and place.get((person.id, day), session.site) == session.site
                and obstacle(problem, person, session, duty) is None
            ]
            if free:
                _, id = min(free)
                found.append(Assignment(session=session.id, person=id, duty=duty))
                loads[id] += 1
                busy[id, session.slot] = True
                place[id, day] = session.site
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--city", action="store_true", help="without the country")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = run(options.seed, with_country=not options.city)
    print(json.dumps(figures) if options.json else "\n".join(f"{name:24} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
