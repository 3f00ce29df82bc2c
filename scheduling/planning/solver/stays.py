"""Nights away: sessions change their slots so that fewer candidates from far need a second day; rooms and counts stay.

A move takes a session to another slot, or swaps two sessions, of rooms or of stations; it keeps every chain seated and
opens no room or workshop more than before. A move is kept when it does not add nights. How many nights a cohort needs follows from its counts alone:
whoever is from far takes the paths with the fewest days (:mod:`chains`, :mod:`seating`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.chains import extra_days, paths, same_day
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.schedule import Schedule, Use, seated
from scheduling.planning.solver.site import Model

_TRIES_PER_FAR: Final = 120  # a night's worth of tries
_MOST_TRIES: Final = 30_000

Shift = tuple[int, int, int, int]
"""A cohort, which of its items, a slot, and how many more (or fewer) sit there."""


@dataclass(slots=True)
class Search:
    """A schedule that is being changed."""

    model: Model
    schedule: Schedule
    rng: Random
    cohorts_of: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # item -> (cohort, at)
    far: list[int] = field(default_factory=list)  # per cohort: from far
    nights: list[int] = field(default_factory=list)  # per cohort
    fixed: set[int] = field(default_factory=set)  # items that stay
    taken: dict[tuple[Form, int], dict[int, int]] = field(default_factory=dict)  # rooms in use -> item
    levels: dict[str, list[int]] = field(default_factory=dict)  # the practicals of a certificate


def fewer_stays(model: Model, schedule: Schedule, rng: Random, ending: Ending | None = None) -> int:
    """Change the schedule; the nights that are left."""
    ending = ending or Ending()
    search = Search(model, schedule, rng)
    _prepare(search)
    wanted = sum(search.nights)
    tries = min(_MOST_TRIES, _TRIES_PER_FAR * wanted)
    while tries > 0 and sum(search.nights) > 0 and not ending.reached():
        cohort = _some_cohort(search)
        if cohort is None:
            break
        tries -= _improve(search, cohort)
    return sum(search.nights)


def _prepare(search: Search) -> None:
    model, schedule = search.model, search.schedule
    for number, cohort in enumerate(model.cohorts):
        special = bool(cohort.person) or cohort.ground
        for at, item in enumerate(cohort.items):
            search.cohorts_of.setdefault(item, []).append((number, at))
            if special or model.items[item].own:
                search.fixed.add(item)
        far = sum(one.count for one in cohort.members if one.far)
        search.far.append(far)
        search.nights.append(nights(model, number, far, schedule.flow[number]))
    for number, one in enumerate(model.items):
        if one.component.form is Form.PRACTICAL:
            search.levels.setdefault(one.certificate, []).append(number)
    for (item, slot), uses in schedule.use.items():
        form = model.items[item].component.form
        if form is not Form.PRACTICAL:
            for use in uses:
                search.taken.setdefault((form, slot), {})[use.place] = item


def nights(model: Model, number: int, far: int, rows: list[list[int]]) -> int:
    """How many nights the candidates of a cohort from far spend at the site, at least."""
    cohort = model.cohorts[number]
    if not far or len(rows) == 1:
        return 0
    if len(rows) == 2:
        return max(0, min(far, sum(rows[0])) - _same_day(model, cohort.gap_minutes if cohort.gaps[1] else -1, rows))
    counts: dict[int, int] = {}
    for path, count in paths(model, cohort, rows, same_day(model)).items():
        days = extra_days(model, path)
        counts[days] = counts.get(days, 0) + count
    found = 0
    for days in sorted(counts):
        taken = min(far, counts[days])
        found += days * taken
        far -= taken
    return found


def _same_day(model: Model, gap: int, rows: list[list[int]]) -> int:
    """How many can sit both items on one day."""
    first, second = rows
    before = model.before[gap] if gap >= 0 else None
    day = model.day
    found = 0
    start = waiting = at = 0
    for slot, count in enumerate(second):
        if slot and day[slot] != day[slot - 1]:
            start, waiting = slot, 0
            at = max(at, start)
        until = before[slot] if before is not None else slot
        at = max(at, start)
        while at < until:
            waiting += first[at]
            at += 1
        if count and waiting:
            taken = min(count, waiting)
            found += taken
            waiting -= taken
    return found


def _some_cohort(search: Search) -> int | None:
    """A cohort with nights, the more the likelier."""
    total = sum(search.nights)
    if not total:
        return None
    at = search.rng.randrange(total)
    for number, count in enumerate(search.nights):
        at -= count
        if at < 0:
            return number
    return None


def _improve(search: Search, cohort: int) -> int:
    """Try to move one of the cohort's sessions; how many tries it took."""
    model, rng = search.model, search.rng
    chain = model.cohorts[cohort].items
    at = rng.randrange(len(chain))
    item = chain[at]
    slots = [slot for slot, count in enumerate(search.schedule.flow[cohort][at]) if count]
    if item in search.fixed or not slots:
        return 1
    slot = rng.choice(slots)
    others = list(range(model.slots_count))
    rng.shuffle(others)
    tries = 0
    practical = model.items[item].component.form is Form.PRACTICAL
    for other in others:
        if other == slot or not model.cohorts[cohort].open[at][other]:
            continue
        found, made = (_stations if practical else _rooms)(search, item, slot, other)
        tries += found
        if made:
            break
    return max(1, tries)


# -------------------------------------------------------------------- rooms


def _rooms(search: Search, item: int, slot: int, other: int) -> tuple[int, bool]:
    """Take a session of an item to another slot: into a free room, or in exchange for another item's session."""
    model, schedule = search.model, search.schedule
    one = model.items[item]
    form = one.component.form
    use = search.rng.choice(schedule.use[item, slot])
    taken = search.taken.get((form, other), {})
    tries = 0
    for room, place in enumerate(model.rooms[form]):
        if not place.open[other] or one.seats[room] < use.count:
            continue
        against = taken.get(room)
        if against is None:
            tries += 1
            if _try(search, [(item, slot, other, use.count)]):
                _move_room(search, item, slot, other, use, room)
                return tries, True
            continue
        if against == item or against in search.fixed:
            continue
        back = next(found for found in schedule.use[against, other] if found.place == room)
        if model.items[against].seats[use.place] < back.count or not model.rooms[form][use.place].open[slot]:
            continue
        tries += 1
        if _try(search, [(item, slot, other, use.count), (against, other, slot, back.count)]):
            home = use.place
            _move_room(search, item, slot, other, use, room)
            _move_room(search, against, other, slot, back, home, kept=item)
            return tries, True
    return tries, False


def _move_room(
    search: Search, item: int, slot: int, other: int, use: Use, room: int, *, kept: int | None = None
) -> None:
    model, schedule = search.model, search.schedule
    form = model.items[item].component.form
    taken = search.taken[form, slot]
    if kept is None or taken.get(use.place) == item:
        taken.pop(use.place, None)
    uses = schedule.use[item, slot]
    uses.remove(use)
    if not uses:
        del schedule.use[item, slot]
    schedule.use.setdefault((item, other), []).append(Use(room, model.items[item].seats[room], use.count))
    search.taken.setdefault((form, other), {})[room] = item


# -------------------------------------------------------------------- stations


def _stations(search: Search, item: int, slot: int, other: int) -> tuple[int, bool]:
    """Take an item's stations in a slot to another: to free ones, or in exchange for those of another level."""
    model, schedule = search.model, search.schedule
    one = model.items[item]
    shops = model.shops[one.certificate]
    if len(shops) != 1 or not shops[0].open[other] or one.serves[slot] != one.serves[other]:
        return 0, False
    levels = search.levels[one.certificate]
    there = [number for number in levels if (number, other) in schedule.use]
    if not search.fixed.isdisjoint(there):
        return 0, False
    (use,) = schedule.use[item, slot]
    needed = -(-use.count // one.serves[slot])
    busy = sum(-(-schedule.use[number, other][0].count // model.items[number].serves[other]) for number in there)
    alone = all(number == item or (number, slot) not in schedule.use for number in levels)
    tries = 0
    if shops[0].size - busy >= needed and (there or alone):  # never one more slot in which the workshop is used
        tries += 1
        if _try(search, [(item, slot, other, use.count)]):
            _move_stations(search, item, slot, other, use.count)
            return tries, True
    for number in there:
        served = model.items[number].serves[other]
        if number == item or served != model.items[number].serves[slot]:
            continue
        back = schedule.use[number, other][0].count
        stations = min(needed, -(-back // served))
        mine, theirs = min(use.count, stations * one.serves[slot]), min(back, stations * served)
        tries += 1
        if _try(search, [(item, slot, other, mine), (number, other, slot, theirs)]):
            _move_stations(search, item, slot, other, mine)
            _move_stations(search, number, other, slot, theirs)
            return tries, True
    return tries, False


def _move_stations(search: Search, item: int, slot: int, other: int, count: int) -> None:
    model, schedule = search.model, search.schedule
    one = model.items[item]
    uses = schedule.use[item, slot]
    uses[0].count -= count
    if not uses[0].count:
        del schedule.use[item, slot]
    there = schedule.use.get((item, other))
    if there:
        there[0].count += count
    else:
        schedule.use[item, other] = [Use(0, model.shops[one.certificate][0].size * one.serves[other], count)]


# -------------------------------------------------------------------- what a move does to the chains


def _try(search: Search, moves: list[tuple[int, int, int, int]]) -> bool:
    """Carry counts of items from slot to slot in the flows, when that adds no nights; else leave everything alone."""
    model, flow = search.model, search.schedule.flow
    shifts: list[Shift] = []
    for item, slot, other, count in moves:
        left = count
        for cohort, at in search.cohorts_of[item]:
            taken = min(left, flow[cohort][at][slot])
            if not taken:
                continue
            if not model.cohorts[cohort].open[at][other]:
                return False
            shifts += [(cohort, at, slot, -taken), (cohort, at, other, taken)]
            left -= taken
            if not left:
                break
        if left:
            return False
    for cohort, at, slot, more in shifts:
        flow[cohort][at][slot] += more
    changed = sorted({shift[0] for shift in shifts})
    if all(seated(model, cohort, flow[cohort]) for cohort in changed):
        after = {cohort: nights(model, cohort, search.far[cohort], flow[cohort]) for cohort in changed}
        if sum(after.values()) <= sum(search.nights[cohort] for cohort in changed):
            for cohort, count in after.items():
                search.nights[cohort] = count
            return True
    for cohort, at, slot, more in shifts:
        flow[cohort][at][slot] -= more
    return False
