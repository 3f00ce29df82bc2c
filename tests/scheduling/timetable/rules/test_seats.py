"""Seats: numbering as in the room, a draw that can be repeated, neighbours from different institutions."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scheduling.timetable.rules.seats import draw, neighbours, position, same_institution


def test_seat_one_is_at_the_right_hand_front_and_columns_snake() -> None:
    places = [position(number, 30, 5) for number in range(1, 31)]
    assert places[0] == (0, 0)  # rightmost column, first row
    assert places[5] == (0, 5)  # its last row
    assert places[6] == (1, 5)  # beside it, at the back
    assert places[11] == (1, 0)
    assert len(set(places)) == 30


def test_neighbours_stand_beside_or_behind() -> None:
    assert (6, 7) in neighbours(30, 5)
    assert (1, 12) in neighbours(30, 5)
    assert neighbours(1, 5) == []
    assert neighbours(0, 5) == []


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 8), st.integers(0, 99))
def test_everybody_has_one_seat_and_the_draw_repeats(schools: list[str], columns: int, seed: int) -> None:
    members = [(f"{number:03}", school) for number, school in enumerate(schools)]
    seated = draw(members, 40, columns, str(seed))
    assert Counter(seated) == Counter(candidate for candidate, _ in members)
    assert seated == draw(list(reversed(members)), 40, columns, str(seed))


def test_neighbours_are_mixed_where_they_can_be() -> None:
    members = [(f"{number:03}", "ab"[number % 2]) for number in range(30)]
    school = dict(members)
    mixed = [school[one] for one in draw(members, 30, 5, "1")]
    assert same_institution(mixed, 30, 5) <= 12  # of 49 pairs; a plain shuffle leaves about 24
    assert same_institution(["a"] * 30, 30, 5) == 49
