"""Working hours: at which minutes a session of a given length may start (H15).

A session lies inside the morning or the afternoon; only one that fits neither may run across lunch.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from scheduling.timetable.rules.problem import DAY_MINUTES, Hours


def windows(hours: Hours, duration: int) -> tuple[tuple[int, int], ...]:
    """The windows of a day in which a session of this length may lie, as (from, to) minutes of the day."""
    halves = ((hours.opens, hours.lunch_from), (hours.lunch_to, hours.closes))
    fitting = tuple(window for window in halves if window[1] - window[0] >= duration)
    if fitting:
        return fitting
    return ((hours.opens, hours.closes),) if hours.closes - hours.opens >= duration else ()


def starts(
    hours: Hours, duration: int, grid: int, first_day: date, days_count: int, closed_on: Collection[date] = ()
) -> tuple[int, ...]:
    """All minutes of the problem at which such a session may start, in order; empty when it is too long for a day."""
    found: list[int] = []
    for index in range(days_count):
        if first_day + timedelta(days=index) in closed_on:
            continue
        for opens, closes in windows(hours, duration):
            found.extend(index * DAY_MINUTES + minute for minute in range(opens, closes - duration + 1, grid))
    return tuple(found)
