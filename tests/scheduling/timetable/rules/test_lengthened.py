"""Accommodations to the planner and back: classes, longer turns at a station, own ends."""

from dataclasses import replace as changed
from datetime import timedelta

import pytest
from msgspec.structs import replace

from exam.registration.rules import Measures
from scheduling.planning.rules.problem import Accommodation, Form, Level
from scheduling.timetable.rules.laying import Hall, lay_out
from scheduling.timetable.rules.lengthened import (
    accommodations_of,
    class_of,
    component_of,
    longer_turn,
    measures_of,
    more_minutes,
)
from tests.scheduling.planning import small

HALLS = {("S1", "R1"): Hall(seats=42, usable=40, columns=6), ("S1", "W1"): Hall(seats=12, usable=10, columns=6)}
LONGER = replace(small.SKILL, id="skill~25", minutes=small.SKILL.minutes * 5 // 4)
CERTIFICATE = small.certificate("C1", small.scheme(Level.INTERMEDIATE, small.THEORY, small.SKILL, LONGER))


@pytest.mark.parametrize(
    ("measures", "name"),
    [
        (Measures(), ""),
        (Measures(25), "h16-t25"),
        (Measures(50, own_room=True, ground_floor=True), "h16-t50rg"),
        (Measures(ground_floor=True), "h16-g"),
    ],
)
def test_a_class_and_back(measures: Measures, name: str) -> None:
    assert class_of(measures) == name
    granted = accommodations_of(measures)
    assert measures_of(small.group(accommodations=granted, extra_time_percent=measures.extra_percent)) == measures


def test_a_longer_turn_is_known_by_its_own_code_again() -> None:
    assert longer_turn("skill", 25) == "skill~25" and longer_turn("skill", 0) == "skill"
    assert component_of("skill~25") == component_of("skill") == "skill"


def test_extra_time_lengthens_a_written_component_by_the_groups_percent_and_a_turn_by_its_own_minutes() -> None:
    group = small.group(accommodations=(Accommodation.EXTRA_TIME,), extra_time_percent=25, components=("theory",))
    problem = small.problem(certificates=(CERTIFICATE,), groups=(group,))
    assert more_minutes(problem, group, small.THEORY) == -(-small.THEORY.minutes // 4)
    assert more_minutes(problem, group, LONGER) == LONGER.minutes - small.SKILL.minutes
    assert more_minutes(problem, group, small.SKILL) == 0
    assert small.SKILL.form is Form.PRACTICAL


def test_who_has_extra_time_ends_later_and_the_session_with_the_last() -> None:
    granted = small.group("G2", 2, accommodations=(Accommodation.EXTRA_TIME,), extra_time_percent=25)
    problem = small.problem(groups=(small.group("G1", 8), granted))
    session = small.session("N1", parts=(small.part("G1", count=8), small.part("G2", count=2)))
    (held,) = lay_out(problem, small.plan(problem, sessions=(session,)), HALLS)
    more = -(-small.THEORY.minutes // 4)
    regular = held.starts_at + timedelta(minutes=small.THEORY.minutes)
    assert (held.end_of("G1"), held.end_of("G2")) == (regular, regular + timedelta(minutes=more))
    assert (held.ends_at, held.minutes, held.more("G2")) == (held.end_of("G2"), small.THEORY.minutes, more)


def test_longer_turns_have_rounds_and_stations_of_their_own() -> None:
    granted = small.group(
        "G2", 2, components=("skill~25",), accommodations=(Accommodation.EXTRA_TIME,), extra_time_percent=25
    )
    problem = small.problem(certificates=(CERTIFICATE,), groups=(small.group("G1", 4), granted))
    sessions = (
        small.session("N1", place="W1", slot="1c", component="skill", parts=(small.part("G1", count=4),)),
        small.session("N2", place="W1", slot="1c", component="skill~25", parts=(small.part("G2", count=2),)),
    )
    found = lay_out(problem, small.plan(problem, sessions=sessions), HALLS)
    assert {one.component for one in found} == {"skill"}
    stations = {key: {seat for one in found if one.key == key for _, _, seat in one.seats} for key in ("N1", "N2")}
    assert not stations["N1"] & stations["N2"]
    for one in found:
        length = LONGER.minutes if one.key == "N2" else small.SKILL.minutes
        assert one.ends_at - one.starts_at == timedelta(minutes=length)
        assert all(one.end_of(group) == one.ends_at for group, _, _ in one.seats)


def test_nobody_granted_anything_changes_nothing() -> None:
    problem = small.problem()
    (held,) = lay_out(problem, small.plan(problem, sessions=(small.session("N1"),)), HALLS)
    assert held.longer == () and changed(held).ends_at == held.end_of("G1")
