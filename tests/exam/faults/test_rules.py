"""The clock, the ladder, who is needed."""

from datetime import timedelta
from uuid import UUID

import pytest

from exam.faults.rules import (
    DEFAULT_LADDER,
    FactsMissing,
    Ladder,
    LadderWrong,
    Level,
    SamePerson,
    Scope,
    SinceWrong,
    level_after,
    level_needed,
    lost_minutes,
    next_limit,
    require_ladder,
    require_report,
    require_second,
)
from tests.conftest import NOW


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (1800, 30), (-5, 0)])
def test_a_begun_minute_is_lost_whole(seconds: int, minutes: int) -> None:
    assert lost_minutes(NOW, NOW + timedelta(seconds=seconds)) == minutes


@pytest.mark.parametrize(
    ("minutes", "scope", "level"),
    [
        (0, Scope.ROOM, Level.ROOM),
        (29, Scope.ROOM, Level.ROOM),
        (30, Scope.ROOM, Level.SITE),
        (44, Scope.PERSON, Level.SITE),
        (45, Scope.ROOM, Level.ORGANISATION),
        (60, Scope.ROOM, Level.PROVINCE),
        (0, Scope.SITE, Level.SITE),
        (500, Scope.SITE, Level.PROVINCE),
    ],
)
def test_the_thirty_minute_rule(minutes: int, scope: Scope, level: Level) -> None:
    assert level_after(DEFAULT_LADDER, minutes, scope) is level


def test_who_raised_it_by_hand_is_not_undone_by_the_clock() -> None:
    assert level_after(DEFAULT_LADDER, 1, Scope.ROOM, Level.PROVINCE) is Level.PROVINCE


def test_the_limits_are_data() -> None:
    ladder = Ladder(site_minutes=5, organisation_minutes=10, province_minutes=15)
    assert [level_after(ladder, n, Scope.ROOM) for n in (4, 5, 10, 15)] == list(Level)
    assert [next_limit(ladder, level) for level in Level] == [5, 10, 15, None]
    assert [level_needed(ladder, n) for n in (4, 5, 9, 10, 90)] == [
        Level.ROOM, Level.SITE, Level.SITE, Level.ORGANISATION, Level.ORGANISATION,
    ]  # fmt: skip


@pytest.mark.parametrize("limits", [(0, 5, 9), (9, 5, 10), (5, 10, 9), (5, 10, 241)])
def test_limits_out_of_order_are_refused(limits: tuple[int, int, int]) -> None:
    with pytest.raises(LadderWrong):
        require_ladder(Ladder(site_minutes=limits[0], organisation_minutes=limits[1], province_minutes=limits[2]))
    require_ladder(DEFAULT_LADDER)


def test_a_report_says_what_and_when() -> None:
    with pytest.raises(FactsMissing):
        require_report(" ", NOW, NOW)
    for since in (NOW + timedelta(seconds=1), NOW - timedelta(hours=13)):
        with pytest.raises(SinceWrong):
            require_report("停电", since, NOW)


def test_two_persons_are_two() -> None:
    for first, second in ((UUID(int=1), UUID(int=1)), (None, UUID(int=1)), (UUID(int=1), None)):
        with pytest.raises(SamePerson):
            require_second(first, second)
    require_second(UUID(int=1), UUID(int=2))
