"""A site's schedule: passes forwards and backwards until everybody sits and the number of sessions is the least.

First a loose pass, in which rooms hold everybody, says when each must be seated at the latest for the stations' sake.
The passes in the other direction keep to that; who is left out is more urgent by a slot the next time ("squeaky wheel").
Between them, passes take their urgency from the last result of the other direction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.board import insert
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.listing import Pass, View, due_of, view
from scheduling.planning.solver.neighbourhood import rebuilt
from scheduling.planning.solver.schedule import Schedule
from scheduling.planning.solver.site import Model

_PASSES = 24
_REBUILDS = 10
_LEANER = 24
_PATIENCE = 4  # tries in a row that gain nothing
_ENOUGH = 250  # one room-session too many among so many is not worth a search
_FAR = 80  # one too many among so many, and a start is given up for a search from nothing
_EFFORT = 0.02  # of the solver's deterministic time


@dataclass(slots=True)
class _Side:
    """A direction: how it looks, what is due in it, and who has been left out in it."""

    look: View
    loose: Schedule
    earlier: list[int] = field(default_factory=list)


def best_schedule(
    model: Model,
    rng: Random,
    *,
    passes: int = _PASSES,
    ending: Ending | None = None,
    start: Schedule | None = None,
) -> Schedule:
    """The best schedule of so many passes, and of one to start from; ends at once when it is good enough."""
    ending = ending or Ending()
    if start is not None and _enough(model, start):
        return start
    views = {backward: view(model, backward) for backward in (False, True)}
    sides = {
        backward: _Side(
            views[backward],
            Pass(views[not backward], None, 0, None, loose=True).run(),
            [0] * len(model.cohorts),
        )
        for backward in (False, True)
    }
    best = start
    last: Schedule | None = None
    for turn in range(passes):
        side = sides[turn % 2 == 1]
        if turn % 4 > 1 and last is not None:
            due = due_of(side.look, last, last.unplaced)
        else:
            due = due_of(side.look, side.loose, side.loose.unplaced, side.earlier)
        spare = model.bound // 60 if turn > 3 and turn % 3 else 0
        found = Pass(side.look, due, spare, rng if turn > 3 else None).run()
        if turn % 4 <= 1:
            side.earlier = [more + (left > 0) for more, left in zip(side.earlier, found.unplaced, strict=True)]
        last = Schedule(found.flow, {}, list(found.unplaced))
        insert(model, found)
        if best is None or found.score(model) < best.score(model):
            best = found
        if _enough(model, best) or ending.reached():
            break
    assert best is not None
    best = _closer(model, best, rng, ending)
    if start is None or ending.reached() or _FAR * best.room_sessions(model) <= (_FAR + 1) * model.bound:
        return best
    other = best_schedule(model, rng, passes=passes, ending=ending)
    return min(best, other, key=lambda one: one.score(model))


def _enough(model: Model, schedule: Schedule) -> bool:
    """Nobody left out but whom the stations force out, and no room too many that is worth a search."""
    unplaced, rooms = schedule.score(model)
    if unplaced:
        return (unplaced, rooms) == (sum(model.crowded.values()), model.bound)
    return _ENOUGH * rooms <= (_ENOUGH + 1) * model.bound


def _closer(model: Model, best: Schedule, rng: Random, ending: Ending) -> Schedule:
    """First nobody left out needlessly, then no room too many. While somebody is left out, rooms can wait."""
    best = _better(model, best, rng, ending, _leaving_out, _REBUILDS)
    if sum(best.unplaced):
        return best
    return _better(model, best, rng, ending, _wide, _LEANER)


def _better(
    model: Model,
    best: Schedule,
    rng: Random,
    ending: Ending,
    worst: Callable[[Model, Schedule], list[str]],
    tries: int,
) -> Schedule:
    """Take certificates out that are the worst, alone or with another one, and put them back better; patiently."""
    names = sorted(model.shops.keys() | {item.certificate for item in model.items})
    misses = 0
    for turn in range(tries):
        bad = worst(model, best)
        if not bad or misses == _PATIENCE or ending.reached():
            break
        chosen = {rng.choice(bad)}
        if turn % 2:
            chosen.add(rng.choice(names))
        found = rebuilt(model, best, chosen, effort=_EFFORT)
        misses = misses + 1 if found is None else 0
        best = best if found is None else found
    return best


def _leaving_out(model: Model, schedule: Schedule) -> list[str]:
    """Certificates of which more are left out than their stations force out."""
    left: dict[str, int] = {}
    for cohort, count in zip(model.cohorts, schedule.unplaced, strict=True):
        if count:
            name = model.items[cohort.items[0]].certificate
            left[name] = left.get(name, 0) + count
    return sorted(name for name, count in left.items() if count > model.crowded.get(name, 0))


def _wide(model: Model, schedule: Schedule) -> list[str]:
    """Certificates that use more rooms, or their workshops in more slots, than the packing gives them."""
    if _enough(model, schedule):
        return []
    rooms = [0] * len(model.items)
    shops: dict[str, set[tuple[int, int]]] = {}
    for (number, at), uses in schedule.use.items():
        item = model.items[number]
        if item.component.form is Form.PRACTICAL:
            shops.setdefault(item.certificate, set()).update((use.place, at) for use in uses)
        else:
            rooms[number] += len(uses)
    wide = {
        item.certificate
        for item, count in zip(model.items, rooms, strict=True)
        if item.classes and count > item.sessions
    }
    return sorted(wide | {name for name, used in shops.items() if len(used) > model.shop_slots[name]})
