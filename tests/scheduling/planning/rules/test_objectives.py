"""What a plan costs, by hand."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.members import Ranges, members_of
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import Assignment, Objectives, Plan, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Duty, Rules
from tests.scheduling.planning import small

FAR = small.site("S2", lat=32.4)  # 122.315 km from the candidates' school


def measured(plan: Plan | None = None, **changes: Any) -> Objectives:
    return objectives(small.problem(**changes), plan or small.plan())


def test_the_small_plan() -> None:
    assert measured() == Objectives(
        unplaced=0,
        changed=0,
        travel_km_sum=222.4,
        travel_km_p95=11.12,
        travel_km_max=11.12,
        room_sessions=2,
        staff=0,
        overnight_stays=0,
        two_in_row=0,
        load_spread=0,
        two_site_days=0,
    )


def test_nothing_costs_nothing() -> None:
    nothing = measured(small.plan(placements=(), sessions=()), groups=(), slots=())
    assert (nothing.travel_km_sum, nothing.travel_km_p95, nothing.room_sessions) == (0, 0, 0)
    timeless = measured(small.plan(sessions=()), slots=())
    assert (timeless.overnight_stays, timeless.two_in_row) == (0, 0)


@pytest.mark.parametrize(("far", "p95"), [(1, 11.12), (2, 122.315)])
def test_p95_is_what_95_of_100_candidates_do_not_exceed(far: int, p95: float) -> None:
    placements = (small.placement(count=20 - far), small.placement("G1", "S2", 20 - far, far))
    found = measured(small.plan(placements=placements), sites=(small.site(), FAR))
    assert (found.travel_km_p95, found.travel_km_max) == (p95, 122.315)
    assert found.travel_km_sum == round((20 - far) * 11.12 + far * 122.315, 3)


@pytest.mark.parametrize(
    ("slots", "nights", "rows"),
    [(("1a", "1c"), 0, 0), (("1b", "1c"), 0, 20), (("1c", "2a"), 20, 0), (("1a", "2c"), 20, 0)],
)
def test_nights_away_and_two_in_a_row(slots: tuple[str, str], nights: int, rows: int) -> None:
    sessions = (
        small.session(slot=slots[0], site="S2"),
        small.session("N2", "W1", slots[1], "skill", site="S2"),
    )
    plan = small.plan(placements=(small.placement("G1", "S2"),), sessions=sessions)
    found = measured(plan, sites=(FAR,))
    assert (found.overnight_stays, found.two_in_row) == (nights, rows)
    near = measured(plan, sites=(FAR,), rules=Rules(overnight_km=123))
    assert near.overnight_stays == 0


def test_unplaced_candidates_are_counted() -> None:
    unplaced = (Unplaced(group="G1", first=0, count=7, reason=UnplacedReason.CAPACITY),)
    assert measured(small.plan(placements=(), sessions=(), unplaced=unplaced)).unplaced == 7


def test_duties_and_sites_of_staff() -> None:
    sessions = (
        small.session(),
        small.session("N2", "W1", "1c", "skill", site="S2"),
        small.session("N3", slot="2a"),
    )
    assignments = (
        Assignment(session="N1", person="E1", duty=Duty.INVIGILATOR),
        Assignment(session="N2", person="E1", duty=Duty.ASSESSOR),
        Assignment(session="N3", person="E1", duty=Duty.INVIGILATOR),
        Assignment(session="N1", person="E2", duty=Duty.INVIGILATOR),
    )
    found = measured(small.plan(sessions=sessions, assignments=assignments), sites=(small.site(), FAR))
    assert (found.staff, found.load_spread, found.two_site_days) == (4, 2, 1)


@pytest.mark.parametrize(
    ("session", "changed"),
    [
        (small.session(), 0),
        (small.session("other-id"), 0),
        (small.session(slot="1b"), 20),
        (small.session(place="R2"), 20),
        (small.session(parts=(small.part(count=13),)), 7),  # the others have lost theirs
    ],
)
def test_changed_is_whose_place_or_time_differs(session: Any, changed: int) -> None:
    problem = small.problem(sites=(small.site(rooms=(small.room(), small.room("R2"))),))
    plan = small.plan(sessions=(session, small.session("N2", "W1", "1c", "skill")))
    assert objectives(problem, plan, small.plan(published=True)).changed == changed


def test_who_had_no_place_before_is_not_changed() -> None:
    before = small.plan(
        placements=(small.placement(count=10),),
        sessions=(small.session(parts=(small.part(count=10),)),),
        published=True,
    )
    assert objectives(small.problem(), small.plan(), before).changed == 0


def test_a_wrong_claim_is_named() -> None:
    true = measured()
    problem = small.problem()
    assert check(problem, small.plan(objectives=true)).wrong == ()
    claimed = replace(true, travel_km_sum=222.0, two_in_row=1)
    report = check(problem, small.plan(objectives=claimed))
    assert [(one.name, one.claimed, one.recomputed) for one in report.wrong] == [
        ("travel_km_sum", 222.0, 222.4),
        ("two_in_row", 1, 0),
    ]
    assert not report.passed and report.violations == ()


def test_changes_are_judged_only_against_the_published_plan() -> None:
    claimed = replace(measured(), changed=3)
    problem, before = small.problem(), small.plan(published=True)
    assert check(problem, small.plan(objectives=claimed)).wrong == ()
    assert [one.name for one in check(problem, small.plan(objectives=claimed), previous=before).wrong] == ["changed"]


def test_ranges_know_who_is_in_them() -> None:
    ranges = Ranges.of(np.array([10, 0, 12]), np.array([5, 3, 1]), np.array([0, 1, 2]))
    members = np.array([0, 2, 3, 9, 10, 12, 14, 15])
    assert ranges.times(members).tolist() == [1, 1, 0, 0, 1, 2, 1, 0]
    assert ranges.at(members[[0, 2, 4, 5]]).tolist() == [1, -1, 0, 2]
    empty = Ranges.of(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
    assert empty.at(members).tolist() == [-1] * 8
    assert empty.times(members).tolist() == [0] * 8


def test_stretches_cut_at_every_boundary() -> None:
    sessions = (
        small.session(parts=(small.part(count=12),)),
        small.session("N2", parts=(small.part(first=12, count=8),)),
    )
    placements = (small.placement(count=5), small.placement(first=5, count=15))
    members = members_of(small.problem(), small.plan(placements=placements, sessions=sessions))
    assert members.cuts.tolist() == [0, 5, 12, 20]
    assert members.part.tolist() == [[0, 0, 1], [-1, -1, -1]]
