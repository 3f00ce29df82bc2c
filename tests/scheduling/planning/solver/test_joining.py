"""Joining what stands: nobody moves, everything still holds."""

from typing import Any

from msgspec.structs import replace

from scheduling.planning.rules.checking.check import check
from scheduling.planning.rules.plan import Placement, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Accommodation, Problem
from scheduling.planning.solver.joining import Joined, join
from scheduling.planning.solver.sessions import schedule_sites
from tests.scheduling.planning import small


def joined(problem: Problem, placements: list[Placement], reason: UnplacedReason = UnplacedReason.TIME) -> Joined:
    """Schedule the placements, then let everybody else join."""
    scheduled = schedule_sites(problem, placements, seed=1, processes=1)
    assert scheduled.unplaced == ()
    there = {one.group for one in placements}
    left = [
        Unplaced(group=group.id, first=0, count=group.count, reason=reason)
        for group in problem.groups
        if group.id not in there
    ]
    found = join(problem, placements, scheduled.sessions, left)
    plan = small.plan(problem, placements=found.placements, sessions=found.sessions, unplaced=found.unplaced)
    broken = [one for one in check(problem, plan).violations if one.h not in ("H1", "H13", "H14")]
    assert broken == []
    for before, after in zip(scheduled.sessions, found.sessions, strict=False):
        assert (before.id, before.place, before.slot, before.paper) == (after.id, after.place, after.slot, after.paper)
        assert after.parts[: len(before.parts)] == before.parts
    return found


def test_nobody_to_join_changes_nothing() -> None:
    problem = small.problem()
    found = joined(problem, [small.placement()])
    assert found.found == found.unplaced == ()


def test_who_comes_late_sits_in_sessions_that_have_seats() -> None:
    sites = (small.site(workshops=(small.workshop(stations=30),)),)
    problem = small.problem(sites=sites, groups=(small.group(), small.group("G2", 10)))
    found = joined(problem, [small.placement()])
    assert found.found == (Placement(group="G2", site="S1", first=0, count=10),)
    assert len(found.sessions) == 2


def test_new_sessions_get_new_numbers_and_papers_of_their_own() -> None:
    problem = small.problem(groups=(small.group(count=36), small.group("G2", 30)))
    found = joined(problem, [small.placement(count=36)])
    assert len(found.sessions) > 2
    assert len({one.id for one in found.sessions}) == len(found.sessions)
    papers = {(one.component, one.paper, one.slot) for one in found.sessions}
    assert len({(component, paper) for component, paper, _ in papers}) == len(papers)


def test_the_nearest_site_with_a_way_is_taken_and_the_rest_goes_on() -> None:
    sites = (
        small.site("S1", workshops=(small.workshop(stations=1, closed=("1b", "1c", "2a", "2b")),)),
        small.site("S2", lat=32.0, institution="X3"),
    )
    problem = small.problem(sites=sites, groups=(small.group("G2", 10),))
    found = joined(problem, [])
    assert [(one.site, one.first, one.count) for one in found.found] == [
        ("S1", 0, 2),
        ("S2", 2, 8),
    ]  # one station, a long slot


def test_too_many_for_the_country_stay_out() -> None:
    site = small.site(workshops=(small.workshop(stations=1),))
    problem = small.problem(sites=(site,), groups=(small.group("G2", 40),))
    found = joined(problem, [])
    assert sum(one.count for one in found.unplaced) == 40 - sum(one.count for one in found.found) > 0


def test_who_clashes_is_not_sent_elsewhere() -> None:
    problem = small.problem(groups=(small.group(), small.group("G2", 1)))
    found = joined(problem, [small.placement()], UnplacedReason.CLASH)
    assert [one.group for one in found.unplaced] == ["G2"]


def test_who_sits_alone_gets_a_room_alone() -> None:
    late = small.group("G2", 1, accommodations=(Accommodation.OWN_ROOM,))
    problem = small.problem(groups=(small.group(count=5), late))
    found = joined(problem, [small.placement(count=5)])
    assert found.unplaced == ()
    assert len(found.sessions) == 4


def test_nobody_joins_who_sits_alone() -> None:
    alone = small.group("G1", 1, accommodations=(Accommodation.OWN_ROOM,))
    problem = small.problem(groups=(alone, small.group("G2", 2)))
    found = joined(problem, [small.placement(count=1)])
    assert found.unplaced == ()
    assert len(found.sessions) == 4


def test_the_gap_between_two_parts_is_kept() -> None:
    problem = small.problem(
        slots=small.slots(1, (("08:30", 120), ("10:40", 120), ("14:00", 120))), groups=(small.group("G2", 5),)
    )
    found = joined(problem, [])
    assert [one.slot for one in found.sessions if one.component == "skill"] == ["1c"]


def two_exams(**changes: Any) -> Problem:
    """Q sits C1 at S1 and wants C2, which S1 does not hold: near S2 or far S3 does."""
    holds = {"approvals": (small.approval("C2"),), "workshops": (small.workshop("W2", "C2"),)}
    values: dict[str, Any] = {
        "slots": small.slots(1, (("08:30", 120), ("11:00", 120), ("14:00", 120), ("16:30", 120))),
        "certificates": (small.certificate("C1"), small.certificate("C2")),
        "sites": (small.site("S1"), small.site("S2", **holds), small.site("S3", lat=34.0, **holds)),
        "groups": (small.group("G1", 1, person="Q"), small.group("G2", 1, person="Q", certificate="C2")),
    }
    return small.problem(**values | changes)


def between(problem: Problem) -> tuple[Joined, list[tuple[str, str]]]:
    found = joined(problem, [small.placement("G1", count=1)], UnplacedReason.CLASH)
    return found, sorted((one.slot, one.site) for one in found.sessions)


def test_who_clashes_comes_between_their_other_exams() -> None:
    found, exams = between(two_exams())
    assert [one.site for one in found.found] == ["S2"]
    assert len({slot for slot, _ in exams}) == 4


def test_who_clashes_has_time_to_travel() -> None:
    problem = two_exams()
    shut = tuple(slot.id for slot in problem.slots)
    sites = (problem.sites[0], replace(problem.sites[1], closed=shut), problem.sites[2])
    assert between(two_exams(sites=sites))[0].found == ()  # 300 km between two windows of one day
    two_days = small.slots(2, (("08:30", 120), ("11:00", 120), ("14:00", 120), ("16:30", 120)))
    later = (sites[0], replace(problem.sites[1], closed=tuple(slot.id for slot in two_days)), sites[2])
    found, exams = between(two_exams(sites=later, slots=two_days))
    assert [one.site for one in found.found] == ["S3"]
    assert {(slot[0], site) for slot, site in exams} == {("1", "S1"), ("2", "S3")}
