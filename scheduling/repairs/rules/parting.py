"""Who has sat one component and lost the next: what was sat stands as it is, and the rest is placed like a late candidate's.

The planner knows one site for all components of a candidate. So such a candidate becomes two groups of one: the part that
was sat, at the site and in the session where it was, and the rest, which may go to any site in reach. The rest does not
begin before the gap after what was sat (H7), nor before one can be there (H8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from scheduling.planning.rules.losses import Withdrawn, without_withdrawn
from scheduling.planning.rules.plan import Part, Placement, Plan, Session, Unplaced
from scheduling.planning.rules.problem import Group, Problem
from scheduling.planning.rules.teams import travel_minutes

SAT, REST = "sat", "rest"


@dataclass(frozen=True, kw_only=True)
class Parted:
    """Problem, published plan and members with the parted candidates in groups of their own."""

    problem: Problem
    plan: Plan
    members: Mapping[str, tuple[UUID, ...]]


def torn(
    plan: Plan, unplaced: Iterable[Unplaced], members: Mapping[str, Sequence[UUID]], past: Collection[str]
) -> list[UUID]:
    """Who is left without a place though a part of theirs has begun, in the order of groups and numbers."""
    begun = {
        (part.group, part.first + at)
        for one in plan.sessions
        if one.slot in past
        for part in one.parts
        for at in range(part.count)
    }
    left = sorted((one.group, one.first + at) for one in unplaced for at in range(one.count))
    return [members[group][at] for group, at in left if (group, at) in begun]


def parted(
    problem: Problem,
    plan: Plan,
    members: Mapping[str, Sequence[UUID]],
    people: Collection[UUID],
    past: Collection[str],
    *,
    next_day: Collection[str] = (),
) -> Parted:
    """Give these candidates a group for what they have sat and one for the rest. `next_day`: groups of a rest that is too far
    away to be reached on the same day.
    """
    known, groups = set(problem.group), list(problem.groups)
    sat_in: dict[tuple[str, int], list[Session]] = defaultdict(list)
    for one in plan.sessions:
        if one.slot in past:
            for part in one.parts:
                for at in range(part.count):
                    sat_in[part.group, part.first + at].append(one)
    number = {id: (group, at) for group, ids in sorted(members.items()) for at, id in enumerate(ids)
              if (group, at) in sat_in}  # fmt: skip
    site = {(one.group, one.first + at): one.site for one in plan.placements for at in range(one.count)}
    found = {group: list(ids) for group, ids in members.items()}
    parts: dict[str, list[Part]] = defaultdict(list)
    placements: list[Placement] = []
    gone: list[Withdrawn] = []
    for id in sorted((id for id in people if id in number), key=lambda id: number[id]):
        group, at = number[id]
        sessions, own = sat_in[group, at], problem.group[group]
        components = {one.component for one in sessions}
        sat = replace(own, id=_named(known, group, SAT), count=1, person=None, components=_in(own, components))
        rest = _rest(problem, own, _named(known, group, REST), sessions, next_day)
        groups += [sat, rest]
        found[sat.id], found[rest.id] = [id], [id]
        found[group].remove(id)
        placements.append(Placement(group=sat.id, site=site[group, at], first=0, count=1))
        for one in sessions:
            parts[one.id].append(Part(group=sat.id, first=0, count=1))
        gone.append(Withdrawn(group=group, first=at, count=1))
    with_parts = tuple(replace(one, parts=(*one.parts, *parts[one.id])) if one.id in parts else one
                       for one in plan.sessions)  # fmt: skip
    left, kept = without_withdrawn(
        replace(problem, groups=tuple(groups)),
        replace(plan, placements=(*plan.placements, *placements), sessions=with_parts),
        gone,
    )
    return Parted(
        problem=left,
        plan=kept,
        members={group: tuple(ids) for group, ids in found.items() if ids or not members[group]},
    )


def too_far(before: Plan, after: Plan, problem: Problem) -> list[str]:
    """The rests that begin before one can be there from where the first part was sat (H8)."""
    rest_of = {one.id: one.id.rpartition("/")[0] for one in problem.groups if _is(one.id, REST)}
    sat_of = {
        f"{group.rpartition('/')[0]}/{group.rpartition('-')[2]}": one
        for one in before.sessions
        for group in (part.group for part in one.parts)
        if _is(group, SAT)
    }
    found = set()
    for one in after.sessions:
        for group in (part.group for part in one.parts if part.group in rest_of):
            sat = sat_of.get(f"{rest_of[group]}/{group.rpartition('-')[2]}")
            if sat is None:
                continue
            pause = (problem.slot[one.slot].starts - problem.slot[sat.slot].ends).total_seconds() / 60
            if travel_minutes(problem, sat.site, one.site) > pause:
                found.add(group)
    return sorted(found)


def of_parted(members: Mapping[str, Sequence[UUID]], known: Collection[str]) -> list[UUID]:
    """Whom a stored repair has parted: the members of groups that are not `known`."""
    return [id for group, ids in sorted(members.items()) if group not in known and _is(group, SAT) for id in ids]


def _rest(problem: Problem, own: Group, id: str, sessions: Sequence[Session], next_day: Collection[str]) -> Group:
    gap = timedelta(minutes=problem.rules_of(own.certificate).gap_minutes)
    ends = max(problem.slot[one.slot].ends for one in sessions)
    days = {problem.slot[one.slot].day for one in sessions}
    away = {*own.away, *(slot.id for slot in problem.slots if slot.starts < ends + gap)}
    if id in next_day:
        away |= {slot.id for slot in problem.slots if slot.day in days}
    rest = set(own.components) - {one.component for one in sessions}
    return replace(own, id=id, count=1, person=None, components=_in(own, rest), away=tuple(sorted(away)), late=True)


def _in(group: Group, components: Collection[str]) -> tuple[str, ...]:
    return tuple(one for one in group.components if one in components)


def _named(known: set[str], group: str, kind: str) -> str:
    number = 1
    while (id := f"{group[:64]}/{kind}-{number:04d}") in known:
        number += 1
    known.add(id)
    return id


def _is(group: str, kind: str) -> bool:
    return group.rpartition("/")[2].startswith(f"{kind}-")
