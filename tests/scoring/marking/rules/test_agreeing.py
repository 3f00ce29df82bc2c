"""Two or three assessors: the written table, the ties, and that nothing agrees on nothing."""

from decimal import Decimal

import pytest

from exam.catalogue.rules import Agreement, Tie
from scoring.marking.rules.agreeing import Path, agree


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


def test_a_third_sheet_does_not_disturb_two_that_agree() -> None:
    """A correction made them agree after the third was asked."""
    assert _agree("60", "62", "90", third=True) == (Path.MEAN, Decimal(61), (0, 1))


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


def test_the_order_of_signing_changes_no_mark() -> None:
    assert _agree("70", "60", "68", third=True)[1] == _agree("60", "70", "68", third=True)[1] == Decimal(69)
