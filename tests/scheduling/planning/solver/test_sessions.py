"""Sessions of small sites: checked by what uses no solver."""

from typing import Any

import pytest

from scheduling.planning.rules.checking.check import check
from scheduling.planning.rules.plan import Placement, Plan, UnplacedReason
from scheduling.planning.rules.problem import Accommodation, Form, Level, Problem
from scheduling.planning.solver import sessions
from scheduling.planning.solver.papers import letters
from scheduling.planning.solver.sessions import Scheduled, room_bounds, schedule_sites
from tests.scheduling.planning import small

PAPER = small.component("paper", Form.PAPER, 60, 0)
COMPUTER = small.component("computer", Form.COMPUTER, 60, 1)
SKILL = small.component("skill", Form.PRACTICAL, 50, 2)
OF_SESSIONS = {f"H{number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17)}


def scheduled(problem: Problem, **changes: Any) -> Scheduled:
    """Everybody at the first site, unless placements are given."""
    placements = changes.pop("placements", None) or [
        Placement(group=group.id, site=problem.sites[0].id, first=0, count=group.count) for group in problem.groups
    ]
    found = schedule_sites(problem, placements, seed=1, processes=1, **changes)
    left = {(one.group, first) for one in found.unplaced for first in range(one.first, one.first + one.count)}
    kept = [
        Placement(group=one.group, site=one.site, first=member, count=1)
        for one in placements
        for member in range(one.first, one.first + one.count)
        if (one.group, member) not in left
    ]
    plan = small.plan(problem, placements=tuple(kept), sessions=found.sessions, unplaced=found.unplaced)
    assert broken(problem, plan) == []
    measured = check(problem, plan).objectives
    assert measured.room_sessions == found.room_sessions
    assert measured.overnight_stays == found.stays
    assert measured.two_in_row == found.two_in_row
    return found


def broken(problem: Problem, plan: Plan) -> list[str]:
    return [f"{one.h} {one.where}" for one in check(problem, plan).violations if one.h in OF_SESSIONS]


def three_parts(**changes: Any) -> Problem:
    """Paper, then computer, then skill; three windows, a day each."""
    values: dict[str, Any] = {
        "slots": small.slots(3, (("08:30", 120),)),
        "certificates": (small.certificate("C1", small.scheme(Level.INTERMEDIATE, PAPER, COMPUTER, SKILL)),),
        "sites": (
            small.site(
                rooms=(small.room("P1", Form.PAPER, 30), small.room("M1", Form.COMPUTER, 40)),
                workshops=(small.workshop(stations=15),),
            ),
        ),
        "groups": (small.group(count=30, components=("paper", "computer", "skill")),),
    }
    return small.problem(**values | changes)


def unplaced(found: Scheduled) -> int:
    return sum(one.count for one in found.unplaced)


def test_nobody_placed_means_no_sessions() -> None:
    found = schedule_sites(small.problem(), [], seed=1)
    assert (found.sessions, found.unplaced, found.room_sessions, found.room_bound) == ((), (), 0, 0)


def test_a_group_sits_theory_and_then_skill() -> None:
    found = scheduled(small.problem())
    assert [(one.component, one.count) for one in found.sessions] == [("theory", 20), ("skill", 20)]
    assert (found.room_sessions, found.room_bound, unplaced(found)) == (2, 2, 0)


def test_the_bound_of_a_site_follows_from_its_placements() -> None:
    assert room_bounds(small.problem(), []) == {}
    assert room_bounds(small.problem(), [small.placement()]) == {"S1": 2}
    problem = small.problem(groups=(small.group(count=37),))
    assert room_bounds(problem, [small.placement(count=37)]) == {"S1": 2 + 2}


def test_three_parts_without_any_slack() -> None:
    found = scheduled(three_parts())
    assert [(one.component, one.slot) for one in found.sessions] == [
        ("paper", "1a"),
        ("computer", "2a"),
        ("skill", "3a"),
    ]
    assert unplaced(found) == 0


def test_capacity_short_by_exactly_three() -> None:
    found = scheduled(
        three_parts(groups=(small.group(count=33, components=("skill",)), small.group("G2", 60, components=("skill",))))
    )
    assert unplaced(found) == 3
    (left,) = found.unplaced
    assert left.reason is UnplacedReason.CAPACITY
    assert left.facts["kind"] == "practical"
    assert left.facts["short"] == 2  # stations: of two candidates each, one of them half used


def test_time_that_does_not_fit_is_the_reason() -> None:
    found = scheduled(three_parts(slots=small.slots(2, (("08:30", 120),))))
    assert unplaced(found) == 30
    assert {one.reason for one in found.unplaced} == {UnplacedReason.TIME}


def test_closed_slots_stay_empty() -> None:
    problem = small.problem(sites=(small.site(closed=("1a", "1b"), rooms=(small.room(closed=("1c",)),)),))
    found = scheduled(problem)
    assert unplaced(found) == 0
    assert {one.slot for one in found.sessions} <= {"2a", "2b", "2c"}


def test_levels_share_the_stations_of_a_slot_but_no_room() -> None:
    levels = (Level.ELEMENTARY, Level.INTERMEDIATE)
    problem = small.problem(
        certificates=(
            small.certificate("C1", *(small.scheme(level, small.component(), small.SKILL) for level in levels)),
        ),
        groups=tuple(small.group(level.value, 9, level=level) for level in levels),
    )
    found = scheduled(problem)
    assert (found.room_sessions, found.room_bound, unplaced(found)) == (3, 3, 0)
    assert len(found.sessions) == 4


def test_who_must_be_alone_is_alone() -> None:
    problem = small.problem(groups=(small.group(), small.group("G2", 1, accommodations=(Accommodation.OWN_ROOM,))))
    found = scheduled(problem)
    assert unplaced(found) == 0
    assert found.room_sessions == 4


def test_the_ground_floor_is_kept_for_who_needs_it() -> None:
    rooms = (small.room("U1", floor=3), small.room("R1", seats=20))
    problem = small.problem(
        sites=(small.site(rooms=rooms),),
        groups=(small.group(count=30), small.group("G2", 3, accommodations=(Accommodation.GROUND_FLOOR,))),
    )
    found = scheduled(problem)
    assert unplaced(found) == 0
    assert all(one.place != "U1" for one in found.sessions if any(part.group == "G2" for part in one.parts))


def test_no_ground_floor_leaves_them_out_with_the_reason() -> None:
    problem = small.problem(
        sites=(small.site(rooms=(small.room("U1", floor=3),)),),
        groups=(small.group("G2", 3, accommodations=(Accommodation.GROUND_FLOOR,)),),
    )
    found = scheduled(problem)
    assert [(one.count, one.reason) for one in found.unplaced] == [(3, UnplacedReason.ACCOMMODATION)]


def test_extra_time_asks_for_a_longer_slot() -> None:
    theory = small.component(minutes=120)
    problem = small.problem(
        certificates=(small.certificate("C1", small.scheme(Level.INTERMEDIATE, theory)),),
        groups=(small.group(count=2, components=("theory",), accommodations=(Accommodation.EXTRA_TIME,)),),
    )
    (session,) = scheduled(problem).sessions
    assert session.slot in ("1c", "2c")


def test_a_person_with_two_certificates_is_never_in_two_places() -> None:
    problem = small.problem(
        slots=small.slots(1, (("08:30", 120), ("11:00", 120), ("14:00", 120), ("16:30", 120))),
        certificates=(small.certificate("C1"), small.certificate("C2")),
        sites=(
            small.site(
                approvals=(small.approval("C1"), small.approval("C2")),
                rooms=(small.room("R1"), small.room("R2")),
                workshops=(small.workshop(), small.workshop("W2", "C2")),
            ),
        ),
        groups=(small.group("G1", 1, person="Q"), small.group("G2", 1, person="Q", certificate="C2")),
    )
    found = scheduled(problem)
    assert unplaced(found) == 0
    assert sorted(one.slot for one in found.sessions) == ["1a", "1b", "1c", "1d"]


def test_a_person_at_two_sites_has_time_to_travel() -> None:
    problem = small.problem(
        certificates=(small.certificate("C1"), small.certificate("C2")),
        sites=(
            small.site("S1"),
            small.site("S2", lat=33.0, approvals=(small.approval("C2"),), workshops=(small.workshop("W2", "C2"),)),
        ),
        groups=(small.group("G1", 1, person="Q"), small.group("G2", 1, person="Q", certificate="C2")),
    )
    placements = [small.placement("G1", "S1", 0, 1), small.placement("G2", "S2", 0, 1)]
    assert unplaced(scheduled(problem, placements=placements)) == 0


def test_papers_are_named_by_their_start_over_all_sites() -> None:
    sites = (small.site("S1", closed=("1a",)), small.site("S2"))
    problem = small.problem(sites=sites, groups=(small.group("G1"), small.group("G2")))
    found = scheduled(problem, placements=[small.placement("G1", "S1"), small.placement("G2", "S2")])
    papers = {(one.component, one.slot): one.paper for one in found.sessions}
    theory = sorted((slot, paper) for (component, slot), paper in papers.items() if component == "theory")
    assert [paper for _, paper in theory] == ["A", "B"][: len(theory)]


def test_the_number_of_processes_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_CROWD", 0)
    sites = tuple(small.site(f"S{number}") for number in range(4))
    groups = tuple(small.group(f"G{number}", 7 + number) for number in range(4))
    problem = small.problem(sites=sites, groups=groups)
    placements = [small.placement(f"G{number}", f"S{number}", 0, 7 + number) for number in range(4)]
    alone = schedule_sites(problem, placements, seed=3, processes=1)
    assert schedule_sites(problem, placements, seed=3, processes=2) == alone


@pytest.mark.parametrize(("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_letters(number: int, name: str) -> None:
    assert letters(number) == name
