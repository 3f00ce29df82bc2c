"""What is trouble in a room, how bad, and that nothing is made of nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from exam.command.rules import FaultFacts, RoomFacts, Trouble, tone_of, totals, troubles, worst
from tests.conftest import NOW

T = Trouble


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def room(number: int = 1, **changes: Any) -> RoomFacts:
    made = RoomFacts(
        id=UUID(int=number), batch_id=UUID(int=90), site_id=UUID(int=80), site_code="420100-01", site_name="江城考点",
        site_name_en="River", prefecture_code="420100", room_name=f"机房 {number}", room_name_en=f"Lab {number}", form="computer",
        starts_at=NOW, ends_at=after(60), late_until=after(15), status="planned", expected=10,
    )  # fmt: skip
    return replace(made, **changes)


def kinds(one: RoomFacts, minutes: float) -> list[str]:
    return [f"{found.kind}:{found.tone}" for found in troubles(one, after(minutes))]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(-21, []), (-20, ["late:warning"]), (0, ["late:stopped"]), (60, ["late:stopped"]), (61, [])],
)
def test_a_room_that_is_not_open(minutes: float, expected: list[str]) -> None:
    assert kinds(room(), minutes) == expected


def test_nobody_of_the_invigilators_has_shown() -> None:
    one = room(invigilators=2)
    assert kinds(one, -31) == []
    assert kinds(one, -30) == ["staff:warning"]
    assert kinds(replace(one, invigilators_seen=1), -30) == []


OPEN: dict[str, Any] = {"status": "open", "opened_at": after(-30), "present": 10}


def test_silence_of_a_room_and_of_devices() -> None:
    one = room(**OPEN, page_seen_at=after(9), computers=10, computers_silent=2, tablets=1, tablets_silent=1)
    assert kinds(one, 14) == ["devices:warning"]
    assert kinds(one, 14.1) == ["silent:warning", "devices:warning"]
    assert [found.facts["n"] for found in troubles(one, after(20))] == [11, 3]
    assert kinds(room(**OPEN), -25.1) == []  # five minutes from its opening


@pytest.mark.parametrize(
    ("minutes", "present", "absent", "behind"),
    [(-11, 0, 0, False), (-10, 4, 0, True), (-10, 5, 0, False), (0, 7, 0, True), (0, 7, 1, False), (15, 7, 0, True), (16, 0, 0, False)],
)  # fmt: skip
def test_check_in_that_is_behind(minutes: float, present: int, absent: int, behind: bool) -> None:
    one = room(**{**OPEN, "present": present, "absent": absent, "page_seen_at": after(minutes)})
    assert (f"{T.BEHIND}:warning" in kinds(one, minutes)) is behind


def test_not_closed_and_not_balanced() -> None:
    one = room(**OPEN, page_seen_at=after(90), tablets=2)
    assert kinds(one, 90) == []
    assert kinds(one, 91) == ["overdue:warning", "unbalanced:warning"]
    assert kinds(replace(one, events_missing=3), 91) == ["unbalanced:stopped", "overdue:warning"]
    assert kinds(replace(one, ledger_closed=True, status="closed"), 91) == []


def test_the_worst_stands_first() -> None:
    fault = FaultFacts(id=UUID(int=5), kind="停电", minutes=50, level="已报省级", high=True)
    one = room(**{**OPEN, "present": 0}, faults=(fault, replace(fault, high=False, minutes=3)))
    found = troubles(one, after(0))
    assert [item.kind for item in found] == [T.FAULT, T.FAULT, T.SILENT, T.BEHIND]
    assert tone_of(one, found) == "stopped" and found[0].href == f"/exam/faults/{fault.id}"


def test_nothing_gives_nothing() -> None:
    assert worst([]) == "plain"
    assert totals([], 0).expected == 0
    assert kinds(room(expected=0, status="open", opened_at=after(0), page_seen_at=after(0)), 0) == []
    assert tone_of(room(status="closed"), []) == "done"
