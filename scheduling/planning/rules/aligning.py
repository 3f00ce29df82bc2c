"""Two plans of the same groups, member by member: numbers the members of one so that as few as possible go elsewhere.

The members of a group are alike (same components, same accommodations), so a plan says as much with its members numbered
otherwise. A solver numbers them as it goes; before people are named who would move, the numbers have to agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from msgspec.structs import replace

from scheduling.planning.rules.plan import Part, Placement, Plan, Unplaced
from scheduling.planning.rules.serial import canonical_plan

Range = TypeVar("Range", Placement, Part, Unplaced)


def aligned(plan: Plan, before: Plan) -> Plan:
    """The same plan, its members numbered so that the most of them are at the site where `before` has them."""
    here, there = sites_of(plan), sites_of(before)
    numbers = {
        group: _numbers(sites, there[group])
        for group, sites in sorted(here.items())
        if group in there and sites != there[group] and len(sites) == len(there[group])
    }
    if not numbers:
        return plan
    return canonical_plan(
        replace(
            plan,
            placements=_renumbered(plan.placements, numbers),
            unplaced=_renumbered(plan.unplaced, numbers),
            sessions=tuple(replace(one, parts=_renumbered(one.parts, numbers)) for one in plan.sessions),
        )
    )


def sites_of(plan: Plan) -> dict[str, tuple[str | None, ...]]:
    """Of each group the site of every member, in the order of their numbers; None: without a place."""
    found: dict[str, dict[int, str | None]] = defaultdict(dict)
    for one in plan.placements:
        found[one.group].update(dict.fromkeys(range(one.first, one.first + one.count), one.site))
    for left in plan.unplaced:
        found[left.group].update(dict.fromkeys(range(left.first, left.first + left.count), None))
    return {group: tuple(sites[number] for number in sorted(sites)) for group, sites in sorted(found.items())}


def _numbers(sites: Sequence[str | None], wanted: Sequence[str | None]) -> list[int]:
    """Of each member its new number: first who can stay where `wanted` has a member, then the others in their order."""
    free: dict[str | None, list[int]] = defaultdict(list)
    for number, site in enumerate(wanted):
        free[site].append(number)
    found = [free[site].pop(0) if free[site] else -1 for site in sites]
    left = iter(sorted(set(range(len(sites))).difference(found)))
    return [next(left) if number < 0 else number for number in found]


def _renumbered(ranges: Iterable[Range], numbers: Mapping[str, Sequence[int]]) -> tuple[Range, ...]:
    found: list[Range] = []
    for one in ranges:
        if one.group not in numbers:
            found.append(one)
            continue
        members = sorted(numbers[one.group][one.first : one.first + one.count])
        breaks: list[int] = [at for at in range(1, len(members)) if members[at] != members[at - 1] + 1]
        for begin, end in pairwise([0, *breaks, len(members)]):
            found.append(replace(one, first=members[begin], count=end - begin))
    return tuple(found)
