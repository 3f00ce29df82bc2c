"""Working hours: morning or afternoon; only what fits neither runs across lunch; nothing fits a day too short."""

from datetime import date

from scheduling.timetable.rules.calendar import starts, windows
from scheduling.timetable.rules.problem import Hours

DAY = date(2026, 5, 16)


def test_windows() -> None:
    hours = Hours()
    assert windows(hours, 90) == ((510, 720), (810, 1080))
    assert windows(hours, 240) == ((810, 1080),)
    assert windows(hours, 300) == ((510, 1080),)
    assert windows(hours, 600) == ()


def test_starts_stay_inside_and_skip_closed_days() -> None:
    found = starts(Hours(), 90, 30, DAY, 2, {DAY})
    assert min(found) == 1440 + 510
    assert max(found) == 1440 + 990
    assert all(minute % 1440 + 90 <= 720 or minute % 1440 >= 810 for minute in found)
    assert starts(Hours(), 600, 30, DAY, 2) == ()
    assert starts(Hours(), 90, 30, DAY, 0) == ()
