"""Working hours, and the slots of a batch that follow from them (H7, H8, H15). Conventions [C], stored with every plan.

A slot is a window in which a room holds one session. It is at least as long as the longest component; the slots of a half day
share what is left over, so that a practical station can serve more candidates one after the other. A component that fits no
half day makes the day one window, across lunch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from scheduling.planning.rules.problem import Form, Slot

CHINA: Final = ZoneInfo("Asia/Shanghai")
SHORTEST: Final = 60
ENOUGH: Final = 2.0
"""So often the need is more than enough."""
_MOST: Final = 6  # slots in a half day
_STEP: Final = 5  # slots begin and end at multiples of it

Window = tuple[int, int]


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


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """So many sittings of one component."""

    form: Form
    minutes: int
    count: int


def slots(
    hours: Hours,
    wanted: Iterable[Wanted],
    first_day: date,
    days_count: int,
    *,
    seats: Mapping[Form, int] = MappingProxyType({}),
    components: int = 1,
) -> tuple[Slot, ...]:
    """The slots of so many days, in order; none when a component is longer than a day.

    `seats`: usable seats and stations of all sites, by form; `components`: the most that one person sits (each takes a
    slot). Many short slots serve written rooms well, few long ones practical stations, which then lose less time to what is
    left over: of the patterns for a half day the one is taken whose scarcest form has most to spare, up to twice the need;
    beyond that, the one with more slots.
    """
    asked = [one for one in wanted if one.count]
    length = max([SHORTEST, *(one.minutes for one in asked)])
    patterns = [tuple(_windows(hours, length, most)) for most in range(1, _MOST + 1)]
    fitting = [one for one in patterns if len(one) * days_count >= components] or patterns
    best = max(fitting, key=lambda one: (min(ENOUGH, _spare(hours, one, days_count, asked, seats)), len(one)))
    return tuple(
        Slot(id=f"{day:%m%d}-{begins // 60:02d}{begins % 60:02d}", starts=_at(day, begins), ends=_at(day, ends))
        for day in (first_day + timedelta(days=number) for number in range(days_count))
        for begins, ends in best
    )


def _spare(
    hours: Hours, pattern: Sequence[Window], days_count: int, wanted: Sequence[Wanted], seats: Mapping[Form, int]
) -> float:
    """How often the scarcest form could hold what is wanted of it."""
    needed: dict[Form, float] = defaultdict(float)  # seats or stations, over all slots of a day
    for one in wanted:
        pause = hours.practical_turnaround_minutes
        if one.form is Form.PRACTICAL:
            served = sum((ends - begins + pause) // (one.minutes + pause) for begins, ends in pattern)
        else:
            served = len(pattern)
        needed[one.form] += one.count / served if served else float("inf")
    shares = [seats.get(form, 0) * days_count / need for form, need in needed.items() if need]
    return min(shares, default=ENOUGH)


def _windows(hours: Hours, length: int, most: int) -> Iterator[Window]:
    """The slots of a day as (from, to) in minutes of the day, at most so many in a half day."""
    halves = [(hours.opens, hours.lunch_from), (hours.lunch_to, hours.closes)]
    fitting = [half for half in halves if half[1] - half[0] >= length]
    for opens, closes in fitting or [(hours.opens, hours.closes)]:
        pause = hours.turnaround_minutes
        count = min(most, (closes - opens + pause) // (length + pause))
        if count:
            each = (closes - opens - (count - 1) * pause) // count // _STEP * _STEP
            yield from ((opens + at * (each + pause), opens + at * (each + pause) + each) for at in range(count))


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(minutes=minute)
