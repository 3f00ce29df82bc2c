"""Places of a team, who may take them, and whether one person can serve twice."""

from datetime import date

import pytest

from scheduling.planning.rules.plan import Assignment, OpenReason
from scheduling.planning.rules.problem import Duty, Form, Pin, Qualification, Rules
from scheduling.planning.rules.teams import (
    can_serve_both,
    load_of,
    obstacle,
    pause_minutes,
    pinned_duty,
    positions,
    qualified,
    standby_needed,
    travel_minutes,
    two_site_days,
)
from tests.scheduling.planning import small

NEAR = small.site("S2", lat=31.25)  # 5.6 km north of S1
FAR = small.site("S3", lat=33.2)  # 222 km north of S1
PROBLEM = small.problem(
    sites=(small.site(), NEAR, FAR),
    groups=(small.group(count=200), small.group("G2", institution="X1", count=10)),
    staff=(small.person(),),
)


def with_count(count: int, component: str = "theory") -> tuple[Duty, ...]:
    return positions(PROBLEM, small.session(component=component, parts=(small.part(count=count),) if count else ()))


@pytest.mark.parametrize(("count", "size"), [(0, 2), (1, 2), (60, 2), (61, 3), (90, 3), (91, 4)])
def test_one_head_and_an_invigilator_for_every_thirty(count: int, size: int) -> None:
    assert with_count(count) == (Duty.HEAD_INVIGILATOR, *[Duty.INVIGILATOR] * (size - 1))


@pytest.mark.parametrize(("count", "size"), [(0, 2), (30, 2), (31, 3), (46, 4)])
def test_one_lead_and_an_assessor_for_every_fifteen(count: int, size: int) -> None:
    assert with_count(count, "skill") == (Duty.LEAD_ASSESSOR, *[Duty.ASSESSOR] * (size - 1))


def test_numbers_are_those_of_the_certificate() -> None:
    strict = Rules(invigilators_per_room=3, candidates_per_invigilator=5)
    problem = small.problem(certificates=(small.certificate(rules=strict),))
    assert len(positions(problem, small.session(parts=(small.part(count=10),)))) == 3
    assert len(positions(problem, small.session(parts=(small.part(count=16),)))) == 4


@pytest.mark.parametrize(
    ("held", "day", "holds"),
    [
        (Qualification(certificate="C1"), 28, True),
        (Qualification(certificate="C2"), 28, False),
        (Qualification(certificate="C1", valid_to=date(2026, 11, 28)), 28, True),
        (Qualification(certificate="C1", valid_to=date(2026, 11, 28)), 29, False),
        (Qualification(certificate="C1", valid_from=date(2026, 11, 29)), 28, False),
        (Qualification(certificate="C1", valid_from=date(2026, 11, 29)), 29, True),
    ],
)
def test_a_qualification_counts_on_its_days(held: Qualification, day: int, holds: bool) -> None:
    assert qualified(small.person(qualifications=(held,)), "C1", date(2026, 11, day)) is holds


def test_nobody_without_qualifications_is_qualified() -> None:
    assert not qualified(small.person(qualifications=()), "C1", date(2026, 11, 28))


def test_own_and_related_institutions_are_an_obstacle() -> None:
    session = small.session()
    assert obstacle(PROBLEM, small.person(), session, Duty.INVIGILATOR) is None
    own = small.person(institution="X2")
    assert obstacle(PROBLEM, own, session, Duty.INVIGILATOR) == (OpenReason.CONFLICT, "X2")
    related = small.person(related=("X1", "X2"))
    assert obstacle(PROBLEM, related, session, Duty.INVIGILATOR) == (OpenReason.CONFLICT, "X2")
    second = small.session(parts=(small.part(), small.part("G2", count=10)))
    assert obstacle(PROBLEM, small.person(institution="X1"), second, Duty.INVIGILATOR) == (OpenReason.CONFLICT, "X1")


def test_a_duty_a_qualification_and_the_slot_are_asked_for() -> None:
    assert obstacle(PROBLEM, small.person(duties=(Duty.INVIGILATOR,)), small.session(), Duty.HEAD_INVIGILATOR) == (
        OpenReason.NOBODY,
        None,
    )
    skill = small.session(place="W1", component="skill")
    assert obstacle(PROBLEM, small.person(qualifications=()), skill, Duty.ASSESSOR) == (OpenReason.NOBODY, None)
    assert obstacle(PROBLEM, small.person(qualifications=()), small.session(), Duty.INVIGILATOR) is None
    away = small.person(available=("1b",))
    assert obstacle(PROBLEM, away, small.session(), Duty.INVIGILATOR) == (OpenReason.UNAVAILABLE, "1a")


def test_travel_takes_time_at_the_speed_of_the_rules() -> None:
    assert travel_minutes(PROBLEM, "S1", "S1") == 0
    assert travel_minutes(PROBLEM, "S1", "S3") == pytest.approx(222.4, abs=0.1)  # 222.4 km at 60 km/h


def test_one_person_serves_twice_only_where_the_way_fits() -> None:
    first = small.session()
    assert not can_serve_both(PROBLEM, first, small.session("N2", "R2"))
    assert can_serve_both(PROBLEM, first, small.session("N2", slot="1b", site="S2"))  # half an hour for 5.6 km
    assert can_serve_both(PROBLEM, small.session("N2", slot="1b", site="S2"), first)
    assert not can_serve_both(PROBLEM, first, small.session("N2", slot="1b", site="S3"))
    assert can_serve_both(PROBLEM, first, small.session("N2", slot="2a", site="S3"))


def test_the_pause_between_overlapping_slots_is_negative() -> None:
    one, other = small.slot("a", "2026-11-28T08:30", 120), small.slot("b", "2026-11-28T09:30", 120)
    assert pause_minutes(one, other) == pause_minutes(other, one) == -60


def test_loads_and_two_site_days() -> None:
    sessions = (small.session(), small.session("N2", slot="1b", site="S2"), small.session("N3", slot="2a", site="S2"))
    given = [Assignment(session=one.id, person="E1", duty=Duty.INVIGILATOR) for one in sessions]
    assert load_of(given) == {"E1": 3}
    assert two_site_days(PROBLEM, sessions, given) == 1
    assert two_site_days(PROBLEM, sessions, given[1:]) == 0
    assert load_of(()) == {} and two_site_days(PROBLEM, (), ()) == 0


@pytest.mark.parametrize(("places", "people"), [(0, 0), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_one_stands_by_for_every_started_ten(places: int, people: int) -> None:
    assert standby_needed(PROBLEM, places) == people


def test_a_pin_names_the_session_until_it_expires() -> None:
    pin = Pin(id="L1", author="a", reason="b", person="E1", site="S1", slot="1a", room="R1", expires=date(2026, 11, 1))
    assert pinned_duty(PROBLEM, pin, small.session())
    assert not pinned_duty(PROBLEM, pin, small.session(place="R2"))
    assert not pinned_duty(PROBLEM, pin, small.session(slot="1b"))
    assert not pinned_duty(small.problem(on=date(2026, 11, 2)), pin, small.session())
    assert not pinned_duty(PROBLEM, Pin(id="L2", author="a", reason="b", site="S1", slot="1a"), small.session())


def test_paper_has_a_head_too() -> None:
    essay = small.component("essay", Form.PAPER)
    problem = small.problem(certificates=(small.certificate("C1", small.scheme(small.scheme().level, essay)),))
    assert positions(problem, small.session(component="essay")) == (Duty.HEAD_INVIGILATOR, Duty.INVIGILATOR)
