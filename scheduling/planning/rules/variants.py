"""Changes that make another problem of a problem (what if): a day more, machines more, a site less, other limits.

Each keeps the groups as they are, so that plans of both problems can be set side by side.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from scheduling.planning.rules.losses import without_sites
from scheduling.planning.rules.problem import Form, Problem, Room, Slot

NEW_ROOM = "+computers"


def one_more_day(problem: Problem) -> Problem:
    """The last day's slots once more on the day after it; what is closed or away on that last day is not so on the new one."""
    last = max(slot.day for slot in problem.slots)
    more = [slot for slot in problem.slots if slot.day == last]
    extra = {slot.id: _next_day(slot) for slot in more}
    staff = tuple(
        person
        if person.available is None
        else replace(person, available=(*person.available, *(extra[id].id for id in person.available if id in extra)))
        for person in problem.staff
    )
    return replace(problem, slots=(*problem.slots, *extra.values()), staff=staff)


def _next_day(slot: Slot) -> Slot:
    day = timedelta(days=1)
    return replace(slot, id=f"{slot.id}+1", starts=slot.starts + day, ends=slot.ends + day)


def more_machines(problem: Problem, site: str, seats: int, room: str | None = None) -> Problem:
    """More computers at a site: in one of its rooms, or in a room of their own."""

    def rooms(known: tuple[Room, ...]) -> tuple[Room, ...]:
        if room is None:
            return (*known, Room(id=NEW_ROOM, form=Form.COMPUTER, seats=seats))
        return tuple(replace(one, seats=one.seats + seats) if one.id == room else one for one in known)

    sites = tuple(replace(one, rooms=rooms(one.rooms)) if one.id == site else one for one in problem.sites)
    return replace(problem, sites=sites)


def site_closed(problem: Problem, site: str, days: Collection[date] = ()) -> Problem:
    """A site less, on these days or (none named) altogether."""
    if not days:
        return without_sites(problem, {site})
    shut = {slot.id for slot in problem.slots if slot.day in days}
    sites = tuple(
        replace(one, closed=tuple(sorted(shut.union(one.closed)))) if one.id == site else one for one in problem.sites
    )
    return replace(problem, sites=sites)


def other_province(problem: Problem, *, allowed: bool) -> Problem:
    """Whether candidates may be sent across the border of their province."""
    return with_rules(problem, other_province=allowed)


def travel_limit(problem: Problem, km: int) -> Problem:
    """How far a candidate may be sent (H18)."""
    return with_rules(problem, travel_limit_km=km)


def with_rules(problem: Problem, **changes: Any) -> Problem:
    """These rules for the problem and for every certificate that has rules of its own."""
    certificates = tuple(
        replace(one, rules=replace(one.rules, **changes)) if one.rules else one for one in problem.certificates
    )
    return replace(problem, rules=replace(problem.rules, **changes), certificates=certificates)
