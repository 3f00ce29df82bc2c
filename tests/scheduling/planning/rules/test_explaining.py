"""Why a group is where it is: the nearer sites, what binds there, what one more place would save."""

import pytest

from scheduling.planning.rules.explaining import Explainer, NoSuchGroup
from scheduling.planning.rules.plan import Plan, UnplacedReason
from scheduling.planning.rules.problem import Form, Group, Level, Problem, Site
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning import small

PAPER = small.component("paper", Form.PAPER, 60)


def site(id: str, lat: float, seats: int) -> Site:
    rooms = (small.room("R", Form.PAPER, seats, closed=("1b", "1c", "2a", "2b", "2c")),)
    return small.site(id, lat=lat, rooms=rooms, workshops=())


def group(id: str, count: int) -> Group:
    return small.group(id, count, components=("paper",))


def problem(*sites: Site, groups: tuple[Group, ...]) -> Problem:
    return small.problem(
        certificates=(small.certificate("C1", small.scheme(Level.INTERMEDIATE, PAPER)),), sites=sites, groups=groups
    )


def said(problem: Problem, plan: Plan, group: str) -> list[str]:
    return [sentence.message % sentence.facts for sentence in Explainer(problem, plan).why(group)]


def test_the_nearest_site_needs_no_excuse() -> None:
    asked = problem(site("S1", 31.3, 30), groups=(group("G1", 10),))
    where, why = said(asked, solve(asked, processes=1), "G1")
    assert "10 人在site S1考试，距院校 0.0 公里" in where
    assert why == "这是能去的站点中最近的一个。"


def test_a_full_nearer_site_is_named_with_its_price() -> None:
    asked = problem(site("S1", 31.3, 10), site("S2", 32.3, 30), groups=(group("G1", 20),))
    sentences = said(asked, solve(asked, processes=1), "G1")
    binding = next(one for one in sentences if one.startswith("更近的site S1"))
    assert "纸笔座位已满（10/10）" in binding
    assert "111.2 公里" in binding  # a degree of latitude


def test_who_has_no_place_hears_the_reason_and_the_bottleneck() -> None:
    asked = problem(site("S1", 31.3, 10), site("S2", 32.3, 5), groups=(group("G1", 20),))
    sentences = said(asked, solve(asked, processes=1), "G1")
    assert any("5 人没有安排：能到的站点都已排满" in one for one in sentences)
    assert "瓶颈：2 个站点的纸笔座位合计 15，全部用完。" in sentences


def test_nowhere_to_go() -> None:
    asked = problem(groups=(group("G1", 3),))
    plan = solve(asked, processes=1)
    assert [one.reason for one in plan.unplaced] == [UnplacedReason.NO_SITE]
    (sentence,) = said(asked, plan, "G1")
    assert "3 人没有安排：没有站点获批" in sentence


def test_bottlenecks_come_by_price() -> None:
    asked = problem(site("S1", 31.3, 10), site("S2", 32.3, 30), groups=(group("G1", 20),))
    (only,) = Explainer(asked, solve(asked, processes=1)).bottlenecks()
    assert (only.site, only.capacity, only.used) == ("S1", 10, 10)
    assert only.saves_km == pytest.approx(111.195, abs=0.01)


def test_an_unknown_group_is_refused_by_name() -> None:
    asked = problem(groups=())
    with pytest.raises(NoSuchGroup) as refused:
        Explainer(asked, solve(asked, processes=1)).why("G9")
    assert refused.value.facts == {"group": "G9"}
