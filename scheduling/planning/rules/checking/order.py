"""H7 and H8: components in their order with the gap between them; nobody in two places, travel included.

A session fills its slot: it ends when the slot ends.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np

from exam.kernel.errors import N_
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.placement import ranges_of
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.members import Longs
from scheduling.planning.rules.teams import pause_minutes, travel_minutes


def in_order(case: Case) -> Violations:
    """H7: a component of a higher order starts at least the gap after the end of the lower ones."""
    members, problem = case.members, case.problem
    if not problem.slots:
        return
    starts, ends = _minutes(case)
    gap = np.array([problem.rules_of(group.certificate).gap_minutes for group in problem.groups], dtype=np.int64)
    order = _orders(case)
    for rank in range(members.ranks):
        for other in range(rank + 1, members.ranks):
            slot, later = members.slot[rank], members.slot[other]
            ordered = order[members.group, rank] < order[members.group, other]
            pause = starts[later] - ends[slot]
            early = (slot >= 0) & (later >= 0) & (slot != later) & ordered & (pause < gap[members.group])
            for group, first, count in ranges_of(members, early):
                parts = members.components[group]
                yield Violation(
                    "H7",
                    N_("组 %(group)s 有 %(count)s 名考生的科目 %(later)s 没有排在 %(earlier)s 结束 %(gap)s 分钟之后。"),
                    problem.groups[group].id,
                    {
                        "group": problem.groups[group].id,
                        "count": count,
                        "first": first,
                        "earlier": parts[rank].id,
                        "later": parts[other].id,
                        "gap": int(gap[group]),
                    },
                )


def one_at_a_time(case: Case) -> Violations:
    """H8: no two components of a group in one slot."""
    members = case.members
    for rank in range(members.ranks):
        for other in range(rank + 1, members.ranks):
            slot = members.slot[rank]
            for group, first, count in ranges_of(members, (slot >= 0) & (slot == members.slot[other])):
                parts, id = members.components[group], case.problem.groups[group].id
                yield Violation(
                    "H8",
                    N_("组 %(group)s 有 %(count)s 名考生的科目 %(one)s 和 %(other)s 在同一时段。"),
                    id,
                    {"group": id, "count": count, "first": first, "one": parts[rank].id, "other": parts[other].id},
                )


def people_apart(case: Case) -> Violations:
    """H8: who is in several groups has no two exams in one slot, and on one day time to travel between their sites."""
    problem = case.problem
    for person, exams in _exams(case).items():
        for (slot, site, group), (next_slot, next_site, next_group) in pairwise(sorted(exams)):
            if group == next_group:
                continue
            one, other = problem.slots[slot], problem.slots[next_slot]
            here, there = problem.sites[site].id, problem.sites[next_site].id
            facts: dict[str, str | int] = {"person": person, "one": group, "other": next_group, "slot": other.id}
            if slot == next_slot:
                yield Violation(
                    "H8", N_("考生 %(person)s 在时段 %(slot)s 同时有 %(one)s 和 %(other)s 的考试。"), person, facts
                )
            elif one.day == other.day and travel_minutes(problem, here, there) > pause_minutes(one, other):
                yield Violation(
                    "H8",
                    N_("考生 %(person)s 来不及在 %(slot)s 之前从 %(here)s 赶到 %(there)s。"),
                    person,
                    facts | {"here": here, "there": there},
                )


def away_kept(case: Case) -> Violations:
    """H8: nobody is examined in a slot in which they sit an exam elsewhere, of another batch."""
    for session in case.plan.sessions:
        for part in session.parts:
            group = case.problem.group[part.group]
            if session.slot in group.away:
                yield Violation(
                    "H8",
                    N_("组 %(group)s 的考生在时段 %(slot)s 另有考试，却排进了场次 %(session)s。"),
                    group.id,
                    {"group": group.id, "slot": session.slot, "session": session.id, "count": part.count},
                )


def _exams(case: Case) -> dict[str, list[tuple[int, int, str]]]:
    """Person in several groups -> (slot, site, group) of their components."""
    members, problem = case.members, case.problem
    groups: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(problem.groups):
        if group.person is not None:
            groups[group.person].append(number)
    several = {person: numbers for person, numbers in groups.items() if len(numbers) > 1}
    found: dict[str, list[tuple[int, int, str]]] = {person: [] for person in sorted(several)}
    for seated in members.seated:
        for person in found:
            first = members.offset[np.array(several[person])]
            for number, part in zip(several[person], seated.at(first).tolist(), strict=True):
                if part >= 0:
                    session = members.part_session[part]
                    at = int(members.session_slot[session]), int(members.session_site[session])
                    found[person].append((*at, problem.groups[number].id))
    return found


def _orders(case: Case) -> Longs:
    """[group, rank] the order of a component."""
    found = np.zeros((len(case.members.components), case.members.ranks), dtype=np.int64)
    for number, parts in enumerate(case.members.components):
        found[number, : len(parts)] = [part.order for part in parts]
    return found


def _minutes(case: Case) -> tuple[Longs, Longs]:
    """Start and end of every slot, in minutes after the first."""
    begin = case.problem.slots[0].starts
    pairs = [((one.starts - begin).total_seconds(), (one.ends - begin).total_seconds()) for one in case.problem.slots]
    table = (np.array(pairs, dtype=np.float64) // 60).astype(np.int64)
    return table[:, 0], table[:, 1]
