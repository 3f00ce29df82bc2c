"""Where a numbered seat stands in the room.

Numbering (domain section 7, document 2): seen from the platform, seat 1 is at the right-hand front; the first column runs
front to back, the next back to front (vertical serpentine). Who sits where is drawn by :mod:`scheduling.planning.rules.seats`.
"""

from __future__ import annotations

from scheduling.planning.rules.seats import Shape


def position(seat_no: int, seats: int, columns: int) -> tuple[int, int]:
    """(column, row) of a seat: column 0 is the rightmost seen from the platform, row 0 the front."""
    shape = Shape.of(seats, columns, seats)
    return shape.column(seat_no - 1), shape.row(seat_no - 1)
