"""A site's schedule: passes forwards and backwards until everybody sits and the number of sessions is the least.

First a loose pass, in which rooms hold everybody, says when each must be seated at the latest for the stations' sake.
The passes in the other direction keep to that; who is left out is more urgent by a slot the next time ("squeaky wheel").
Between them, passes take their urgency from the last result of the other direction.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.board import insert
from scheduling.planning.solver.listing import Pass, View, due_of, view
from scheduling.planning.solver.neighbourhood import rebuilt
from scheduling.planning.solver.schedule import Schedule
from scheduling.planning.solver.site import Model

_PASSES = 24
_REBUILDS = 10
_LEANER = 10
_EFFORT = 0.02  # of the solver's deterministic time


@dataclass(slots=True)
class _Side:
    """A direction: how it looks, what is due in it, and who has been left out in it."""

    look: View
    loose: Schedule
    earlier: list[int] = field(default_factory=list)


def best_schedule(model: Model, rng: Random, *, passes: int = _PASSES, until: float | None = None) -> Schedule:
    """The best schedule of so many passes; ends at once when it is perfect."""
    views = {backward: view(model, backward) for backward in (False, True)}
    sides = {
        backward: _Side(
            views[backward],
            Pass(views[not backward], None, 0, None, loose=True).run(),
            [0] * len(model.cohorts),
        )
        for backward in (False, True)
    }
    best: Schedule | None = None
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
        if best.score(model) == (sum(model.crowded.values()), model.bound) or (
            until is not None and time.time() > until
        ):
            break
    assert best is not None
    if sum(best.unplaced) > sum(model.crowded.values()):
        best = _rebuilt(model, best, rng, until)
    return _leaner(model, best, rng, until)


def _leaner(model: Model, best: Schedule, rng: Random, until: float | None) -> Schedule:
    """Put certificates back that use more rooms than the packing gives them, alone or with another one."""
    names = sorted(model.shops.keys() | {item.certificate for item in model.items})
    for turn in range(_LEANER):
        wide = sorted(
            {
                item.certificate
                for number, item in enumerate(model.items)
                if item.component.form is not Form.PRACTICAL
                and item.sessions < sum(len(uses) for (one, _), uses in best.use.items() if one == number)
            }
        )
        enough = 100 * best.room_sessions(model) <= 101 * model.bound
        if not wide or enough or (until is not None and time.time() > until):
            break
        chosen = {rng.choice(wide)}
        if turn % 2:
            chosen.add(rng.choice(names))
        found = rebuilt(model, best, chosen, effort=_EFFORT)
        best = best if found is None else found
    return best


def _rebuilt(model: Model, best: Schedule, rng: Random, until: float | None) -> Schedule:
    """Take certificates out that leave somebody out needlessly, alone or with another one, and put them back better."""
    names = sorted(model.shops.keys() | {item.certificate for item in model.items})
    for turn in range(_REBUILDS):
        worst = [name for name in names if _needless(model, best, name)]
        if not worst or (until is not None and time.time() > until):
            break
        chosen = {rng.choice(worst)}
        if turn % 2:
            chosen.add(rng.choice(names))
        found = rebuilt(model, best, chosen, effort=_EFFORT)
        best = best if found is None else found
    return best


def _needless(model: Model, schedule: Schedule, certificate: str) -> bool:
    """Say whether more are left out of a certificate than its stations force out."""
    left_out = sum(
        left
        for cohort, left in zip(model.cohorts, schedule.unplaced, strict=True)
        if left and model.items[cohort.items[0]].certificate == certificate
    )
    return left_out > model.crowded.get(certificate, 0)
