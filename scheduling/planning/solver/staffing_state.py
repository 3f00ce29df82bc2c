"""Who serves where, while it is being worked out: put, take, undo, and the chains by which an open place is filled.

A chain lies in one slot: somebody free takes a place, or somebody moves from place to place and their old place is filled in turn.
The shortest chain is found first, so that as few people as possible move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scheduling.planning.solver.staffing_table import Table

FREE = -1


@dataclass
class State:
    """An assignment of people to the places of a table; every change can be undone."""

    table: Table
    holder: list[int] = field(init=False)  # of a place; FREE
    at: list[list[int]] = field(init=False)  # [person][slot]: the place held; FREE
    load: list[int] = field(init=False)  # sessions of a person
    fixed: list[bool] = field(init=False)  # of a place: its holder stays
    log: list[tuple[int, int]] = field(default_factory=list)  # (place, holder before)

    def __post_init__(self) -> None:
        self.holder = [FREE] * len(self.table.place_session)
        self.at = [[FREE] * len(self.table.slots) for _ in self.table.persons]
        self.load = [0] * len(self.table.persons)
        self.fixed = [False] * len(self.table.place_session)

    def put(self, place: int, person: int) -> None:
        """Give a place to somebody (or to FREE); whoever held it holds it no longer."""
        slot = self.slot(place)
        before = self.holder[place]
        self.log.append((place, before))
        self._set(place, slot, before, person)

    def _set(self, place: int, slot: int, before: int, person: int) -> None:
        if before != FREE:
            self.at[before][slot] = FREE
            self.load[before] -= 1
        if person != FREE:
            self.at[person][slot] = place
            self.load[person] += 1
        self.holder[place] = person

    def undo(self, mark: int) -> None:
        """Back to how it was when the log had this length."""
        while len(self.log) > mark:
            place, before = self.log.pop()
            self._set(place, self.slot(place), self.holder[place], before)

    def slot(self, place: int) -> int:
        return self.table.slot[self.table.place_session[place]]

    def site(self, place: int) -> int:
        return self.table.site[self.table.place_session[place]]

    def others_of_day(self, person: int, slot: int) -> list[int]:
        """The places a person holds on the day of a slot, in its other slots."""
        row = self.at[person]
        return [row[one] for one in self.table.slots_of_day[self.table.day[slot]] if one != slot and row[one] != FREE]

    def agrees(self, person: int, place: int, two_sites: bool = False) -> bool:
        """Whether a place goes with what the person does in the other slots of that day."""
        site, slot = self.site(place), self.slot(place)
        for other in self.others_of_day(person, slot):
            if self.site(other) != site and not (
                two_sites and self.table.fits(slot, site, self.slot(other), self.site(other))
            ):
                return False
        return True

    def extra_km(self, person: int, place: int) -> float:
        """The way that a place adds: none for somebody who is at the site on that day anyway."""
        for other in self.others_of_day(person, self.slot(place)):
            if self.site(other) == self.site(place):
                return 0.0
        return self.table.distance[person][self.site(place)]

    def open(self) -> list[int]:
        """The places without anybody."""
        return [place for place, person in enumerate(self.holder) if person == FREE]


Wish = Callable[[int, int], tuple[float, ...] | None]
"""(person, place) -> how unwelcome, or None if not at all."""


def by_load(state: State) -> Wish:
    """The least busy first, then those with the least extra way."""

    def wish(person: int, place: int) -> tuple[float, ...] | None:
        if state.load[person] >= state.table.most[person]:
            return None
        return (state.load[person], state.extra_km(person, place), person)

    return wish


def fill(state: State, place: int, wish: Wish, *, two_sites: bool = False, barred: Iterable[int] = ()) -> bool:
    """Fill a place by the shortest chain in its slot; False, and nothing changed, if there is none."""
    table = state.table
    slot = state.slot(place)
    came_from: dict[int, tuple[int, int]] = {}  # place -> (the place its holder moves to, the holder)
    seen = set(barred)
    agree = _Agreement(state, slot, two_sites)
    queue = deque([place])
    while queue:
        target = queue.popleft()
        site = state.site(target)
        best: tuple[float, ...] | None = None
        for person in table.columns[target]:
            if person in seen or not agree.with_site(person, site):
                continue
            held = state.at[person][slot]
            if held == FREE:
                cost = wish(person, target)
                if cost is not None and (best is None or cost < best):
                    best, chosen = cost, person
            elif not state.fixed[held]:
                seen.add(person)
                came_from[held] = (target, person)
                queue.append(held)
        if best is not None:
            _follow(state, came_from, target, chosen)
            return True
    return False


class _Agreement:
    """Whether a site goes with the other slots of people's day, looked up once per person."""

    def __init__(self, state: State, slot: int, two_sites: bool) -> None:
        self.state, self.slot, self.two_sites = state, slot, two_sites
        self.others: dict[int, list[tuple[int, int]]] = {}

    def with_site(self, person: int, site: int) -> bool:
        others = self.others.get(person)
        if others is None:
            others = [
                (self.state.slot(one), self.state.site(one)) for one in self.state.others_of_day(person, self.slot)
            ]
            self.others[person] = others
        for slot, other in others:
            if other != site and not (self.two_sites and self.state.table.fits(self.slot, site, slot, other)):
                return False
        return True


def _follow(state: State, came_from: dict[int, tuple[int, int]], last: int, person: int) -> None:
    """Carry a chain out: the newcomer takes the last place, everybody before moves one on."""
    steps = [(last, person)]
    while last in came_from:
        target, mover = came_from[last]
        steps.append((target, mover))
        last = target
    for target, mover in reversed(steps):
        held = state.at[mover][state.slot(target)]
        if held != FREE:
            state.put(held, FREE)
        state.put(target, mover)
