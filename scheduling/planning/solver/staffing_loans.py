"""Places that the people of a prefecture cannot fill are offered to everybody else, the nearest first."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from scheduling.planning.rules.plan import Session
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.teams import can_serve_both, obstacle, positions
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.staffing_roll import Roll
from scheduling.planning.solver.staffing_table import Flags

Teams = dict[str, list[str | None]]
"""Of each session, who takes which of its places; None: open."""


def lend(
    problem: Problem,
    sessions: Sequence[Session],
    teams: Teams,
    roll: Roll,
    only: Container[tuple[str, int]] | None = None,
    *,
    ending: Ending | None = None,
) -> None:
    """Fill open places by people who are free on that whole day; then by any whose day leaves time for the way.

    Until the patience after an `ending` is over; `only` these places, (session, place of its team), if given.
    """
    known = {session.id: session for session in sessions}
    gaps = [
        (known[id], place)
        for id, team in sorted(teams.items())
        for place, person in enumerate(team)
        if person is None and (only is None or (id, place) in only)
    ]
    if not gaps or not roll.people:
        return
    serving: dict[str, list[Session]] = {}
    for id, team in sorted(teams.items()):
        for person in team:
            if person is not None:
                serving.setdefault(person, []).append(known[id])
    for whole_day in (True, False):
        free = _free(problem, roll, serving, whole_day)
        for session, place in gaps:
            if ending is not None and ending.over():
                return
            if teams[session.id][place] is None:
                person = _find(problem, roll, session, place, free, serving)
                if person is not None:
                    teams[session.id][place] = person
                    held = serving.setdefault(person, [])
                    held.append(session)
                    _mark(problem, roll, free, person, held, whole_day)


def _free(problem: Problem, roll: Roll, serving: dict[str, list[Session]], whole_day: bool) -> Flags:
    """[row, slot]: can come, and serves neither then nor (`whole_day`) on that day."""
    free = roll.present.copy()
    for person, held in sorted(serving.items()):
        _mark(problem, roll, free, person, held, whole_day)
    return free


def _mark(problem: Problem, roll: Roll, free: Flags, person: str, held: Sequence[Session], whole_day: bool) -> None:
    row = roll.row[person]
    if len(held) >= problem.person[person].most_sessions:
        free[row] = False
        return
    days = {problem.slot[session.slot].day for session in held}
    busy = {session.slot for session in held}
    for number, slot in enumerate(problem.slots):
        if slot.id in busy or (whole_day and slot.day in days):
            free[row, number] = False


def _find(
    problem: Problem, roll: Roll, session: Session, place: int, free: Flags, serving: dict[str, list[Session]]
) -> str | None:
    duty = positions(problem, session)[place]
    who = roll.able(session, duty) & free[:, problem.slot_number[session.slot]]
    if not np.any(who):
        return None
    for _, row in roll.nearest(who, problem.site[session.site], len(roll.people)):
        person = roll.people[row]
        if obstacle(problem, person, session, duty) is None and all(
            can_serve_both(problem, session, other) for other in serving.get(person.id, ())
        ):
            return person.id
    return None
