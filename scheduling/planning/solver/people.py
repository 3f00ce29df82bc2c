"""People who are examined at several sites: days are shared out between their sites before the sites are scheduled.

At one site a person's components merely take different slots, which the search at the site sees to. Between two sites
the person also travels (H8); so each site gets a run of slots of its own, in length by the components there, with the
time for travel between two runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import Placement, Session
from scheduling.planning.rules.problem import Group, Problem, Site
from scheduling.planning.rules.teams import travel_minutes

Windows = Mapping[str, tuple[bool, ...]]
"""Group -> per slot whether it may be examined in it."""


def windows(problem: Problem, placements: Sequence[Placement]) -> Windows:
    """Group of such a person, or with slots away -> per slot whether it may be examined in it. Nobody else is named."""
    stations: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for placement in placements:
        person = problem.group[placement.group].person
        if person:
            stations[person][placement.site].append(placement.group)
    found: dict[str, tuple[bool, ...]] = {}
    for person in sorted(stations):
        if len(stations[person]) > 1:
            found.update(_shared_out(problem, stations[person]))
    for placement in placements:
        group = problem.group[placement.group]
        if group.away:
            mask = found.get(group.id, (True,) * len(problem.slots))
            found[group.id] = _without_away(problem, group, mask)
    return found


def here(problem: Problem, group: Group) -> Mapping[str, tuple[bool, ...]]:
    """The slots left to a group that is away in some."""
    return {group.id: _without_away(problem, group, (True,) * len(problem.slots))} if group.away else {}


def _without_away(problem: Problem, group: Group, mask: Sequence[bool]) -> tuple[bool, ...]:
    return tuple(is_open and slot.id not in group.away for is_open, slot in zip(mask, problem.slots, strict=True))


def _shared_out(problem: Problem, at: Mapping[str, Sequence[str]]) -> dict[str, tuple[bool, ...]]:
    """One run of slots per site, in the order of the sites."""
    count = len(problem.slots)
    sites = sorted(at)
    parts = [sum(len(problem.group[group].components) for group in at[site]) for site in sites]
    found: dict[str, tuple[bool, ...]] = {}
    done = first = 0
    for number, site in enumerate(sites):
        done += parts[number]
        last = count if number == len(sites) - 1 else max(first + 1, round(count * done / sum(parts)))
        mask = tuple(first <= slot < last for slot in range(count))
        for group in at[site]:
            found[group] = mask
        if number + 1 < len(sites):
            first = _after(problem, last - 1, problem.site[site], problem.site[sites[number + 1]])
    return found


def _after(problem: Problem, slot: int, site: Site, other: Site) -> int:
    """The first slot that starts late enough after the end of a slot to travel between two sites, or on a later day."""
    speed = problem.rules.speed_km_per_hour
    seconds = distance_km(site.lat, site.lon, other.lat, other.lon) / speed * 3600
    last = problem.slots[min(slot, len(problem.slots) - 1)]
    for number in range(slot + 1, len(problem.slots)):
        following = problem.slots[number]
        if following.day > last.day or (following.starts - last.ends).total_seconds() >= seconds:
            return number
    return len(problem.slots)


def exams_of(problem: Problem, person: str, sessions: Iterable[Session]) -> list[tuple[str, int, str]]:
    """(group, slot, site) of everything a person sits."""
    return [
        (part.group, problem.slot_number[one.slot], one.site)
        for one in sessions
        for part in one.parts
        if problem.group[part.group].person == person
    ]


def free_at(problem: Problem, exams: Iterable[tuple[str, int, str]], site: str) -> tuple[bool, ...]:
    """The slots in which somebody who sits these exams could sit another at a site, with the time to travel (H8)."""
    free = [True] * len(problem.slots)
    for _, at, elsewhere in exams:
        here = problem.slots[at]
        seconds = 60 * travel_minutes(problem, elsewhere, site)
        for number, slot in enumerate(problem.slots):
            first, second = (slot, here) if number < at else (here, slot)
            apart = slot.day != here.day or (second.starts - first.ends).total_seconds() >= seconds
            free[number] = free[number] and apart
    return tuple(free)


def kept(problem: Problem, exams: Iterable[tuple[str, int, str]]) -> dict[str, tuple[bool, ...]]:
    """Group -> the slots in which its exams are, and no others: for who sits between them at several sites."""
    found: dict[str, list[bool]] = {}
    for group, at, _ in exams:
        found.setdefault(group, [False] * len(problem.slots))[at] = True
    return {group: tuple(mask) for group, mask in found.items()}
