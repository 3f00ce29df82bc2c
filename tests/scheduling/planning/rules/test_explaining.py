"""Why a group is where it is: the nearer sites, what binds there, what one more place would save."""

from datetime import date

import pytest
from msgspec.structs import replace

from scheduling.planning.rules.explaining import Explainer, NoSuchGroup
from scheduling.planning.rules.plan import Plan, UnplacedReason
from scheduling.planning.rules.problem import Form, Group, Level, Pin, Problem, Rules, Site
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


def keeps_away(asked: Problem, group: str = "G1") -> list[str]:
    """What is said of the nearer sites of the first stay, or of those of who is left out."""
    found = Explainer(asked, solve(asked, processes=1)).explain(group)
    sites = found.stays[0].nearer if found.stays else found.left[0].sites
    return [one.sentences[0].message % one.sentences[0].facts for one in sites]


def far() -> Site:
    return site("S9", 32.3, 30)


def test_the_room_and_its_days_are_named() -> None:
    asked = problem(site("S1", 31.3, 10), far(), groups=(group("G1", 20),))
    assert "R：11-28的 1 个时段全部排满，共 10 人。" in said(asked, solve(asked, processes=1), "G1")


def test_a_nearer_site_that_may_not_take_the_group_says_why() -> None:
    level = small.site("S1", lat=31.3, approvals=(small.approval(levels=(Level.ADVANCED,)),), workshops=())
    late = small.site("S2", lat=31.3, approvals=(small.approval(valid_from=date(2027, 1, 1)),), workshops=())
    empty = small.site("S3", lat=31.3, rooms=(), workshops=())
    shut = small.site(
        "S4", lat=31.3, rooms=(small.room("R", Form.PAPER, 9, closed=("1a",)),), workshops=(),
        closed=("1b", "1c", "2a", "2b", "2c"),
    )  # fmt: skip
    assert keeps_away(problem(level, late, empty, shut, far(), groups=(group("G1", 20),))) == [
        "site S1（0.0 公里）没有获批这个等级的“paper”。",
        "site S2（0.0 公里）的资格不在考期内有效，考不了“paper”。",
        "site S3（0.0 公里）没有登记可考“paper”的考场或工位。",
        "site S4（0.0 公里）在考期内关闭，考不了“paper”。",
    ]


def test_the_limit_and_the_province_are_named() -> None:
    asked = problem(far(), groups=(group("G1", 20),))
    near = replace(asked, rules=Rules(travel_limit_km=50))
    assert keeps_away(near) == ["site S9（111.2 公里）超出行程上限 50 公里。"]
    own = replace(
        asked,
        rules=Rules(other_province=False),
        prefectures=(small.prefecture(), small.prefecture("P9", province="32")),
        sites=(replace(far(), prefecture="P9"),),
    )
    assert keeps_away(own) == ["site S9（111.2 公里）在外省，规则不允许跨省考试。"]


def test_a_pin_is_named_and_a_group_split_over_two_pins_is_explained_at_both() -> None:
    def held(id: str, where: str) -> Pin:
        return Pin(id=id, author="王", reason="约定", group="G1", site=where, count=10)

    asked = problem(site("S1", 31.3, 30), site("S2", 31.4, 30), far(), groups=(group("G1", 20),))
    asked = replace(asked, pins=(held("1", "S2"), held("2", "S9")))
    found = Explainer(asked, solve(asked, processes=1)).explain("G1")
    assert [(one.site, one.count, one.pin, len(one.nearer)) for one in found.stays] == [
        ("S2", 10, "1", 1),
        ("S9", 10, "2", 2),
    ]
    assert found.stays[1].km == pytest.approx(111.195, abs=0.01)
    (only,) = found.stays[0].nearer
    assert only.sentences[0].message % only.sentences[0].facts == (
        "更近的site S1（0.0 公里）：这一组由固定项 1 固定在别处。"
    )


def test_a_bottleneck_names_whom_it_concerns() -> None:
    asked = problem(site("S1", 31.3, 10), far(), groups=(group("G1", 20),))
    (only,) = Explainer(asked, solve(asked, processes=1)).bottlenecks()
    ((name, count, km),) = only.concerned
    assert (name, count) == ("G1", 10)
    assert km == pytest.approx(111.195, abs=0.01)


def test_the_bound_is_told_with_the_travel() -> None:
    asked = problem(site("S1", 31.3, 10), far(), groups=(group("G1", 20),))
    sentence = Explainer(asked, solve(asked, processes=1)).travel()
    assert sentence is not None
    assert sentence.facts == {"total": "1112.0", "least": "1111.9", "over": "0.00%"}
    assert Explainer(small.problem(), small.plan()).travel() is None
