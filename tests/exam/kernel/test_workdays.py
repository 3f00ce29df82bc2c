"""The official calendar against the table of domain.md section 5, line by line."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from exam.kernel import workdays
from exam.kernel.workdays import Due, add_workdays, is_official, is_workday, workdays_between

SEVENTH_WORKDAY = [
    ("2020-01-17", "2020-02-04"),
    ("2020-01-20", "2020-02-06"),
    ("2021-02-10", "2021-02-25"),
    ("2021-04-30", "2021-05-13"),
    ("2022-09-30", "2022-10-14"),
    ("2023-09-28", "2023-10-13"),
    ("2024-02-09", "2024-02-26"),
    ("2024-09-13", "2024-09-25"),
    ("2025-01-24", "2025-02-10"),
    ("2025-09-30", "2025-10-16"),
    ("2026-02-13", "2026-03-02"),
    ("2026-04-30", "2026-05-13"),
    ("2026-09-30", "2026-10-15"),
]
WORKDAYS_IN_YEAR = {2019: 250, 2020: 249, 2021: 250, 2022: 249, 2023: 249, 2024: 251, 2025: 248, 2026: 248}
OFF = {
    2019: "0101 0204-0210 0405-0407 0501-0504 0607-0609 0913-0915 1001-1007",
    2020: "0101 0124-0202 0404-0406 0501-0505 0625-0627 1001-1008",
    2021: "0101-0103 0211-0217 0403-0405 0501-0505 0612-0614 0919-0921 1001-1007",
    2022: "0101-0103 0131-0206 0403-0405 0430-0504 0603-0605 0910-0912 1001-1007 1231-1231",
    2023: "0101-0102 0121-0127 0405 0429-0503 0622-0624 0929-1006",
    2024: "0101 0210-0217 0404-0406 0501-0505 0610 0915-0917 1001-1007",
    2025: "0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008",
    2026: "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007",
}
MAKE_UP = {
    2019: "0202 0203 0428 0505 0929 1012",
    2020: "0119 0203 0426 0509 0628 0927 1010",
    2021: "0207 0220 0425 0508 0918 0926 1009",
    2022: "0129 0130 0402 0424 0507 1008 1009",
    2023: "0128 0129 0423 0506 0625 1007 1008",
    2024: "0204 0218 0407 0428 0511 0914 0929 1012",
    2025: "0126 0208 0427 0928 1011",
    2026: "0104 0214 0228 0509 0920 1010",
}


def day_of(year: int, text: str) -> date:
    return date(year, int(text[:2]), int(text[2:]))


def days_of(year: int, ranges: str) -> set[date]:
    days: set[date] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        day, end = day_of(year, first), day_of(year, last or first)
        while day <= end:
            days.add(day)
            day += timedelta(days=1)
    return days


@pytest.mark.parametrize(("issued", "due"), SEVENTH_WORKDAY)
def test_the_seventh_working_day(issued: str, due: str) -> None:
    assert add_workdays(date.fromisoformat(issued), 7) == Due(date.fromisoformat(due), provisional=False)


@pytest.mark.parametrize("year", WORKDAYS_IN_YEAR)
def test_every_day_of_a_year_follows_its_notice(year: int) -> None:
    off, make_up = days_of(year, OFF[year]), days_of(year, MAKE_UP[year])
    day = date(year, 1, 1)
    while day.year == year:
        expected = day in make_up or (day.weekday() < 5 and day not in off)
        assert is_workday(day) is expected, day
        day += timedelta(days=1)
    assert workdays_between(date(year - 1, 12, 31), date(year, 12, 31)) == WORKDAYS_IN_YEAR[year]


def test_a_december_day_can_be_ruled_by_the_next_notice() -> None:
    assert is_workday(date(2018, 12, 29))
    assert not is_workday(date(2018, 12, 31))
    assert not is_workday(date(2022, 12, 31))


def test_a_deadline_in_a_year_without_a_notice_is_provisional() -> None:
    assert add_workdays(date(2026, 12, 30), 7).provisional
    assert not add_workdays(date(2025, 12, 30), 7).provisional


def test_a_deadline_counted_over_days_the_next_notice_may_move_is_provisional() -> None:
    assert add_workdays(date(2026, 12, 22), 7).provisional
    assert add_workdays(date(2026, 12, 17), 7) == Due(date(2026, 12, 28), provisional=False)
    assert not is_official(date(2017, 12, 29))


def test_zero_days_is_the_day_itself_and_a_negative_count_is_an_error() -> None:
    assert add_workdays(date(2026, 10, 1), 0) == Due(date(2026, 10, 1), provisional=False)
    with pytest.raises(ValueError, match="-1"):
        add_workdays(date(2026, 10, 1), -1)


def test_days_between_count_both_ways_and_nothing_is_nothing() -> None:
    assert workdays_between(date(2026, 9, 30), date(2026, 10, 15)) == 7
    assert workdays_between(date(2026, 10, 15), date(2026, 9, 30)) == -7
    assert workdays_between(date(2026, 9, 30), date(2026, 9, 30)) == 0


def test_an_override_stands_above_the_loaded_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workdays, "OVERRIDES", {date(2026, 9, 30): False, date(2026, 10, 11): True})
    assert not is_workday(date(2026, 9, 30))
    assert is_workday(date(2026, 10, 11))
