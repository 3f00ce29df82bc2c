"""Which sites to approve: covered or listed, enough capacity, the cheapest, never more than is asked for."""

from scheduling.planning.rules.problem import Form, Group, Level, Pilot, Problem, Site, Waiver
from scheduling.planning.solver.approving import UNSERVED_KM, Application, Uncovered, approve, required_pairs
from tests.scheduling.planning import small

PAPER = small.component("paper", Form.PAPER, 60)
HOMES = (small.prefecture("P1", lat=31.0), small.prefecture("P2", lat=32.0))
SCHOOLS = (small.institution("X1", prefecture="P1"), small.institution("X2", prefecture="P2"))


def problem(*groups: Group, pilots: str = "X1 X2", waivers: tuple[Waiver, ...] = ()) -> Problem:
    def site(id: str, prefecture: str, lat: float) -> Site:
        return small.site(id, prefecture=prefecture, lat=lat, approvals=(), rooms=(), workshops=())

    return small.problem(
        prefectures=HOMES,
        institutions=SCHOOLS,
        certificates=(small.certificate("C1", small.scheme(Level.INTERMEDIATE, PAPER)),),
        sites=(site("A", "P1", 31.0), site("B", "P1", 31.1), site("C", "P2", 32.0)),
        groups=groups,
        pilots=tuple(Pilot(institution=school, certificate="C1") for school in pilots.split()),
        waivers=waivers,
    )


def group(id: str, school: str, count: int) -> Group:
    return small.group(id, count, institution=school, components=("paper",))


def ask(site: str, capacity: int = 100, cost_km: float = 10.0) -> Application:
    return Application(site, "C1", capacity, cost_km)


def chosen(problem: Problem, *applications: Application) -> str:
    return "".join(one.site for one in approve(problem, applications).chosen)


def test_nothing_asked_and_nothing_needed() -> None:
    found = approve(problem(pilots=""), [])
    assert (found.chosen, found.uncovered, found.pairs, found.gap) == ((), (), 0, 0.0)


def test_every_pair_is_covered_even_without_candidates() -> None:
    assert chosen(problem(), ask("A"), ask("C")) == "AC"


def test_a_pair_that_nobody_asks_for_is_listed_by_name() -> None:
    found = approve(problem(group("G", "X2", 5)), [ask("A")])
    assert found.uncovered == (Uncovered("C1", "P2"),)
    assert [one.site for one in found.chosen] == ["A"]


def test_a_waived_pair_needs_no_site() -> None:
    waiver = Waiver(certificate="C1", prefecture="P2", reason="no school takes part this year")
    waived = problem(waivers=(waiver,))
    assert required_pairs(waived) == {("C1", "P1")}
    assert approve(waived, [ask("A")]).uncovered == ()


def test_of_two_the_cheaper_is_approved_and_a_second_only_for_capacity() -> None:
    assert chosen(problem(group("G", "X1", 50), pilots="X1"), ask("A", cost_km=10), ask("B", cost_km=900)) == "A"
    assert chosen(problem(group("G", "X1", 150), pilots="X1"), ask("A", cost_km=10), ask("B", cost_km=900)) == "AB"


def test_who_has_no_capacity_is_counted() -> None:
    found = approve(problem(group("G", "X1", 130), pilots="X1"), [ask("A")])
    assert found.unserved == 30
    assert found.value >= 30 * UNSERVED_KM
    assert found.gap == 0
