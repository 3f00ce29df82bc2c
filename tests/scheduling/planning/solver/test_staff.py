"""One hand-made example per constraint of staff (H11-H14), then loads, order of objectives, pins, and the same answer every time."""

from collections import Counter
from datetime import date
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec import structs

from benchmarks.instances.staff import city, country
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Assignment, OpenReason, Session
from scheduling.planning.rules.problem import Duty, Person, Pin, Problem, Qualification
from scheduling.planning.rules.teams import load_of, positions
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.staff import Staffed, assign, pinned_only
from tests.scheduling.planning import small

STAFF = ("H11", "H12", "H13", "H14")
THEORY = small.session("N1")
SKILL = small.session("N2", "W1", "1c", "skill")
NEAR = small.site("S2", lat=31.25)  # 5.6 km from S1
FAR = small.site("S3", lat=33.2)  # 222 km from S1


def people(*ids: str, **changes: Any) -> tuple[Person, ...]:
    return tuple(small.person(id, **changes) for id in ids)


def staffed(problem: Problem, *sessions: Session, **options: Any) -> Staffed:
    """The answer, which must hold in the eyes of the check."""
    found = assign(problem, sessions, seed=1, **options)
    plan = small.plan(
        problem, sessions=sessions, assignments=found.assignments, standby=found.standby, open_positions=found.open
    )
    assert [one for one in check(problem, plan).violations if one.h in STAFF] == []
    assert len(found.assignments) + len(found.open) == sum(len(positions(problem, one)) for one in sessions)
    return found


def team(found: Staffed, session: str) -> list[str]:
    return sorted(one.person for one in found.assignments if one.session == session)


def reasons(found: Staffed) -> list[tuple[str, Duty, OpenReason]]:
    return [(one.session, one.duty, one.reason) for one in found.open]


def test_h11_nobody_serves_twice_at_once() -> None:
    second = small.session("N3", "R2")
    problem = small.problem(sites=(small.site(rooms=(small.room(), small.room("R2"))),), staff=people("E1", "E2"))
    found = staffed(problem, THEORY, second)
    assert len(found.assignments) == 2
    assert {one.reason for one in found.open} == {OpenReason.BUSY}
    found = staffed(problem, THEORY, structs.replace(second, slot="1b"))
    assert found.open == ()


def test_h11_only_who_can_come() -> None:
    problem = small.problem(staff=(*people("E1", "E2"), *people("E3", available=("1b", "2a"))))
    assert team(staffed(problem, THEORY), "N1") == ["E1", "E2"]
    found = staffed(structs.replace(problem, staff=problem.staff[1:]), THEORY)
    assert reasons(found)[0][2] is OpenReason.BUSY or reasons(found)[0][2] is OpenReason.UNAVAILABLE
    assert len(found.open) == 1
    assert team(staffed(problem, structs.replace(THEORY, slot="1b")), "N1")


def test_h11_two_sites_on_a_day_only_where_the_way_fits() -> None:
    for site, open_places, two in ((NEAR, 0, 2), (FAR, 2, 0)):
        problem = small.problem(sites=(small.site(), site), staff=people("E1", "E2"))
        found = staffed(problem, THEORY, small.session("N3", site=site.id, slot="1b"))
        assert (len(found.open), found.two_site_days) == (open_places, two)
    assert {one.reason for one in found.open} == {OpenReason.TRAVEL}


def test_two_sites_on_a_day_are_avoided_where_others_can_come() -> None:
    problem = small.problem(sites=(small.site(), NEAR), staff=people("E1", "E2", "E3", "E4"))
    found = staffed(problem, THEORY, small.session("N3", site="S2", slot="1b"))
    assert (found.open, found.two_site_days) == ((), 0)


def test_nobody_serves_more_often_than_they_may() -> None:
    problem = small.problem(staff=people("E1", "E2", most_sessions=1))
    found = staffed(problem, THEORY, SKILL)
    assert len(found.assignments) == 2
    assert {one.reason for one in found.open} == {OpenReason.LIMIT}


def test_h12_nobody_of_the_candidates_school_or_related_to_it() -> None:
    strangers = people("E1", "E2")
    own, related = small.person("E3", institution="X2"), small.person("E4", related=("X2",))
    problem = small.problem(staff=(own, related, *strangers))
    assert team(staffed(problem, THEORY), "N1") == ["E1", "E2"]
    found = staffed(small.problem(staff=(own, related)), THEORY)
    assert found.assignments == ()
    assert [one.reason for one in found.open[0].out] == [OpenReason.CONFLICT, OpenReason.CONFLICT]


def test_two_assessors_of_the_candidates_school_leave_exactly_their_places_open() -> None:
    """Invigilators come from anywhere; the only two assessors come from where the candidates of one session come from."""
    assessors = people("E1", "E2", institution="X2")
    invigilators = people("E3", "E4", duties=(Duty.HEAD_INVIGILATOR, Duty.INVIGILATOR))
    groups = (small.group(), small.group("G2", institution="X1"))
    other = small.session("N3", "W1", "2c", "skill", parts=(small.part("G2"),))
    problem = small.problem(groups=groups, staff=(*assessors, *invigilators))
    found = staffed(problem, THEORY, SKILL, other)
    assert reasons(found) == [
        ("N2", Duty.LEAD_ASSESSOR, OpenReason.CONFLICT),
        ("N2", Duty.ASSESSOR, OpenReason.CONFLICT),
    ]
    assert [(one.person, one.because) for one in found.open[0].out] == [("E1", "X2"), ("E2", "X2")]
    assert (team(found, "N1"), team(found, "N3")) == (["E3", "E4"], ["E1", "E2"])


def test_h13_assessors_hold_the_certificate_on_the_day() -> None:
    expired = Qualification(certificate="C1", valid_to=date(2026, 11, 27))
    late = Qualification(certificate="C1", valid_from=date(2026, 11, 29))
    other = Qualification(certificate="C2")
    staff = tuple(
        small.person(f"E{number}", qualifications=(one,)) for number, one in enumerate((expired, late, other))
    )
    found = staffed(small.problem(staff=(*staff, *people("E8", "E9"))), SKILL)
    assert team(found, "N2") == ["E8", "E9"]
    found = staffed(small.problem(staff=staff), SKILL)
    assert {one.reason for one in found.open} == {OpenReason.NOBODY}
    assert team(staffed(small.problem(staff=staff), structs.replace(SKILL, slot="2a")), "N2") == ["E1"]


def test_h13_team_size_and_one_lead() -> None:
    group = small.group(count=40)
    session = structs.replace(SKILL, parts=(small.part(count=40),))
    staff = (*people("E1", "E2", "E3", duties=(Duty.ASSESSOR,)), small.person("E4"), small.person("E5"))
    found = staffed(small.problem(groups=(group,), staff=staff), session)
    assert [one.duty for one in found.assignments] == [Duty.LEAD_ASSESSOR, Duty.ASSESSOR, Duty.ASSESSOR]
    assert found.assignments[0].person in ("E4", "E5")
    found = staffed(small.problem(groups=(group,), staff=staff[:3]), session)
    assert reasons(found) == [("N2", Duty.LEAD_ASSESSOR, OpenReason.NOBODY)]


def test_h14_numbers_and_a_head_who_may() -> None:
    group = small.group(count=61)
    session = structs.replace(THEORY, parts=(small.part(count=61),))
    staff = (*people("E1", "E2", "E3", duties=(Duty.INVIGILATOR,)), small.person("E4"))
    found = staffed(small.problem(groups=(group,), staff=staff), session)
    assert found.assignments[0] == Assignment(session="N1", person="E4", duty=Duty.HEAD_INVIGILATOR)
    assert len(found.assignments) == 3
    found = staffed(small.problem(groups=(group,), staff=staff[:3]), session)
    assert reasons(found) == [("N1", Duty.HEAD_INVIGILATOR, OpenReason.NOBODY)]


def test_a_head_is_moved_to_where_only_they_can_lead() -> None:
    """E1 may lead both, E2 only the second (they are tied to the first's school): greedy by name would leave one open."""
    groups = (small.group(), small.group("G2", institution="X1"))
    second = small.session("N3", "R2", parts=(small.part("G2"),))
    staff = (
        small.person("E1"),
        small.person("E2", related=("X2",)),
        *people("E3", "E4", duties=(Duty.INVIGILATOR,)),
    )
    site = small.site(rooms=(small.room(), small.room("R2")))
    found = staffed(small.problem(groups=groups, sites=(site,), staff=staff), THEORY, second)
    assert {one.session: one.person for one in found.assignments if one.duty is Duty.HEAD_INVIGILATOR} == {
        "N1": "E1",
        "N3": "E2",
    }
    assert found.open == ()


def test_help_comes_from_another_prefecture() -> None:
    away = small.prefecture("P2", lat=34.0)
    school = small.institution("X4", prefecture="P2", lat=34.0)
    site = small.site("S4", prefecture="P2", institution="X4", lat=34.0)
    there = small.session("N3", site="S4", slot="2b")
    helpers = people("E5", "E6", "E7", institution="X4", lat=34.0)
    problem = small.problem(
        prefectures=(small.prefecture(), away),
        institutions=(*small.problem().institutions, school),
        sites=(small.site(), site),
        staff=(small.person("E1"), *helpers),
    )
    found = staffed(problem, THEORY, there)
    assert found.open == ()
    assert "E1" in team(found, "N1")
    busy = staffed(problem, THEORY, structs.replace(there, slot="1b"))
    assert busy.open == () and busy.two_site_days == 0


def test_loads_are_even() -> None:
    slots = ("1a", "1b", "1c", "2a", "2b", "2c")
    sessions = [small.session(f"N{number}", slot=slot) for number, slot in enumerate(slots)]
    found = staffed(small.problem(staff=people("E1", "E2", "E3", "E4")), *sessions)
    assert sorted(load_of(found.assignments).values()) == [3, 3, 3, 3]
    assert found.load_spread == 0


def test_the_nearer_person_serves_where_loads_allow() -> None:
    staff = (*people("E1", "E2", lat=31.9), *people("E8", "E9"))
    assert team(staffed(small.problem(staff=staff), THEORY), "N1") == ["E8", "E9"]


def test_pins_and_fixed_places_stand() -> None:
    pin = Pin(id="L1", author="a", reason="b", person="E3", site="S1", slot="1a", room="R1", duty=Duty.HEAD_INVIGILATOR)
    problem = small.problem(staff=people("E1", "E2", "E3", "E4"), pins=(pin,))
    fixed = (
        Assignment(session="N2", person="E4", duty=Duty.ASSESSOR),
        Assignment(session="N1", person="E4", duty=Duty.INVIGILATOR),
    )
    found = staffed(problem, THEORY, SKILL, fixed=fixed)
    assert found.assignments[0] == Assignment(session="N1", person="E3", duty=Duty.HEAD_INVIGILATOR)
    assert set(fixed) <= set(found.assignments)
    assert found.open == ()


def test_a_pin_names_the_duty() -> None:
    for duty in (Duty.HEAD_INVIGILATOR, Duty.INVIGILATOR):
        pin = Pin(id="L1", author="a", reason="b", person="E3", site="S1", slot="1a", duty=duty)
        found = staffed(small.problem(staff=people("E1", "E2", "E3"), pins=(pin,)), THEORY)
        assert Assignment(session="N1", person="E3", duty=duty) in found.assignments


def test_two_processes_answer_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, sessions, _ = country(2, sites=3)
    found = assign(problem, sessions, seed=1, processes=1)
    monkeypatch.setattr("scheduling.planning.solver.staff.MANY", 1)
    assert assign(problem, sessions, seed=1, processes=2) == found
    assert (len(found.assignments), found.open) == (360, ())


def test_a_pinned_guest_serves_in_another_prefecture_and_not_at_home_on_that_day() -> None:
    school = small.institution("X4", prefecture="P2", lat=31.6)
    site = small.site("S4", prefecture="P2", institution="X4", lat=31.6)
    pin = Pin(id="L1", author="a", reason="b", person="E1", site="S4", slot="1b")
    problem = small.problem(
        prefectures=(small.prefecture(), small.prefecture("P2", lat=31.6)),
        institutions=(*small.problem().institutions, school),
        sites=(small.site(), site),
        staff=(*people("E1", "E2"), *people("E5", "E6", institution="X4", lat=31.6)),
        pins=(pin,),
    )
    found = staffed(problem, THEORY, small.session("N3", site="S4", slot="1b"))
    assert "E1" in team(found, "N3")
    assert found.open == () and "E1" not in team(found, "N1") and "E2" in team(found, "N1")
    assert found.two_site_days == 0


def test_somebody_stands_by_who_is_free_near_and_could_take_most() -> None:
    staff = (
        *people("E1", "E2"),
        small.person("E3", lat=31.3, duties=(Duty.INVIGILATOR,)),
        small.person("E4", lat=31.35),
        small.person("E5", lat=31.4),
        small.person("E6", lat=31.21, available=("1a",)),
        small.person("E7", lat=34.0),
    )
    pins = tuple(
        Pin(id=f"L{id}{slot}", author="a", reason="b", person=id, site="S1", slot=slot)
        for id in ("E1", "E2")
        for slot in ("1a", "1c")
    )
    found = staffed(small.problem(staff=staff, pins=pins), THEORY, SKILL)
    assert [(one.site, one.day, one.person) for one in found.standby] == [("S1", date(2026, 11, 28), "E4")]
    assert found.standby_short == 0


def test_nobody_to_stand_by_is_counted() -> None:
    found = staffed(small.problem(staff=people("E1", "E2")), THEORY)
    assert (found.standby, found.standby_short) == ((), 1)
    far = people("E7", "E8", lat=34.0)
    assert staffed(small.problem(staff=(*people("E1", "E2"), *far)), THEORY).standby_short == 1


@pytest.mark.parametrize("staff", [(), people("E1")])
def test_no_sessions_need_nobody(staff: tuple[Person, ...]) -> None:
    assert staffed(small.problem(staff=staff)) == Staffed(
        assignments=(), standby=(), open=(), load_spread=0, two_site_days=0
    )


def test_a_problem_without_staff_asks_for_no_teams() -> None:
    assert assign(small.problem(), (THEORY,), seed=1).open == ()


def test_a_city_without_conflicts_and_in_any_order_the_same() -> None:
    """360 people, 2,000 places, of which a hidden answer fills all (benchmark `staff`)."""
    problem, sessions, _ = city(7)
    found = assign(problem, sessions, seed=1)
    plan = small.plan(problem, placements=(), sessions=sessions, assignments=found.assignments, standby=found.standby)
    assert [one for one in check(problem, plan).violations if one.h in STAFF] == []
    assert (len(found.assignments), found.open, found.two_site_days, found.standby_short) == (2000, (), 0, 0)
    loads = load_of(found.assignments)
    assert found.load_spread == max(loads.values()) - min(loads.values()) <= 3 and len(loads) == 360
    per_day = Counter((one.site, one.day) for one in found.standby)
    assert min(per_day.values()) >= 3  # about 40 places at a site on a day
    random = Random(3)
    shuffled = structs.replace(
        problem,
        staff=_mixed(random, problem.staff),
        sites=_mixed(random, problem.sites),
        groups=_mixed(random, problem.groups),
    )
    again = assign(shuffled, _mixed(random, sessions), seed=1)
    assert msgspec.json.encode(again) == msgspec.json.encode(found)


def _mixed(random: Random, things: Any) -> Any:
    copy = list(things)
    random.shuffle(copy)
    return tuple(copy)


def told_at_once(patience: float) -> Ending:
    return Ending.after(None, lambda: True, patience=patience)


def test_time_that_ran_out_leaves_a_valid_answer() -> None:
    problem, sessions, _ = city(7)
    found = assign(problem, sessions, seed=1, ending=told_at_once(1000.0))
    plan = small.plan(
        problem, placements=(), sessions=sessions, assignments=found.assignments, open_positions=found.open
    )
    assert [one for one in check(problem, plan).violations if one.h in STAFF] == []
    assert found.stopped and len(found.assignments) > 1900


def test_when_patience_is_over_only_pins_are_served_and_the_rest_says_so() -> None:
    site = small.site(rooms=(small.room(), small.room("R2")))
    pin = Pin(id="P1", author="A", reason="R", person="E3", site="S1", slot=THEORY.slot, room="R1")
    problem = small.problem(sites=(site,), staff=people("E1", "E2", "E3"), pins=(pin,))
    found = staffed(problem, THEORY, small.session("N3", "R2"), ending=told_at_once(0.0))
    assert [(one.session, one.person) for one in found.assignments] == [("N1", "E3")]
    assert {one.reason for one in found.open} == {OpenReason.NOT_REACHED}
    assert (len(found.open), found.standby, found.stopped) == (3, (), True)
    before = pinned_only(problem, (THEORY, small.session("N3", "R2")))
    assert (before.assignments, {one.session for one in before.open}) == (found.assignments, {"N1", "N3"})
    assert len(before.open) == 3
