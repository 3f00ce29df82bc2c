"""Files are read, or refused with every fault by its place."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from scheduling.planning.rules import serial
from scheduling.planning.rules.plan import Assignment, Bound, Kind, Plan, Price
from scheduling.planning.rules.problem import Duty, Form, Pilot, Pin, Problem, Qualification, Waiver
from scheduling.planning.rules.reading import MOST_FAULTS, BadFile, match, read_plan, read_problem
from tests.scheduling.planning import small

FULL = small.problem(
    staff=(small.person(available=("1a",), related=("X1",)),),
    pilots=(Pilot(institution="X1", certificate="C1"),),
    waivers=(Waiver(certificate="C1", prefecture="P1", reason="far"),),
    pins=(Pin(id="p1", author="Li", reason="agreed", group="G1", site="S1"),),
)


def faults_of(problem: Problem | bytes) -> list[tuple[str, str]]:
    """(place, code) of each fault of a problem."""
    with pytest.raises(BadFile) as refused:
        read_problem(problem if isinstance(problem, bytes) else serial.problem_bytes(problem))
    return [(fault.field, fault.code) for fault in refused.value.problems]


def changed(change: Callable[[Any], None]) -> bytes:
    """The file of FULL with a change to its JSON."""
    raw = json.loads(serial.problem_bytes(FULL))
    change(raw)
    return json.dumps(raw).encode()


def test_a_good_file_is_read_as_it_was_written() -> None:
    assert read_problem(serial.problem_bytes(FULL)) == serial.canonical_problem(FULL)
    assert read_plan(serial.plan_bytes(small.plan())) == serial.canonical_plan(small.plan())
    empty = small.problem(slots=(), prefectures=(), institutions=(), certificates=(), sites=(), groups=())
    assert read_problem(serial.problem_bytes(empty)) == empty


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"name": "\xff"}', b'{"name": 3, "slots": NaN}'])
def test_what_is_no_json_is_said_so(data: bytes) -> None:
    assert faults_of(data) == [("", "not_json")]


@pytest.mark.parametrize("data", [b"{}", b'{"format": "kaowu-plan/1"}', b'{"format": 1}'])
def test_another_format_is_named_and_nothing_else(data: bytes) -> None:
    assert faults_of(data) == [("format", "format")]


def test_every_fault_of_a_type_is_told_with_its_place() -> None:
    def break_it(raw: Any) -> None:
        del raw["slots"][0]["id"]
        raw["slots"][1]["starts"] = "tomorrow"
        raw["sites"][0]["lat"] = 91
        raw["sites"][0]["rooms"][0]["form"] = "oral"
        raw["sites"][0]["closed"] = [1]
        raw["groups"][0]["count"] = "20"
        raw["groups"][0]["colour"] = "red"
        raw["groups"].append([])
        raw["rules"]["reserve_percent"] = 101
        raw["pins"] = {}

    assert faults_of(changed(break_it)) == [
        ("slots[0].id", "missing"),
        ("slots[1].starts", "unreadable"),
        ("sites[0].lat", "out_of_range"),
        ("sites[0].rooms[0].form", "no_choice"),
        ("sites[0].closed[0]", "wrong_type"),
        ("groups[0].colour", "unknown_field"),
        ("groups[0].count", "wrong_type"),
        ("groups[1]", "wrong_type"),
        ("rules.reserve_percent", "out_of_range"),
        ("pins", "wrong_type"),
    ]


def test_the_message_says_what_was_expected() -> None:
    def break_it(raw: Any) -> None:
        raw["groups"][0]["count"] = 0

    with pytest.raises(BadFile) as refused:
        read_problem(changed(break_it))
    (fault,) = refused.value.problems
    assert (fault.field, fault.message % fault.facts) == ("groups[0].count", "数值或长度超出范围：应为 int >= 1。")
    assert fault.way_out


def test_a_time_without_offset_is_refused() -> None:
    def break_it(raw: Any) -> None:
        raw["slots"][0]["starts"] = "2026-11-28T08:30:00"

    assert faults_of(changed(break_it)) == [("slots[0].starts", "naive_time")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"slots": (small.slot("a", minutes=200), small.slot("b", "2026-11-28T11:00"))}, ["slots[1].starts"]),
        ({"slots": (small.slot("a", minutes=0),)}, ["slots[0].ends"]),
        ({"slots": (small.slot("a"), small.slot("a", "2026-11-28T11:00"))}, ["slots[1].id"]),
        ({"institutions": (*FULL.institutions, small.institution("X1"))}, ["institutions[3].id"]),
        (
            {"institutions": (*FULL.institutions, small.institution("X4", prefecture="P9"))},
            ["institutions[3].prefecture"],
        ),
        ({"groups": (small.group(components=("theory", "oral")),)}, ["groups[0].components[1]"]),
        ({"groups": (small.group(components=("theory", "theory")),)}, ["groups[0].components[1]"]),
        ({"groups": (small.group(components=()),)}, ["groups[0].components"]),
        ({"groups": (small.group(level="advanced"),)}, ["groups[0].level"]),
        ({"groups": (small.group(certificate="C9"),)}, ["groups[0].certificate"]),
        ({"groups": (small.group(institution="X9"),)}, ["groups[0].institution"]),
        ({"groups": (small.group(person="Q1"),)}, ["groups[0].count"]),
        ({"groups": (small.group(), small.group())}, ["groups[1].id"]),
        (
            {"groups": (small.group("G1", 1, person="Q1"), small.group("G2", 1, person="Q1", components=("skill",)))},
            ["groups[1].components[0]"],
        ),
        (
            {"certificates": (small.certificate("C1", small.scheme(), small.scheme()),)},
            ["certificates[0].schemes[1].level"],
        ),
        ({"sites": (small.site(prefecture="P9", institution="X9"),)}, ["sites[0].institution", "sites[0].prefecture"]),
        ({"sites": (small.site(closed=("9z",)),)}, ["sites[0].closed[0]"]),
        (
            {"sites": (small.site(approvals=(small.approval(), small.approval("C9"))),)},
            ["sites[0].approvals[1].certificate"],
        ),
        (
            {"sites": (small.site(approvals=(small.approval(valid_from="2026-12-02", valid_to="2026-12-01"),)),)},
            ["sites[0].approvals[0].valid_to"],
        ),
        ({"sites": (small.site(rooms=(small.room(form=Form.PRACTICAL),)),)}, ["sites[0].rooms[0].form"]),
        ({"sites": (small.site(rooms=(small.room(closed=("9z",)),)),)}, ["sites[0].rooms[0].closed[0]"]),
        ({"sites": (small.site(workshops=(small.workshop("R1"),)),)}, ["sites[0].workshops[0].id"]),
        (
            {"sites": (small.site(workshops=(small.workshop(certificate="C9"),)),)},
            ["sites[0].workshops[0].certificate"],
        ),
        ({"staff": (small.person(institution="X9"),)}, ["staff[0].institution"]),
        (
            {"staff": (small.person(related=("X9",), available=("9z",)),)},
            ["staff[0].related[0]", "staff[0].available[0]"],
        ),
        (
            {"staff": (small.person(qualifications=(Qualification(certificate="C9"),)),)},
            ["staff[0].qualifications[0].certificate"],
        ),
        ({"pilots": (Pilot(institution="X9", certificate="C9"),)}, ["pilots[0].institution", "pilots[0].certificate"]),
        ({"waivers": (Waiver(certificate="C9", prefecture="P1", reason="r"),)}, ["waivers[0].certificate"]),
    ],
)
def test_what_records_promise_each_other(changes: dict[str, Any], expected: list[str]) -> None:
    problem = replace(small.problem(), **changes)
    assert [place for place, _ in _faults_in_order(problem)] == expected


def _faults_in_order(problem: Problem) -> list[tuple[str, str]]:
    """The faults of a problem whose lists keep the order that the test gave them (the canonical file sorts them)."""

    return faults_of(msgspec.json.encode(problem))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"group": None, "site": "S1"}, ["pins[0].group"]),
        ({"group": "G1", "site": "S1", "person": "E1"}, ["pins[0].group"]),
        ({"group": "G9", "site": "S9"}, ["pins[0].group", "pins[0].site"]),
        ({"group": "G1"}, ["pins[0].site"]),
        ({"group": "G1", "site": "S1", "slot": "1a"}, ["pins[0].component"]),
        ({"group": "G1", "site": "S1", "component": "oral", "slot": "9z"}, ["pins[0].slot", "pins[0].component"]),
        ({"group": "G1", "site": "S1", "component": "theory", "slot": "1a", "room": "R9"}, ["pins[0].room"]),
        ({"group": "G1", "site": "S1", "duty": Duty.ASSESSOR}, ["pins[0].duty"]),
        ({"person": "E1", "site": "S1"}, ["pins[0].slot"]),
        ({"person": "E1", "site": "S1", "slot": "1a", "count": 2}, ["pins[0].count"]),
        ({"group": "G1", "site": "S1", "author": " ", "reason": ""}, ["pins[0].author", "pins[0].reason"]),
    ],
)
def test_pins_are_whole(changes: dict[str, Any], expected: list[str]) -> None:
    pin = Pin(**{"id": "p1", "author": "Li", "reason": "agreed"} | changes)
    assert [place for place, _ in faults_of(small.problem(pins=(pin,), staff=(small.person(),)))] == expected


def test_at_most_a_hundred_faults_are_listed() -> None:
    groups = tuple(small.group(f"G{number}", certificate="C9") for number in range(200))
    assert len(faults_of(small.problem(groups=groups))) == MOST_FAULTS


def test_contradictory_pins_are_named_before_solving() -> None:
    sites = (small.site(), small.site("S2"))
    pins = tuple(Pin(id=f"p{n}", author=f"a{n}", reason=f"r{n}", group="G1", site=f"S{n}") for n in (1, 2))
    with pytest.raises(BadFile) as refused:
        read_problem(serial.problem_bytes(small.problem(sites=sites, pins=pins)))
    (fault,) = refused.value.problems
    assert fault.code == "two_sites"
    assert all(word in fault.message % fault.facts for word in ("p1", "a1", "r1", "p2", "a2", "r2", "G1"))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (small.plan(sessions=(small.session(), small.session())), ["sessions[1].id"]),
        (
            small.plan(assignments=(Assignment(session="N9", person="E1", duty=Duty.ASSESSOR),)),
            ["assignments[0].session"],
        ),
        (
            small.plan(
                bound=Bound(value=1.0, unplaced_km=1.0, prices=(Price(site="S1", kind=Kind.PAPER, price=-1.0),))
            ),
            ["bound.prices[0].price"],
        ),
    ],
)
def test_a_plan_keeps_its_promises(plan: Plan, expected: list[str]) -> None:
    with pytest.raises(BadFile) as refused:
        read_plan(serial.plan_bytes(plan))
    assert [fault.field for fault in refused.value.problems] == expected


def test_a_plan_names_only_what_the_problem_has() -> None:
    plan = small.plan(
        placements=(small.placement("G9", "S9"),),
        sessions=(small.session(parts=(small.part("G9"),)), small.session("N2", "W1", "1c", "oral")),
        assignments=(Assignment(session="N1", person="E9", duty=Duty.ASSESSOR),),
    )
    with pytest.raises(BadFile) as refused:
        match(small.problem(), plan)
    assert [fault.field for fault in refused.value.problems] == [
        "placements[0].group",
        "placements[0].site",
        "sessions[0].parts[0].group",
        "sessions[1].component",
        "assignments[0].person",
    ]
