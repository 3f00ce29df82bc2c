"""Working hours, and the slots of a batch that follow from them (H7, H8, H15); the hours are norms (:mod:`scheduling.norms`).

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

from scheduling.norms.rules import Norms
from scheduling.planning.rules.problem import Form, Slot

CHINA: Final = ZoneInfo("Asia/Shanghai")
SHORTEST: Final = 60
ENOUGH: Final = 2.0
"""So often the need is more than enough."""
_MOST: Final = 6  # slots in a half day
_STEP: Final = 5  # slots begin and end at multiples of it

Window = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """So many sittings of one component."""

    form: Form
    minutes: int
    count: int


def slots(
    norms: Norms,
    wanted: Iterable[Wanted],
    first_day: date,
    days_count: int,
    *,
    seats: Mapping[Form, int] = MappingProxyType({}),
    components: int = 1,
    longer: Iterable[Wanted] = (),
) -> tuple[Slot, ...]:
    """The slots of so many days, in order; none when a component is longer than a day.

    `seats`: usable seats and stations of all sites, by form; `components`: the most that one person sits (each takes a
    slot). Many short slots serve written rooms well, few long ones practical stations, which then lose less time to what is
    left over: of the patterns for a half day the one is taken whose scarcest form has most to spare, up to twice the need;
    beyond that, the one with more slots.

    `longer`: what lasts longer for who is granted extra time (H16). Where slots that long would cost the others seats, only
    the first and the last day have them (of two days the first, if it has enough): components come in order, the first early.
    """
    asked, more = [one for one in wanted if one.count], [one for one in longer if one.count]
    plain = _pattern(norms, asked, asked, days_count, seats, components)
    long = _pattern(norms, asked, [*asked, *more], days_count, seats, components) or plain
    need = max((one.minutes for one in more), default=0)
    if sum(ends - begins >= need for begins, ends in plain) * days_count >= components:
        long = plain  # enough of them are long enough anyway
    spared = _spare(norms, long, days_count, asked, seats)
    everywhere = days_count == 1 or spared >= min(ENOUGH, _spare(norms, plain, days_count, asked, seats))
    few = {0, days_count - 1} if days_count > 2 or len(long) < components else {0}
    at_length = range(days_count) if everywhere else few
    return tuple(
        Slot(id=f"{day:%m%d}-{begins // 60:02d}{begins % 60:02d}", starts=_at(day, begins), ends=_at(day, ends))
        for number, day in enumerate(first_day + timedelta(days=number) for number in range(days_count))
        for begins, ends in (long if number in at_length else plain)
    )


def _pattern(
    norms: Norms,
    asked: Sequence[Wanted],
    fitting: Iterable[Wanted],
    days_count: int,
    seats: Mapping[Form, int],
    components: int,
) -> tuple[Window, ...]:
    """The slots of a day that are long enough for what should fit, and suit best what is asked."""
    length = max([SHORTEST, *(one.minutes for one in fitting)])
    patterns = [tuple(_windows(norms, length, most)) for most in range(1, _MOST + 1)]
    enough = [one for one in patterns if len(one) * days_count >= components] or patterns
    return max(enough, key=lambda one: (min(ENOUGH, _spare(norms, one, days_count, asked, seats)), len(one)))


def _spare(
    norms: Norms, pattern: Sequence[Window], days_count: int, wanted: Sequence[Wanted], seats: Mapping[Form, int]
) -> float:
    """How often the scarcest form could hold what is wanted of it."""
    needed: dict[Form, float] = defaultdict(float)  # seats or stations, over all slots of a day
    for one in wanted:
        pause = norms.station_turnaround_minutes
        if one.form is Form.PRACTICAL:
            served = sum((ends - begins + pause) // (one.minutes + pause) for begins, ends in pattern)
        else:
            served = len(pattern)
        needed[one.form] += one.count / served if served else float("inf")
    shares = [seats.get(form, 0) * days_count / need for form, need in needed.items() if need]
    return min(shares, default=ENOUGH)


def _windows(norms: Norms, length: int, most: int) -> Iterator[Window]:
    """The slots of a day as (from, to) in minutes of the day, at most so many in a half day."""
    halves = [(norms.opens, norms.lunch_from), (norms.lunch_to, norms.closes)]
    fitting = [half for half in halves if half[1] - half[0] >= length]
    for opens, closes in fitting or [(norms.opens, norms.closes)]:
        pause = norms.room_turnaround_minutes
        count = min(most, (closes - opens + pause) // (length + pause))
        if count:
            each = (closes - opens - (count - 1) * pause) // count // _STEP * _STEP
            yield from ((opens + at * (each + pause), opens + at * (each + pause) + each) for at in range(count))


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(minutes=minute)
