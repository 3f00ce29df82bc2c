"""One hand-made example per hard constraint, violated and kept; and one plan that breaks all eighteen."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from exam.kernel.errors import Invalid
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import (
    Assignment,
    OpenPosition,
    OpenReason,
    Plan,
    Standby,
    Unplaced,
    UnplacedReason,
)
from scheduling.planning.rules.problem import (
    Accommodation,
    Certificate,
    Duty,
    Form,
    Level,
    Pilot,
    Pin,
    Problem,
    Qualification,
    Rules,
    Waiver,
)
from tests.scheduling.planning import small
from tests.scheduling.planning.rules import planted

THEORY_ONLY = small.group(components=("theory",))
SKILL_ONLY = small.group(components=("skill",))


def found(problem: Problem, plan: Plan, **options: Any) -> list[str]:
    """The violated constraints, each as often as it is violated."""
    return [violation.h for violation in check(problem, plan, **options).violations]


def theory(problem: Problem | None = None, **changes: Any) -> Plan:
    """A plan of theory alone: one session in the first slot."""
    return small.plan(sessions=(small.session(**changes),))


def test_a_valid_plan_has_no_violation_and_an_empty_one_neither() -> None:
    assert found(small.problem(), small.plan()) == []
    empty = small.problem(slots=(), prefectures=(), institutions=(), certificates=(), sites=(), groups=())
    assert found(empty, small.plan(placements=(), sessions=())) == []


def test_h1_a_pilot_has_a_site_in_its_prefecture_or_a_waiver() -> None:
    pilot = (Pilot(institution="X2", certificate="C1"),)
    far = (small.prefecture("P1"), small.prefecture("P2"))
    school = (small.institution("X1"), small.institution("X2", prefecture="P2"), small.institution("X3"))
    waiver = (Waiver(certificate="C1", prefecture="P2", reason="none has the machines"),)
    late = small.site(approvals=(small.approval(valid_from=date(2027, 1, 1)),))
    assert found(small.problem(pilots=pilot), small.plan()) == []
    there = small.problem(pilots=pilot, prefectures=far, institutions=school)
    assert found(there, small.plan()) == ["H1"]
    assert found(replace(there, waivers=waiver), small.plan()) == []
    assert "H1" in found(small.problem(pilots=pilot, sites=(late,)), small.plan())
    one_day = small.site(approvals=(small.approval(valid_to=small.DAY),))
    assert found(small.problem(pilots=pilot, sites=(one_day,)), small.plan()) == []


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"placements": (), "sessions": ()}, 1),
        ({"placements": (small.placement(count=19),)}, 1),
        ({"placements": (small.placement(), small.placement(first=19, count=1))}, 1),
        ({"placements": (small.placement(count=10), small.placement(first=10, count=10))}, 0),
        ({"sessions": (small.session(),)}, 1),
        ({"sessions": (small.session(parts=(small.part(count=19),)), small.session("N2", "W1", "1c", "skill"))}, 1),
        ({"sessions": (small.session(), small.session("N3", slot="2a", parts=(small.part(count=1),), paper="B"))}, 2),
        ({"placements": (small.placement(count=21),)}, 2),
        (
            {"unplaced": (Unplaced(group="G1", first=19, count=1, reason=UnplacedReason.TIME),)},
            1,  # placed and listed
        ),
    ],
)
def test_h2_everybody_once_or_listed(changes: dict[str, Any], count: int) -> None:
    assert found(small.problem(), small.plan(**changes)) == ["H2"] * count


def test_h2_who_is_listed_as_unplaced_is_told() -> None:
    plan = small.plan(
        placements=(small.placement(count=19),),
        unplaced=(Unplaced(group="G1", first=19, count=1, reason=UnplacedReason.TIME),),
        sessions=(
            small.session(parts=(small.part(count=19),)),
            small.session("N2", "W1", "1c", "skill", parts=(small.part(count=19),)),
        ),
    )
    assert found(small.problem(), plan) == []
    assert check(small.problem(), plan).objectives.unplaced == 1


def test_h2_all_components_at_the_site_of_the_placement() -> None:
    problem = small.problem(sites=(small.site(), small.site("S2")))
    elsewhere = (small.session(), small.session("N2", "W1", "1c", "skill", site="S2"))
    assert found(problem, small.plan(sessions=elsewhere)) == ["H2"]


def test_h2_only_components_of_the_group() -> None:
    problem = small.problem(groups=(THEORY_ONLY,))
    assert found(problem, theory()) == []
    assert found(problem, small.plan()) == ["H2"]


@pytest.mark.parametrize(
    ("approval", "h"),
    [
        (small.approval(levels=(Level.INTERMEDIATE,), forms=(Form.COMPUTER, Form.PRACTICAL)), []),
        (small.approval(levels=(Level.ADVANCED,)), ["H3", "H3"]),
        (small.approval(forms=(Form.COMPUTER,)), ["H3"]),
        (small.approval(valid_from=date(2026, 11, 28), valid_to=date(2026, 11, 28)), []),
        (small.approval(valid_from=date(2026, 11, 29)), ["H3", "H3"]),
        (small.approval(valid_to=date(2026, 11, 27)), ["H3", "H3"]),
        (small.approval("C2"), ["H3", "H3"]),
    ],
)
def test_h3_approved_for_level_form_and_day(approval: Any, h: list[str]) -> None:
    assert found(small.problem(sites=(small.site(approvals=(approval,)),), certificates=TWO), small.plan()) == h


TWO: tuple[Certificate, ...] = (small.certificate(), small.certificate("C2"))


def test_h4_a_seat_for_everybody_in_a_paper_room() -> None:
    written = small.certificate("C1", small.scheme(Level.INTERMEDIATE, small.component(form=Form.PAPER)))
    for seats, h in ((20, []), (19, ["H4"])):
        site = small.site(rooms=(small.room(form=Form.PAPER, seats=seats),))
        problem = small.problem(certificates=(written,), sites=(site,), groups=(THEORY_ONLY,))
        assert found(problem, theory()) == h


def test_h4_a_room_of_the_right_form() -> None:
    site = small.site(rooms=(small.room(form=Form.PAPER),))
    assert found(small.problem(sites=(site,)), small.plan()) == ["H4"]


@pytest.mark.parametrize(("seats", "h"), [(23, []), (22, ["H5"]), (20, ["H5"]), (19, ["H4"])])
def test_h5_the_reserve_of_machines_stays_free(seats: int, h: list[str]) -> None:
    site = small.site(rooms=(small.room(seats=seats),))  # 23 less 3 are 20
    assert found(small.problem(sites=(site,)), small.plan()) == h


@pytest.mark.parametrize(("stations", "h"), [(10, []), (9, ["H6"])])
def test_h6_stations_serve_one_after_the_other(stations: int, h: list[str]) -> None:
    site = small.site(workshops=(small.workshop(stations=stations),))  # two rounds of 60 + 10 in 180 minutes
    assert found(small.problem(sites=(site,)), small.plan()) == h


def test_h6_sessions_share_the_stations_of_a_slot() -> None:
    groups = (small.group(components=("skill",)), small.group("G2", 20, components=("skill",)))
    plan = small.plan(
        placements=(small.placement(), small.placement("G2")),
        sessions=(
            small.session("N1", "W1", "1c", "skill"),
            small.session("N2", "W1", "1c", "skill", parts=(small.part("G2"),)),
        ),
    )
    assert found(small.problem(groups=groups), plan) == ["H6"]
    large = small.site(workshops=(small.workshop(stations=20),))
    assert found(small.problem(groups=groups, sites=(large,)), plan) == []


def test_h6_a_workshop_of_the_certificate_and_time_for_one_candidate() -> None:
    other = small.site(workshops=(small.workshop(certificate="C2"),))
    assert found(small.problem(sites=(other,), certificates=TWO), small.plan()) == ["H6"]
    long = small.certificate("C1", small.scheme(Level.INTERMEDIATE, small.THEORY, replace(small.SKILL, minutes=181)))
    assert found(small.problem(certificates=(long,)), small.plan()) == ["H6"]


def test_h7_the_gap_after_the_component_before() -> None:
    soon = small.plan(sessions=(small.session(slot="1b"), small.session("N2", "W1", "1c", "skill")))
    assert found(small.problem(), soon) == []  # an hour between 13:00 and 14:00
    assert found(small.problem(rules=Rules(gap_minutes=60)), soon) == []
    assert found(small.problem(rules=Rules(gap_minutes=61)), soon) == ["H7"]
    turned = small.plan(sessions=(small.session(slot="2a"), small.session("N2", "W1", "1c", "skill")))
    assert found(small.problem(), turned) == ["H7"]
    free = small.certificate("C1", small.scheme(Level.INTERMEDIATE, small.THEORY, replace(small.SKILL, order=0)))
    assert found(small.problem(certificates=(free,)), turned) == []


def test_h7_counts_only_the_members_concerned() -> None:
    sessions = (
        small.session(parts=(small.part(count=15),)),
        small.session("N2", slot="2a", paper="B", parts=(small.part(first=15, count=5),)),
        small.session("N3", "W1", "1c", "skill"),
    )
    (violation,) = check(small.problem(), small.plan(sessions=sessions)).violations
    assert (violation.h, violation.facts["first"], violation.facts["count"]) == ("H7", 15, 5)


def test_h8_no_two_components_in_one_slot() -> None:
    plan = small.plan(sessions=(small.session(slot="1c"), small.session("N2", "W1", "1c", "skill")))
    assert found(small.problem(), plan) == ["H8"]


def two_exams(slot: str, site: str = "S1", lat: float = 31.2) -> list[str]:
    """Somebody sits C1 in slot 1a and C2 in another slot, maybe at another site."""
    sites = (
        small.site(approvals=(small.approval(), small.approval("C2")), rooms=(small.room(), small.room("R2"))),
        small.site("S2", approvals=(small.approval("C2"),), lat=lat, rooms=(small.room("R2"),)),
    )
    groups = (
        small.group("G1", 1, components=("theory",), person="Q1"),
        small.group("G2", 1, certificate="C2", components=("theory",), person="Q1"),
    )
    plan = small.plan(
        placements=(small.placement(count=1), small.placement("G2", site, count=1)),
        sessions=(
            small.session(parts=(small.part(count=1),)),
            small.session("N2", "R2", slot, certificate="C2", site=site, parts=(small.part("G2", count=1),)),
        ),
    )
    return found(small.problem(sites=sites, groups=groups, certificates=TWO), plan)


def test_h8_a_person_with_two_certificates_is_in_one_place_and_can_travel() -> None:
    assert two_exams("1b") == []
    assert two_exams("1a") == ["H8"]
    assert two_exams("1b", "S2", lat=31.4) == []  # 22 km in the half hour
    assert two_exams("1b", "S2", lat=31.6) == ["H8"]  # 44 km
    assert two_exams("2a", "S2", lat=36.0) == []  # overnight


def test_h9_one_paper_starts_together_everywhere() -> None:
    groups = (THEORY_ONLY, small.group("G2", components=("theory",)))
    site = small.site(rooms=(small.room(), small.room("R2")))

    def plan(slot: str, paper: str) -> Plan:
        second = small.session("N2", "R2", slot, paper=paper, parts=(small.part("G2"),))
        return small.plan(placements=(small.placement(), small.placement("G2")), sessions=(small.session(), second))

    problem = small.problem(groups=groups, sites=(site,))
    assert found(problem, plan("1a", "theory-A")) == []
    assert found(problem, plan("1b", "theory-A")) == ["H9"]
    assert found(problem, plan("1b", "theory-B")) == []


def test_h10_one_exam_in_a_room_unless_mixing_is_allowed() -> None:
    groups = (
        small.group("G1", 10, components=("theory",)),
        small.group("G2", 10, certificate="C2", components=("theory",)),
    )
    site = small.site(approvals=(small.approval(), small.approval("C2")))
    plan = small.plan(
        placements=(small.placement(count=10), small.placement("G2", count=10)),
        sessions=(
            small.session(parts=(small.part(count=10),)),
            small.session("N2", certificate="C2", parts=(small.part("G2", count=10),)),
        ),
    )
    problem = small.problem(groups=groups, sites=(site,), certificates=TWO)
    assert found(problem, plan) == ["H10"]
    assert found(replace(problem, rules=Rules(mixing=True)), plan) == []
    one_only = (small.certificate(rules=Rules(mixing=True)), small.certificate("C2"))
    assert found(replace(problem, certificates=one_only), plan) == ["H10"]
    crowded = replace(problem, rules=Rules(mixing=True), sites=(replace(site, rooms=(small.room(seats=22),)),))
    assert found(crowded, plan) == ["H5"]


STAFF = tuple(small.person(f"E{number}") for number in range(1, 6))
TEAMS = (
    Assignment(session="N1", person="E1", duty=Duty.HEAD_INVIGILATOR),
    Assignment(session="N1", person="E2", duty=Duty.INVIGILATOR),
    Assignment(session="N2", person="E1", duty=Duty.LEAD_ASSESSOR),
    Assignment(session="N2", person="E2", duty=Duty.ASSESSOR),
)


def staffed(*people: Any, teams: tuple[Assignment, ...] = TEAMS, plan: Plan | None = None, **changes: Any) -> list[str]:
    """Check the small plan with teams; given people replace those of the same id."""
    staff = {person.id: person for person in (*STAFF, *people)}
    problem = small.problem(staff=tuple(staff.values()), **changes)
    return found(problem, replace(plan or small.plan(), assignments=teams))


def test_h11_one_place_at_a_time() -> None:
    groups = (THEORY_ONLY, small.group("G2", components=("theory",)))
    site = small.site(rooms=(small.room(), small.room("R2")))
    far = small.site("S2", lat=31.6, rooms=(small.room("R2"),))

    def plan(slot: str, at: str) -> Plan:
        second = small.session("N2", "R2", slot, paper="B", site=at, parts=(small.part("G2"),))
        return small.plan(placements=(small.placement(), small.placement("G2", at)), sessions=(small.session(), second))

    teams = (
        *TEAMS[:2],
        Assignment(session="N2", person="E1", duty=Duty.HEAD_INVIGILATOR),
        Assignment(session="N2", person="E3", duty=Duty.INVIGILATOR),
    )
    for slot, at, h in (("1b", "S1", []), ("1a", "S1", ["H11"]), ("1b", "S2", ["H11"]), ("2a", "S2", [])):
        assert staffed(teams=teams, plan=plan(slot, at), groups=groups, sites=(site, far)) == h


def test_h11_only_when_they_can_come_and_not_too_often() -> None:
    assert staffed() == []
    assert staffed(small.person("E1", available=("1a", "1c"))) == []
    assert staffed(small.person("E1", available=("1a",))) == ["H11"]
    assert staffed(small.person("E1", most_sessions=2)) == []
    assert staffed(small.person("E1", most_sessions=1)) == ["H11"]


def test_h11_who_waits_at_a_site_does_nothing_else_that_day() -> None:
    problem = small.problem(staff=STAFF)
    for person, day, h in (("E3", small.DAY, []), ("E1", small.DAY, ["H11"]), ("E1", date(2026, 11, 29), [])):
        plan = small.plan(assignments=TEAMS, standby=(Standby(site="S1", day=day, person=person),))
        assert found(problem, plan) == h


def test_h12_nobody_judges_their_own() -> None:
    assert staffed(small.person("E1", institution="X1")) == []
    assert staffed(small.person("E1", institution="X2")) == ["H12", "H12"]
    assert staffed(small.person("E2", related=("X1", "X2"))) == ["H12", "H12"]


@pytest.mark.parametrize(
    ("qualifications", "h"),
    [
        ((Qualification(certificate="C1", valid_from=small.DAY, valid_to=small.DAY),), []),
        ((), ["H13"]),
        ((Qualification(certificate="C2"),), ["H13"]),
        ((Qualification(certificate="C1", valid_to=date(2026, 11, 27)),), ["H13"]),
        ((Qualification(certificate="C1", valid_from=date(2026, 11, 29)),), ["H13"]),
    ],
)
def test_h13_assessors_hold_the_advanced_level_on_that_day(qualifications: Any, h: list[str]) -> None:
    assert staffed(small.person("E2", qualifications=qualifications), certificates=TWO) == h


def test_h13_a_team_of_assessors_has_its_size_and_one_lead() -> None:
    assert staffed(teams=TEAMS[:3]) == ["H13"]
    assert staffed(teams=(*TEAMS[:3], changed_duty(TEAMS[3], Duty.LEAD_ASSESSOR))) == ["H13"]
    assert staffed(teams=(*TEAMS[:2], changed_duty(TEAMS[2], Duty.ASSESSOR), TEAMS[3])) == ["H13"]
    assert staffed(rules=Rules(candidates_per_assessor=10)) == []
    assert staffed(rules=Rules(candidates_per_assessor=9)) == ["H13"]
    assert staffed(small.person("E2", duties=(Duty.INVIGILATOR,))) == ["H13"]


def changed_duty(assignment: Assignment, duty: Duty) -> Assignment:
    return replace(assignment, duty=duty)


def test_h14_invigilators_for_the_candidates_and_one_qualified_head() -> None:
    assert staffed(teams=TEAMS[1:]) == ["H14"]
    assert staffed(teams=(changed_duty(TEAMS[0], Duty.INVIGILATOR), *TEAMS[1:])) == ["H14"]
    assert staffed(small.person("E1", duties=(Duty.INVIGILATOR, Duty.LEAD_ASSESSOR))) == ["H14"]
    assert staffed(rules=Rules(candidates_per_invigilator=9)) == ["H14"]
    assert staffed(teams=(changed_duty(TEAMS[0], Duty.LEAD_ASSESSOR), *TEAMS[1:])) == ["H14", "H14"]


def test_h13_h14_teams_are_asked_for_only_where_there_is_staff_and_open_places_are_told() -> None:
    assert found(small.problem(), small.plan()) == []
    assert staffed(teams=()) == ["H13", "H14"]
    opened = tuple(OpenPosition(session=one.session, duty=one.duty, reason=OpenReason.NOBODY) for one in TEAMS)
    report = check(small.problem(staff=STAFF), small.plan(open_positions=opened))
    assert (report.violations, report.open_positions) == ((), 4)


@pytest.mark.parametrize(
    ("changes", "h"),
    [
        ({"closed": ("2a",)}, []),
        ({"closed": ("1a",)}, ["H15"]),
        ({"rooms": (small.room(closed=("1a", "1b")),)}, ["H15"]),
        ({"workshops": (small.workshop(closed=("1c",)),)}, ["H15"]),
    ],
)
def test_h15_neither_site_nor_room_is_closed(changes: dict[str, Any], h: list[str]) -> None:
    assert found(small.problem(sites=(small.site(**changes),)), small.plan()) == h


@pytest.mark.parametrize(("minutes", "h"), [(120, []), (121, ["H15"])])
def test_h15_a_component_ends_within_its_slot(minutes: int, h: list[str]) -> None:
    long = small.certificate(
        "C1", small.scheme(Level.INTERMEDIATE, replace(small.THEORY, minutes=minutes), small.SKILL)
    )
    assert found(small.problem(certificates=(long,)), small.plan()) == h


@pytest.mark.parametrize(("minutes", "h"), [(96, []), (97, ["H16"]), (121, ["H15"])])
def test_h16_extra_time_fits_the_slot(minutes: int, h: list[str]) -> None:
    one = small.certificate("C1", small.scheme(Level.INTERMEDIATE, replace(small.THEORY, minutes=minutes), small.SKILL))
    group = small.group(accommodations=(Accommodation.EXTRA_TIME,))
    assert found(small.problem(certificates=(one,), groups=(group,)), small.plan()) == h


@pytest.mark.parametrize(("percent", "h"), [(50, []), (51, ["H16"])])
def test_h16_a_group_has_its_own_percent(percent: int, h: list[str]) -> None:
    one = small.certificate("C1", small.scheme(Level.INTERMEDIATE, replace(small.THEORY, minutes=80), small.SKILL))
    group = small.group(accommodations=(Accommodation.EXTRA_TIME,), extra_time_percent=percent)
    assert found(small.problem(certificates=(one,), groups=(group,)), small.plan()) == h


def test_h16_the_ground_floor() -> None:
    group = small.group(accommodations=(Accommodation.GROUND_FLOOR,))
    assert found(small.problem(groups=(group,)), small.plan()) == []
    upstairs = small.site(rooms=(small.room(floor=2),))
    assert found(small.problem(groups=(group,), sites=(upstairs,)), small.plan()) == ["H16"]
    assert found(small.problem(sites=(upstairs,)), small.plan()) == []


def test_h16_a_room_of_their_own() -> None:
    alone = small.group("G1", 10, components=("theory",), accommodations=(Accommodation.OWN_ROOM,))
    groups = (alone, small.group("G2", 10, components=("theory",)))
    site = small.site(rooms=(small.room(), small.room("R2")))

    def plan(*sessions: Any) -> Plan:
        return small.plan(placements=(small.placement(count=10), small.placement("G2", count=10)), sessions=sessions)

    mine, theirs = small.part(count=10), small.part("G2", count=10)
    problem = small.problem(groups=groups, sites=(site,), rules=Rules(mixing=True))
    apart = plan(small.session(parts=(mine,)), small.session("N2", "R2", parts=(theirs,)))
    assert found(problem, apart) == []
    assert found(problem, plan(small.session(parts=(mine, theirs)))) == ["H16"]
    together = plan(small.session(parts=(mine,)), small.session("N2", parts=(theirs,)))
    assert found(problem, together) == ["H16"]


def pin(**changes: Any) -> Pin:
    return Pin(**{"id": "p1", "author": "Li", "reason": "agreed", "group": "G1", "site": "S1"} | changes)


@pytest.mark.parametrize(
    ("held", "h"),
    [
        (pin(), []),
        (pin(count=20), []),
        (pin(site="S2"), ["H17"]),
        (pin(site="S2", count=1), ["H17"]),
        (pin(site="S2", expires=date(2026, 11, 19)), []),
        (pin(site="S2", expires=date(2026, 11, 20)), ["H17"]),
        (pin(component="theory", slot="1a", room="R1"), []),
        (pin(component="theory", slot="1b"), ["H17"]),
        (pin(component="skill", room="W1"), []),
        (pin(component="theory", room="R2"), ["H17"]),
        (pin(component="theory", slot="1a", room="R2"), ["H17"]),
        (pin(group=None, person="E1", slot="1a", duty=Duty.HEAD_INVIGILATOR), []),
        (pin(group=None, person="E1", slot="1a", duty=Duty.INVIGILATOR), ["H17"]),
        (pin(group=None, person="E3", slot="1a"), ["H17"]),
        (pin(group=None, person="E1", slot="1b"), []),
    ],
)
def test_h17_pins_hold_until_they_expire(held: Pin, h: list[str]) -> None:
    sites = (small.site(rooms=(small.room(), small.room("R2"))), small.site("S2"))
    assert staffed(pins=(held,), sites=sites, on=date(2026, 11, 20)) == h


def test_h17_a_pin_of_a_person_who_may_not_serve_there_yields_to_what_forbids_it() -> None:
    held = (pin(group=None, person="E3", slot="1a"),)
    assert staffed(pins=held) == ["H17"]
    assert staffed(small.person("E3", institution="X2"), pins=held) == []
    assert staffed(small.person("E3", duties=(Duty.ASSESSOR,)), pins=held) == []


def test_h17_pinned_members_may_be_listed_as_unplaced_but_not_sit_elsewhere() -> None:
    problem = small.problem(sites=(small.site(), small.site("S2")), pins=(pin(site="S2", count=5),))
    sessions = (
        small.session(parts=(small.part(count=15),)),
        small.session("N2", "W1", "1c", "skill", parts=(small.part(count=15),)),
    )
    listed = (Unplaced(group="G1", first=15, count=5, reason=UnplacedReason.PINNED),)
    plan = small.plan(placements=(small.placement(count=15),), sessions=sessions, unplaced=listed)
    assert found(problem, plan) == []
    assert found(replace(problem, pins=(pin(site="S2", count=6),)), plan) == ["H17"]


def test_h17_what_is_published_stands_unless_it_is_lost() -> None:
    before = small.plan(published=True)
    moved = small.plan(sessions=(small.session(slot="1b"), small.session("N2", "W1", "1c", "skill")))
    problem = small.problem()
    assert found(problem, small.plan(), previous=before) == []
    assert found(problem, moved, previous=before) == ["H17"]
    assert found(problem, moved, previous=before, moved_at_most=20) == []
    assert found(problem, moved, previous=before, moved_at_most=19) == ["H17"]
    assert check(problem, moved, previous=before).objectives.changed == 20
    for lost in ({"closed": ("1a",)}, {"rooms": (small.room(closed=("1a",)),)}, {"rooms": (small.room(seats=30),)}):
        site = small.site(**lost)
        h = [] if lost.get("closed") or site.rooms[0].closed else ["H17"]
        assert found(small.problem(sites=(site,)), moved, previous=before) == h
    flooded = small.problem(sites=(small.site(rooms=(small.room("R2"),)),))
    other_room = small.plan(sessions=(small.session(place="R2"), small.session("N2", "W1", "1c", "skill")))
    assert found(flooded, other_room, previous=before) == []


def test_h17_late_additions_move_nobody() -> None:
    before = small.plan(published=True)
    late = small.group("G2", 5, components=("theory",), late=True)
    sessions = (
        small.session(parts=(small.part(), small.part("G2", count=5))),
        small.session("N2", "W1", "1c", "skill"),
    )
    plan = small.plan(placements=(small.placement(), small.placement("G2", count=5)), sessions=sessions)
    report = check(small.problem(groups=(small.group(), late)), plan, previous=before)
    assert (report.violations, report.objectives.changed) == ((), 0)


def test_h17_a_published_team_stands_unless_somebody_is_lost() -> None:
    before = small.plan(published=True, assignments=TEAMS)
    swapped = (TEAMS[0], replace(TEAMS[1], person="E3"), *TEAMS[2:])
    plan = small.plan(assignments=swapped)
    assert found(small.problem(staff=STAFF), plan, previous=before) == ["H17"]
    ill = (STAFF[0], small.person("E2", available=("1c",)), *STAFF[2:])
    assert found(small.problem(staff=ill), plan, previous=before) == []
    gone = tuple(one for one in STAFF if one.id != "E2")
    others = (*swapped[:3], replace(TEAMS[3], person="E3"))
    assert found(small.problem(staff=gone), small.plan(assignments=others), previous=before) == []


def test_h18_the_travel_limit_and_the_province() -> None:
    assert found(small.problem(rules=Rules(travel_limit_km=12)), small.plan()) == []
    assert found(small.problem(rules=Rules(travel_limit_km=11)), small.plan()) == ["H18"]  # 11.12 km
    provinces = (small.prefecture(), small.prefecture("P2", province="32"))
    schools = (small.institution("X1"), small.institution("X2", prefecture="P2"), small.institution("X3"))
    across = small.problem(prefectures=provinces, institutions=schools)
    assert found(across, small.plan()) == []
    assert found(replace(across, rules=Rules(other_province=False)), small.plan()) == ["H18"]


def test_one_plan_breaks_all_eighteen_and_nothing_else() -> None:
    assert found(*planted.problem_and_plan(())) == []
    assert found(*planted.problem_and_plan(planted.ALL)) == [f"H{number}" for number in planted.ALL]


@pytest.mark.parametrize("number", planted.ALL)
def test_each_planted_fault_is_named_alone(number: int) -> None:
    assert found(*planted.problem_and_plan((number,))) == [f"H{number}"]


def test_a_plan_that_names_what_the_problem_does_not_have_is_refused_by_place() -> None:
    plan = small.plan(sessions=(small.session(place="R9"), small.session("N2", "W1", "9z", "skill")))
    with pytest.raises(Invalid) as refused:
        check(small.problem(), plan)
    assert [problem.field for problem in refused.value.problems] == ["sessions[0].place", "sessions[1].slot"]
