"""How the ledger grew, as a step line: one step for each checkpoint, time to the right, entries upwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WIDTH: Final = 560
HEIGHT: Final = 120
_EDGE: Final = 8


@dataclass(frozen=True)
class Step:
    """A checkpoint in the picture."""

    x: float
    y: float
    at: datetime
    size: int


@dataclass(frozen=True)
class Growth:
    """The picture: its line, and a step for each checkpoint from the left."""

    path: str
    steps: tuple[Step, ...]


def growth(checkpoints: Sequence[tuple[datetime, int]]) -> Growth | None:
    """The picture of checkpoints (time, size), in any order; None for fewer than two moments, which make no line."""
    known = sorted(set(checkpoints))
    if not known or known[0][0] == known[-1][0]:
        return None
    first, span = known[0][0], (known[-1][0] - known[0][0]).total_seconds()
    most = max(size for _, size in known) or 1
    steps = tuple(
        Step(
            x=round(_EDGE + (at - first).total_seconds() / span * (WIDTH - 2 * _EDGE), 1),
            y=round(HEIGHT - _EDGE - size / most * (HEIGHT - 2 * _EDGE), 1),
            at=at,
            size=size,
        )
        for at, size in known
    )
    line = f"M{steps[0].x} {HEIGHT - _EDGE}V{steps[0].y}" + "".join(f"H{one.x}V{one.y}" for one in steps[1:])
    return Growth(line, steps)
