"""What an officer with a spreadsheet does: each group in turn to the nearest site with room, split where it must be.

The baseline that the placement is measured against; nothing else uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scheduling.planning.rules.demand import Demand


@dataclass(frozen=True)
class Greedy:
    """What it comes to."""

    km: float  # of all who found a place
    unplaced: int


def nearest_first(supply: Demand) -> Greedy:
    """Place the lots in the order of the file."""
    where = {int(lot): (block, row) for block in supply.blocks for row, lot in enumerate(block.lots)}
    room = supply.capacity.astype(np.float64)
    km, unplaced = 0.0, 0
    for lot, count in enumerate(supply.count.tolist()):
        block, row = where[lot]
        left = count
        for place in np.argsort(block.km[row], kind="stable").tolist():
            if not left or not np.isfinite(block.km[row, place]):
                break
            rows = block.rows[place]
            some = min(left, int((room[rows] / block.uses).min()))
            if some > 0:
                room[rows] -= some * block.uses
                km += some * float(block.km[row, place])
                left -= some
        unplaced += left
    return Greedy(km=km, unplaced=unplaced)
