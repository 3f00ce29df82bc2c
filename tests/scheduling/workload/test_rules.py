"""Time counts once; nothing served is nothing."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from scheduling.workload.rules import PeriodWrong, Served, hours, per_person, require_period, union_minutes
from tests.conftest import NOW


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def served(
    start: float, end: float, *, duty: str = "invigilator", opened: float | None = None, **changes: Any
) -> Served:
    values: dict[str, Any] = {
        "account_id": UUID(int=1), "name": "甲", "institution": "校", "institution_en": "S", "batch_code": "B", "site_name": "点",
        "room_name": "房", "opened_at": None if opened is None else after(opened),
        "closed_at": None if opened is None else after(end + 10),
    }  # fmt: skip
    return Served(duty=duty, starts_at=after(start), ends_at=after(end), **{**values, **changes})


@pytest.mark.parametrize(
    ("spans", "minutes"),
    [
        ([], 0),
        ([(0, 60)], 60),
        ([(0, 60), (0, 60)], 60),
        ([(0, 60), (30, 90)], 90),
        ([(0, 60), (60, 90)], 90),
        ([(0, 60), (100, 110)], 70),
        ([(0, 100), (20, 30), (50, 120)], 120),
        ([(60, 0)], 0),
    ],
)
def test_overlaps_count_once(spans: list[tuple[float, float]], minutes: int) -> None:
    assert union_minutes((after(a), after(b)) for a, b in spans) == minutes


def test_a_site_head_of_three_rooms_serves_one_session() -> None:
    (line,) = per_person([served(0, 60, duty="site_head", opened=-30, room_name=name) for name in "abc"])
    assert (line.sessions, line.sessions_held, line.planned_minutes, line.served_minutes) == (1, 1, 60, 100)


def test_two_duties_at_once_have_lines_of_their_own_and_one_for_the_time() -> None:
    lines = per_person(
        [served(0, 60, opened=0), served(0, 60, duty="assessor", opened=0), served(200, 260, duty="assessor")]
    )
    assert [(one.duty, one.sessions, one.sessions_held, one.planned_minutes) for one in lines] == [
        ("assessor", 2, 1, 120), ("invigilator", 1, 1, 60), ("", 2, 1, 120),
    ]  # fmt: skip


def test_two_people_of_one_name_stay_two() -> None:
    assert len(per_person([served(0, 60), served(0, 60, account_id=UUID(int=2))])) == 2
    assert per_person([]) == []


def test_hours_have_two_places() -> None:
    assert [hours(n) for n in (0, 1, 20, 90)] == [Decimal("0.00"), Decimal("0.02"), Decimal("0.33"), Decimal("1.50")]


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 2, 1), date(2026, 1, 31)), (date(2025, 1, 1), date(2026, 2, 6))]
)
def test_a_period_has_an_order_and_an_end(first: date, last: date) -> None:
    with pytest.raises(PeriodWrong):
        require_period(first, last)
    require_period(first, first)
