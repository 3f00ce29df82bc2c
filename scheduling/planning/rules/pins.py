"""Pins (H17): which are in force on the day of planning, and how many of a group they hold at which site.

A pin asks for *at least* so many of a group: two pins of one group at one site may mean the same members, at two sites
they never do. A pin with component and slot says where these members sit; it holds them at its site, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scheduling.planning.rules.problem import Pin, Problem


def in_force(problem: Problem) -> tuple[Pin, ...]:
    """The pins that have not expired on the day of planning, in the order of their ids."""
    standing = [pin for pin in problem.pins if pin.expires is None or problem.on is None or pin.expires >= problem.on]
    return tuple(sorted(standing, key=lambda pin: pin.id))


def members_of(problem: Problem, pin: Pin) -> int:
    """How many candidates a pin of a group asks for: those it says, else the whole group."""
    return pin.count if pin.count is not None else problem.group[pin.group or ""].count


def held(problem: Problem, pins: Iterable[Pin] | None = None) -> Mapping[str, Mapping[str, int]]:
    """Group -> site -> how many members must sit there at least (pins in force, unless others are given)."""
    whole: dict[tuple[str, str], int] = defaultdict(int)
    seated: dict[tuple[str, str, str], int] = defaultdict(int)
    for pin in in_force(problem) if pins is None else pins:
        if pin.group is None or pin.site is None:
            continue
        count = members_of(problem, pin)
        if pin.component is not None and (pin.slot is not None or pin.room is not None):
            seated[pin.group, pin.site, pin.component] += count
        else:
            whole[pin.group, pin.site] = max(whole[pin.group, pin.site], count)
    for (group, site, _), count in seated.items():
        whole[group, site] = max(whole[group, site], count)
    found: dict[str, dict[str, int]] = {}
    for (group, site), count in sorted(whole.items()):
        found.setdefault(group, {})[site] = count
    return found
