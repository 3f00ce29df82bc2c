"""Whole people without a solver: whoever has no place yet goes to the nearest that still has room, one node after the other.

What a search that was ended before its first solution has to show; and the rest of a solution whose whole numbers were not
found in time. Nothing is proven of it: the bound comes from prices, whatever the flows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Sent = dict[tuple[int, int], int]
"""(node, place) -> people."""

_WHOLE: Final = 1e-9


class Family(Protocol):
    """Nodes that may go to the same places and take up the same there (:class:`transport.Family`)."""

    @property
    def nodes(self) -> Numbers: ...
    @property
    def cost(self) -> Floats: ...
    @property
    def rows(self) -> Numbers: ...
    @property
    def uses(self) -> Floats: ...


def filled_up(
    count: Numbers,
    capacity: Floats,
    families: Sequence[Family],
    sent: Mapping[tuple[int, int], int],
    first: npt.NDArray[np.bool_] | None = None,
) -> Sent:
    """`sent`, and everybody else as far as there is room; nodes that are `first` before the others."""
    found: Sent = dict(sent)
    left = count.copy()
    room = capacity.copy()
    where = {int(node): (family, row) for family in families for row, node in enumerate(family.nodes.tolist())}
    for (node, place), people in found.items():
        left[node] -= people
        family = where[node][0]
        room[family.rows[place]] -= family.uses * people
    order = sorted(where, key=lambda node: (first is not None and not first[node], node))
    for node in order:
        family, row = where[node]
        if left[node] > 0 and family.cost.size:
            for place, people in _nearest(family, row, int(left[node]), room):
                found[node, place] = found.get((node, place), 0) + people
    return found


def _nearest(family: Family, row: int, left: int, room: Floats) -> list[tuple[int, int]]:
    """Where so many people go, the cheapest place first; the room they take is gone."""
    found = []
    cost = family.cost[row]
    for place in np.argsort(cost, kind="stable").tolist():
        if not left or not np.isfinite(cost[place]):
            break
        rows = family.rows[place]
        some = min(left, int((room[rows] / family.uses).min() + _WHOLE)) if len(rows) else left
        if some > 0:
            room[rows] -= some * family.uses
            found.append((place, some))
            left -= some
    return found
