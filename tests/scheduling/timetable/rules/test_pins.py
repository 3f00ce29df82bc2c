"""Pins against the records: states, who stands alone, what is gone."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from scheduling.planning.rules.problem import Duty, Problem
from scheduling.timetable.rules.pins import (
    NewPin,
    PinLevel,
    PinPart,
    PinRecord,
    PinState,
    incomplete,
    planner_pins,
    stand,
    state,
)
from tests.exam.registration.world import NOW
from tests.scheduling.planning import small

TODAY = date(2026, 5, 16)
ALONE = UUID(int=7)


def record(number: int = 1, **changes: Any) -> PinRecord:
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "batch_id": UUID(int=99),
        "number": number,
        "level": PinLevel.GROUP,
        "parts": (PinPart(group="G1"),),
        "site": "S1",
        "reason": f"reason {number}",
        "made_at": NOW,
        "made_by": "王",
    }
    return PinRecord(**values | changes)


def problem(alone: str = "X2/C1/person-00001") -> Problem:
    groups = (small.group(), small.group(alone, 1, person="person-00001"))
    return small.problem(groups=groups, sites=(small.site(), small.site("S2")), staff=(small.person(str(ALONE)),))


def members(alone: str = "X2/C1/person-00001") -> dict[str, tuple[UUID, ...]]:
    return {"G1": tuple(UUID(int=100 + n) for n in range(20)), alone: (ALONE,)}


def faults(*records: PinRecord, today: date | None = TODAY) -> dict[int, list[str]]:
    found = stand(problem(), members(), records, today).faults
    return {number: [fault.code for fault in own] for number, own in found.items()}


def test_without_pins_the_problem_is_as_it_was() -> None:
    assert stand(problem(), members(), (), TODAY).problem == problem()
    assert faults() == {}


def test_two_that_collide_are_both_contradictory() -> None:
    one, other = record(1), record(2, site="S2")
    assert faults(one, other) == {1: ["two_sites"], 2: ["two_sites"]}
    assert state(one, TODAY, {1: ()}) is PinState.CONTRADICTORY


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PinState.IN_FORCE),
        ({"expires": TODAY}, PinState.IN_FORCE),
        ({"expires": date(2026, 5, 15)}, PinState.EXPIRED),
        ({"removed_at": NOW, "removal_reason": "x"}, PinState.REMOVED),
    ],
)
def test_states(changes: dict[str, Any], expected: PinState) -> None:
    assert state(record(**changes), TODAY, {}) is expected


def test_expired_and_removed_pins_collide_with_nobody() -> None:
    assert faults(record(1, expires=date(2026, 5, 15)), record(2, site="S2")) == {}
    assert faults(record(1, expires=date(2026, 5, 15)), record(2, site="S2"), today=None) != {}
    assert faults(record(1, removed_at=NOW, removal_reason="x"), record(2, site="S2")) == {}


def test_who_stands_alone_is_found_under_another_key() -> None:
    pin = record(parts=(PinPart(group="X2/C1/person-00009", registration_id=ALONE),))
    standing = stand(problem(), members(), (pin,), TODAY)
    assert standing.faults == {}
    assert [one.group for one in standing.problem.pins] == ["X2/C1/person-00001"]
    gone = record(parts=(PinPart(group="X2/C1/person-00001", registration_id=UUID(int=8)),))
    assert faults(gone) == {1: ["gone"]}  # the key is somebody else's now


@pytest.mark.parametrize(
    "changes",
    [
        {"site": "S9"},
        {"component": "theory", "slot": "9z"},
        {"component": "theory", "slot": "1a", "room": "R9"},
        {"parts": (PinPart(group="G9"),)},
        {"component": "nothing", "slot": "1a"},
        {"level": PinLevel.PERSON, "parts": (), "slot": "1a", "examiner_id": UUID(int=8)},
    ],
)
def test_what_is_gone_is_said_and_not_planned(changes: dict[str, Any]) -> None:
    assert faults(record(**changes)) == {1: ["gone"]}
    assert stand(problem(), members(), (record(**changes),), TODAY).problem.pins == ()


def test_a_session_holds_each_of_its_groups() -> None:
    parts = (PinPart(group="G1", count=5), PinPart(group="G2", count=3))
    pin = record(3, level=PinLevel.SESSION, parts=parts, component="theory", slot="1a", room="R1")
    assert [(one.id, one.group, one.count, one.room) for one in planner_pins(pin, {})] == [
        ("3.1", "G1", 5, "R1"),
        ("3.2", "G2", 3, "R1"),
    ]


def test_a_member_of_staff_is_pinned_as_the_planner_knows_them() -> None:
    pin = record(level=PinLevel.PERSON, parts=(), slot="1a", examiner_id=ALONE, duty=Duty.ASSESSOR)
    (made,) = planner_pins(pin, {})
    assert (made.person, made.group, made.duty) == (str(ALONE), None, Duty.ASSESSOR)


def test_what_a_wish_lacks_is_named_by_field() -> None:
    wish = NewPin(level=PinLevel.GROUP, site="S1", reason=" ", expires=date(2026, 5, 15))
    assert [one.field for one in incomplete(wish, TODAY)] == ["reason", "expires", "group"]
