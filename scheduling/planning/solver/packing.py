"""The least number of room-sessions: exact for up to three sizes of rooms, a proven lower bound for more.

What is packed is a *load*: the candidates of one (certificate, level, component) at a site, who share their rooms with
nobody (H10). A room-session of a class (rooms of one size) seats at most so many of them. Classes have a stock: their
open (room, slot) pairs.

Why the bound holds for every plan that seats everybody. Take any such plan and count, for every load, the sessions it
holds per class: the vector covers the load, and over all loads no class is used more often than its stock has pairs.
The dynamic programme below minimises the number of sessions over *all* such vectors and knows nothing of time, order
or people, so it cannot be above the plan. With more than three classes neighbouring ones are merged: seats rounded up
for the bound (a relaxation), rounded down for the choice (always possible to hold).

Stations (H6) are shared inside a slot, and a workshop counts once for every slot it is used in. A station serves one
level in a slot, so every level needs at least its candidates over what a station serves at most, rounded up; the
stations of all levels together need at least as many slots as the largest that hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
_MANY: Final = 1 << 40
_EXACT_CLASSES: Final = 3


@dataclass(frozen=True)
class Load:
    """Candidates who share rooms only among themselves, and how many of them a room of each class seats (0: none)."""

    count: int
    seats: tuple[int, ...]  # per class, largest first


@dataclass(frozen=True)
class Packing:
    """How many sessions of each class every load gets, and the least number of sessions that any plan has."""

    chosen: tuple[tuple[int, ...], ...]  # per load, per class
    bound: int
    short: bool = False  # the stock does not suffice: `chosen` ignores it, and `bound` is that of an unlimited stock


def pack(loads: Sequence[Load], stock: Sequence[int]) -> Packing:
    """Choose sessions by class: the fewest in all, the classes used as evenly as that allows.

    >>> pack([Load(70, (30,))], [10]).bound
    3
    >>> pack([Load(90, (54, 36)), Load(54, (54, 36))], [1, 10]).bound  # one large room only: 54 + 36, and 36 + 36
    4
    """
    if len(stock) <= _EXACT_CLASSES:
        return _exact(loads, stock)
    edges = [len(stock) * part // _EXACT_CLASSES for part in range(_EXACT_CLASSES + 1)]
    spans = [range(first, last) for first, last in pairwise(edges)]
    merged = [sum(stock[number] for number in span) for span in spans]
    above = [Load(load.count, tuple(max(load.seats[number] for number in span) for span in spans)) for load in loads]
    below = [Load(load.count, tuple(min(load.seats[number] for number in span) for span in spans)) for load in loads]
    held = _exact(below, merged)
    chosen = tuple(
        tuple(vector[part] if number == span[-1] else 0 for part, span in enumerate(spans) for number in span)
        for vector in held.chosen
    )
    return Packing(chosen, _exact(above, merged).bound, held.short)


def _exact(loads: Sequence[Load], stock: Sequence[int]) -> Packing:
    """Solve it by dynamic programming over what is used of all classes but the last."""
    if not loads:
        return Packing((), 0)
    if len(stock) == 1:
        needed = [_ceil(load.count, load.seats[0]) for load in loads]
        return Packing(tuple((one,) for one in needed), sum(needed), sum(needed) > stock[0])
    padded = [*stock, 0] if len(stock) == 2 else list(stock)
    options = [_options(load, len(stock)) for load in loads]
    found = _by_stock(options, padded)
    if found is None:
        chosen = tuple(min(vectors, key=lambda vector: (sum(vector), vector)) for vectors in options)
        return Packing(tuple(v[: len(stock)] for v in chosen), sum(sum(vector) for vector in chosen), short=True)
    return Packing(tuple(v[: len(stock)] for v in found), sum(sum(vector) for vector in found))


def _options(load: Load, classes: int) -> list[tuple[int, int, int]]:
    """The vectors that cover a load and of which nothing can be left out (three classes; the absent ones zero)."""
    seats = (*load.seats, 0, 0, 0)[:3]
    if classes == 2:
        seats = (seats[0], seats[1], 0)
    found = []
    for first in range(_ceil(load.count, seats[0]) + 1 if seats[0] else 1):
        left = load.count - first * seats[0]
        for second in range(_ceil(left, seats[1]) + 1 if seats[1] else 1):
            rest = left - second * seats[1]
            third = _ceil(rest, seats[2])
            if rest > 0 and not seats[2]:
                continue
            found.append((first, second, third))
            if rest <= 0:
                break
        if left <= 0:
            break
    return found


def _by_stock(
    options: Sequence[Sequence[tuple[int, int, int]]], stock: Sequence[int]
) -> list[tuple[int, int, int]] | None:
    """Pick one vector per load within the stock, the fewest sessions in all; None when there is no such choice."""
    shape = stock[0] + 1, stock[1] + 1
    two = stock[2] == 0 and all(vector[2] == 0 for vectors in options for vector in vectors)
    cost: Numbers = np.full(shape, _MANY, dtype=np.int64)
    cost[0, 0] = 0
    taken = []
    for vectors in options:
        best: Numbers = np.full(shape, _MANY, dtype=np.int64)
        which: Numbers = np.full(shape, -1, dtype=np.int64)
        for number, (a, b, c) in enumerate(vectors):
            if a > stock[0] or b > stock[1]:
                continue
            moved = cost[: shape[0] - a, : shape[1] - b] + (a + b + c)
            target = best[a:, b:]
            better = moved < target
            target[better] = moved[better]
            which[a:, b:][better] = number
        cost = best
        taken.append(which)
    used = np.add.outer(np.arange(shape[0]), np.arange(shape[1]))
    thirds = cost - used  # for what is used of the first two, the fewest in all is the fewest of the third
    allowed = (cost < _MANY) & (thirds <= (0 if two else stock[2]))
    if not allowed.any():
        return None
    least = int(cost[allowed].min())
    even = _fullest(shape, thirds, stock)
    even[~(allowed & (cost == least))] = np.inf
    a, b = (int(at) for at in np.unravel_index(int(even.argmin()), shape))
    found = []
    for vectors, which in zip(reversed(options), reversed(taken), strict=True):
        vector = vectors[int(which[a, b])]
        found.append(vector)
        a, b = a - vector[0], b - vector[1]
    return found[::-1]


def _fullest(shape: tuple[int, int], thirds: Numbers, stock: Sequence[int]) -> npt.NDArray[np.float64]:
    """How full the fullest class is, for every use of the first two."""
    first = np.arange(shape[0])[:, None] / max(1, stock[0])
    second = np.arange(shape[1])[None, :] / max(1, stock[1])
    found: npt.NDArray[np.float64] = np.maximum(np.maximum(first, second), thirds / max(1, stock[2]))
    return found


def least_slots(needed: int, sizes: Sequence[int]) -> int:
    """How many slots of these sizes so much needs at least (the largest first); all of them, if they do not suffice."""
    left, slots = needed, 0
    for size in sorted(sizes, reverse=True):
        if left <= 0 or not size:
            break
        left -= size
        slots += 1
    return slots


def crowded_out(counts: Sequence[int], served: int, stations: int) -> int:
    """How many candidates must stay out at least, when levels share so many stations (summed over the slots).

    A station serves up to `served` candidates of one level in a slot. For every station that is missing, some level gives
    up what it would fill one with; the smallest such rests are given up first.
    """
    missing = sum(_ceil(count, served) for count in counts) - stations
    if missing <= 0:
        return 0
    rests = sorted(count % served or served for count in counts if count)
    whole = missing - len(rests)
    return sum(rests[:missing]) + max(0, whole) * served


def _ceil(count: int, size: int) -> int:
    return max(0, -(-count // size)) if size else 0
