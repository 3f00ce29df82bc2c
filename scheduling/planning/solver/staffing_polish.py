"""What the flows leave: places still open, loads still uneven, days on which somebody travels for one session that a person on the spot could take.

Every step is a chain of moves that is carried out only when it helps, so that an earlier objective is never given up for a later one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from scheduling.planning.solver.staffing_state import FREE, State, by_load, fill

Stop = Callable[[], bool]


def fill_open(state: State, stop: Stop, *, thorough: bool) -> None:
    """Fill open places by chains in their slot; `thorough`: also by moving whole days, and at last by a second site on a day.

    What nobody in the slot could fill, whatever they did on the rest of the day, is not tried for long.
    """
    for place in state.open():
        if not stop():
            fill(state, place, by_load(state))
    if thorough:
        while _attempt(state, stop, lambda place: make_room(state, place)):
            pass
        _attempt(state, stop, lambda place: fill(state, place, by_load(state), two_sites=True))
        _part_sites(state, stop)


def _attempt(state: State, stop: Stop, attempt: Callable[[int], bool]) -> bool:
    """Try to fill the open places, in each slot as many as can be; whether any was."""
    progress = False
    for slot, places in sorted(_by_slot(state).items()):
        missing = len(places) - _fillable(state, slot)
        left = len(places)
        for place in places:
            if left > missing and not stop() and attempt(place):
                left -= 1
                progress = True
    return progress


def _part_sites(state: State, stop: Stop) -> None:
    """Give places away with which somebody serves at two sites on a day, where others can take them."""
    for place, person in enumerate(list(state.holder)):
        if (
            person == FREE
            or state.fixed[place]
            or stop()
            or state.holder[place] != person
            or state.agrees(person, place)
        ):
            continue
        mark = len(state.log)
        state.put(place, FREE)
        if not fill(state, place, by_load(state), barred=(person,)) and not make_room(state, place):
            state.undo(mark)


def _by_slot(state: State) -> dict[int, list[int]]:
    """The open places of each slot that has any."""
    found: dict[int, list[int]] = {}
    for place in state.open():
        found.setdefault(state.slot(place), []).append(place)
    return found


def _fillable(state: State, slot: int) -> int:
    """How many of the open places of a slot could be filled if nothing else bound its people: a largest matching."""
    table = state.table
    alone = State(table)
    for place, person in enumerate(state.holder):
        if person != FREE and state.slot(place) == slot:
            alone.put(place, person)
            alone.fixed[place] = state.fixed[place]
    open_places = [place for place, person in enumerate(state.holder) if person == FREE and state.slot(place) == slot]
    return sum(fill(alone, place, lambda person, _: (person,)) for place in open_places)


def make_room(state: State, place: int) -> bool:
    """Take somebody off what keeps them from a place, if all of that can be filled by others."""
    people = sorted(
        state.table.columns[place],
        key=lambda one: (len(state.others_of_day(one, state.slot(place))), state.load[one], one),
    )
    for person in people:
        for left in _hindrances(state, person, place):
            mark = len(state.log)
            for one in left:
                state.put(one, FREE)
            state.put(place, person)
            if all(fill(state, one, by_load(state), barred=(person,)) for one in left):
                return True
            state.undo(mark)
    return False


def _hindrances(state: State, person: int, place: int) -> list[list[int]]:
    """What somebody would have to give up for a place: what is at that time and elsewhere on that day; or, at the limit, any one."""
    slot = state.slot(place)
    held = state.at[person][slot]
    left = [one for one in state.others_of_day(person, slot) if state.site(one) != state.site(place)]
    left += [held] if held != FREE else []
    if any(state.fixed[one] for one in left):
        return []
    if state.load[person] - len(left) < state.table.most[person]:
        return [left] if left else []
    rest = [one for one in state.at[person] if one != FREE and not state.fixed[one] and one not in left]
    return [[*left, one] for one in rest]


def level(state: State, stop: Stop) -> None:
    """Make the loads more even until no chain helps: from the busiest downwards, then from the least busy upwards."""
    able = servants(state)
    changed = True
    while changed and not stop():
        changed = False
        for person in sorted(able, key=lambda one: (-state.load[one], one)):
            changed |= not stop() and state.load[person] > _even(state, able) and _relieve(state, person)
        for person in sorted(able, key=lambda one: (state.load[one], one)):
            changed |= not stop() and state.load[person] < _even(state, able) - 1 and _employ(state, person)


def servants(state: State) -> list[int]:
    """Those who could take any place at all."""
    could = np.flatnonzero(np.any(state.table.head | state.table.member, axis=1)).tolist()
    return [person for person in could if state.table.most[person] > 0]


def spread(state: State) -> int:
    """Sessions of the busiest minus those of the least busy of those who could serve."""
    loads = [state.load[person] for person in servants(state)]
    return max(loads, default=0) - min(loads, default=0)


def _even(state: State, able: list[int]) -> int:
    """The load of the busiest if it were shared out evenly."""
    return -(-sum(state.load[one] for one in able) // max(1, len(able)))


def _relieve(state: State, person: int) -> bool:
    """Let somebody who has at least two fewer take one of the person's places, over a chain."""
    limit = state.load[person] - 2
    least = by_load(state)

    def wish(other: int, place: int) -> tuple[float, ...] | None:
        return least(other, place) if state.load[other] <= limit else None

    for place in [one for one in state.at[person] if one != FREE and not state.fixed[one]]:
        mark = len(state.log)
        state.put(place, FREE)
        if fill(state, place, wish, barred=(person,)):
            return True
        state.undo(mark)
    return False


def _employ(state: State, person: int) -> bool:
    """Let the person take a place whose holder, over a chain, is somebody with at least two more."""
    if state.load[person] >= state.table.most[person]:
        return False
    return any(_step_in(state, person, slot) for slot, held in enumerate(state.at[person]) if held == FREE)


def _step_in(state: State, person: int, slot: int) -> bool:
    """The same in one slot: who steps in displaces somebody, who displaces somebody, until one with more than enough leaves."""
    table = state.table
    limit = state.load[person] + 2
    places = [place for session, at in enumerate(table.slot) if at == slot for place in table.places[session]]
    came_from: dict[int, int] = {}  # place -> who takes it
    queue = deque([person])
    while queue:
        mover = queue.popleft()
        for place in places:
            if place in came_from or state.fixed[place] or state.holder[place] in (FREE, mover, person):
                continue
            if not table.may(mover, place) or not state.agrees(mover, place):
                continue
            came_from[place] = mover
            if state.load[state.holder[place]] >= limit:
                _shift(state, came_from, place, slot, person)
                return True
            queue.append(state.holder[place])
    return False


def _shift(state: State, came_from: dict[int, int], place: int, slot: int, first: int) -> None:
    state.put(place, FREE)
    while True:
        mover = came_from[place]
        before = state.at[mover][slot]
        if before != FREE:
            state.put(before, FREE)
        state.put(place, mover)
        if mover == first:
            return
        place = before


def shorten(state: State, stop: Stop) -> None:
    """Where somebody comes for a single session, let a person on the spot take it, if the loads stay as even as they are."""
    changed = True
    while changed and not stop():
        changed = False
        loads = [state.load[one] for one in servants(state)]
        low, high = min(loads, default=0), max(loads, default=0)
        for place, person in enumerate(state.holder):
            if person == FREE or state.fixed[place] or state.others_of_day(person, state.slot(place)):
                continue
            changed |= not stop() and (_hand_over(state, place, low, high) or _exchange(state, place))


def _on_the_spot(state: State, place: int) -> list[int]:
    """Those who could take a place and are at its site on that day anyway, the least busy first."""
    slot = state.slot(place)
    found = [
        other
        for other in state.table.columns[place]
        if state.at[other][slot] == FREE and state.others_of_day(other, slot) and state.agrees(other, place)
    ]
    return sorted(found, key=lambda one: (state.load[one], one))


def _hand_over(state: State, place: int, low: int, high: int) -> bool:
    """A single session of a day goes to somebody on the spot who may serve once more."""
    if state.load[state.holder[place]] <= low:
        return False
    for other in _on_the_spot(state, place):
        if state.load[other] < min(high, state.table.most[other]):
            state.put(place, FREE)
            state.put(place, other)
            return True
    return False


def _exchange(state: State, place: int) -> bool:
    """A single session of a day goes to somebody on the spot, who gives one where the first is on the spot: all loads stay."""
    person, slot = state.holder[place], state.slot(place)
    for other in _on_the_spot(state, place):
        for given in state.at[other]:
            if given == FREE or state.fixed[given] or not state.table.may(person, given):
                continue
            when = state.slot(given)
            if state.table.day[when] == state.table.day[slot] or state.at[person][when] != FREE:
                continue
            if not state.others_of_day(person, when) or not state.agrees(person, given):
                continue
            for one, taker in ((place, other), (given, person)):
                state.put(one, FREE)
                state.put(one, taker)
            return True
    return False
