"""A plan counted for its pictures."""

from scheduling.forks.rules import pictures
from scheduling.forks.rules.pictures import Bin
from scheduling.planning.rules.plan import Assignment
from scheduling.planning.rules.problem import Duty
from tests.scheduling.planning.small import group, part, placement, plan, problem, room, session, site

FAR = site("S2", lat=31.9)  # about 67 km from the school, S1 about 11 km
PROBLEM = problem(sites=(site("S1"), FAR), groups=(group(), group("G2", 4)))
PLAN = plan(
    placements=(placement(), placement("G2", "S2", count=4)),
    sessions=(
        session(),
        session("N2", "W1", "1c", "skill"),
        session("N3", site="S2", parts=(part("G2", count=4),)),
        session("N4", "W1", "1c", "skill", site="S2", parts=(part("G2", count=4),)),
    ),
)


def test_kilometres_are_counted_by_candidates() -> None:
    found = pictures.distances(PROBLEM, PLAN)
    assert found.bins[1] == Bin(10, 20, 20)
    assert found.bins[-1] == Bin(60, 70, 4)
    assert sum(one.count for one in found.bins) == found.count == 24
    assert (round(found.p50), round(found.p95), round(found.most)) == (11, 67, 67)


def test_nobody_placed_draws_nothing() -> None:
    found = pictures.distances(PROBLEM, plan(placements=(), sessions=()))
    assert (found.bins, found.count, found.p50) == ((), 0, 0.0)
    assert pictures.duties(PLAN) == ()
    assert pictures.sites(PROBLEM, plan(placements=(), sessions=())) == ()


def test_duties_are_counted_with_the_gaps_between() -> None:
    rows = [("N1", "E1"), ("N2", "E1"), ("N3", "E1"), ("N1", "E2"), ("N2", "E3")]
    served = tuple(Assignment(session=id, person=person, duty=Duty.INVIGILATOR) for id, person in rows)
    assert pictures.duties(plan(assignments=served)) == (Bin(1, 2, 2), Bin(2, 3, 0), Bin(3, 4, 1))


def test_the_load_of_a_site_is_what_it_holds_over_all_slots() -> None:
    full, other = pictures.sites(PROBLEM, PLAN)
    assert (full.site, full.candidates, full.seats_used, full.seats) == ("S1", 20, 20, 6 * 36)
    assert (full.stations_used, full.stations) == (
        20,
        10 * ((1 + 1 + 2) * 2 - 1),
    )  # nobody comes to a station before a theory
    assert other.site == "S2"
    bare = problem(sites=(site(rooms=(room(seats=1, closed=("1a", "1b", "1c", "2a", "2b", "2c")),)),))
    assert pictures.sites(bare, plan())[0].seats == 0
