"""Two or three assessors: the written table, the ties, and that nothing agrees on nothing."""

from decimal import Decimal
from itertools import combinations_with_replacement, permutations

import pytest

from exam.catalogue.rules import Agreement, Tie
from scoring.marking.rules.agreeing import Path, agree, in_room


def _agree(*totals: str, tolerance: str = "5", **given: object) -> tuple[Path, Decimal | None, tuple[int, ...]]:
    found = agree(Agreement(tolerance=Decimal(tolerance), **given), [Decimal(one) for one in totals])  # type: ignore[arg-type]
    return found.path, found.value, found.used


def test_nothing_agrees_on_nothing() -> None:
    for count in (1, 2, 3):
        assert _agree(assessors_count=count) == (Path.WAITING, None, ())
    assert _agree("60") == (Path.WAITING, None, ())
    assert _agree("60", "60", assessors_count=3) == (Path.WAITING, None, ())


def test_one_is_enough_where_the_sheet_says_so() -> None:
    assert _agree("60", assessors_count=1) == (Path.SINGLE, Decimal(60), (0,))


def test_two_within_the_tolerance_are_averaged_at_its_very_edge() -> None:
    assert _agree("60", "65") == (Path.MEAN, Decimal("62.5"), (0, 1))
    assert _agree("60", "65.01") == (Path.LEAD, None, ())
    assert _agree("60", "60", tolerance="0") == (Path.MEAN, Decimal(60), (0, 1))


def test_a_third_sheet_far_off_does_not_disturb_two_that_agree() -> None:
    """A correction made them agree after the third was asked."""
    assert _agree("60", "62", "90", third=True) == (Path.NEAREST_PAIR, Decimal(61), (0, 1))


def test_one_sheet_too_many_is_heard_like_the_others() -> None:
    """Signed on a tablet that could not know: all within the tolerance count; one beyond it is for the rule or the lead."""
    assert _agree("60", "62", "64") == (Path.MEAN, Decimal(62), (0, 1, 2))
    assert _agree("60", "64", assessors_count=1) == (Path.MEAN, Decimal(62), (0, 1))
    assert _agree("60", "70", assessors_count=1) == (Path.LEAD, None, ())
    assert _agree("60", "62", "90") == (Path.LEAD, None, ())
    assert _agree("60", "62", "90", "91", third=True) == (Path.NEAREST_PAIR, Decimal("90.5"), (2, 3))


def test_the_mean_of_three_is_what_can_be_kept() -> None:
    """A third of a mark has no end: four places, once, so that the same sheets never come to another value."""
    assert _agree("92", "92", "93")[1] == Decimal("92.3333")
    assert _agree("92", "93", "93")[1] == Decimal("92.6667")


def test_a_third_is_awaited_only_where_there_is_one() -> None:
    """Two assessors where one would do: when they differ nobody is left to ask."""
    rule = Agreement(tolerance=Decimal(5), assessors_count=1, third=True)
    assert (in_room(rule, 2).third, in_room(rule, 3).third, in_room(rule, 0).assessors_count) == (False, True, 1)


def test_beyond_it_a_third_is_asked_where_the_sheet_wants_one() -> None:
    assert _agree("60", "70", third=True) == (Path.THIRD, None, ())
    assert _agree("60", "70", "68", third=True) == (Path.NEAREST_PAIR, Decimal(69), (1, 2))
    assert _agree("60", "70", "61", third=True) == (Path.NEAREST_PAIR, Decimal("60.5"), (0, 2))
    assert _agree("60", "70", "80", third=True) == (Path.LEAD, None, ())
    assert _agree("60", "70", "76", third=True) == (Path.LEAD, None, ())


@pytest.mark.parametrize(
    ("tie", "expected"),
    [
        (Tie.HIGHER, (Path.NEAREST_PAIR, Decimal("66.5"), (1, 2))),
        (Tie.ALL, (Path.NEAREST_PAIR, Decimal(65), (0, 1, 2))),
        (Tie.LEAD, (Path.LEAD, None, ())),
    ],
)
def test_a_third_in_the_very_middle_is_settled_by_the_sheets_rule(tie: Tie, expected: object) -> None:
    assert _agree("62", "68", "65", third=True, tie=tie) == expected


def test_three_from_the_beginning_are_all_averaged_when_they_agree() -> None:
    assert _agree("60", "62", "64", assessors_count=3) == (Path.MEAN, Decimal(62), (0, 1, 2))
    assert _agree("60", "62", "70", assessors_count=3) == (Path.NEAREST_PAIR, Decimal(61), (0, 1))


@pytest.mark.parametrize("third", [True, False])
@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_the_order_changes_no_mark(wanted: int, third: bool) -> None:
    for totals in combinations_with_replacement(range(60, 73, 2), 3):
        found = {_agree(*map(str, order), assessors_count=wanted, third=third)[:2] for order in permutations(totals)}
        assert len(found) == 1, totals
