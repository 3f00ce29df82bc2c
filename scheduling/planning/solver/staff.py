"""Who serves where: every place in every team, with the reason for each that stays open, and who stands by (H11-H14, H17).

Sites are staffed prefecture by prefecture, each with the people of its institutions; what a prefecture cannot fill is offered
to everybody else, the nearest first. In this order: as few open places as possible, nobody at two sites on a day, even loads,
little travel. When the search is ended, the pools that are not begun get one round, and when the patience is over none: their places
are open and say so; whom a pin sends serves in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from scheduling.planning.rules.plan import Assignment, OpenPosition, OpenReason, Session, Standby
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.teams import load_of, positions, serving, two_site_days
from scheduling.planning.rules.vacancies import vacancy
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.staffing_loans import Teams, lend
from scheduling.planning.solver.staffing_pool import Pool, PoolStaffed, staff_pool
from scheduling.planning.solver.staffing_pools import divide, held_by, pinned
from scheduling.planning.solver.staffing_roll import Roll
from scheduling.planning.solver.staffing_standby import choose_standby
from scheduling.planning.solver.staffing_state import FREE
from scheduling.planning.solver.staffing_table import Table
from scheduling.planning.solver.workers import spread

MANY: Final = 10_000
"""Fewer sessions than this are not worth a second process."""
LOOKED_AT: Final = 100
"""For an open place, so many of the nearest who would be qualified are looked at for the reason."""


@dataclass(frozen=True, kw_only=True)
class Staffed:
    """The teams of all sessions."""

    assignments: tuple[Assignment, ...]
    standby: tuple[Standby, ...]
    open: tuple[OpenPosition, ...]
    load_spread: int  # the largest of a pool: sessions of the busiest minus those of the least busy who could serve
    two_site_days: int
    standby_short: int = 0  # people who should stand by and are not to be had
    stopped: bool = False  # it was ended before: the best so far


def assign(
    problem: Problem,
    sessions: Sequence[Session],
    *,
    seed: int,
    ending: Ending | None = None,
    processes: int = 2,
    fixed: Iterable[Assignment] = (),
) -> Staffed:
    """Fill every place of every session; what is pinned or `fixed` stands. A problem without staff asks for no teams.

    The answer depends on neither the order of the input nor the number of processes; nothing is drawn, so that `seed` changes
    nothing. When `ending` comes, the best so far is returned.
    """
    if not problem.staff:
        return Staffed(assignments=(), standby=(), open=(), load_spread=0, two_site_days=0)
    ending = ending or Ending()
    given = held_by(problem, sessions, fixed)
    pools = divide(problem, sessions, [*given, *pinned(problem, sessions, given)])
    answers = _staff_all(pools, ending, processes if len(sessions) >= MANY else 1)
    teams: Teams = {}
    for pool, answer in zip(pools, answers, strict=True):
        teams |= teams_of(pool.table, answer.holder)
    roll = Roll(problem)
    lend(problem, sessions, teams, roll, ending=ending)
    assignments = assignments_of(problem, sessions, teams)
    standby, short = choose_standby(problem, sessions, assignments, roll, ending)
    return Staffed(
        assignments=assignments,
        standby=standby,
        open=open_positions(problem, sessions, teams, roll, ending),
        load_spread=max((_spread(pool, load_of(assignments)) for pool in pools), default=0),
        two_site_days=two_site_days(problem, sessions, assignments),
        standby_short=short,
        stopped=ending.reached(),
    )


def pinned_only(problem: Problem, sessions: Sequence[Session]) -> Staffed:
    """The teams before anybody is searched for: whom pins send (H17), and every other place open as not reached."""
    if not problem.staff:
        return Staffed(assignments=(), standby=(), open=(), load_spread=0, two_site_days=0)
    teams: Teams = {one.id: [None] * len(positions(problem, one)) for one in sessions}
    for held in pinned(problem, sessions, ()) if problem.pins else ():
        teams[held.session.id][held.place] = held.person
    return Staffed(
        assignments=assignments_of(problem, sessions, teams),
        standby=(),
        open=tuple(
            OpenPosition(session=one.id, duty=duty, reason=OpenReason.NOT_REACHED)
            for one in sessions
            for duty, person in zip(positions(problem, one), teams[one.id], strict=True)
            if person is None
        ),
        load_spread=0,
        two_site_days=0,
        stopped=True,
    )


def assignments_of(problem: Problem, sessions: Sequence[Session], teams: Teams) -> tuple[Assignment, ...]:
    """Teams as assignments, by session, the head or lead first, the others by id."""
    found = []
    for session in sorted(sessions, key=lambda one: one.id):
        head, *others = zip(positions(problem, session), teams[session.id], strict=True)
        for duty, person in (head, *sorted(others, key=lambda one: one[1] or "")):
            if person is not None:
                found.append(Assignment(session=session.id, person=person, duty=duty))
    return tuple(found)


def open_positions(
    problem: Problem, sessions: Sequence[Session], teams: Teams, roll: Roll, ending: Ending | None = None
) -> tuple[OpenPosition, ...]:
    """The places that nobody has, each with its reason; when the patience after an end is over, without looking for it."""
    where = serving(sessions, assignments_of(problem, sessions, teams))
    found = []
    for session in sorted(sessions, key=lambda one: one.id):
        for duty, person in zip(positions(problem, session), teams[session.id], strict=True):
            if person is not None:
                continue
            if ending is not None and ending.over():
                found.append(OpenPosition(session=session.id, duty=duty, reason=OpenReason.NOT_REACHED))
                continue
            near = roll.nearest(roll.able(session, duty), problem.site[session.site], LOOKED_AT)
            found.append(vacancy(problem, session, duty, where, [roll.people[row] for _, row in near]))
    return tuple(found)


def _staff_all(pools: Sequence[Pool], ending: Ending, processes: int) -> list[PoolStaffed]:
    """The answer of each pool; the largest are begun first."""
    found: dict[int, PoolStaffed] = {}
    order = sorted(range(len(pools)), key=lambda one: (-len(pools[one].table.place_session), one))
    if processes > 1 and len(pools) > 1:
        work = [(one, pools[one]) for one in order]
        found |= dict(spread(_nothing, b"", _staff, work, processes=processes, ending=ending))
    for number in order:
        if number not in found:
            found[number] = staff_pool(pools[number], ending)
    return [found[number] for number in range(len(pools))]


def _nothing(data: bytes) -> None:
    """Every pool brings all that it needs."""
    del data


def _staff(given: None, pool: Pool, ending: Ending) -> PoolStaffed:
    del given
    return staff_pool(pool, ending)


def teams_of(table: Table, holder: Sequence[int]) -> Teams:
    """The teams of a pool, of the holder of each of its places."""
    return {
        id: [table.persons[holder[place]] if holder[place] != FREE else None for place in table.places[session]]
        for session, id in enumerate(table.sessions)
    }


def _spread(pool: Pool, loads: dict[str, int]) -> int:
    """Sessions of the busiest minus those of the least busy of those who could serve in a pool."""
    table = pool.table
    could = np.flatnonzero((table.head | table.member).any(axis=1)).tolist()
    found = [loads.get(table.persons[row], 0) for row in could if table.most[row] > 0]
    return max(found, default=0) - min(found, default=0)
