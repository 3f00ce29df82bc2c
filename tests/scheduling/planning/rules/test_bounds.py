"""The bound is what the prices prove, over all allowed sites, and never more."""

import pytest

from scheduling.planning.rules.bounds import lower_bound
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Bound, Kind, Price, Status, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Pin, Problem, Rules
from tests.scheduling.planning import small

NEAR, FAR = 11.12, 122.315
SLOTS = small.slots(1, (("08:30", 120),))
SEATS = 36  # of 40 machines, one slot


def problem(count: int = 50, **changes: object) -> Problem:
    """Theory for `count`: 36 fit the near site, the far one has no end of seats."""
    sites = (small.site(), small.site("S2", lat=32.4, rooms=tuple(small.room(f"R{n}", seats=60) for n in range(9))))
    groups = (small.group(count=count, components=("theory",)),)
    return small.problem(**{"slots": SLOTS, "sites": sites, "groups": groups} | changes)


def bound(price: float = 0.0, unplaced_km: float = 1e5, **changes: object) -> Bound:
    prices = (Price(site="S1", kind=Kind.COMPUTER, price=price), Price(site="S9", kind=Kind.PAPER, price=7.0))
    return Bound(value=0.0, unplaced_km=unplaced_km, prices=prices)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (0.0, 50 * NEAR),
        (50.0, 50 * (NEAR + 50) - SEATS * 50),
        (FAR - NEAR, SEATS * NEAR + 14 * FAR),  # the best there is: what the optimum costs
        (500.0, 50 * FAR - SEATS * 500),
        (-5.0, 50 * NEAR),  # below 0 counts as 0
    ],
)
def test_any_prices_give_a_bound_and_the_right_ones_the_optimum(price: float, expected: float) -> None:
    assert lower_bound(problem(), bound(price)) == pytest.approx(expected, abs=1e-6)
    assert expected <= SEATS * NEAR + 14 * FAR + 1e-6


def test_nobody_pays_more_than_for_no_place() -> None:
    assert lower_bound(problem(), bound(0.0, 5.0)) == pytest.approx(50 * 5)
    nowhere = problem(sites=())
    assert lower_bound(nowhere, bound(0.0, 1000.0)) == pytest.approx(50 * 1000)
    assert lower_bound(problem(groups=()), bound(1.0)) == pytest.approx(-SEATS)


def test_forbidden_sites_do_not_count() -> None:
    near = small.institution("X4", lat=32.4)
    groups = (small.group(institution="X4", count=10, components=("theory",)),)
    schools = (*small.problem().institutions, near)
    free = problem(groups=groups, institutions=schools)
    assert lower_bound(free, bound()) == pytest.approx(0.0)
    tied = problem(
        groups=groups, institutions=schools, pins=(Pin(id="p", author="a", reason="r", group="G1", site="S1"),)
    )
    assert lower_bound(tied, bound()) == pytest.approx(10 * 133.434, abs=0.01)
    limited = problem(groups=groups, institutions=schools, rules=Rules(travel_limit_km=1), sites=(small.site(),))
    assert lower_bound(limited, bound(0.0, 777.0)) == pytest.approx(7770)


def test_check_says_how_far_the_plan_may_be_from_the_best() -> None:
    plan = small.plan(
        placements=(small.placement(count=36), small.placement("G1", "S2", 36, 13)),
        unplaced=(Unplaced(group="G1", first=49, count=1, reason=UnplacedReason.CAPACITY),),
        sessions=(),
        bound=Bound(value=100.0, unplaced_km=200.0, prices=()),
    )
    found = check(problem(), plan).bound
    assert found is not None
    cost = 36 * NEAR + 13 * FAR + 200
    assert found.cost == pytest.approx(cost, abs=0.01)
    assert found.recomputed == pytest.approx(50 * NEAR, abs=0.01)
    assert found.gap == pytest.approx((cost - 50 * NEAR) / cost, abs=1e-6)
    assert found.holds


def test_a_bound_that_the_prices_do_not_prove_is_named() -> None:
    plan = small.plan(bound=Bound(value=300.0, unplaced_km=1e5, prices=()))
    report = check(small.problem(), plan)
    assert [(one.name, one.recomputed) for one in report.wrong] == [("bound", pytest.approx(222.4))]


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (Bound(value=0.0, unplaced_km=1e5, prices=()), []),
        (None, ["gap"]),
        (Bound(value=0.0, unplaced_km=11.0, prices=()), ["gap"]),
    ],
)
def test_optimal_is_only_what_the_bound_proves(value: Bound | None, wrong: list[str]) -> None:
    plan = small.plan(status=Status.OPTIMAL, bound=value)
    assert [one.name for one in check(small.problem(), plan).wrong] == wrong
    assert check(small.problem(), small.plan(bound=value)).wrong == ()
