"""Agreement, mean signed difference and drift, against worked examples; empty input; nothing before both have signed."""

import doctest
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from scoring.marking.rules import agreement_statistics as statistics
from scoring.marking.rules.agreement_statistics import Case, Reading, agreement, differences, drift, tendencies

ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))
START = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)


def case(seat: int, *totals: str) -> Case:
    """A case whose assessors ONE, TWO, THREE sign one after the other."""
    return Case(
        seat_no=seat,
        readings=tuple(
            Reading(assessor_id=who, total=Decimal(total), signed_at=START + timedelta(minutes=10 * seat + place))
            for place, (who, total) in enumerate(zip((ONE, TWO, THREE), totals, strict=False))
        ),
    )


def test_the_written_examples() -> None:
    assert doctest.testmod(statistics).failed == 0


def test_nothing_yet() -> None:
    assert (agreement([], Decimal(5)), tendencies([]), drift([])) == (None, [], None)


def test_the_share_of_pairs_within_the_tolerance_its_edge_included() -> None:
    cases = [case(1, "80", "85"), case(2, "80", "85.01"), case(3, "90", "90"), case(4, "60", "50")]
    assert agreement(cases, Decimal(5)) == Decimal("0.5")


def test_a_third_sheet_does_not_heal_a_pair() -> None:
    assert agreement([case(1, "80", "90", "89")], Decimal(5)) == 0


def test_mean_signed_difference_with_its_count_the_largest_on_top() -> None:
    found = tendencies([case(1, "84", "80"), case(2, "82", "80"), case(3, "80", "90", "86")])
    assert [(one.assessor_id, one.count, one.mean.quantize(Decimal("0.01"))) for one in found] == [
        (THREE, 1, Decimal("1.00")),  # 86 - 85
        (ONE, 3, Decimal("-0.67")),  # 4, 2, 80 - 88
        (TWO, 3, Decimal("0.33")),  # -4, -2, 90 - 83
    ]


def test_drift_is_the_last_third_against_the_first() -> None:
    cases = [case(seat, str(80 + gap), "80") for seat, gap in enumerate((0, 1, 2, 3, 4, 5, 9), 1)]
    (first, second) = tendencies(cases)
    assert {first.assessor_id, second.assessor_id} == {ONE, TWO}
    assert drift(differences(cases)[ONE]) == Decimal("6.5")  # (5 + 9) / 2 - (0 + 1) / 2
    assert drift(differences(cases)[TWO]) == Decimal("-6.5")
    assert drift(differences(cases[:5])[ONE]) is None


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=12))
def test_two_assessors_differ_by_opposite_amounts(totals: list[tuple[int, int]]) -> None:
    found = {one.assessor_id: one for one in tendencies([case(n, str(a), str(b)) for n, (a, b) in enumerate(totals)])}
    assert len(found) == (2 if totals else 0)
    if totals:
        assert found[ONE].mean == -found[TWO].mean
