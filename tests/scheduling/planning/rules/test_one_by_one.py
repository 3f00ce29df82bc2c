"""The check counts ranges; here the same is counted one candidate at a time, on hundreds of random plans, and must agree."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import Part, Placement, Plan, Session, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Form, Group, Problem, Rules
from tests.scheduling.planning import small

PARTS = (
    small.component("a", Form.COMPUTER, 60, 0),
    small.component("b", Form.COMPUTER, 60, 0),
    small.component("c", Form.PRACTICAL, 60, 1),
)
IDS = ("a", "b", "c")
Seat = tuple[str, str, str]  # site, place, slot


def random_problem(rng: Random) -> Problem:
    groups = tuple(
        small.group(f"G{number}", rng.randint(1, 6), components=tuple(rng.sample(IDS, rng.randint(1, 3))))
        for number in range(rng.randint(1, 4))
    )
    return small.problem(
        certificates=(small.certificate("C1", small.scheme(small.group().level, *PARTS)),),
        sites=(small.site(), small.site("S2", lat=31.2 + rng.choice((0.1, 2.0)))),
        groups=groups,
        rules=Rules(gap_minutes=rng.choice((0, 30, 61))),
    )


def ranges(rng: Random, group: Group) -> Iterator[tuple[int, int]]:
    """Mostly a partition of the group, now and then with a hole or an overlap."""
    at = 0
    while at < group.count:
        count = rng.randint(1, group.count - at)
        first = at + (rng.choice((-1, 1)) if rng.random() < 0.05 else 0)
        if first >= 0 and first + count <= group.count:
            yield first, count
        at += count


def random_plan(rng: Random, problem: Problem) -> Plan:
    placements, unplaced = [], []
    parts: dict[tuple[str, str, str], list[Part]] = defaultdict(list)
    for group in problem.groups:
        for first, count in ranges(rng, group):
            if rng.random() < 0.15:
                unplaced.append(Unplaced(group=group.id, first=first, count=count, reason=UnplacedReason.TIME))
                continue
            site = rng.choice(("S1", "S2"))
            placements.append(Placement(group=group.id, site=site, first=first, count=count))
            for component in group.components:
                at = site if rng.random() < 0.95 else "S1"
                slot = rng.choice(problem.slots).id
                parts[at, component, slot].append(Part(group=group.id, first=first, count=count))
    sessions = tuple(
        Session(
            id=f"N{number}",
            site=site,
            place="W1" if component == "c" else "R1",
            slot=slot,
            certificate="C1",
            level=problem.groups[0].level,
            component=component,
            paper=slot,
            parts=tuple(found),
        )
        for number, ((site, component, slot), found) in enumerate(sorted(parts.items()))
    )
    return small.plan(placements=tuple(placements), unplaced=tuple(unplaced), sessions=sessions)


def seats_of(plan: Plan) -> dict[tuple[str, int], dict[str, list[Seat]]]:
    """Candidate -> component -> where they sit it."""
    found: dict[tuple[str, int], dict[str, list[Seat]]] = defaultdict(lambda: defaultdict(list))
    for session in plan.sessions:
        for part in session.parts:
            for member in range(part.first, part.first + part.count):
                found[part.group, member][session.component].append((session.site, session.place, session.slot))
    return found


def candidates(problem: Problem) -> Iterator[tuple[Group, int]]:
    for group in problem.groups:
        for member in range(group.count):
            yield group, member


def holders(plan: Plan, group: str, member: int) -> tuple[list[Placement], int]:
    placed = [one for one in plan.placements if one.group == group and one.first <= member < one.first + one.count]
    listed = sum(one.group == group and one.first <= member < one.first + one.count for one in plan.unplaced)
    return placed, listed


def violated(problem: Problem, plan: Plan) -> set[tuple[str, str]]:
    """(constraint, group) of H2, H7 and H8, candidate by candidate. Who is doubly seated is left to H2."""
    found, seats = set(), seats_of(plan)
    for group, member in candidates(problem):
        placed, listed = holders(plan, group.id, member)
        mine = seats[group.id, member]
        if len(placed) + listed != 1:
            found.add(("H2", group.id))
        for component in group.components:
            times = len(mine[component])
            if times > 1 or (len(placed) == 1 and not listed and not times) or (listed and not placed and times):
                found.add(("H2", group.id))
            if len(placed) == 1 and any(seat[0] != placed[0].site for seat in mine[component]):
                found.add(("H2", group.id))
        single = {component: mine[component][0] for component in group.components if len(mine[component]) == 1}
        found |= {(h, group.id) for h in _in_time(problem, single)}
    return found


def _in_time(problem: Problem, seats: dict[str, Seat]) -> Iterator[str]:
    order = {part.id: part.order for part in PARTS}
    for one, seat in seats.items():
        for other, later in seats.items():
            slot, next_slot = problem.slot[seat[2]], problem.slot[later[2]]
            if one < other and slot == next_slot:
                yield "H8"
            pause = (next_slot.starts - slot.ends).total_seconds() / 60
            if order[one] < order[other] and slot != next_slot and pause < problem.rules.gap_minutes:
                yield "H7"


def doubly_seated(plan: Plan) -> bool:
    return any(len(seats) > 1 for mine in seats_of(plan).values() for seats in mine.values())


@pytest.mark.parametrize("seed", range(40))
def test_order_and_coverage_agree(seed: int) -> None:
    rng = Random(f"{seed} one by one")
    for _ in range(10):
        problem = random_problem(rng)
        plan = random_plan(rng, problem)
        expected = violated(problem, plan)
        found = {
            (one.h, one.where.split("/")[0]) for one in check(problem, plan).violations if one.h in {"H2", "H7", "H8"}
        }
        if doubly_seated(plan):
            assert {one for one in found if one[0] == "H2"} == {one for one in expected if one[0] == "H2"}
        else:
            assert found == expected


@pytest.mark.parametrize("seed", range(20))
def test_travel_nights_rows_and_changes_agree(seed: int) -> None:
    rng = Random(f"{seed} objectives")
    for _ in range(10):
        problem = random_problem(rng)
        plan, before = random_plan(rng, problem), random_plan(rng, problem)
        if doubly_seated(plan) or doubly_seated(before):
            continue
        found = objectives(problem, plan, before)
        seats, old = seats_of(plan), seats_of(before)
        kilometres, nights, rows, changed = [], 0, 0, 0
        for group, member in candidates(problem):
            placed, _ = holders(plan, group.id, member)
            school = problem.institution[group.institution]
            far = [
                distance_km(school.lat, school.lon, problem.site[one.site].lat, problem.site[one.site].lon)
                for one in placed
            ]
            kilometres += far
            mine = [seat for found_at in seats[group.id, member].values() for seat in found_at]
            numbers = sorted(problem.slot_number[seat[2]] for seat in mine)
            days = {problem.slots[number].day for number in numbers}
            if len(far) == 1 and far[0] > problem.rules.overnight_km:
                nights += max(0, len(days) - 1)
            rows += sum(
                later - one == 1 and problem.slots[one].day == problem.slots[later].day
                for one, later in pairwise(numbers)
            )
            was = old[group.id, member]
            changed += any(was[part] and was[part] != seats[group.id, member][part] for part in group.components)
        if any(len(holders(plan, group.id, member)[0]) > 1 for group, member in candidates(problem)):
            continue
        assert (found.overnight_stays, found.two_in_row, found.changed) == (nights, rows, changed)
        assert found.travel_km_sum == pytest.approx(sum(kilometres), abs=0.001)
        kilometres.sort()
        p95 = kilometres[-(-95 * len(kilometres) // 100) - 1] if kilometres else 0
        assert (found.travel_km_p95, found.travel_km_max) == (p95, max(kilometres, default=0))
