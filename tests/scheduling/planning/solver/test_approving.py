"""Which sites to approve: covered or listed, enough capacity, the cheapest, never more than is asked for."""

from datetime import date
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from scheduling.planning.rules.approvals import UNSERVED_KM, Uncovered, UncoveredReason
from scheduling.planning.rules.approving import required_pairs
from scheduling.planning.rules.checking.approvals import check_approvals
from scheduling.planning.rules.problem import Application, Form, Group, Level, Pilot, Problem, Site, Waiver
from scheduling.planning.rules.serial import approvals_bytes
from scheduling.planning.solver.approving import approve
from scheduling.planning.solver.approving_worth import propose
from tests.scheduling.planning import small

PAPER = small.component("paper", Form.PAPER, 60)
HOMES = (small.prefecture("P1", lat=31.0), small.prefecture("P2", lat=32.0))
SCHOOLS = (small.institution("X1", prefecture="P1"), small.institution("X2", prefecture="P2"))
DEGREE_KM = 111.195  # of latitude


def problem(
    *groups: Group, applications: tuple[Application, ...] = (), pilots: str = "X1 X2", **changes: Any
) -> Problem:
    def site(id: str, prefecture: str, lat: float) -> Site:
        return small.site(id, prefecture=prefecture, lat=lat, approvals=(), rooms=(), workshops=())

    values: dict[str, Any] = {
        "prefectures": HOMES,
        "institutions": SCHOOLS,
        "certificates": (
            small.certificate("C1", small.scheme(Level.INTERMEDIATE, PAPER), small.scheme(Level.ADVANCED, PAPER)),
        ),
        "sites": (site("A", "P1", 31.0), site("B", "P1", 31.1), site("C", "P2", 32.0)),
        "groups": groups,
        "pilots": tuple(Pilot(institution=school, certificate="C1") for school in pilots.split()),
        "applications": applications,
    }
    return small.problem(**values | changes)


def group(id: str, school: str, count: int, **changes: Any) -> Group:
    return small.group(id, count, institution=school, components=("paper",), **changes)


def ask(site: str, capacity: int | None = 100, cost_km: float = 10.0, **changes: Any) -> Application:
    return Application(id=site, site=site, certificate="C1", capacity=capacity, cost_km=cost_km, **changes)


def approved_already(problem: Problem, id: str, **changes: Any) -> Problem:
    """The same with a site that is approved and has a room of paper seats."""
    room = small.room(form=Form.PAPER, seats=10)
    return replace(
        problem,
        sites=tuple(
            replace(one, approvals=(small.approval(**changes),), rooms=(room,)) if one.id == id else one
            for one in problem.sites
        ),
    )


def chosen(problem: Problem) -> str:
    return "".join(one.site for one in approve(problem).chosen)


def test_nothing_asked_and_nothing_needed() -> None:
    found = approve(problem(pilots=""))
    assert (found.chosen, found.uncovered, found.pairs, found.gap) == ((), (), 0, 0.0)


def test_every_pair_is_covered_even_without_candidates() -> None:
    assert chosen(problem(applications=(ask("A"), ask("C")))) == "AC"


def test_of_two_in_a_prefecture_without_candidates_the_cheaper_covers() -> None:
    assert chosen(problem(applications=(ask("A", cost_km=90), ask("B", cost_km=80), ask("C")))) == "BC"


def test_a_pair_that_nobody_asks_for_is_listed_by_name() -> None:
    found = approve(problem(group("G", "X2", 5), applications=(ask("A"),)))
    left = Uncovered(certificate="C1", prefecture="P2", reason=UncoveredReason.NO_APPLICANT)
    assert found.uncovered == (left,)
    assert [one.site for one in found.chosen] == ["A"]


def test_an_application_for_other_days_covers_nothing() -> None:
    late = ask("C", valid_from=date(2027, 1, 1))
    found = approve(problem(applications=(ask("A"), late)))
    assert [one.reason for one in found.uncovered] == [UncoveredReason.OTHER_DAYS]
    assert [one.site for one in found.chosen] == ["A"]


def test_a_waived_pair_needs_no_site() -> None:
    waiver = Waiver(certificate="C1", prefecture="P2", reason="no school takes part this year")
    waived = problem(waivers=(waiver,), applications=(ask("A"),))
    assert required_pairs(waived) == {("C1", "P1")}
    assert approve(waived).uncovered == ()


def test_what_is_approved_already_covers_and_serves_before_anything_is_added() -> None:
    base = problem(group("G", "X1", 30), applications=(ask("A"), ask("B"), ask("C")))
    assert chosen(approved_already(base, "A")) == "C"  # 10 seats in 6 slots: 60 candidates
    assert chosen(approved_already(base, "A", valid_to=date(2026, 1, 1))) == "AC"
    crowded = replace(base, groups=(group("G", "X1", 70),))
    assert propose(approved_already(crowded, "A")).approve[-1].covers == ("P2",)
    assert [one.short_by for one in propose(approved_already(crowded, "A")).approve] == [0, 0]
    only_near = replace(crowded, applications=(ask("B"),), pilots=())
    assert [one.short_by for one in propose(approved_already(only_near, "A")).approve] == [10]


def test_of_two_the_cheaper_is_approved_and_a_second_only_for_capacity() -> None:
    two = (ask("A", cost_km=10), ask("B", cost_km=900))
    assert chosen(problem(group("G", "X1", 50), pilots="X1", applications=two)) == "A"
    assert chosen(problem(group("G", "X1", 150), pilots="X1", applications=two)) == "AB"


def test_a_site_takes_only_the_levels_and_forms_it_has_asked_for() -> None:
    advanced = group("G", "X1", 20, level=Level.ADVANCED)
    for wrong in ({"levels": (Level.INTERMEDIATE,)}, {"forms": (Form.COMPUTER,)}):
        found = approve(problem(advanced, pilots="X1", applications=(ask("A", **wrong),)))
        assert (found.unserved, [one.site for one in found.chosen]) == (20, ["A"])  # it covers, and takes nobody
    both = (ask("A", levels=(Level.INTERMEDIATE,)), ask("B", cost_km=500, levels=(Level.ADVANCED,)))
    assert chosen(problem(advanced, group("H", "X1", 20), pilots="X1", applications=both)) == "AB"


def test_a_capacity_that_is_not_given_is_what_the_rooms_hold() -> None:
    rooms = (small.room(form=Form.PAPER, seats=20, spare=5),)
    found = problem(group("G", "X1", 100), pilots="X1", applications=(ask("A", capacity=None),))
    furnished = replace(found, sites=(replace(found.sites[0], rooms=rooms), *found.sites[1:]))
    assert approve(furnished).unserved == 100 - 15 * len(found.slots)
    assert approve(found).unserved == 100  # without rooms it covers, and takes nobody


def test_who_has_no_capacity_is_counted() -> None:
    full = problem(group("G", "X1", 130), pilots="X1", applications=(ask("A"),))
    found = approve(full)
    assert found.unserved == 30
    assert found.value >= 30 * UNSERVED_KM
    assert found.gap == 0
    made = propose(full)
    assert [(one.province, one.count) for one in made.short] == [("31", 30)]
    assert [one.short_by for one in made.approve] == [100]  # without it all 130 are short


def test_each_is_said_what_it_is_for() -> None:
    applications = (ask("A", 100, 10), ask("B", 100, 500), ask("C", 100, 10))
    found = propose(problem(group("G", "X1", 150), group("H", "X2", 20), applications=applications))
    a, b, c = found.approve
    assert (a.covers, b.covers, c.covers) == (("P1",), ("P1",), ("P2",))  # nothing stands there yet: both cover it
    assert (a.short_by, b.short_by, c.short_by) == (0, 0, 0)
    assert a.saves_km == pytest.approx((50 * 0.1 + 50) * DEGREE_KM, abs=1)  # 50 more to B, 50 to C
    assert b.saves_km == pytest.approx(50 * 0.9 * DEGREE_KM, abs=1)  # 50 from B to C
    assert c.saves_km == pytest.approx(20 * 0.9 * DEGREE_KM, abs=1)  # 20 from C to B
    assert found.opening_km == 520


def test_what_is_not_worth_its_cost_says_what_it_would_save() -> None:
    applications = (ask("A", 100, 10), ask("C", 100, 5000))
    found = propose(problem(group("G", "X2", 20), pilots="X1", applications=applications))
    assert [one.application for one in found.approve] == ["A"]
    (spare,) = found.not_needed
    assert spare.saves_km == pytest.approx(20 * DEGREE_KM, abs=1)
    cheap = propose(problem(group("G", "X2", 20), pilots="X1", applications=(ask("A", 100, 10), ask("C", 100, 2000))))
    assert [one.application for one in cheap.approve] == ["A", "C"]


def test_of_two_that_cost_nothing_one_that_changes_nothing_is_left_out() -> None:
    applications = (ask("A", 100, 0), ask("B", 100, 0), ask("C", 100, 0))
    found = propose(problem(group("G", "X1", 20), pilots="", applications=applications))
    assert [one.application for one in found.approve] == ["A"]


@pytest.mark.parametrize("seed", range(8))
def test_a_shuffled_file_has_the_same_objective_and_the_answer_passes_its_check(seed: int) -> None:
    rng = Random(f"{seed} applications")
    applications = tuple(
        Application(
            id=f"A{number}", site=rng.choice("ABC"), certificate="C1", capacity=rng.choice((10, 40, None)),
            cost_km=float(rng.choice((0, 100, 900))), levels=rng.choice(((), (Level.ADVANCED,))),
        )
        for number in range(7)
    )  # fmt: skip
    groups = tuple(
        group(f"G{number}", rng.choice(("X1", "X2")), rng.randint(1, 60), level=rng.choice(list(Level)[1:]))
        for number in range(5)
    )
    asked = problem(*groups, applications=applications)
    found = propose(asked)
    report = check_approvals(asked, found)
    assert (report.wrong, report.same_problem, len(report.violations)) == ((), True, len(found.uncovered))
    assert found.gap < 1e-6
    shuffled = replace(
        asked,
        applications=tuple(rng.sample(applications, 7)),
        groups=tuple(rng.sample(groups, 5)),
        sites=tuple(rng.sample(asked.sites, 3)),
    )
    assert propose(shuffled).objective_km == pytest.approx(found.objective_km, abs=0.01)
    assert approvals_bytes(propose(asked)) == approvals_bytes(found)
