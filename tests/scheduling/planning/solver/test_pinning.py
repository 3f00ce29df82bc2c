"""Pins with a slot or a room: they hold in the plan, everybody else is arranged around them."""

from datetime import date
from typing import Any

import msgspec

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Plan, UnplacedReason
from scheduling.planning.rules.problem import Form, Level, Pin, Problem
from scheduling.planning.solver.pinning import Carved, carve
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning import small


def pin(id: str = "P1", **changes: Any) -> Pin:
    values: dict[str, Any] = {"id": id, "author": "王", "reason": "约定", "group": "G1", "site": "S1"}
    return Pin(**values | changes)


def solved(problem: Problem) -> Plan:
    plan = solve(problem, processes=1)
    assert check(problem, plan).violations == ()
    return plan


def at(plan: Plan, component: str, group: str = "G1") -> dict[tuple[str, str], int]:
    """(place, slot) -> how many of a group sit a component there."""
    found: dict[tuple[str, str], int] = {}
    for one in plan.sessions:
        count = sum(part.count for part in one.parts if part.group == group)
        if one.component == component and count:
            found[one.place, one.slot] = found.get((one.place, one.slot), 0) + count
    return found


def test_without_pins_a_site_is_as_it_was() -> None:
    members = [("G1", 0, 20)]
    problem = small.problem(pins=(pin(), pin("P2", component="theory", slot="1a", expires=date(2026, 11, 1))))
    expired = msgspec.structs.replace(problem, on=date(2026, 11, 2))
    assert carve(expired, "S1", members, {}) == Carved(expired, members, {})


def test_a_component_is_held_in_its_slot() -> None:
    plan = solved(small.problem(pins=(pin(component="theory", slot="2a"),)))
    assert at(plan, "theory") == {("R1", "2a"): 20}
    assert plan.unplaced == ()


def test_only_so_many_are_held() -> None:
    plan = solved(small.problem(pins=(pin(component="theory", slot="1b", count=6),)))
    assert at(plan, "theory")["R1", "1b"] >= 6
    assert sum(at(plan, "theory").values()) == 20


def test_a_session_is_held_in_its_room_and_others_find_another() -> None:
    site = small.site(rooms=(small.room("R1"), small.room("R2")))
    groups = (small.group("G1", 20), small.group("G2", 50, institution="X1"))
    pins = (pin(component="theory", slot="1b", room="R2", count=10),)
    plan = solved(small.problem(sites=(site,), groups=groups, pins=pins))
    assert at(plan, "theory")["R2", "1b"] >= 10
    assert plan.unplaced == ()


def test_a_practical_is_held_before_nothing_that_comes_first() -> None:
    """Pinned to the second window, the practical leaves the first to the theory."""
    pins = (pin(component="skill", slot="1b", room="W1", count=10),)
    plan = solved(small.problem(pins=pins))
    assert at(plan, "skill")["W1", "1b"] >= 10
    assert at(plan, "theory")["R1", "1a"] >= 10


def test_with_several_workshops_the_one_that_is_pinned() -> None:
    shops = (small.workshop("W1"), small.workshop("W2"))
    pins = (pin(component="skill", slot="2c", room="W2", count=5),)
    plan = solved(small.problem(sites=(small.site(workshops=shops),), pins=pins))
    assert at(plan, "skill")["W2", "2c"] == 5


def test_two_components_of_the_same_members() -> None:
    pins = (pin("P1", component="skill", slot="2c"), pin("P2", component="theory", slot="2a", room="R1"))
    plan = solved(small.problem(pins=pins))
    assert at(plan, "theory") == {("R1", "2a"): 20}
    assert sum(count for (_, slot), count in at(plan, "skill").items() if slot == "2c") == 20


def test_pins_that_the_same_members_cannot_keep_go_to_others() -> None:
    pins = (
        pin("P1", component="skill", slot="1b", count=8),
        pin("P2", component="theory", slot="2a", count=8),
    )
    plan = solved(small.problem(pins=pins))
    assert plan.unplaced == ()


def test_components_of_equal_order_keep_a_sequence_that_leads_there() -> None:
    parts = (small.component("a", Form.COMPUTER), small.component("b", Form.PAPER))
    problem = small.problem(
        certificates=(small.certificate("C1", small.scheme(Level.INTERMEDIATE, *parts)),),
        sites=(small.site(rooms=(small.room("R1"), small.room("R2", Form.PAPER))),),
        groups=(small.group(components=("a", "b")),),
        pins=(pin(component="b", slot="1a"),),
    )
    plan = solved(problem)
    assert at(plan, "b") == {("R2", "1a"): 20}
    assert plan.unplaced == ()


def test_who_is_left_out_leaves_the_session_that_stands() -> None:
    """Theory stands in the last window: no practical can follow it."""
    plan = solved(small.problem(pins=(pin(component="theory", slot="2c", room="R1", count=5),)))
    assert [(one.count, one.reason) for one in plan.unplaced] == [(5, UnplacedReason.PINNED)]
    assert ("R1", "2c") not in at(plan, "theory")


def test_a_whole_plan_stands_when_every_session_of_it_is_pinned() -> None:
    groups = (small.group("G1", 30), small.group("G2", 25, institution="X1"))
    site = small.site(rooms=(small.room("R1"), small.room("R2", seats=30)))
    problem = small.problem(sites=(site,), groups=groups)
    first = solved(problem)
    pins = tuple(
        pin(f"P{number}.{other}", group=part.group, component=one.component, slot=one.slot, room=one.place, count=part.count)
        for number, one in enumerate(first.sessions)
        for other, part in enumerate(one.parts)
    )  # fmt: skip
    more = (*groups, small.group("G3", 25, institution="X3"))
    again = solved(small.problem(sites=(site,), groups=more, pins=pins))
    assert sum(one.count for one in again.placements) > 55
    assert {one.group for one in again.unplaced} == {"G3"}  # who is pinned comes first
    for group in ("G1", "G2"):
        for part in ("theory", "skill"):
            assert at(again, part, group) == at(first, part, group)
