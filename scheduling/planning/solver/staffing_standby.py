"""Who stands by: at each site on each day, some who are free that whole day, live near, and could take many of its places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

import numpy as np

from scheduling.planning.rules.plan import Assignment, Session, Standby
from scheduling.planning.rules.problem import Duty, Person, Problem
from scheduling.planning.rules.teams import obstacle, positions, standby_needed
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.staffing_roll import Roll
from scheduling.planning.solver.staffing_table import Flags

LOOKED_AT: Final = 24
"""So many of the nearest are compared."""


class _Watch(NamedTuple):
    """A site on a day: how many stand by, and what they may be asked to take."""

    day: date
    site: str
    needed: int
    sessions: list[Session]


def choose_standby(
    problem: Problem,
    sessions: Sequence[Session],
    assignments: Iterable[Assignment],
    roll: Roll,
    ending: Ending | None = None,
) -> tuple[tuple[Standby, ...], int]:
    """The people who stand by, and how many more should; nobody who would need a night away is asked.

    When the patience after an `ending` is over, nobody more is looked for.
    """
    slot_of = {session.id: session.slot for session in sessions}
    free = np.ones((len(roll.people), len(problem.slots)), dtype=np.bool_)
    on_day: dict[date, list[int]] = {}
    for slot in problem.slots:
        on_day.setdefault(slot.day, []).append(problem.slot_number[slot.id])
    for assignment in assignments:
        free[roll.row[assignment.person], on_day[problem.slot[slot_of[assignment.session]].day]] = False
    turns: Counter[int] = Counter()
    chosen: list[Standby] = []
    short = 0
    for watch in _watches(problem, sessions):
        if ending is not None and ending.over():
            short += watch.needed
            continue
        slots = sorted({problem.slot_number[session.slot] for session in watch.sessions})
        who: Flags = np.logical_and.reduce(roll.present[:, slots] & free[:, slots], axis=1)
        near = roll.nearest(who, problem.site[watch.site], LOOKED_AT * watch.needed)
        near = [(km, row) for km, row in near if km <= problem.rules.overnight_km]
        for row in _pick(problem, watch, near, roll, turns):
            chosen.append(Standby(site=watch.site, day=watch.day, person=roll.people[row].id))
            free[row, on_day[watch.day]] = False
            turns[row] += 1
        short += watch.needed - sum(one.site == watch.site and one.day == watch.day for one in chosen[-watch.needed :])
    return tuple(sorted(chosen, key=lambda one: (one.day, one.site, one.person))), short


def _watches(problem: Problem, sessions: Sequence[Session]) -> list[_Watch]:
    held: dict[tuple[date, str], list[Session]] = {}
    for session in sorted(sessions, key=lambda one: one.id):
        held.setdefault((problem.slot[session.slot].day, session.site), []).append(session)
    return [
        _Watch(day, site, standby_needed(problem, sum(len(positions(problem, one)) for one in each)), each)
        for (day, site), each in sorted(held.items())
    ]


def _pick(problem: Problem, watch: _Watch, near: list[tuple[float, int]], roll: Roll, turns: Counter[int]) -> list[int]:
    """One after the other: who could take the most places that nobody yet could, in quarters; then the least used, the nearest."""
    places = [(session, duty) for session in watch.sessions for duty in sorted(set(positions(problem, session)))]
    could = {row: _could(problem, roll.people[row], places) for _, row in near}
    rest = dict.fromkeys(range(len(places)))
    picked: list[int] = []
    while near and len(picked) < watch.needed:
        row = min(
            (-(4 * sum(place in rest for place in could[row]) // max(1, len(rest))), turns[row], km, row)
            for km, row in near
        )[-1]
        near = [one for one in near if one[1] != row]
        picked.append(row)
        for place in could[row]:
            rest.pop(place, None)
    return picked


def _could(problem: Problem, person: Person, places: Sequence[tuple[Session, Duty]]) -> list[int]:
    return [number for number, (session, duty) in enumerate(places) if obstacle(problem, person, session, duty) is None]
