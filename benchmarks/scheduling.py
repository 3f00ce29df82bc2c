"""How good and how fast the planner is: ``python -m benchmarks.scheduling --case NAME --json`` (or ``--all``).

Every case makes its instance from a seed, runs the planner beside a named baseline in the same run, and prints one JSON
object. CPU seconds are those of this process and its children; memory is the largest resident size of this process.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from benchmarks import staffing
from benchmarks.instances.national import HUBEI, NATIONAL, Size, national
from benchmarks.measuring import cpu_seconds, peak_mb
from scheduling.planning.rules.approving import required_pairs
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.demand import demand
from scheduling.planning.rules.explaining import Explainer
from scheduling.planning.rules.losses import without_sites
from scheduling.planning.rules.plan import FORMAT, Placement, Plan, Status
from scheduling.planning.rules.problem import Application, Pin, Problem, Site
from scheduling.planning.rules.serial import problem_sha256
from scheduling.planning.solver.approving import approve
from scheduling.planning.solver.greedy import nearest_first
from scheduling.planning.solver.moving import move
from scheduling.planning.solver.placement import Placed, place, place_demand
from scheduling.planning.solver.sessions import room_bounds, schedule_sites
from scheduling.planning.solver.settling import settle
from scheduling.planning.solver.what_if import compare, one_more_day

SEED: Final = 1
Result = dict[str, Any]


def national_case(size: Size) -> Result:
    """Place a country: the proven optimum against nearest-first."""
    problem = national(SEED, size)
    begin = cpu_seconds()
    supply = demand(problem)
    placed = place_demand(problem, supply)
    spent = cpu_seconds() - begin
    peak = peak_mb()
    greedy = nearest_first(supply)
    unplaced = sum(one.count for one in placed.unplaced)
    km = placed.value - placed.bound.unplaced_km * unplaced
    return {
        "candidates": sum(group.count for group in problem.groups),
        "km": round(km, 3),
        "bound_km": round(placed.bound.value, 3),
        "gap": placed.gap,
        "integral": all(one.count == int(one.count) for one in placed.placements),
        "unplaced": unplaced,
        "cpu_seconds": round(spent, 2),
        "peak_mb": peak,
        "greedy_km": round(greedy.km, 3),
        "greedy_unplaced": greedy.unplaced,
        "below_greedy_percent": round(100 * (1 - km / greedy.km), 1),
    }


def sites_case(size: Size) -> Result:
    """Approve sites for all (certificate, prefecture) pairs: half as many applications again as the country has approvals."""
    problem = national(SEED, size)
    applications = _applications(problem)
    nothing_yet = tuple(msgspec.structs.replace(site, approvals=()) for site in problem.sites)
    problem = msgspec.structs.replace(problem, sites=nothing_yet, applications=applications)
    begin = cpu_seconds()
    approved = approve(problem)
    chosen = {(one.certificate, problem.site[one.site].prefecture) for one in approved.chosen}
    pairs = required_pairs(problem)
    return {
        "pairs": approved.pairs,
        "applications": len(applications),
        "approved": len(approved.chosen),
        "covered": len(pairs & chosen),
        "listed": len(approved.uncovered),
        "gap": approved.gap,
        "unserved": approved.unserved,
        "cpu_seconds": round(cpu_seconds() - begin, 2),
    }


def _applications(problem: Problem) -> tuple[Application, ...]:
    """The present approvals, half of them asked for by a second site as well, and one pair in fifty by nobody."""
    rng = Random(SEED)
    by_prefecture: dict[str, list[Site]] = {}
    for site in problem.sites:
        by_prefecture.setdefault(site.prefecture, []).append(site)
    found: dict[tuple[str, str], Application] = {}
    for site in problem.sites:
        for approval in site.approvals:
            if rng.random() < 0.02:
                continue
            asking = [site] + ([rng.choice(by_prefecture[site.prefecture])] if rng.random() < 0.5 else [])
            for one in asking:
                capacity = rng.choice((40, 80, 120, 200, 400))
                key = one.id, approval.certificate
                found[key] = Application(
                    id=f"{one.id}/{approval.certificate}",
                    site=one.id,
                    certificate=approval.certificate,
                    capacity=capacity,
                    cost_km=rng.choice((500.0, 1000.0, 2000.0)),
                )
    return tuple(found[key] for key in sorted(found))


def sessions_case(size: Size) -> Result:
    """Sessions of all sites: nobody left out, as few rooms as the packing bound, checked by the independent checker."""
    problem = national(SEED, size)
    placed = place(problem)
    begin, clock = cpu_seconds(), time.monotonic()
    settled = settle(problem, placed.placements, placed.unplaced, seed=SEED)
    spent, seconds = cpu_seconds() - begin, time.monotonic() - clock
    scheduled, joined = settled.scheduled, settled.joined
    plan = _plan(problem, placed, joined.placements)
    plan = msgspec.structs.replace(plan, sessions=joined.sessions, unplaced=joined.unplaced)
    report = check(problem, plan)
    bounds = room_bounds(problem, joined.placements)
    rooms = Counter(site for site, _, _ in {(one.site, one.place, one.slot) for one in joined.sessions})
    return {
        "placements": sum(session.count for session in joined.sessions),
        "hard_violations": len(report.violations),
        "violated": dict(Counter(one.h for one in report.violations)),
        "unplaced": sum(one.count for one in joined.unplaced),
        "unplaced_before_joining": sum(one.count for one in scheduled.unplaced),
        "room_sessions": rooms.total(),
        "bound": sum(bounds.values()),
        "rooms_over_bound_percent": round(100 * (rooms.total() / sum(bounds.values()) - 1), 3),
        "worst_site_percent": round(max(100 * (rooms[site] / bound - 1) for site, bound in bounds.items()), 2),
        "worst_site": max(bounds, key=lambda site: (rooms[site] / bounds[site], site)),
        "km": round(report.objectives.travel_km_sum),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(spent, 1),
        "stays": report.objectives.overnight_stays,
    }


def stays_case(size: Size) -> Result:
    """Nights away, against the constructive plan in the same rooms."""
    problem = national(SEED, size)
    scheduled = schedule_sites(problem, place(problem).placements, seed=SEED)
    fewer = 1 - scheduled.stays / scheduled.stays_first if scheduled.stays_first else 0.0
    return {
        "stays": scheduled.stays,
        "baseline_stays": scheduled.stays_first,
        "fewer_percent": round(100 * fewer, 1),
    }


def lost_site_case(size: Size) -> Result:
    """The largest, the 50th and the 500th site are lost after publication: who else must move, with some groups pinned."""
    problem = national(SEED, size)
    placed = place(problem)
    count: Counter[str] = Counter()
    for one in placed.placements:
        count[one.site] += one.count
    order = sorted(count, key=lambda site: (-count[site], site))
    total = sum(group.count for group in problem.groups)
    moved, unplaced, lost_counts, longest, broken = [], [], [], 0.0, 0
    for rank in (0, 49, 499):
        site = order[min(rank, len(order) - 1)]
        pinned = _pinned(problem, placed, site)
        begin = cpu_seconds()
        answer = move(without_sites(pinned, {site}), _plan(pinned, placed, placed.placements), {site})
        longest = max(longest, cpu_seconds() - begin)
        moved.append(round(100 * answer.others / total, 3))
        unplaced.append(sum(one.count for one in answer.unplaced))
        lost_counts.append(count[site])
        stood = {(one.group, one.site) for one in answer.placements}
        broken += sum((pin.group, pin.site) not in stood for pin in pinned.pins)
    return {
        "lost": lost_counts,
        "unplaced": unplaced,
        "others_moved_percent": moved,
        "pins_broken": broken,
        "seconds": round(longest, 2),
    }


def staff_case(size: Size) -> Result:
    """Fill the teams of a city, and (for the country's size) of the country."""
    return dict(staffing.run(SEED, with_country=size is NATIONAL))


def explain_case(size: Size) -> Result:
    """Why is this group there? And what if there were one more day, in one province?"""
    problem = national(SEED, size)
    placed = place(problem)
    explainer = Explainer(problem, _plan(problem, placed, placed.placements))
    longest = 0.0
    for group in problem.groups[:: max(1, len(problem.groups) // 500)]:
        begin = time.perf_counter()
        explainer.why(group.id)
        longest = max(longest, time.perf_counter() - begin)
    province = national(SEED, HUBEI)
    begin = cpu_seconds()
    answer = compare(province, one_more_day(province))
    return {
        "why_ms": round(1000 * longest, 1),
        "what_if_seconds": round(cpu_seconds() - begin, 2),
        "what_if_candidates": sum(group.count for group in province.groups),
        "what_if_km": [answer.before.km_sum, answer.after.km_sum],
        "what_if_moved": sum(one.count for one in answer.moved),
    }


def _pinned(problem: Problem, placed: Placed, lost: str) -> Problem:
    """A hundred groups that an officer has pinned to the site where they are."""
    whole = Counter(one.group for one in placed.placements)
    chosen = [one for one in placed.placements if whole[one.group] == 1 and one.site != lost][::200][:100]
    pins = tuple(
        Pin(id=f"pin-{number}", author="考务管理员（演示）", reason="已与院校商定", group=one.group, site=one.site)
        for number, one in enumerate(chosen)
    )
    return msgspec.structs.replace(problem, pins=pins)


def _plan(problem: Problem, placed: Placed, placements: Sequence[Placement]) -> Plan:
    return Plan(
        format=FORMAT,
        problem_sha256=problem_sha256(problem),
        seed=SEED,
        status=Status.FEASIBLE,
        placements=tuple(placements),
        unplaced=placed.unplaced,
        bound=placed.bound,
    )


CASES: Final[dict[str, Callable[[Size], Result]]] = {
    "national": national_case,
    "sites": sites_case,
    "sessions": sessions_case,
    "stays": stays_case,
    "staff": staff_case,
    "lost_site": lost_site_case,
    "explain": explain_case,
}


def main() -> None:
    """Run one case or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=sorted(CASES))
    parser.add_argument("--all", action="store_true")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per case and line (the default and only form)"
    )
    parser.add_argument("--province", action="store_true", help="a province instead of the country, for a quick look")
    arguments = parser.parse_args()
    if not arguments.case and not arguments.all:
        parser.error("--case NAME or --all")
    for name in sorted(CASES) if arguments.all else [arguments.case]:
        result = CASES[name](HUBEI if arguments.province else NATIONAL)
        print(json.dumps({"case": name, **result}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
