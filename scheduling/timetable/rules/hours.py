"""Working hours, and the slots of a batch that follow from them (H7, H8, H15). Conventions [C], stored with every plan.

A slot is a window in which a room holds one session. It is as long as the longest component; where a half day holds no
second one, the slots share what is left over, so that a practical station can serve one candidate more. A component that
fits no half day makes the day one window, across lunch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from scheduling.planning.rules.problem import Slot

CHINA: Final = ZoneInfo("Asia/Shanghai")
SHORTEST: Final = 60
_STEP: Final = 5  # slots begin and end at multiples of it


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Working hours as minutes of the day, and gaps in minutes."""

    opens: int = 8 * 60 + 30
    lunch_from: int = 12 * 60
    lunch_to: int = 13 * 60 + 30
    closes: int = 18 * 60
    gap_minutes: int = 30  # between two components of one person (H7)
    travel_minutes: int = 120  # the same, when the other exam is of another batch, at any site (H8)
    turnaround_minutes: int = 30  # a room between two sessions: clear, count, seal, post the next list
    practical_turnaround_minutes: int = 10  # a station between two candidates (H6)


def slots(hours: Hours, lengths: Iterable[int], first_day: date, days_count: int) -> tuple[Slot, ...]:
    """The slots of so many days for components of these lengths (minutes), in order; none when one is longer than a day."""
    length = max([SHORTEST, *lengths])
    return tuple(
        Slot(id=f"{day:%m%d}-{begins // 60:02d}{begins % 60:02d}", starts=_at(day, begins), ends=_at(day, ends))
        for day in (first_day + timedelta(days=number) for number in range(days_count))
        for begins, ends in _windows(hours, length)
    )


def _windows(hours: Hours, length: int) -> Iterator[tuple[int, int]]:
    """The slots of a day as (from, to) in minutes of the day."""
    halves = [(hours.opens, hours.lunch_from), (hours.lunch_to, hours.closes)]
    fitting = [half for half in halves if half[1] - half[0] >= length]
    for opens, closes in fitting or [(hours.opens, hours.closes)]:
        pause = hours.turnaround_minutes
        count = (closes - opens + pause) // (length + pause)
        if count:
            each = (closes - opens - (count - 1) * pause) // count // _STEP * _STEP
            yield from ((opens + at * (each + pause), opens + at * (each + pause) + each) for at in range(count))


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(minutes=minute)
