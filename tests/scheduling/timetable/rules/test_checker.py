"""The checker names each planted violation, and nothing else; it is the judge, so each constraint is broken here once."""

from dataclasses import replace

import pytest

from exam.catalogue.rules import Form, Level
from scheduling.timetable.rules.checker import violations
from scheduling.timetable.rules.plan import Plan, Session, Unplaced, UnplacedReason
from scheduling.timetable.rules.problem import Problem
from scheduling.timetable.rules.solver import solve
from tests.scheduling.timetable.problems import FIRST_DAY, candidates, licence, part, place, problem, scheme, venue

BOTH = scheme("s", part("t", 1), part("p", 2, Form.PRACTICAL_GENERAL, 30))
SITE = venue(places=(place("c", "v"), place("w", "v", Form.PRACTICAL_GENERAL, 3)), licences=(licence(days=1),))


@pytest.fixture
def given_problem() -> Problem:
    return problem(candidates(6, BOTH), (BOTH,), (SITE,), days=2)


@pytest.fixture
def plan(given_problem: Problem) -> Plan:
    return solve(given_problem, 1)


def codes(given_problem: Problem, plan: Plan) -> set[str]:
    return {violation.code for violation in violations(given_problem, plan)}


def moved(plan: Plan, index: int, minutes: int) -> Plan:
    """The plan with one session at another time; its key stays."""
    sessions = list(plan.sessions)
    one = sessions[index]
    sessions[index] = replace(one, start=one.start + minutes, end=one.end + minutes)
    return replace(plan, sessions=tuple(sessions))


def changed(plan: Plan, part_id: str, **changes: object) -> Plan:
    """The plan with the first session of a component changed."""
    sessions: list[Session] = list(plan.sessions)
    index = next(number for number, one in enumerate(sessions) if one.part_id == part_id)
    sessions[index] = replace(sessions[index], **changes)  # type: ignore[arg-type]
    return replace(plan, sessions=tuple(sessions))


def test_a_right_plan_has_no_violation(given_problem: Problem, plan: Plan) -> None:
    assert violations(given_problem, plan) == ()


def test_h2_a_missing_component(given_problem: Problem, plan: Plan) -> None:
    assert codes(given_problem, replace(plan, seats=plan.seats[1:])) == {"H2"}


def test_h2_nobody_is_forgotten(given_problem: Problem, plan: Plan) -> None:
    one = plan.seats[0].candidate_id
    without = tuple(seat for seat in plan.seats if seat.candidate_id != one)
    assert codes(given_problem, replace(plan, seats=without)) == {"H2"}
    listed = Unplaced(candidate_id=one, reason=UnplacedReason.CLASH)
    assert codes(given_problem, replace(plan, seats=without, unplaced=(listed,))) == set()
    assert codes(given_problem, replace(plan, unplaced=(listed,))) == {"H2"}


def test_h2_one_site_for_everybody(given_problem: Problem, plan: Plan) -> None:
    elsewhere = tuple(replace(one, site_id="other") for one in plan.placements)
    assert codes(given_problem, replace(plan, placements=elsewhere)) == {"H2"}


def test_h3_the_approval_holds_on_the_date(given_problem: Problem, plan: Plan) -> None:
    late = replace(SITE, licences=(replace(SITE.licences[0], valid_from=FIRST_DAY.replace(day=18)),))
    assert codes(replace(given_problem, venues=(late,)), plan) == {"H3"}
    level = replace(SITE, licences=(licence(levels=(Level.ADVANCED,)),))
    assert codes(replace(given_problem, venues=(level,)), plan) == {"H3"}


def test_h3_the_room_serves_the_form(given_problem: Problem, plan: Plan) -> None:
    paper = replace(SITE, places=(place("c", "v", Form.PAPER), SITE.places[1]))
    assert codes(replace(given_problem, venues=(paper,)), plan) == {"H3"}


def test_h4_seats(given_problem: Problem, plan: Plan) -> None:
    small = replace(SITE, places=(place("c", "v", usable=5), SITE.places[1]))
    assert codes(replace(given_problem, venues=(small,)), plan) == {"H4"}
    first, second = plan.seats[0], plan.seats[1]
    twice = (first, replace(second, seat_no=first.seat_no), *plan.seats[2:])
    assert codes(given_problem, replace(plan, seats=twice)) == {"H4"}


def test_h5_and_h6_length(given_problem: Problem, plan: Plan) -> None:
    theory = next(one for one in plan.sessions if one.part_id == "t")
    assert codes(given_problem, changed(plan, "t", end=theory.end - 30)) == {"H5"}
    practical = next(one for one in plan.sessions if one.part_id == "p")
    assert codes(given_problem, changed(plan, "p", end=practical.end - 5)) == {"H6"}


def test_h6_turnaround(given_problem: Problem, plan: Plan) -> None:
    last = max(range(len(plan.sessions)), key=lambda index: plan.sessions[index].start)
    before = sorted(one.end for one in plan.sessions if one.part_id == "p")[0]
    assert codes(given_problem, moved(plan, last, before + 5 - plan.sessions[last].start)) == {"H6"}


def test_h7_order_and_gap(given_problem: Problem, plan: Plan) -> None:
    theory = next(index for index, one in enumerate(plan.sessions) if one.part_id == "t")
    assert codes(given_problem, moved(plan, theory, 24 * 60)) == {"H7"}
    assert codes(given_problem, moved(plan, theory, 15)) == {"H7"}


def test_h8_a_person_in_two_places(given_problem: Problem, plan: Plan) -> None:
    one, two, *rest = given_problem.candidates
    same = replace(given_problem, candidates=(one, replace(two, person_id=one.person_id), *rest))
    assert "H8" in codes(same, plan)


def test_h9_one_paper_one_time() -> None:
    one = scheme()
    many = problem(candidates(40, one), (one,), (venue(),))
    plan = solve(many, 1)
    same = replace(plan, sessions=tuple(replace(each, version="A") for each in plan.sessions))
    assert codes(many, same) == {"H9"}


def test_h10_one_session_in_a_room() -> None:
    one, two = scheme("s"), scheme("z", part("z1"), certificate="d")
    both = problem(candidates(5, one) + candidates(5, two), (one, two), (venue(licences=(licence(), licence("d"))),))
    plan = solve(both, 1)
    start = plan.sessions[0].start
    assert codes(both, moved(plan, 1, start - plan.sessions[1].start)) == {"H10"}


def test_h15_days_and_hours(given_problem: Problem, plan: Plan) -> None:
    closed = replace(SITE, closed_on=frozenset({FIRST_DAY}))
    assert codes(replace(given_problem, venues=(closed,)), plan) == {"H15"}
    last = max(range(len(plan.sessions)), key=lambda index: plan.sessions[index].start)
    assert codes(given_problem, moved(plan, last, 19 * 60 - plan.sessions[last].start)) == {"H15"}
    assert codes(given_problem, moved(plan, last, 11 * 60 + 45 - plan.sessions[last].start)) >= {"H15"}
