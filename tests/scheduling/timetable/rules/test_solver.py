"""The solver: nobody lost, nothing violated, the same plan from the same seed, and the reason for whoever is left."""

import itertools
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.catalogue.rules import Form, Level
from scheduling.timetable.rules.checker import violations
from scheduling.timetable.rules.plan import SiteReason, UnplacedReason
from scheduling.timetable.rules.problem import Hours, Taken
from scheduling.timetable.rules.solver import solve, version_name
from tests.scheduling.timetable.problems import (
    candidates,
    licence,
    part,
    place,
    problem,
    province,
    scheme,
    venue,
)


def test_an_empty_problem_gives_an_empty_plan() -> None:
    empty = problem((), (), ())
    plan = solve(empty, 1)
    assert (plan.sessions, plan.seats, plan.placements, plan.unplaced) == ((), (), (), ())
    assert violations(empty, plan) == ()


def test_somebody_with_nothing_left_to_sit_needs_no_place() -> None:
    (one,) = candidates(1, scheme())
    done = problem((replace(one, part_ids=()),), (scheme(),), (venue(),))
    plan = solve(done, 1)
    assert (plan.placements, plan.unplaced) == ((), ())
    assert violations(done, plan) == ()


@given(st.integers(0, 140), st.integers(0, 50), st.integers(1, 3))
def test_everybody_is_placed_or_listed_and_nothing_is_violated(size: int, seed: int, days: int) -> None:
    given_problem = province(size, seed, days)
    plan = solve(given_problem, seed)
    assert violations(given_problem, plan) == ()
    assert len(plan.placements) + len(plan.unplaced) == size


def test_the_order_of_the_input_changes_nothing() -> None:
    first = province(150, 4)
    shuffled = list(first.candidates)
    Random(9).shuffle(shuffled)
    mixed = replace(first, candidates=tuple(shuffled), venues=tuple(reversed(first.venues)))
    assert solve(first, 3).sha256 == solve(mixed, 3).sha256
    assert solve(first, 3).sha256 != solve(first, 4).sha256


def test_components_come_in_order_with_a_gap_on_a_site() -> None:
    theory, practical = part("t", 1, Form.COMPUTER, 90), part("p", 2, Form.PRACTICAL_GENERAL, 60)
    both = scheme("s", theory, practical)
    site = venue(places=(place("c", "v"), place("w", "v", Form.PRACTICAL_GENERAL, 4)))
    plan = solve(problem(candidates(10, both), (both,), (site,)), 1)
    waves = sorted((s.start, s.end) for s in plan.sessions if s.part_id == "p")
    (written,) = [s for s in plan.sessions if s.part_id == "t"]
    assert waves[0][0] >= written.end + Hours().gap_minutes
    assert len(waves) == 3  # ten people on four stations
    assert all(
        start >= end + Hours().practical_turnaround_minutes for (_, end), (start, _) in itertools.pairwise(waves)
    )


def test_sites_start_together_where_they_can() -> None:
    """H9: 40 people in two prefectures sit the same paper at the same time, with one version."""
    one = scheme()
    people = candidates(20, one, "p") + candidates(20, one, "q")
    plan = solve(problem(people, (one,), (venue("v", "p"), venue("w", "q"))), 1)
    assert {(s.start, s.version) for s in plan.sessions} == {(8 * 60 + 30, "A")}


def test_later_sessions_use_another_paper() -> None:
    one = scheme()
    plan = solve(problem(candidates(50, one), (one,), (venue(),)), 1)
    assert sorted(s.version for s in plan.sessions) == ["A", "B"]
    assert sorted(Counter(seat.session_key for seat in plan.seats).values()) == [25, 25]  # equally full


@pytest.mark.parametrize("short", [1, 7])
def test_capacity_short_by_exactly_k(short: int) -> None:
    """One room of 30, four sessions a day."""
    one = scheme()
    plan = solve(problem(candidates(4 * 30 + short, one), (one,), (venue(),)), 1)
    assert [(u.reason, u.short) for u in plan.unplaced] == [(UnplacedReason.CAPACITY, short)] * short


def test_a_branch_takes_what_the_designated_site_cannot() -> None:
    one = scheme()
    branch = venue("w", "p", licences=(licence(rank=1),))
    plan = solve(problem(candidates(125, one), (one,), (venue(), branch)), 1)
    assert Counter(p.reason for p in plan.placements) == {SiteReason.DESIGNATED: 120, SiteReason.OVERFLOW: 5}
    alone = solve(problem(candidates(5, one), (one,), (branch,)), 1)
    assert {p.reason for p in alone.placements} == {SiteReason.BRANCH}


def test_reasons_name_what_is_missing() -> None:
    one, paper = scheme(), scheme("w", part("w1", form=Form.PAPER), certificate="d")
    long = scheme("l", part("l1", minutes=700), certificate="e")
    site = venue(licences=(licence(), licence("d"), licence("e")))
    people = (
        candidates(2, one, "elsewhere") + candidates(1, paper) + candidates(1, long)
        + candidates(1, scheme("h", part("h1"), certificate="c", level=Level.ADVANCED))
    )  # fmt: skip
    elementary = replace(site, licences=(licence(levels=(Level.ELEMENTARY,)), licence("d"), licence("e")))
    schemes = (one, paper, long, scheme("h", part("h1"), level=Level.ADVANCED))
    plan = solve(problem(people, schemes, (elementary,)), 1)
    assert Counter(u.reason for u in plan.unplaced) == {
        UnplacedReason.NO_SITE: 2,
        UnplacedReason.NO_ROOM: 1,
        UnplacedReason.TOO_LONG: 1,
        UnplacedReason.NOT_APPROVED: 1,
    }
    assert violations(problem(people, schemes, (elementary,)), plan) == ()


def test_a_waived_prefecture_goes_to_the_nearest_designated_site() -> None:
    one = scheme()
    given_problem = replace(
        problem(candidates(3, one, "lonely"), (one,), (venue("far", "a"), venue("near", "b"))),
        waived=frozenset({("c", "lonely")}),
        positions={"lonely": (0.0, 0.0), "a": (5.0, 0.0), "b": (1.0, 0.0)},
    )
    plan = solve(given_problem, 1)
    assert {(p.site_id, p.reason) for p in plan.placements} == {("near", SiteReason.NEAREST)}


def test_a_person_with_two_certificates_is_in_one_place_at_a_time() -> None:
    one, two = scheme("s"), scheme("z", part("z1"), certificate="d")
    people = candidates(1, one) + candidates(1, two)
    people = (people[0], replace(people[1], person_id=people[0].person_id))
    given_problem = problem(people, (one, two), (venue(licences=(licence(), licence("d"))),))
    plan = solve(given_problem, 1)
    assert len(plan.placements) == 2
    assert violations(given_problem, plan) == ()


def test_a_clash_on_the_only_slots_is_named() -> None:
    one = scheme()
    (person,) = candidates(1, one)
    busy = replace(
        problem((person,), (one,), (venue(),)),
        taken_people={person.person_id: (Taken(start=8 * 60, end=18 * 60, site_id="elsewhere"),)},
    )
    assert [u.reason for u in solve(busy, 1).unplaced] == [UnplacedReason.CLASH]


def test_published_rooms_are_left_alone() -> None:
    one = scheme()
    taken = replace(
        problem(candidates(5, one), (one,), (venue(),)),
        taken_rooms={"v-r": (Taken(start=8 * 60 + 30, end=10 * 60),)},
    )
    plan = solve(taken, 1)
    assert plan.sessions[0].start == 10 * 60 + 30
    assert violations(taken, plan) == ()


def test_whoever_cannot_have_every_component_has_none() -> None:
    """A ticket is whole: the practical holds 4 x 3 waves in the afternoon and 2 before noon."""
    both = scheme("s", part("t", 1), part("p", 2, Form.PRACTICAL_SPECIAL, 60))
    site = venue(places=(place("c", "v"), place("w", "v", Form.PRACTICAL_SPECIAL, 4)))
    given_problem = problem(candidates(30, both), (both,), (site,))
    plan = solve(given_problem, 1)
    assert violations(given_problem, plan) == ()
    assert plan.unplaced
    seated = {seat.candidate_id for seat in plan.seats}
    assert seated.isdisjoint({u.candidate_id for u in plan.unplaced})


def test_two_thousand_candidates_find_their_places() -> None:
    large = province(2000, 7)
    plan = solve(large, 5)
    assert violations(large, plan) == ()
    assert plan.figures["unplaced"] == 0


def test_versions_have_names() -> None:
    assert [version_name(index) for index in (0, 25, 26, 27, 52)] == ["A", "Z", "AA", "AB", "BA"]


def test_no_session_lies_outside_the_approval() -> None:
    """Two days, but the approval ends with the first: a second room-day does not exist."""
    one = scheme()
    given_problem = problem(candidates(125, one), (one,), (venue(licences=(licence(days=0),)),), days=2)
    plan = solve(given_problem, 1)
    assert violations(given_problem, plan) == ()
    assert len(plan.unplaced) == 5
