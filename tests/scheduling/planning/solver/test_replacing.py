"""Somebody is ill: who steps in, who moves, and who does not."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from benchmarks.instances.staff import city
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Assignment, OpenReason, Session, Standby
from scheduling.planning.rules.problem import Duty, Person, Problem
from scheduling.planning.solver.replacing import Replaced, Replacement, replace
from scheduling.planning.solver.staff import assign
from tests.scheduling.planning import small

HEAD, OTHER, LEAD, SECOND = Duty.HEAD_INVIGILATOR, Duty.INVIGILATOR, Duty.LEAD_ASSESSOR, Duty.ASSESSOR
DAY = date(2026, 11, 28)
THEORY = small.session("N1")
SKILL = small.session("N2", "W1", "1c", "skill")
BOTH = (THEORY, SKILL)
TEAMS = (("N1", "E1", HEAD), ("N1", "E2", OTHER), ("N2", "E1", LEAD), ("N2", "E2", SECOND))


def people(*ids: str, **changes: Any) -> tuple[Person, ...]:
    return tuple(small.person(id, **changes) for id in ids)


def given(*teams: tuple[str, str, Duty]) -> list[Assignment]:
    return [Assignment(session=session, person=person, duty=duty) for session, person, duty in teams]


def replaced(problem: Problem, sessions: Sequence[Session], teams: Sequence[Assignment], **options: Any) -> Replaced:
    """The answer, which must hold in the eyes of the check, and whose changes are what has changed."""
    found = replace(problem, sessions, teams, seed=1, **{"ill": "E1", "from_slot": "1a"} | options)
    plan = small.plan(
        problem,
        placements=(),
        sessions=tuple(sessions),
        assignments=found.assignments,
        standby=found.standby,
        open_positions=found.open,
    )
    assert [one for one in check(problem, plan).violations if one.h in ("H11", "H12", "H13", "H14")] == []
    lost = set(teams) - set(found.assignments)
    assert {(one.session, one.duty, one.before) for one in found.changes} == {
        (a.session, a.duty, a.person) for a in lost
    }
    return found


def test_who_stands_by_steps_in_for_the_whole_day() -> None:
    problem = small.problem(staff=people("E1", "E2", "E3", "E9"))
    waits = (Standby(site="S1", day=DAY, person="E9"),)
    found = replaced(problem, BOTH, given(*TEAMS), standby=waits)
    assert found.changes == (
        Replacement(session="N1", duty=HEAD, before="E1", after="E9"),
        Replacement(session="N2", duty=LEAD, before="E1", after="E9"),
    )
    assert (found.moved, found.open, found.standby) == ((), (), ())


def test_what_is_past_stays() -> None:
    problem = small.problem(staff=people("E1", "E2", "E3"))
    found = replaced(problem, BOTH, given(*TEAMS), from_slot="1b")
    assert [(one.session, one.after) for one in found.changes] == [("N2", "E3")]
    assert given(TEAMS[0])[0] in found.assignments


def test_somebody_on_the_spot_comes_before_somebody_at_home() -> None:
    problem = small.problem(staff=people("E1", "E2", "E3", "E8", "E9"), groups=(small.group(count=61),))
    full = small.session("N1", parts=(small.part(count=61),))
    teams = given(
        ("N1", "E2", HEAD), ("N1", "E3", OTHER), ("N1", "E9", OTHER), ("N2", "E1", LEAD), ("N2", "E2", SECOND)
    )
    found = replaced(problem, (full, SKILL), teams)
    assert [(one.session, one.after) for one in found.changes] == [("N2", "E3")]


def test_who_stands_by_elsewhere_is_asked_last() -> None:
    problem = small.problem(
        sites=(small.site(), small.site("S2", lat=31.21)), staff=people("E1", "E2", "E3", "E4", lat=31.3)
    )
    waits = (Standby(site="S2", day=DAY, person="E3"),)
    found = replaced(problem, BOTH, given(*TEAMS), standby=waits)
    assert {one.after for one in found.changes} == {"E4"}
    assert found.standby == waits


def test_one_person_moves_where_nobody_else_can_lead() -> None:
    """Only E2 may lead N1 as well; their own place goes to E3, who may not lead."""
    staff = (*people("E1", "E2"), *people("E3", duties=(OTHER, SECOND)))
    found = replaced(small.problem(staff=staff), (THEORY,), given(*TEAMS[:2]))
    assert found.changes == (
        Replacement(session="N1", duty=HEAD, before="E1", after="E2"),
        Replacement(session="N1", duty=OTHER, before="E2", after="E3"),
    )
    assert found.moved == ("E2",)


def test_nobody_can_come() -> None:
    found = replaced(small.problem(staff=(*people("E1", "E2"), *people("E3", institution="X2"))), BOTH, given(*TEAMS))
    assert [(one.session, one.after) for one in found.changes] == [("N1", None), ("N2", None)]
    assert [(one.session, one.duty, one.reason) for one in found.open] == [
        ("N1", HEAD, OpenReason.CONFLICT),
        ("N2", LEAD, OpenReason.CONFLICT),
    ]
    assert {one.person: one.reason for one in found.open[0].out} == {
        "E1": OpenReason.UNAVAILABLE,
        "E2": OpenReason.BUSY,
        "E3": OpenReason.CONFLICT,
    }


def test_who_is_ill_no_longer_stands_by() -> None:
    waits = (Standby(site="S1", day=DAY, person="E1"), Standby(site="S1", day=date(2026, 11, 29), person="E1"))
    problem = small.problem(staff=people("E1", "E2", "E3"))
    teams = given(("N1", "E2", HEAD), ("N1", "E3", OTHER))
    found = replaced(problem, (THEORY,), teams, standby=waits)
    assert (found.changes, found.standby, found.assignments) == ((), (), tuple(teams))
    assert replaced(problem, (THEORY,), teams, standby=waits, from_slot="2a").standby == waits[:1]


def test_nothing_was_planned() -> None:
    found = replaced(small.problem(staff=people("E1")), (), ())
    assert (found.assignments, found.changes, found.moved, found.open) == ((), (), (), ())


def test_unknown_people_and_slots_are_refused() -> None:
    problem = small.problem(staff=people("E1"))
    with pytest.raises(KeyError):
        replace(problem, (), (), ill="E9", from_slot="1a", seed=1)
    with pytest.raises(KeyError):
        replace(problem, (), (), ill="E1", from_slot="9a", seed=1)


def test_in_a_city_one_person_less_moves_nobody_else() -> None:
    problem, sessions, _ = city(3)
    before = assign(problem, sessions, seed=1)
    busiest = before.assignments[0].person
    found = replaced(problem, sessions, before.assignments, ill=busiest, standby=before.standby)
    own = [one for one in before.assignments if one.person == busiest]
    assert len(found.changes) == len(own) and {one.before for one in found.changes} == {busiest}
    assert (found.moved, found.open) == ((), ())
