"""Seats: the draw with its stored seed, and where a numbered seat stands in the room.

Numbering (domain section 7, document 2): seen from the platform, seat 1 is at the right-hand front; the first
column runs front to back, the next back to front (vertical serpentine). Neighbours come from different
institutions as far as the draw allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random


def position(seat_no: int, seats: int, columns: int) -> tuple[int, int]:
    """(column, row) of a seat: column 0 is the rightmost seen from the platform, row 0 the front."""
    rows = max(1, math.ceil(seats / columns))
    column, step = divmod(seat_no - 1, rows)
    return column, step if column % 2 == 0 else rows - 1 - step


def neighbours(seats: int, columns: int) -> list[tuple[int, int]]:
    """Pairs of seat numbers that stand beside or behind each other."""
    by_place = {position(number, seats, columns): number for number in range(1, seats + 1)}
    pairs: list[tuple[int, int]] = []
    for (column, row), number in by_place.items():
        around = ((column + 1, row), (column, row + 1))
        pairs.extend((number, by_place[beside]) for beside in around if beside in by_place)
    return pairs


def draw(members: Sequence[tuple[str, str]], seats: int, columns: int, seed: str) -> list[str]:
    """Draw seats: (candidate, institution) in, candidates in the order of seats 1, 2, ... out.

    The draw is a shuffle by ``seed``; then pairs of seats are swapped while that lowers the number of
    neighbours from one institution. The same seed and members give the same seats, in whatever order they came.
    """
    random = Random(seed)
    seated = sorted(members)
    random.shuffle(seated)
    beside: dict[int, list[int]] = {index: [] for index in range(len(seated))}
    for first, second in neighbours(max(seats, len(seated)), columns):
        if first <= len(seated) and second <= len(seated):
            beside[first - 1].append(second - 1)
            beside[second - 1].append(first - 1)
    if len({institution for _, institution in seated}) > 1:
        _mix(seated, beside, random)
    return [candidate for candidate, _ in seated]


def _mix(seated: list[tuple[str, str]], beside: dict[int, list[int]], random: Random) -> None:
    def same(index: int) -> int:
        return sum(seated[other][1] == seated[index][1] for other in beside[index])

    for _ in range(4):
        disturbed = [index for index in range(len(seated)) if same(index)]
        if not disturbed:
            return
        for index in disturbed:
            for _ in range(12):
                other = random.randrange(len(seated))
                before = same(index) + same(other)
                seated[index], seated[other] = seated[other], seated[index]
                if same(index) + same(other) < before:
                    break
                seated[index], seated[other] = seated[other], seated[index]


def same_institution(institutions: Sequence[str], seats: int, columns: int) -> int:
    """How many neighbouring pairs share an institution, for people sitting on seats 1, 2, ..."""
    count = len(institutions)
    return sum(
        institutions[first - 1] == institutions[second - 1]
        for first, second in neighbours(max(seats, count), columns)
        if first <= count and second <= count
    )
