"""What a plan changes of a published one: whose site, room or slot differs, and whether they had to move (H17).

A published item is *lost* where its site, room or workshop, slot or approval is gone or closed, or its seats no longer
suffice. Who has a lost item may be moved in all of them; everybody else stands. Who had no place before is not changed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from scheduling.planning.rules.capacity import usable_seats
from scheduling.planning.rules.demand import approved_slots
from scheduling.planning.rules.members import Longs, Members, members_of
from scheduling.planning.rules.plan import Plan, Session
from scheduling.planning.rules.problem import Problem, Room


@dataclass(frozen=True, eq=False)
class Changes:
    """Ranges of members whose place or time differs, in the order of the groups."""

    group: Longs
    first: Longs  # within the group
    count: Longs
    stood: Longs  # 1: nothing of theirs was lost, they should have stood

    @property
    def candidates(self) -> int:
        """How many candidates are changed."""
        return int(self.count.sum())

    @property
    def candidates_who_stood(self) -> int:
        """How many of them had lost nothing."""
        return int(self.count[self.stood == 1].sum())


def changes(members: Members, previous: Plan) -> Changes:
    """Compare a plan with the one that was published, member by member, in ranges."""
    problem = members.problem
    before = members_of(problem, previous)
    cuts = np.union1d(members.cuts, before.cuts)
    start, count = cuts[:-1], np.diff(cuts)
    spots: dict[tuple[str, str, str], int] = {}
    new_spot, old_spot = _spots(members.plan, spots), _spots(previous, spots)
    gone = np.array([*lost(problem, previous), False], dtype=np.bool_)
    differs, free = np.zeros(start.size, dtype=np.bool_), np.zeros(start.size, dtype=np.bool_)
    for rank, seated in enumerate(before.seated):
        session = _sessions(before, seated.at(start))
        now = _sessions(members, members.seated[rank].at(start))
        differs |= (session >= 0) & (old_spot[session] != new_spot[now])
        free |= (session >= 0) & gone[session]
    chosen = np.flatnonzero(differs)
    group = members.group_of(start[chosen])
    return Changes(group, start[chosen] - members.offset[group], count[chosen], (~free[chosen]).astype(np.int64))


def lost(problem: Problem, previous: Plan) -> list[bool]:
    """Of each session of a published plan: whether it can no longer be held."""
    place = {(site.id, one.id): one for site in problem.sites for one in site.places}
    crowd: dict[tuple[str, str, str], int] = defaultdict(int)
    for session in previous.sessions:
        crowd[session.site, session.place, session.slot] += session.count

    def is_lost(session: Session) -> bool:
        site, room = problem.site.get(session.site), place.get((session.site, session.place))
        part = problem.component.get((session.certificate, session.level, session.component))
        if site is None or room is None or part is None or session.slot not in problem.slot_number:
            return True
        if session.slot in site.closed or session.slot in room.closed:
            return True
        approved = approved_slots(problem, site, session.certificate, session.level, part.form)
        if not approved >> problem.slot_number[session.slot] & 1:
            return True
        if not isinstance(room, Room):
            return False
        usable = usable_seats(room, problem.rules_of(session.certificate))
        return crowd[session.site, session.place, session.slot] > usable

    return [is_lost(session) for session in previous.sessions]


def _sessions(members: Members, part: Longs) -> Longs:
    """The session of each part; -1: none."""
    if not members.part_session.size:
        return np.full(part.shape, -1, dtype=np.int64)
    return np.where(part >= 0, members.part_session[part], -1)


def _spots(plan: Plan, known: dict[tuple[str, str, str], int]) -> Longs:
    """Of each session a number for its site, place and slot, the same in both plans; the last entry (-1): nowhere."""
    numbers = [known.setdefault((one.site, one.place, one.slot), len(known)) for one in plan.sessions]
    return np.array([*numbers, -1], dtype=np.int64)
