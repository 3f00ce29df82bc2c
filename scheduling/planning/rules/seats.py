"""The seat draw: who of a session sits where, from the seed of the plan and the id of the session.

Nobody stores seats: the same draw gives them again, on every machine. Seats are numbered 1, 2 ... along the columns of
the room, down the first, up the second (the door plan of a room, serpentine). Neighbours are two candidates who sit one
behind the other or side by side; they come from different institutions wherever that is possible, and who sits one
behind the other writes a different variant of the paper.

With one institution in more than half of the seats some neighbours must share it. How many must, along the line of
seats: with ``most`` candidates of the largest institution among ``count``, at least ``2 * most - count - 1`` pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isqrt
from random import Random
from typing import Final

from scheduling.planning.rules.plan import Session

VARIANTS: Final = ("A", "B")
_SWAPS: Final = 12  # looks for a better partner per candidate


@dataclass(frozen=True, order=True)
class Seat:
    """A candidate of a session on a seat."""

    number: int  # from 1
    column: int  # from 1
    row: int  # from 1, the first at the front
    group: str
    member: int
    variant: str  # of the paper


def draw(
    session: Session, schools: Sequence[str], *, seed: int, columns: int | None = None, seats: int | None = None
) -> tuple[Seat, ...]:
    """Draw the seats of a session, in the order of their numbers.

    `schools`: the institution of every part of the session. `columns` of the room; without: as many as rows. `seats` of
    the room: how long its columns are; without: as long as the people in it need.
    """
    people = [
        (school, part.group, part.first + number)
        for part, school in zip(session.parts, schools, strict=True)
        for number in range(part.count)
    ]
    if not people:
        return ()
    rng = Random(int.from_bytes(sha256(f"{seed} seats {session.id}".encode()).digest(), "big"))
    shape = Shape.of(len(people), columns, seats)
    order = [person[0] for person in people]
    places = _apart(order, shape, rng)
    return tuple(
        Seat(
            number=number + 1,
            column=shape.column(number) + 1,
            row=shape.row(number) + 1,
            group=people[person][1],
            member=people[person][2],
            variant=VARIANTS[(shape.column(number) + shape.row(number)) % len(VARIANTS)],
        )
        for number, person in enumerate(places)
    )


@dataclass(frozen=True)
class Shape:
    """Columns of (nearly) equal length; seats run down the odd ones and up the even ones."""

    count: int
    columns: int
    rows: int

    @staticmethod
    def of(count: int, columns: int | None = None, seats: int | None = None) -> Shape:
        """The shape for so many seats: the square root of them, rounded up, unless the room has its columns."""
        if columns is not None and seats is not None:
            return Shape(count, columns, max(1, -(-max(count, seats) // columns)))
        wide = max(1, min(count, columns if columns is not None else isqrt(count - 1) + 1 if count else 1))
        return Shape(count, wide, max(1, -(-count // wide)))

    def column(self, number: int) -> int:
        return number // self.rows

    def row(self, number: int) -> int:
        column, at = divmod(number, self.rows)
        return at if column % 2 == 0 else self.rows - 1 - at

    def neighbours(self, number: int) -> Iterator[int]:
        """The seats before, behind and beside a seat."""
        column, at = divmod(number, self.rows)
        mirrored = self.rows - 1 - at
        beside = ((column - 1) * self.rows + mirrored, (column + 1) * self.rows + mirrored)
        ahead = (number - 1, number + 1)
        for other in ahead:
            if 0 <= other < self.count and other // self.rows == column:
                yield other
        for other in beside:
            if 0 <= other < self.count:
                yield other


def alike(schools: Sequence[str], shape: Shape) -> int:
    """How many pairs of neighbours come from one institution; `schools`: of the seats, in their order."""
    return sum(
        schools[number] == schools[other]
        for number in range(len(schools))
        for other in shape.neighbours(number)
        if other > number
    )


def unavoidable(schools: Sequence[str]) -> int:
    """A lower bound of pairs along the line of seats who must come from one institution, however they are drawn."""
    most = max((schools.count(school) for school in set(schools)), default=0)
    return max(0, 2 * most - len(schools) - 1)


def _apart(schools: Sequence[str], shape: Shape, rng: Random) -> list[int]:
    """Seat -> person: a draw with as few neighbours of one institution as the search finds."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for person, school in enumerate(schools):
        waiting[school].append(person)
    for school in sorted(waiting):
        rng.shuffle(waiting[school])
    best: list[int] = []
    least = -1
    for colour in (True, False):  # every second seat first (a chessboard), and along the line
        places = _dealt({school: list(people) for school, people in waiting.items()}, shape, rng, chessboard=colour)
        _improve(places, schools, shape, rng)
        pairs = alike([schools[person] for person in places], shape)
        if least < 0 or pairs < least:
            best, least = places, pairs
        if least == 0:
            break
    return best


def _dealt(waiting: dict[str, list[int]], shape: Shape, rng: Random, *, chessboard: bool) -> list[int]:
    """Deal institution after institution, the largest first, to every second seat and then to the others."""
    names = sorted(waiting)
    rng.shuffle(names)
    names.sort(key=lambda school: -len(waiting[school]))
    seats = sorted(
        range(shape.count),
        key=lambda at: ((shape.column(at) + shape.row(at)) % 2 if chessboard else at % 2, at),
    )
    places = [-1] * shape.count
    people = [person for school in names for person in waiting[school]]
    for seat, person in zip(seats, people, strict=True):
        places[seat] = person
    return places


def _improve(places: list[int], schools: Sequence[str], shape: Shape, rng: Random) -> None:
    """Swap who sits next to their own with others, while that helps."""

    def clashes(at: int) -> int:
        return sum(schools[places[at]] == schools[places[other]] for other in shape.neighbours(at))

    seats = range(len(places))
    for _ in range(_SWAPS):
        unhappy = [at for at in seats if clashes(at)]
        if not unhappy:
            return
        moved = False
        rng.shuffle(unhappy)
        for at in unhappy:
            now = clashes(at)
            if not now:
                continue
            for other in rng.sample(seats, len(places)):
                if schools[places[at]] == schools[places[other]]:
                    continue
                before = now + clashes(other)
                places[at], places[other] = places[other], places[at]
                if clashes(at) + clashes(other) < before:
                    moved = True
                    break
                places[at], places[other] = places[other], places[at]
        if not moved:
            return
