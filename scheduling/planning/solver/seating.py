"""Members to sessions: who of a group takes which path through the slots, and who sits in which room.

Groups stay in one piece where the counts allow it: members of an institution take one path, and in a slot its
candidates sit side by side before the next institution's. Those from far take the paths with the fewest days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.chains import Choice, Path, extra_days, first_come, in_a_row, paths, same_day
from scheduling.planning.solver.schedule import Schedule
from scheduling.planning.solver.site import Cohort, Model


@dataclass(frozen=True, slots=True)
class Seat:
    """Members of a group in a place: an item (by number), a slot, a room or workshop (by number)."""

    item: int
    slot: int
    place: int
    group: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Left:
    """Members of a cohort without a place."""

    cohort: int
    group: str
    first: int
    count: int


@dataclass(slots=True)
class Seating:
    """Everybody's place."""

    seats: list[Seat]
    left: list[Left]
    stays: int  # nights away
    rows: int  # two in a row


def seat(model: Model, schedule: Schedule, school: Mapping[str, str], *, comfort: bool = True) -> Seating:
    """Seat the members of all cohorts; `school`: institution of a group. Without `comfort`: first come, first served."""
    choice = same_day(model) if comfort else first_come
    made = Seating([], [], 0, 0)
    sitting: dict[tuple[int, int], list[tuple[bool, str, str, int, int]]] = {}
    for number, cohort in enumerate(model.cohorts):
        for path, group, first, count, far in _members(model, cohort, number, schedule, choice, made, comfort):
            made.stays += extra_days(model, path) * count * far
            made.rows += in_a_row(model, path) * count
            for item, slot in zip(cohort.items, path, strict=True):
                sitting.setdefault((item, slot), []).append((not cohort.ground, school[group], group, first, count))
    for key in sorted(sitting):
        _places(model, schedule, key, sitting[key], made.seats)
    return made


def _members(
    model: Model, cohort: Cohort, number: int, schedule: Schedule, choice: Choice, made: Seating, comfort: bool
) -> list[tuple[Path, str, int, int, bool]]:
    """(path, group, first, count, far) of a cohort; notes who is left out."""
    found = paths(model, cohort, schedule.flow[number], choice)
    if comfort:
        ways = sorted(found, key=lambda path: (extra_days(model, path), in_a_row(model, path), path))
        members = sorted(cohort.members, key=lambda one: (not one.far, one.group, one.first))
    else:
        ways = sorted(found)
        members = sorted(cohort.members, key=lambda one: (one.group, one.first))
    dealt = []
    queue = [(path, found[path]) for path in ways][::-1]
    for one in members:
        first, left = one.first, one.count
        while left and queue:
            path, open_count = queue.pop()
            taken = min(left, open_count)
            if taken < open_count:
                queue.append((path, open_count - taken))
            dealt.append((path, one.group, first, taken, one.far))
            first, left = first + taken, left - taken
        if left:
            made.left.append(Left(number, one.group, first, left))
    return dealt


def _places(
    model: Model,
    schedule: Schedule,
    key: tuple[int, int],
    sitting: list[tuple[bool, str, str, int, int]],
    seats: list[Seat],
) -> None:
    """Fill the places of an item in a slot, who needs the ground floor first, institution by institution."""
    number, slot = key
    item = model.items[number]
    practical = item.component.form is Form.PRACTICAL
    places = model.shops[item.certificate] if practical else model.rooms[item.component.form]
    uses = sorted(schedule.use[key], key=lambda use: (not places[use.place].ground, -use.cap, use.place))
    free = [use.count if practical else use.cap for use in uses]
    spare = sum(free) - sum(count for *_, count in sitting)
    if not practical:  # seats stay empty in the last rooms first, but no session stays without candidates
        for at in range(len(free) - 1, -1, -1):
            cut = min(spare, free[at] - 1)
            free[at] -= cut
            spare -= cut
    at = 0
    for _, _, group, first, count in sorted(sitting):
        while count:
            while not free[at]:
                at += 1
            taken = min(count, free[at])
            seats.append(Seat(number, slot, uses[at].place, group, first, taken))
            free[at] -= taken
            first, count = first + taken, count - taken
