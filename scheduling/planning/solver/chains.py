"""Chains: in which slot each single candidate of a cohort sits each of its items, out of how many sit it when.

Whoever sits the later item in a slot may be anyone who sat the earlier one early enough: since the counts allow one
such choice (:mod:`schedule`), every choice made slot by slot can be carried on. So the choice is free to serve comfort:
``first_come`` keeps the order of the queue; ``same_day`` takes those who came the same day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from scheduling.planning.solver.site import Cohort, Model

Path = tuple[int, ...]
Choice = Callable[[Path, int], tuple[int, ...]]


def paths(model: Model, cohort: Cohort, rows: Sequence[Sequence[int]], choice: Choice) -> dict[Path, int]:
    """Path (a slot per item) -> how many candidates take it."""
    current: dict[Path, int] = {(at,): count for at, count in enumerate(rows[0]) if count}
    for number in range(1, len(rows)):
        before = model.before[cohort.gap_minutes] if cohort.gaps[number] else range(model.slots_count)
        waiting = dict(current)
        current = {}
        for at, wanted in enumerate(rows[number]):
            if not wanted:
                continue
            ready = sorted((path for path in waiting if path[-1] < before[at]), key=lambda path: choice(path, at))
            for path in ready:
                taken = min(wanted, waiting[path])
                current[*path, at] = current.get((*path, at), 0) + taken
                wanted -= taken
                waiting[path] -= taken
                if not waiting[path]:
                    del waiting[path]
                if not wanted:
                    break
            if wanted:
                raise AssertionError("more candidates sit an item than have sat the one before it")
    return current


def first_come(path: Path, at: int) -> tuple[int, ...]:
    """The order of the queue."""
    del at
    return path[::-1]


def same_day(model: Model) -> Choice:
    """Those first for whom the slot adds no day; of these those who have come on one day only; then those who rested."""
    day = model.day

    def choice(path: Path, at: int) -> tuple[int, ...]:
        days = {day[slot] for slot in path}
        return (day[at] not in days, len(days), path[-1] == at - 1, *(-slot for slot in path[::-1]))

    return choice


def extra_days(model: Model, path: Path) -> int:
    """Days of a path after its first: nights away, for a candidate who lives far from the site."""
    return len({model.day[slot] for slot in path}) - 1


def in_a_row(model: Model, path: Path) -> int:
    """How often a path has two slots that follow each other on one day."""
    slots = sorted(path)
    return sum(later - earlier == 1 and model.day[later] == model.day[earlier] for earlier, later in pairwise(slots))
