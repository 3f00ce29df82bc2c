"""Two plans side by side: what is better is called better, and who goes elsewhere is named with both distances."""

import json

import pytest
from msgspec.structs import replace

from scheduling.forks.rules import comparing
from scheduling.forks.rules.comparing import MEASURES, Compared, Measure, Verdict, compare, figures
from scheduling.planning.rules.plan import Assignment, OpenPosition, OpenReason, Plan, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Duty
from tests.scheduling.planning.small import certificate, part, placement, plan, problem, session, site

PROBLEM = problem(
    sites=(site("S1"), site("S2", lat=31.4)), certificates=(certificate(fee_cents=20_000, fee_cap_cents=30_000),)
)


def at(place: str, slot: str = "1a", count: int = 20) -> Plan:
    return plan(
        placements=(placement(site=place, count=count),),
        sessions=(
            session(site=place, slot=slot, parts=(part(count=count),)),
            session("N2", "W1", "1c", "skill", site=place, parts=(part(count=count),)),
        ),
        unplaced=(Unplaced(group="G1", first=count, count=20 - count, reason=UnplacedReason.CAPACITY),)
        if count < 20
        else (),
    )


def test_figures_are_counted_from_the_plan() -> None:
    made = at("S1", count=15)
    served = [Assignment(session=id, person="E1", duty=Duty.ASSESSOR) for id in ("N1", "N2")]
    gap = OpenPosition(session="N1", duty=Duty.INVIGILATOR, reason=OpenReason.NOBODY)
    found = figures(PROBLEM, replace(made, assignments=tuple(served), open_positions=(gap,)))
    assert (found.unplaced, found.room_sessions, found.duties, found.staff, found.open_positions) == (5, 2, 2, 1, 1)
    assert (found.fee_cents, found.cap_cents, found.cap_per_session_cents) == (300_000, 450_000, 225_000)
    assert found.km_average == pytest.approx(found.km_sum / 15, abs=0.001)


def test_an_empty_plan_costs_nothing() -> None:
    found = figures(PROBLEM, plan(placements=(), sessions=()))
    assert {getattr(found, one.name) for one in MEASURES} == {0}


def test_who_goes_elsewhere_is_listed_with_both_distances() -> None:
    found = compare(PROBLEM, at("S1"), PROBLEM, at("S2", count=12))
    assert [(one.count, one.before, one.after) for one in found.moved] == [(12, "S1", "S2"), (8, "S1", None)]
    first = found.moved[0]
    assert (first.members, list(first.numbers())) == (((0, 12),), list(range(12)))
    assert first.km_before == pytest.approx(11.1, abs=0.1)
    assert found.moved[1].km_after is None
    assert (found.moved_count, found.retimed) == (20, 0)


def test_who_only_sits_at_another_time_is_counted_apart() -> None:
    found = compare(PROBLEM, at("S1"), PROBLEM, at("S1", slot="1b"))
    assert (found.moved, found.retimed) == ((), 20)


def test_a_comparison_is_stored_and_read_again() -> None:
    found = compare(PROBLEM, at("S1"), PROBLEM, at("S2", count=12))
    assert comparing.read(json.loads(json.dumps(found.written()))) == found


@pytest.mark.parametrize(
    ("name", "before", "after", "verdict"),
    [
        ("unplaced", 5, 0, Verdict.BETTER),
        ("km_sum", 10.0, 12.0, Verdict.WORSE),
        ("km_sum", 10.0, 10.001, Verdict.SAME),
        ("cap_per_session_cents", 100, 200, Verdict.BETTER),
        ("cap_per_session_cents", 200, 100, Verdict.WORSE),
        ("fee_cents", 200, 100, Verdict.OTHER),
    ],
)
def test_less_is_better_where_less_is_better(name: str, before: float, after: float, verdict: Verdict) -> None:
    measure: Measure = next(one for one in MEASURES if one.name == name)
    assert Compared(measure, before, after).verdict is verdict
