"""The seat draw: everybody once, the same every time, institutions apart, variants alternating."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.planning.rules.seats import Seat, Shape, alike, draw, unavoidable
from tests.scheduling.planning import small


def drawn(counts: list[int], seed: int = 1, id: str = "N1", columns: int | None = None) -> tuple[Seat, ...]:
    parts = tuple(small.part(f"G{number}", 5, count) for number, count in enumerate(counts))
    session = small.session(id, parts=parts)
    return draw(session, [f"X{number}" for number in range(len(counts))], seed=seed, columns=columns)


def schools(seats: tuple[Seat, ...]) -> list[str]:
    return [seat.group for seat in seats]


def test_a_session_without_candidates_has_no_seats() -> None:
    assert drawn([]) == ()


def test_the_draw_is_stored_in_seed_and_id_only() -> None:
    assert drawn([10, 10, 10]) == drawn([10, 10, 10])
    assert drawn([10, 10, 10]) != drawn([10, 10, 10], seed=2)
    assert drawn([10, 10, 10]) != drawn([10, 10, 10], id="N2")


def test_it_is_a_draw_and_not_the_order_of_the_roster() -> None:
    members = [seat.member for seat in drawn([30])]
    assert members != sorted(members)


def test_three_institutions_of_ten_sit_apart() -> None:
    seats = drawn([10, 10, 10])
    assert alike(schools(seats), Shape.of(30)) == 0


def test_two_institutions_of_fifteen_sit_apart() -> None:
    assert alike(schools(drawn([15, 15])), Shape.of(30)) == 0


def test_who_are_too_many_sit_together_no_more_than_they_must() -> None:
    seats = drawn([8, 2], columns=1)
    line = schools(seats)
    together = sum(one == other for one, other in pairwise(line))
    assert together == unavoidable(line) == 5


def test_seats_run_down_and_up() -> None:
    seats = drawn([6], columns=2)
    assert [(seat.column, seat.row) for seat in seats] == [(1, 1), (1, 2), (1, 3), (2, 3), (2, 2), (2, 1)]


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    seed=st.integers(0, 9),
    columns=st.none() | st.integers(1, 8),
)
def test_everybody_sits_once_and_variants_alternate(counts: list[int], seed: int, columns: int | None) -> None:
    seats = drawn(counts, seed, columns=columns)
    people = {(f"G{number}", 5 + member) for number, count in enumerate(counts) for member in range(count)}
    assert {(seat.group, seat.member) for seat in seats} == people
    assert [seat.number for seat in seats] == list(range(1, len(people) + 1))
    assert len({(seat.column, seat.row) for seat in seats}) == len(people)
    shape = Shape.of(len(people), columns)
    for at, seat in enumerate(seats):
        for other in shape.neighbours(at):
            assert abs(seats[other].row - seat.row) + abs(seats[other].column - seat.column) == 1
            assert seats[other].variant != seat.variant


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(1, 10), min_size=3, max_size=6), seed=st.integers(0, 5))
def test_no_institution_with_a_third_or_less_has_neighbours_of_its_own(counts: list[int], seed: int) -> None:
    if 3 * max(counts) <= sum(counts):
        assert alike(schools(drawn(counts, seed)), Shape.of(sum(counts))) == 0
