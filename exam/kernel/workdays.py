"""Working days of the official calendar: which days count, and when a deadline falls.

Pure. Counting follows 民法典 art. 201-203 as a convention for administrative deadlines (domain.md section 5): the day
of the event is not counted, and a period of working days ends with the last of them, at 24:00. The days off and the
make-up working days are those of the State Council's yearly notices, as carried by the `holidays` package; `OVERRIDES`
stands above it, so that an amended notice (2019, 2020) can be entered the day it appears.

A year's notice comes out in the autumn before it, and it may move the last days of the December before it
(2018-12-29 was made a working day, 2022-12-31 a day off, each by the next year's notice). A deadline whose counting
touches a day that no loaded notice governs is therefore *provisional* (预计): likely, and to be shown as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import holidays

FIRST_YEAR: Final = 2018
LAST_YEAR: Final = 2026
"""The years whose notice is loaded and was compared with a second data set, day by day."""

OVERRIDES: Final[Mapping[date, bool]] = MappingProxyType({})
"""Days that differ from the package's data: `True` a working day, `False` a day off. An amended notice goes here."""

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_NEXT_NOTICE_MONTH, _NEXT_NOTICE_DAY = 12, 29
"""From this day of December on, the notice of the following year has been seen to decide."""


@dataclass(frozen=True)
class Due:
    """A deadline: the last day on which the deed is in time, and whether a missing notice may still move it."""

    on: date
    provisional: bool


def _load() -> tuple[frozenset[date], frozenset[date]]:
    calendar = holidays.country_holidays("CN", years=range(FIRST_YEAR, LAST_YEAR + 2))
    return frozenset(calendar.keys()), frozenset(calendar.weekend_workdays)


_OFF, _MAKE_UP = _load()


def is_workday(day: date) -> bool:
    """Whether offices work on this day. Outside the loaded years this is the best guess, not a fact (`is_official`)."""
    if day in OVERRIDES:
        return OVERRIDES[day]
    if day in _MAKE_UP:
        return True
    return day.weekday() < _SATURDAY and day not in _OFF


def is_official(day: date) -> bool:
    """Whether a loaded notice governs this day, the last days of the last loaded December excepted."""
    if day in OVERRIDES:
        return True
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return False
    return day.year < LAST_YEAR or (day.month, day.day) < (_NEXT_NOTICE_MONTH, _NEXT_NOTICE_DAY)


def add_workdays(day: date, count: int) -> Due:
    """The `count`-th working day after `day`, which itself is not counted (E02: 7 after the day of issue).

    With `count` 0 the deadline is the day itself.
    """
    if count < 0:
        raise ValueError(f"a deadline cannot lie {count} working days ahead")
    official = is_official(day) if count == 0 else True
    left = count
    while left:
        day += _DAY
        official = official and is_official(day)
        left -= is_workday(day)
    return Due(day, provisional=not official)


def workdays_between(start: date, end: date) -> int:
    """Working days after `start` up to and with `end`; negative when `end` lies before `start`."""
    if end < start:
        return -workdays_between(end, start)
    return sum(is_workday(day) for day in _days_after(start, end))


def _days_after(start: date, end: date) -> Iterator[date]:
    day = start
    while day < end:
        day += _DAY
        yield day
