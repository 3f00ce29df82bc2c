"""Groups to sites: proven, whole, listed with the reason; pins; the same whatever the order of the input."""

from typing import Any

import msgspec
import pytest

from scheduling.planning.rules.bounds import lower_bound
from scheduling.planning.rules.demand import demand
from scheduling.planning.rules.plan import Kind, Status, UnplacedReason
from scheduling.planning.rules.problem import Form, Group, Level, Pin, Problem, Site
from scheduling.planning.solver.placement import UNPLACED_KM, place
from tests.scheduling.planning import small

PAPER = small.component("paper", Form.PAPER, 60)
WRITTEN = small.certificate("C1", small.scheme(Level.INTERMEDIATE, PAPER))


def site(id: str, lat: float, seats: int, **changes: Any) -> Site:
    """A site with one paper room that is open in one window only: as many places as seats."""
    rooms = (small.room("R", Form.PAPER, seats, closed=("1b", "1c", "2a", "2b", "2c")),)
    return small.site(id, lat=lat, rooms=rooms, workshops=(), **changes)


def written(*sites: Site, groups: tuple[Group, ...], **changes: Any) -> Problem:
    return small.problem(certificates=(WRITTEN,), sites=sites, groups=groups, **changes)


def group(id: str, count: int, institution: str = "X2", **changes: Any) -> Group:
    return small.group(id, count, institution=institution, components=("paper",), **changes)


def test_no_groups_are_placed_at_no_cost() -> None:
    placed = place(small.problem(groups=()))
    assert (placed.placements, placed.unplaced, placed.gap, placed.status) == ((), (), 0.0, Status.OPTIMAL)


def test_everybody_goes_to_the_nearest_site_with_room() -> None:
    placed = place(written(site("S1", 31.3, 30), site("S2", 32.0, 30), groups=(group("G1", 40),)))
    assert [(one.site, one.first, one.count) for one in placed.placements] == [("S1", 0, 30), ("S2", 30, 10)]
    assert placed.status is Status.OPTIMAL
    assert placed.gap == 0


@pytest.mark.parametrize("short", [1, 3])
def test_short_by_k_lists_k_with_the_full_resource(short: int) -> None:
    placed = place(written(site("S1", 31.3, 20 - short), groups=(group("G1", 20),)))
    assert [(one.group, one.count, one.reason) for one in placed.unplaced] == [("G1", short, UnplacedReason.CAPACITY)]
    assert placed.unplaced[0].facts == {"site": "S1", "kind": "paper", "capacity": 20 - short}
    assert placed.value == pytest.approx(placed.placements[0].count * 0.0 + short * UNPLACED_KM)


def test_nowhere_to_go_is_named() -> None:
    placed = place(written(site("S1", 31.3, 20, approvals=()), groups=(group("G1", 5),)))
    assert [one.reason for one in placed.unplaced] == [UnplacedReason.NO_SITE]


def test_a_price_says_what_one_more_seat_saves() -> None:
    near, far = site("S1", 31.3, 10), site("S2", 32.3, 30)
    placed = place(written(near, far, groups=(group("G1", 20),)))
    (price,) = placed.bound.prices
    assert (price.site, price.kind) == ("S1", Kind.PAPER)
    more = place(written(site("S1", 31.3, 11), far, groups=(group("G1", 20),)))
    assert placed.value - more.value == pytest.approx(price.price, abs=1e-3)


def test_the_bound_is_verified_without_the_solver() -> None:
    problem = written(site("S1", 31.3, 10), site("S2", 32.3, 30), groups=(group("G1", 20), group("G2", 9, "X1")))
    placed = place(problem)
    assert lower_bound(problem, placed.bound) == pytest.approx(placed.value)


def test_a_pin_holds_members_where_they_were_pinned() -> None:
    pin = Pin(id="P", author="officer", reason="agreed", group="G1", site="S2", count=4)
    placed = place(written(site("S1", 31.3, 30), site("S2", 33.0, 30), groups=(group("G1", 10),), pins=(pin,)))
    assert {(one.site, one.count) for one in placed.placements} == {("S2", 4), ("S1", 6)}


def test_levels_of_a_school_share_one_node_and_are_dealt_out_whole() -> None:
    both = small.certificate("C1", small.scheme(Level.ELEMENTARY, PAPER), small.scheme(Level.INTERMEDIATE, PAPER))
    groups = (group("G1", 10, level=Level.ELEMENTARY), group("G2", 20))
    problem = small.problem(certificates=(both,), sites=(site("S1", 31.3, 20), site("S2", 32.0, 10)), groups=groups)
    assert {(one.group, one.site, one.count) for one in place(problem).placements} == {
        ("G1", "S2", 10),
        ("G2", "S1", 20),
    }


def test_the_order_of_the_input_does_not_matter() -> None:
    sites = (site("S1", 31.3, 10), site("S2", 32.3, 12), site("S3", 30.0, 30))
    groups = tuple(group(f"G{n}", 3 + n, "X1" if n % 2 else "X2") for n in range(6))
    one = place(written(*sites, groups=groups))
    other = place(written(*sites[::-1], groups=groups[::-1]))
    assert one.value == pytest.approx(other.value)
    assert one.placements == place(written(*sites, groups=groups)).placements
    assert msgspec.json.encode(one.bound) == msgspec.json.encode(place(written(*sites, groups=groups)).bound)


def test_who_is_pinned_is_placed_before_others() -> None:
    """Stations for thirty; twenty-five are pinned there, twenty-five others are nearer."""
    site = small.site(workshops=(), rooms=(small.room(seats=6),))
    theory = small.certificate("C1", small.scheme(Level.INTERMEDIATE, small.component()))
    groups = (
        small.group("G1", 25, components=("theory",), institution="X1"),
        small.group("G2", 25, components=("theory",), institution="X2"),
    )
    pin = Pin(id="p1", author="officer", reason="agreed", group="G2", site="S1")
    schools = (small.institution("X1"), small.institution("X2", lat=33.0))
    problem = small.problem(certificates=(theory,), sites=(site,), groups=groups, pins=(pin,), institutions=schools)
    capacity = int(demand(problem).capacity.sum())
    assert 25 < capacity < 50
    placed = place(problem)
    assert sum(one.count for one in placed.placements if one.group == "G2") == 25
    assert sum(one.count for one in placed.unplaced) == 50 - capacity
