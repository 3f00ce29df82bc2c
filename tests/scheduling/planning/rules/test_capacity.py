"""Usable seats: the larger of a room's own spare seats and, of computers, the reserve of the rules (H4, H5)."""

import pytest

from scheduling.planning.rules.capacity import usable_seats
from scheduling.planning.rules.problem import Form, Room, Rules


@pytest.mark.parametrize(
    ("form", "seats", "spare", "usable"),
    [
        (Form.PAPER, 30, 0, 30),
        (Form.PAPER, 30, 2, 28),
        (Form.COMPUTER, 50, 0, 45),
        (Form.COMPUTER, 50, 8, 42),
        (Form.COMPUTER, 41, 0, 36),  # 4.1 machines are five
        (Form.PAPER, 3, 5, 0),
    ],
)
def test_what_is_kept_free(form: Form, seats: int, spare: int, usable: int) -> None:
    assert usable_seats(Room(id="R", form=form, seats=seats, spare=spare), Rules()) == usable
