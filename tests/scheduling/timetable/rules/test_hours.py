"""The slots of a batch: long enough, inside working hours, and of the pattern that serves the scarcest form best (H15)."""

import itertools
from datetime import date

import pytest

from scheduling.norms.rules import Norms
from scheduling.planning.rules.problem import Form
from scheduling.timetable.rules.hours import Wanted, slots

DAY = date(2026, 11, 28)


def _starts(wanted: list[Wanted], **changes: object) -> list[str]:
    return [slot.id[5:] for slot in slots(Norms(), wanted, DAY, 1, **changes)]  # type: ignore[arg-type]


def _written(minutes: int, count: int = 10) -> Wanted:
    return Wanted(form=Form.COMPUTER, minutes=minutes, count=count)


@pytest.mark.parametrize(
    ("minutes", "starts"),
    [
        (60, ["0830", "1030", "1330", "1510", "1650"]),
        (90, ["0830", "1030", "1330", "1600"]),
        (120, ["0830", "1330", "1600"]),
        (240, ["1330"]),  # too long for the morning
        (300, ["0830"]),  # too long for a half day: across lunch
        (571, []),  # too long for a day
    ],
)
def test_written_rooms_are_used_as_often_as_they_can_be(minutes: int, starts: list[str]) -> None:
    assert _starts([_written(minutes)], seats={Form.COMPUTER: 3}) == starts


def test_nothing_wanted_has_slots_all_the_same() -> None:
    assert len(_starts([])) == 5


def test_every_slot_is_long_enough_and_a_turnaround_apart() -> None:
    found = slots(Norms(), [_written(75)], DAY, 2)
    assert all(slot.minutes >= 75 for slot in found)
    for before, after in itertools.pairwise(found):
        assert (after.starts - before.ends).total_seconds() >= 30 * 60


def test_scarce_stations_get_long_slots() -> None:
    practical = Wanted(form=Form.PRACTICAL, minutes=60, count=100)
    few, many = {Form.COMPUTER: 300, Form.PRACTICAL: 8}, {Form.COMPUTER: 300, Form.PRACTICAL: 800}
    assert _starts([_written(60, 100), practical], seats=few, components=2) == ["0830", "1330"]  # seven waves, not five
    assert len(_starts([_written(60, 100), practical], seats=many, components=2)) == 5


def test_a_person_has_a_slot_for_every_component() -> None:
    practical = Wanted(form=Form.PRACTICAL, minutes=60, count=100)
    norms = Norms(opens=480, lunch_from=840, lunch_to=840, closes=840)
    found = slots(norms, [practical], DAY, 1, seats={Form.PRACTICAL: 1}, components=2)
    assert len(found) >= 2


def _days(wanted: list[Wanted], days: int, longer: list[Wanted], seats: int) -> list[list[int]]:
    found = slots(Norms(), wanted, DAY, days, seats={Form.COMPUTER: seats}, longer=longer)
    return [[slot.minutes for slot in group] for _, group in itertools.groupby(found, lambda slot: slot.day)]


def test_extra_time_that_fits_the_slots_changes_nothing() -> None:
    assert _days([_written(60)], 3, [_written(75, 1)], 30) == _days([_written(60)], 3, [], 30)


def test_where_long_slots_cost_nobody_a_seat_every_day_has_them() -> None:
    found = _days([_written(80, 5)], 3, [_written(160, 1)], 30)
    assert len(found) == 3 and all(minutes >= 160 for day in found for minutes in day)


def test_where_seats_are_scarce_the_first_and_last_day_have_long_slots() -> None:
    found = _days([_written(80, 400)], 4, [_written(160, 1)], 30)
    assert [all(minutes >= 160 for minutes in day) for day in found] == [True, False, False, True]
    assert found[1] == found[2] == _days([_written(80, 400)], 1, [], 30)[0]


def test_what_fits_no_day_leaves_the_slots_of_the_others() -> None:
    assert _days([_written(60)], 3, [_written(600, 1)], 30) == _days([_written(60)], 3, [], 30)
