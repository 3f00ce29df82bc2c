"""Pins that cannot hold, alone or together, are named with author and reason."""

from datetime import date
from typing import Any

import pytest

from scheduling.planning.rules.contradictions import contradictions
from scheduling.planning.rules.problem import Duty, Form, Level, Pin, Rules
from tests.scheduling.planning import small


def pin(id: str = "p1", **changes: Any) -> Pin:
    values: dict[str, Any] = {"id": id, "author": f"author of {id}", "reason": f"reason of {id}"}
    return Pin(**values | changes)


def at(id: str, site: str = "S1", **changes: Any) -> Pin:
    return pin(id, **{"group": "G1", "site": site} | changes)


def seated(id: str, slot: str, room: str | None = None, component: str = "theory", **changes: Any) -> Pin:
    return at(id, component=component, slot=slot, room=room, **changes)


def serving(id: str, slot: str, site: str = "S1", person: str = "E1", **changes: Any) -> Pin:
    return pin(id, **{"person": person, "site": site, "slot": slot} | changes)


SITES = (small.site(rooms=(small.room(), small.room("R2"))), small.site("S2", lat=31.6))
GROUPS = (small.group(), small.group("G2", 20, certificate="C2"), small.group("G3", 20))
STAFF = (small.person(), small.person("E2", available=("1a",), duties=(Duty.INVIGILATOR,)))


def codes(*pins: Pin, **changes: Any) -> list[str]:
    values: dict[str, Any] = {
        "sites": SITES,
        "groups": GROUPS,
        "certificates": (small.certificate(), small.certificate("C2")),
        "staff": STAFF,
        "pins": pins,
    }
    return [fault.code for fault in contradictions(small.problem(**values | changes))]


def test_without_pins_nothing_contradicts() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ((at("p1"), at("p2")), []),
        ((at("p1"), at("p2", count=5)), []),
        ((at("p1", count=10), at("p2", "S2", count=10)), []),
        ((at("p1"), at("p2", "S2")), ["two_sites"]),
        ((at("p1"), at("p2", "S2", count=1)), ["two_sites"]),
        ((at("p1", count=10), at("p2", "S2", count=11)), ["two_sites"]),
        ((at("p1", count=21),), ["more_than_group"]),
        ((seated("p1", "1a", count=10), seated("p2", "1b", count=10)), []),
        ((seated("p1", "1a"), seated("p2", "1b")), ["two_places"]),
        ((seated("p1", "1a", "R1", count=15), seated("p2", "1a", "R2", count=15)), ["two_places"]),
        ((seated("p1", "1a"), seated("p2", "1c", component="skill")), []),
        ((seated("p1", "1c"), seated("p2", "1c", component="skill")), ["wrong_order"]),
        ((seated("p1", "2a"), seated("p2", "1c", component="skill")), ["wrong_order"]),
        ((seated("p1", "2a", count=10), seated("p2", "1c", component="skill", count=10)), []),
    ],
)
def test_pins_of_one_group(pins: tuple[Pin, ...], expected: list[str]) -> None:
    assert codes(*pins) == expected


def test_three_pins_may_be_too_many_where_no_two_are() -> None:
    three = [at(f"p{number}", f"S{number}", count=8) for number in (1, 2, 3)]
    assert codes(*three[:2]) == []
    assert codes(*three, sites=(*SITES, small.site("S3"))) == ["more_than_group"]


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (at("p1", "S1"), "not_allowed"),
        (seated("p1", "1a", "R1"), "not_allowed"),
    ],
)
def test_a_site_without_approval_or_open_room(held: Pin, expected: str) -> None:
    closed = small.site(closed=("1a", "1b", "1c", "2a", "2b", "2c"))
    assert codes(held, sites=(small.site(approvals=()), SITES[1])) == [expected]
    assert codes(held, sites=(closed, SITES[1])) == [expected]


def test_a_slot_or_room_that_is_closed_or_not_approved() -> None:
    closed = (small.site(closed=("1a",)), SITES[1])
    flooded = (small.site(rooms=(small.room(closed=("1a",)), small.room("R2"))), SITES[1])
    later = (small.site(approvals=(small.approval(valid_from=date(2026, 11, 29)),)), SITES[1])
    assert codes(seated("p1", "1a"), sites=closed) == ["closed"]
    assert codes(seated("p1", "1b"), sites=closed) == []
    assert codes(seated("p1", "1a", "R1"), sites=flooded) == ["closed"]
    assert codes(seated("p1", "1a"), sites=later) == ["not_approved"]
    assert codes(seated("p1", "1a", "W1")) == ["wrong_room"]
    assert codes(seated("p1", "1c", "R1", component="skill")) == ["wrong_room"]


def test_a_room_too_small_alone_or_together() -> None:
    small_rooms = (small.site(rooms=(small.room(seats=22),)), SITES[1])  # 19 usable
    assert codes(seated("p1", "1a", "R1"), sites=small_rooms) == ["more_than_room"]
    assert codes(seated("p1", "1a", "R1", count=19), sites=small_rooms) == []
    two = (seated("p1", "1a", "R1", count=10), seated("p2", "1a", "R1", count=10, group="G3"))
    assert codes(*two, sites=small_rooms) == ["more_than_room"]
    assert codes(*two) == []


def test_a_room_for_two_exams_in_one_slot() -> None:
    approvals = (small.approval(), small.approval("C2"))
    sites = (small.site(approvals=approvals, workshops=(small.workshop(), small.workshop("W2", "C2"))), SITES[1])
    two = (seated("p1", "1a", "R1", count=10), seated("p2", "1a", "R1", count=10, group="G2"))
    assert codes(*two, sites=sites) == ["two_sessions"]
    assert codes(*two, sites=sites, rules=Rules(mixing=True)) == []
    assert codes(two[0], seated("p2", "1b", "R1", count=10, group="G2"), sites=sites) == []


def test_out_of_reach() -> None:
    assert codes(at("p1"), rules=Rules(travel_limit_km=11)) == ["out_of_reach"]
    assert codes(at("p1"), rules=Rules(travel_limit_km=12)) == []


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ((serving("p1", "1a"), serving("p2", "1a")), []),
        ((serving("p1", "1a"), serving("p2", "1a", "S2")), ["person_twice"]),
        ((serving("p1", "1a", room="R1"), serving("p2", "1a", room="R2")), ["person_twice"]),
        ((serving("p1", "1a"), serving("p2", "1b", "S2")), ["too_far"]),
        ((serving("p1", "1a"), serving("p2", "2a", "S2")), []),
        ((serving("p1", "1b", person="E2"),), ["unavailable"]),
        ((serving("p1", "1a", person="E2", duty=Duty.HEAD_INVIGILATOR),), ["wrong_duty"]),
        (
            (
                serving("p1", "1a", room="R1", duty=Duty.HEAD_INVIGILATOR),
                serving("p2", "1a", room="R1", person="E3", duty=Duty.HEAD_INVIGILATOR),
            ),
            ["two_heads"],
        ),
    ],
)
def test_pins_of_staff(pins: tuple[Pin, ...], expected: list[str]) -> None:
    assert codes(*pins, staff=(*STAFF, small.person("E3"))) == expected


def test_expired_pins_are_void_and_places_are_those_of_the_file() -> None:
    pins = (at("z"), at("a", "S2", expires=date(2026, 11, 19)))
    problem = small.problem(sites=SITES, pins=pins, on=date(2026, 11, 20))
    assert contradictions(problem) == ()
    (fault,) = contradictions(small.problem(sites=SITES, pins=pins, on=date(2026, 11, 19)))
    assert (fault.field, fault.facts["other_place"]) == ("pins[1]", "pins[0]")
    assert (fault.facts["author"], fault.facts["other_reason"]) == ("author of a", "reason of z")


def test_a_level_without_the_form_is_not_allowed() -> None:
    only = small.site(approvals=(small.approval(levels=(Level.INTERMEDIATE,), forms=(Form.COMPUTER,)),))
    assert codes(at("p1"), sites=(only, SITES[1])) == ["not_allowed"]


def test_a_slot_that_leaves_no_way_through_the_other_components() -> None:
    assert codes(seated("p1", "2c")) == ["no_way"]  # the practical would come after the last window
    assert codes(seated("p1", "1a", component="skill")) == ["no_way"]  # the theory before the first
    assert codes(seated("p1", "2b"), seated("p2", "1b", component="skill", group="G3")) == []


def test_stations_that_pins_want_twice_in_one_slot() -> None:
    pins = (
        seated("p1", "1b", "W1", "skill", count=6),
        seated("p2", "1b", "W1", "skill", count=5, group="G3"),
    )
    assert codes(*pins) == ["more_than_room"]
    assert codes(pins[0], seated("p2", "1b", "W1", "skill", count=4, group="G3")) == []


def test_more_people_than_a_site_can_examine_at_all() -> None:
    site = small.site(
        workshops=(small.workshop(stations=2),)
    )  # at most sixteen passes in two days, two before any theory
    assert codes(at("p1", count=7), at("p2", group="G3", count=8), sites=(site,)) == ["more_than_site"]
    assert codes(at("p1", count=7), at("p2", group="G3", count=7), sites=(site,)) == []
