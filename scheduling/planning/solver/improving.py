"""A site's schedule: passes forwards and backwards until everybody sits and the number of sessions is the least."""

from __future__ import annotations

import time
from random import Random

from scheduling.planning.solver.board import insert
from scheduling.planning.solver.listing import Pass, due_of, view
from scheduling.planning.solver.schedule import Schedule
from scheduling.planning.solver.site import Model

_PASSES = 24


def best_schedule(model: Model, rng: Random, *, passes: int = _PASSES, until: float | None = None) -> Schedule:
    """The best schedule of so many passes; ends at once when it is perfect."""
    views = {backward: view(model, backward) for backward in (False, True)}
    best: Schedule | None = None
    current: Schedule | None = None
    blame = [0] * len(model.cohorts)
    for turn in range(passes):
        backward = turn % 2 == 0
        look = views[backward]
        if current is None:
            found = Pass(look, None, 0, None).run()
        else:
            urgent = [left + more for left, more in zip(current.unplaced, blame, strict=True)]
            spare = model.bound // 60 if any(current.unplaced) and turn % 4 > 1 else 0
            found = Pass(look, due_of(look, current, urgent), spare, rng if turn > 2 else None).run()
        left_out = list(found.unplaced)
        insert(model, found)
        if best is None or found.score(model) < best.score(model):
            best = found
        if best.score(model) == (0, model.bound) or (until is not None and time.time() > until):
            break
        blame = [max(0, more - 1) + (left > 0) for more, left in zip(blame, left_out, strict=True)]
        current = found
    assert best is not None
    return best
