"""What is still free at a site, component after component, and which one is stuck."""

from scheduling.planning.rules.explaining import Explainer
from scheduling.planning.rules.filling import Filling
from scheduling.planning.rules.naming import PlainNames
from scheduling.planning.rules.plan import Kind, Plan, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Problem
from tests.scheduling.planning import small


def stuck(problem: Problem, plan: Plan) -> tuple[list[tuple[str, str, int]], str | None]:
    free, missing = Filling(problem, plan).way(problem.sites[0], problem.groups[0])
    return [(part.id, slot.id, seats) for part, _, slot, seats in free], missing.id if missing else None


def empty(problem: Problem) -> Plan:
    return small.plan(problem, placements=(), sessions=())


def test_an_empty_site_has_a_way_in_order() -> None:
    problem = small.problem()
    assert stuck(problem, empty(problem)) == ([("theory", "1a", 36), ("skill", "1b", 10)], None)


def test_seats_left_beside_the_same_exam_count_and_beside_another_do_not() -> None:
    problem = small.problem(sites=(small.site(rooms=(small.room(closed=("1b", "1c", "2a", "2b", "2c")),)),))
    same = small.session(parts=(small.part(count=20),))
    assert stuck(problem, small.plan(sessions=(same,)))[0][0] == ("theory", "1a", 16)
    other = small.session(component="another", parts=(small.part(count=20),))
    assert stuck(problem, small.plan(sessions=(other,))) == ([], "theory")


def test_stations_left_in_a_slot_count() -> None:
    problem = small.problem()
    held = small.session("N2", "W1", "1b", "skill", parts=(small.part(count=7),))
    assert stuck(problem, small.plan(sessions=(held,)))[0][1] == ("skill", "1b", 3)


def test_the_component_that_finds_nothing_after_the_one_before_is_stuck() -> None:
    shop = small.workshop(closed=("1b", "1c", "2a", "2b", "2c"))  # open only before any theory has ended
    problem = small.problem(sites=(small.site(workshops=(shop,)),))
    assert stuck(problem, empty(problem))[1] == "skill"
    told = [one.message % one.facts for one in Filling(problem, empty(problem)).told(
        PlainNames(problem), problem.sites[0], problem.groups[0]
    )]  # fmt: skip
    assert told == [
        "“theory”：R1最早空在 2026-11-28 08:30，可坐 36 人。",
        "W1：11-28的 1 个时段用了 0 个，共 0 人；空着的最早是 2026-11-28 08:30。",
    ]
    left = Unplaced(group="G1", first=0, count=20, reason=UnplacedReason.TIME)
    (only,) = Explainer(problem, small.plan(placements=(), sessions=(), unplaced=(left,))).bottlenecks()
    assert (only.site, only.kind, only.saves_km, only.left) == ("S1", Kind.PRACTICAL, 0.0, (("G1", 20),))


def test_a_closed_site_has_no_way() -> None:
    problem = small.problem(sites=(small.site(closed=("1a", "1b", "1c", "2a", "2b", "2c")),))
    assert stuck(problem, empty(problem)) == ([], "theory")
