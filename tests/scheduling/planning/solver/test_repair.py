"""After publication: a lost site, late candidates; nobody else moves, or the fewest that the officer allows."""

import msgspec

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.losses import without_sites
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Form, Group, Level, Problem, Site
from scheduling.planning.solver.moving import move
from scheduling.planning.solver.repair import repair
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning import small

PAPER = small.component("paper", Form.PAPER, 60)
CERTIFICATES = (
    small.certificate("C1", small.scheme(Level.INTERMEDIATE, PAPER)),
    small.certificate("C2", small.scheme(Level.INTERMEDIATE, PAPER)),
)


def site(id: str, lat: float, seats: int, *certificates: str) -> Site:
    rooms = (small.room("R", Form.PAPER, seats, closed=("1c", "2a", "2b", "2c")),)
    approvals = tuple(small.approval(one) for one in certificates)
    return small.site(id, lat=lat, rooms=rooms, workshops=(), approvals=approvals)


def group(id: str, count: int, certificate: str = "C1") -> Group:
    return small.group(id, count, certificate=certificate, components=("paper",))


def published(*sites: Site, groups: tuple[Group, ...]) -> tuple[Problem, Plan]:
    problem = small.problem(certificates=CERTIFICATES, sites=sites, groups=groups)
    plan = solve(problem, seed=3, processes=1)
    assert check(problem, plan).passed
    return problem, msgspec.structs.replace(plan, published=True)


def test_who_lost_a_site_goes_elsewhere_and_nobody_else_moves() -> None:
    problem, plan = published(
        site("S1", 31.3, 20, "C1", "C2"),
        site("S2", 32.0, 30, "C1", "C2"),
        groups=(group("G1", 15), group("G2", 10, "C2")),
    )
    assert {one.site for one in plan.placements} == {"S1"}
    kept = msgspec.structs.replace(problem, groups=(*problem.groups, group("G3", 12)))
    plan = solve(kept, seed=3, processes=1)
    done = repair(kept, msgspec.structs.replace(plan, published=True), lost=["S1"])
    assert not done.unplaced
    assert done.others_moved == 0
    assert {one.site for one in done.plan.placements} == {"S2"}
    assert check(done.problem, done.plan, previous=plan).passed


def test_without_room_the_lost_are_listed_and_others_stay() -> None:
    problem, plan = published(
        site("S1", 31.3, 20, "C1"), site("S2", 33.0, 10, "C1"), groups=(group("G1", 40), group("G2", 10))
    )
    done = repair(problem, plan, lost=["S1"])
    stood = {(one.group, one.site, one.first, one.count) for one in plan.placements if one.site == "S2"}
    assert stood <= {(one.group, one.site, one.first, one.count) for one in done.plan.placements}
    assert sum(one.count for one in done.unplaced) == 40 + 10 - 20
    assert check(done.problem, done.plan, previous=plan).passed


def test_others_are_moved_only_as_far_as_allowed() -> None:
    """C2 may sit at S2 only; S2 is full of C1, who could go to S3: one chain, ten people."""
    problem, plan = published(
        site("S1", 31.3, 10, "C2"), site("S2", 31.4, 10, "C1", "C2"), site("S3", 34.0, 10, "C1"),
        groups=(group("G1", 20), group("G2", 20, "C2")),
    )  # fmt: skip
    assert {(one.group, one.site) for one in plan.placements} == {("G1", "S2"), ("G2", "S1")}
    assert sum(one.count for one in repair(problem, plan, lost=["S1"]).unplaced) == 20
    assert sum(one.count for one in repair(problem, plan, lost=["S1"], most_moved=19).unplaced) == 20
    done = repair(problem, plan, lost=["S1"], most_moved=20)
    assert (sum(one.count for one in done.unplaced), done.others_moved) == (0, 20)
    assert check(done.problem, done.plan, previous=plan, moved_at_most=20).passed


def test_the_fewest_unplaced_come_before_the_fewest_moves() -> None:
    problem, plan = published(
        site("S1", 31.3, 10, "C2"), site("S2", 31.4, 10, "C1", "C2"), site("S3", 34.0, 8, "C1"),
        groups=(group("G1", 20), group("G2", 20, "C2")),
    )  # fmt: skip
    moved = move(without_sites(problem, {"S1"}), plan, {"S1"})
    assert (moved.others, sum(one.count for one in moved.unplaced)) == (16, 4)


def test_late_candidates_move_nobody() -> None:
    problem, plan = published(site("S1", 31.3, 20, "C1"), site("S2", 32.0, 30, "C1"), groups=(group("G1", 30),))
    later = msgspec.structs.replace(problem, groups=(*problem.groups, group("G9", 12)))
    done = repair(later, plan)
    before = {(one.group, one.site, one.first) for one in plan.placements}
    assert before <= {(one.group, one.site, one.first) for one in done.plan.placements}
    assert sum(one.count for one in done.to_notify) == 12
    assert check(done.problem, done.plan, previous=plan).passed


def test_a_session_of_a_lost_site_leaves_no_team_behind() -> None:
    """New sessions may be numbered like lost ones; the teams of the lost ones must not come with the number."""
    people = tuple(small.person(f"E{n}", lat=31.3) for n in range(8))
    problem = small.problem(
        certificates=CERTIFICATES,
        sites=(site("S1", 31.3, 20, "C1"), site("S2", 31.4, 30, "C1")),
        groups=(group("G1", 15), group("G2", 10)),
        staff=people,
    )
    plan = msgspec.structs.replace(solve(problem, seed=3, processes=1), published=True)
    assert {one.site for one in plan.sessions} == {"S1"}
    done = repair(problem, plan, lost=["S1"])
    assert check(done.problem, done.plan, previous=plan).violations == ()


def test_newcomers_do_not_join_a_team_that_is_related_to_them() -> None:
    people = (
        *(small.person(f"E{n}", lat=31.3) for n in range(4)),
        *(small.person(f"F{n}", lat=31.3, institution="X1") for n in range(4)),
    )
    problem = small.problem(
        certificates=CERTIFICATES, sites=(site("S1", 31.3, 20, "C1"),), groups=(group("G1", 5),), staff=people
    )
    plan = msgspec.structs.replace(solve(problem, seed=3, processes=1), published=True)
    late = msgspec.structs.replace(group("G9", 4), institution="X1")
    later = msgspec.structs.replace(problem, groups=(*problem.groups, late))
    done = repair(later, plan)
    assert sum(one.count for one in done.plan.sessions) == 9
    assert len(done.plan.sessions) == 2
    assert check(done.problem, done.plan, previous=plan).violations == ()
