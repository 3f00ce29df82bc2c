"""A plan as numbers: who sits what, where and when, over ranges of members and never one candidate at a time.

Members of all groups are numbered through: group after group in the order of the problem, `offset` is the first of each.
Every boundary of a placement, of an unplaced range and of a part of a session cuts this line; between two cuts lies a
*stretch* of members who share everything. The components of a group have ranks: 0 is the one that comes first.
What a plan names and the problem does not have is left out here (:func:`reading.match` refuses it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scheduling.planning.rules.demand import great_circle
from scheduling.planning.rules.plan import Placement, Plan, Unplaced
from scheduling.planning.rules.problem import Component, Problem

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ranges:
    """Ranges of members, sorted by their first: whose they are and what they point at."""

    start: Longs
    end: Longs
    item: Longs  # its place in the list it came from

    @staticmethod
    def of(start: Longs, count: Longs, item: Longs) -> Ranges:
        order = np.lexsort((item, start))
        return Ranges(start[order], (start + count)[order], item[order])

    def at(self, members: Longs) -> Longs:
        """For each member the item that holds it (the one that begins last, where several do); -1: none."""
        if not self.start.size:
            return np.full(members.shape, -1, dtype=np.int64)
        found = np.searchsorted(self.start, members, side="right") - 1
        held = (found >= 0) & (members < self.end[found])
        return np.where(held, self.item[found], -1)

    def times(self, members: Longs) -> Longs:
        """For each member how many of the ranges hold it."""
        begun = np.searchsorted(self.start, members, side="right")
        ended = np.searchsorted(np.sort(self.end), members, side="right")
        return (begun - ended).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Members:
    """The numbers of one plan against one problem."""

    problem: Problem
    plan: Plan
    offset: Longs  # [group + 1] the first member of a group; the last entry: how many there are
    components: tuple[tuple[Component, ...], ...]  # of a group, by rank
    session_site: Longs
    session_slot: Longs
    part_session: Longs
    part_group: Longs
    part_rank: Longs  # -1: not a component of this group
    part_start: Longs  # member
    part_count: Longs
    part_number: Longs  # its place within its session's parts
    placement_site: Longs
    placed: Ranges  # items: placements
    unplaced: Ranges  # items: unplaced ranges
    seated: tuple[Ranges, ...]  # of a rank; items: parts

    @property
    def ranks(self) -> int:
        """The most components that a group has."""
        return len(self.seated)

    @cached_property
    def cuts(self) -> Longs:
        """All boundaries, sorted; the last is the number of members."""
        ranges = [self.placed, self.unplaced, *self.seated]
        ends = [array for one in ranges for array in (one.start, one.end)]
        return np.unique(np.concatenate([self.offset, *ends]))

    @cached_property
    def start(self) -> Longs:
        """Of a stretch: its first member."""
        return self.cuts[:-1]

    @cached_property
    def count(self) -> Longs:
        """Of a stretch: its members."""
        return np.diff(self.cuts)

    @cached_property
    def group(self) -> Longs:
        """Of a stretch: its group."""
        return self.group_of(self.start)

    @cached_property
    def site(self) -> Longs:
        """Of a stretch: the site its members are placed at, or -1."""
        return self.site_of(self.start)

    @cached_property
    def part(self) -> Longs:
        """[rank, stretch] the part in which its members sit this component, or -1."""
        found = [one.at(self.start) for one in self.seated]
        return np.array(found, dtype=np.int64).reshape(len(found), self.start.size)

    @cached_property
    def slot(self) -> Longs:
        """[rank, stretch] the slot in which its members sit this component, or -1."""
        return np.where(self.part >= 0, _pick(self.session_slot, _pick(self.part_session, self.part)), -1)

    @cached_property
    def component_count(self) -> Longs:
        """Of a group: how many components it sits."""
        return np.array([len(parts) for parts in self.components], dtype=np.int64)

    @cached_property
    def km(self) -> npt.NDArray[np.float64]:
        """Of a placement: kilometres from the institution to the site."""
        return distances_of(self.problem, self.plan.placements)

    def group_of(self, members: Longs) -> Longs:
        """The group of each member."""
        return (np.searchsorted(self.offset, members, side="right") - 1).astype(np.int64)

    def site_of(self, members: Longs) -> Longs:
        """The site each member is placed at, or -1."""
        return np.where((item := self.placed.at(members)) >= 0, _pick(self.placement_site, item), -1)


def members_of(problem: Problem, plan: Plan) -> Members:
    """Read a plan as numbers."""
    group = {one.id: number for number, one in enumerate(problem.groups)}
    site = {one.id: number for number, one in enumerate(problem.sites)}
    slot = problem.slot_number
    offset = np.concatenate([[0], np.cumsum([one.count for one in problem.groups], dtype=np.int64)]).astype(np.int64)
    components = tuple(problem.parts_of(one) for one in problem.groups)
    rank = {
        (number, one.certificate, one.level, part.id): place
        for number, one in enumerate(problem.groups)
        for place, part in enumerate(components[number])
    }
    rows = [
        (
            number,
            of,
            rank.get((of, session.certificate, session.level, session.component), -1),
            part.first,
            part.count,
            place,
        )
        for number, session in enumerate(plan.sessions)
        for place, part in enumerate(session.parts)
        if (of := group.get(part.group, -1)) >= 0
    ]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 6)
    part_session, part_group, part_rank, first, part_count, part_number = (table[:, column] for column in range(6))
    part_start = offset[part_group] + first
    inside = first + part_count <= np.diff(offset)[part_group]
    seated = []
    for number in range(max(map(len, components), default=0)):
        chosen = np.flatnonzero(inside & (part_rank == number))
        seated.append(Ranges.of(part_start[chosen], part_count[chosen], chosen))
    return Members(
        problem=problem,
        plan=plan,
        offset=offset,
        components=components,
        session_site=_numbers(site.get(one.site, -1) for one in plan.sessions),
        session_slot=_numbers(slot.get(one.slot, -1) for one in plan.sessions),
        part_session=part_session,
        part_group=part_group,
        part_rank=part_rank,
        part_start=part_start,
        part_count=part_count,
        part_number=part_number,
        placement_site=_numbers(site.get(one.site, -1) for one in plan.placements),
        placed=_ranges(plan.placements, group, offset),
        unplaced=_ranges(plan.unplaced, group, offset),
        seated=tuple(seated),
    )


def distances_of(problem: Problem, placements: Sequence[Placement]) -> npt.NDArray[np.float64]:
    """Kilometres of each placement; nan where the problem does not know its group or site."""
    home = np.full((len(placements), 4), np.nan)
    for number, one in enumerate(placements):
        group, site = problem.group.get(one.group), problem.site.get(one.site)
        if group is not None and site is not None:
            school = problem.institution[group.institution]
            home[number] = school.lat, school.lon, site.lat, site.lon
    return great_circle(home[:, 0], home[:, 1], home[:, 2], home[:, 3])


def _numbers(values: Iterable[int]) -> Longs:
    return np.fromiter(values, dtype=np.int64)


def _pick(values: Longs, places: Longs) -> Longs:
    """values[places]; whatever where a place is -1."""
    return values[places] if values.size else np.full(places.shape, -1, dtype=np.int64)


def _ranges(items: Sequence[Placement | Unplaced], group: Mapping[str, int], offset: Longs) -> Ranges:
    """The ranges of placements or unplaced that lie inside their group."""
    rows = [
        (offset[of] + one.first, one.count, number)
        for number, one in enumerate(items)
        if (of := group.get(one.group, -1)) >= 0 and one.first + one.count <= offset[of + 1] - offset[of]
    ]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    return Ranges.of(table[:, 0], table[:, 1], table[:, 2])
