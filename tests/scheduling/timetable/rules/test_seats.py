"""Seats: numbering as in the room."""

from scheduling.timetable.rules.seats import position


def test_seat_one_is_at_the_right_hand_front_and_columns_snake() -> None:
    places = [position(number, 30, 5) for number in range(1, 31)]
    assert places[0] == (0, 0)  # rightmost column, first row
    assert places[5] == (0, 5)  # its last row
    assert places[6] == (1, 5)  # beside it, at the back
    assert places[11] == (1, 0)
    assert len(set(places)) == 30
