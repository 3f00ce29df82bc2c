"""What if: a day more, machines more, a site less, the border closed; nothing of the present problem is touched."""

import msgspec
import pytest

from scheduling.planning.rules.problem import Form, Group, Level, Problem, Site
from scheduling.planning.solver.what_if import (
    Difference,
    compare,
    more_machines,
    one_more_day,
    other_province,
    site_closed,
)
from tests.scheduling.planning import small

COMPUTER = small.component("theory", Form.COMPUTER, 60)
LAST_DAY = ("1a", "1b", "1c", "2b", "2c")


def site(id: str, lat: float, seats: int, prefecture: str = "P1") -> Site:
    rooms = (small.room("R", Form.COMPUTER, seats, closed=LAST_DAY),)
    return small.site(id, lat=lat, prefecture=prefecture, rooms=rooms, workshops=())


def group(count: int) -> Group:
    return small.group("G1", count, components=("theory",))


def problem(*sites: Site, count: int) -> Problem:
    return small.problem(
        prefectures=(small.prefecture("P1"), small.prefecture("P2", province="32")),
        certificates=(
            small.certificate("C1", small.scheme(Level.INTERMEDIATE, COMPUTER), fee_cents=100, fee_cap_cents=200),
        ),
        sites=sites,
        groups=(group(count),),
    )


def test_the_same_twice_differs_in_nothing() -> None:
    asked = problem(site("S1", 31.3, 20), count=10)
    answer = compare(asked, asked)
    assert answer.before == answer.after
    assert answer.moved == ()


def test_nobody_at_all() -> None:
    asked = msgspec.structs.replace(problem(site("S1", 31.3, 20), count=1), groups=())
    assert compare(asked, one_more_day(asked)).after.km_sum == 0


def test_one_more_day_makes_room_and_costs_a_fee_more() -> None:
    asked = problem(site("S1", 31.3, 10), count=15)  # nine seats in one window, a tenth being the reserve
    answer = compare(asked, one_more_day(asked))
    assert (answer.before.unplaced, answer.after.unplaced) == (6, 0)
    assert (answer.before.fee_cents, answer.after.fee_cents) == (900, 1500)
    assert answer.moved == (Difference("G1", 6, None, "S1"),)


def test_more_machines_bring_people_nearer() -> None:
    asked = problem(site("S1", 31.3, 10), site("S2", 33.0, 40), count=20)
    answer = compare(asked, more_machines(asked, "S1", 20))
    assert answer.after.km_sum == pytest.approx(0)
    assert answer.moved == (Difference("G1", 11, "S2", "S1"),)


def test_a_site_less_sends_its_people_elsewhere() -> None:
    asked = problem(site("S1", 31.3, 20), site("S2", 33.0, 40), count=10)
    answer = compare(asked, site_closed(asked, "S1"))
    assert answer.moved == (Difference("G1", 10, "S1", "S2"),)
    assert answer.after.km_max == pytest.approx(189.03, abs=0.1)


def test_a_closed_border_keeps_people_at_home() -> None:
    asked = problem(site("S1", 31.3, 10), site("S2", 33.0, 40, "P2"), count=20)
    answer = compare(asked, other_province(asked, allowed=False))
    assert (answer.before.unplaced, answer.after.unplaced) == (0, 11)
