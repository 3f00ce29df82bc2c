"""After publication: a lost site, late candidates; nobody else moves, or the fewest that the officer allows."""

from random import Random

import msgspec
import pytest

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.losses import Away, Losses, LostPlace, LostSite, NotThere, Withdrawn, without_sites
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Form, Group, Level, Pin, Problem, Room, Site
from scheduling.planning.solver.moving import move
from scheduling.planning.solver.repair import Repaired, repair
from scheduling.planning.solver.solve import solve
from tests.scheduling.planning import small
from tests.scheduling.planning.random_problems import random_problem

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
    half = repair(problem, plan, lost=["S1"], most_moved=19)  # rooms are not mixed: nine would empty none
    assert (sum(one.count for one in half.unplaced), half.others_moved) == (10, 10)
    assert repair(problem, plan, lost=["S1"], most_moved=9).others_moved == 0
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


# -------------------------------------------------------------------- less than a site


def flooded(*rooms: Room, losses: Losses, groups: tuple[Group, ...], **more: object) -> tuple[Plan, Repaired]:
    """A site with these rooms, published, and repaired after losses."""
    place = small.site(
        "S1", lat=31.3, rooms=rooms, workshops=(), approvals=(small.approval("C1"), small.approval("C2"))
    )
    problem = small.problem(certificates=CERTIFICATES, sites=(place,), groups=groups, **more)
    plan = msgspec.structs.replace(solve(problem, seed=3, processes=1), published=True)
    assert not plan.unplaced
    done = repair(problem, plan, losses=losses)
    assert check(done.problem, done.plan, previous=done.before).violations == ()
    return plan, done


def paper_room(id: str, seats: int, **changes: object) -> Room:
    return small.room(id, Form.PAPER, seats, **changes)


def wheres(plan: Plan) -> dict[str, tuple[str, str, str, str]]:
    return {one.id: (one.site, one.place, one.slot, one.paper) for one in plan.sessions}


def test_who_sat_in_a_flooded_room_sits_in_another_at_the_same_time() -> None:
    """The smallest room that holds them; the same session, time, paper and team."""
    people = tuple(small.person(f"E{n}", lat=31.3) for n in range(4))
    rooms = (paper_room("R1", 20), paper_room("R2", 30), paper_room("R3", 25), paper_room("R4", 15))
    whole = small.site("S1", lat=31.3, rooms=rooms, workshops=(), approvals=(small.approval("C1"),))
    problem = small.problem(certificates=CERTIFICATES, sites=(whole,), groups=(group("G1", 20),), staff=people)
    plan = msgspec.structs.replace(solve(problem, seed=3, processes=1), published=True)
    [(id, before)] = wheres(plan).items()
    done = repair(problem, plan, losses=Losses(places=(LostPlace(site="S1", place=before[1]),)))
    [(same, after)] = wheres(done.plan).items()
    assert after[1] == ("R3" if before[1] == "R1" else "R1")
    assert (id, before[0], before[2:]) == (same, after[0], after[2:])
    assert done.plan.assignments == plan.assignments
    assert done.plan.standby == plan.standby
    assert done.others_moved == 0


def test_without_one_room_the_members_share_smaller_ones_at_the_same_time() -> None:
    losses = Losses(places=(LostPlace(site="S1", place="R1"),))
    rooms = (paper_room("R1", 20), paper_room("R2", 12), paper_room("R3", 12))
    plan, done = flooded(*rooms, losses=losses, groups=(group("G1", 20),))
    assert {one.slot for one in done.plan.sessions} == {one.slot for one in plan.sessions}
    assert {one.place for one in done.plan.sessions} == {"R2", "R3"}


def test_a_flooded_room_without_another_is_used_later_with_its_team() -> None:
    people = tuple(small.person(f"E{n}", lat=31.3) for n in range(4))
    slots = tuple(one.id for one in small.slots() if one.day == small.DAY)
    losses = Losses(places=(LostPlace(site="S1", place="R1", slots=slots),))
    plan, done = flooded(
        paper_room("R1", 20, closed=("2b", "2c")), losses=losses, groups=(group("G1", 20),), staff=people
    )
    assert wheres(done.plan) == {"N000001": ("S1", "R1", "2a", "B")}
    assert done.plan.assignments == plan.assignments
    assert sum(one.count for one in done.to_notify) == 20


def test_a_lost_room_of_one_component_leaves_the_other_alone() -> None:
    """Theory in the morning, practical in the third window: the flooded computer room is left for the other one."""
    site = small.site(rooms=(small.room(), small.room("R2", seats=30)))
    problem = small.problem(sites=(site,))
    plan = msgspec.structs.replace(small.plan(problem), published=True)
    done = repair(problem, plan, losses=Losses(places=(LostPlace(site="S1", place="R1"),)))
    assert [(one.place, one.slot, one.component) for one in done.plan.sessions] == [
        ("R2", "1a", "theory"),
        ("W1", "1c", "skill"),
    ]


def test_a_component_moves_within_the_order_of_the_others() -> None:
    """The practical stays in 1c of the first day: theory goes before it, not to the next morning."""
    site = small.site(rooms=(small.room(closed=("1b",)), small.room("R2", closed=("1a",))))
    problem = small.problem(sites=(site,))
    plan = msgspec.structs.replace(small.plan(problem), published=True)
    done = repair(problem, plan, losses=Losses(places=(LostPlace(site="S1", place="R1"),)))
    assert [(one.place, one.slot) for one in done.plan.sessions] == [("R2", "1b"), ("W1", "1c")]
    assert check(done.problem, done.plan, previous=plan).violations == ()


def test_a_lost_day_moves_everything_to_the_other_day() -> None:
    problem = small.problem()
    plan = msgspec.structs.replace(small.plan(problem), published=True)
    done = repair(problem, plan, losses=Losses(sites=(LostSite(site="S1", slots=("1a", "1b", "1c")),)))
    assert {one.slot[0] for one in done.plan.sessions} == {"2"}
    assert done.unplaced == ()
    assert check(done.problem, done.plan, previous=plan).violations == ()


def test_what_is_past_is_neither_lost_nor_used() -> None:
    """Theory is over when the workshop is lost: who sat it cannot go elsewhere, and is named."""
    problem = small.problem(sites=(small.site(), small.site("S2", lat=31.5)))
    plan = msgspec.structs.replace(small.plan(problem), published=True)
    done = repair(problem, plan, losses=Losses(places=(LostPlace(site="S1", place="W1"),)), past=("1a",))
    assert [(one.group, one.count, one.reason) for one in done.unplaced] == [("G1", 20, "time")]
    late = msgspec.structs.replace(problem, groups=(*problem.groups, small.group("G9", 5)))
    done = repair(late, plan, past=("1a", "1b"))
    assert all(one.slot not in ("1a", "1b") for one in done.plan.sessions if one.id not in plan.session)
    assert done.plan.session["N1"] == plan.session["N1"]


def test_late_members_of_a_known_group_move_nobody() -> None:
    problem = small.problem()
    plan = msgspec.structs.replace(small.plan(problem), published=True)
    more = msgspec.structs.replace(problem, groups=(small.group(count=26),))
    done = repair(more, plan)
    assert [(one.group, one.first, one.count) for one in done.to_notify] == [("G1", 20, 6)]
    assert done.plan.objectives is not None
    assert done.plan.objectives.changed == 0
    assert check(done.problem, done.plan, previous=plan).violations == ()


def test_late_candidates_do_not_take_the_place_of_who_lost_one() -> None:
    problem, plan = published(
        site("S1", 31.3, 20, "C1"), site("S2", 33.0, 10, "C1"), groups=(group("G1", 10), group("G2", 5))
    )
    later = msgspec.structs.replace(problem, groups=(*problem.groups, group("G0", 30)))
    done = repair(later, plan, lost=["S1"])
    assert {one.group for one in done.unplaced} == {"G0"}


def test_who_withdraws_leaves_everybody_else_where_they_were() -> None:
    people = tuple(small.person(f"E{n}", lat=31.3) for n in range(6))
    losses = Losses(withdrawn=(Withdrawn(group="G1", first=2, count=3), Withdrawn(group="G2")))
    rooms = (paper_room("R1", 40), paper_room("R2", 40))
    groups = (group("G1", 40), group("G2", 4, "C2"))
    plan, done = flooded(*rooms, losses=losses, groups=groups, staff=people)
    assert [(one.id, one.count) for one in done.problem.groups] == [("G1", 37)]
    [left] = done.plan.sessions
    assert (left.count, wheres(plan)[left.id]) == (37, wheres(done.plan)[left.id])
    assert {one.person for one in done.plan.assignments} == {
        one.person for one in plan.assignments if one.session == left.id
    }


def test_somebody_with_two_exams_finds_a_place_between_them() -> None:
    """Q sits C1 at S1 in 1a and C2 at S2 in 1c; without S2 there is S1 for both, but not at the same time."""
    problem = small.problem(
        certificates=CERTIFICATES,
        sites=(
            small.site("S1", rooms=(paper_room("R1", 5), paper_room("R2", 5)), workshops=(),
                       approvals=(small.approval("C1"), small.approval("C2"))),
            small.site("S2", rooms=(paper_room("R1", 5),), workshops=(), approvals=(small.approval("C2"),)),
        ),
        groups=(
            msgspec.structs.replace(group("Q1", 1), person="Q"),
            msgspec.structs.replace(group("Q2", 1, "C2"), person="Q"),
        ),
    )  # fmt: skip
    plan = small.plan(
        problem,
        published=True,
        placements=(small.placement("Q1", "S1", 0, 1), small.placement("Q2", "S2", 0, 1)),
        sessions=(
            small.session("N1", "R1", "1a", "paper", parts=(small.part("Q1", 0, 1),)),
            small.session("N2", "R1", "1c", "paper", site="S2", certificate="C2", parts=(small.part("Q2", 0, 1),)),
        ),
    )
    assert check(problem, plan).violations == ()
    done = repair(problem, plan, lost=["S2"])
    assert {(one.group, one.site) for one in done.plan.placements} == {("Q1", "S1"), ("Q2", "S1")}
    assert check(done.problem, done.plan, previous=plan).violations == ()


def test_who_is_pinned_to_a_lost_site_goes_elsewhere() -> None:
    problem, _ = published(site("S1", 31.3, 20, "C1"), site("S2", 32.0, 30, "C1"), groups=(group("G1", 15),))
    pinned = msgspec.structs.replace(problem, pins=(Pin(id="p1", author="Li", reason="agreed", group="G1", site="S1"),))
    plan = solve(pinned, seed=3, processes=1)
    done = repair(pinned, plan, lost=["S1"])
    assert done.unplaced == ()
    assert check(done.problem, done.plan, previous=plan).violations == ()


def test_an_ill_assessor_is_replaced_and_nobody_else_moves() -> None:
    people = tuple(small.person(f"E{n}") for n in range(6))
    problem = small.problem(staff=people)
    plan = msgspec.structs.replace(solve(problem, seed=1, processes=1), published=True)
    ill = plan.assignments[0].person
    done = repair(problem, plan, losses=Losses(people=(Away(person=ill),)))
    theirs = [one for one in plan.assignments if one.person == ill]
    stood = [one for one in plan.assignments if one.person != ill]
    assert theirs
    assert set(stood) <= set(done.plan.assignments)
    assert len(done.plan.assignments) == len(plan.assignments)
    assert done.plan.sessions == plan.sessions
    assert done.open == ()
    assert check(done.problem, done.plan, previous=plan).violations == ()
    later = repair(problem, plan, losses=Losses(people=(Away(person=ill),)), past=tuple(problem.slot))
    assert later.plan.assignments == plan.assignments


def test_a_loss_of_what_is_not_there_is_refused() -> None:
    problem = small.problem()
    for losses in (
        Losses(sites=(LostSite(site="S9"),)),
        Losses(sites=(LostSite(site="S1", slots=("9z",)),)),
        Losses(places=(LostPlace(site="S1", place="R9"),)),
        Losses(people=(Away(person="E9"),)),
        Losses(withdrawn=(Withdrawn(group="G9"),)),
    ):
        with pytest.raises(NotThere):
            repair(problem, small.plan(), losses=losses)


def test_nothing_lost_changes_nothing() -> None:
    people = tuple(small.person(f"E{n}") for n in range(6))
    problem = small.problem(staff=people)
    plan = msgspec.structs.replace(solve(problem, seed=1, processes=1), published=True)
    done = repair(problem, plan)
    assert (done.plan.sessions, done.plan.assignments, done.plan.standby) == (
        plan.sessions, plan.assignments, plan.standby
    )  # fmt: skip
    assert done.to_notify == done.unplaced == ()


@pytest.mark.parametrize("seed", [*range(40), 144, 171, 172, 190, 304, 333, 345, 645, 1040, 1146])
def test_random_losses_leave_everybody_else_where_they_were(seed: int) -> None:
    problem, rng = random_problem(seed), Random(f"{seed} losses")
    plan = msgspec.structs.replace(solve(problem, seed=seed, processes=1), published=True)
    spots = sorted({(one.site, one.place) for one in plan.sessions})
    slots = tuple(sorted(rng.sample(sorted(problem.slot), rng.randint(1, len(problem.slots)))))
    losses = Losses(
        sites=(LostSite(site=rng.choice(problem.sites).id, slots=slots),) if rng.random() < 0.5 else (),
        places=tuple(LostPlace(site=site, place=place) for site, place in rng.sample(spots, min(1, len(spots)))),
        people=tuple(Away(person=one.id, slots=slots) for one in rng.sample(problem.staff, min(1, len(problem.staff)))),
        withdrawn=(Withdrawn(group=rng.choice(problem.groups).id, count=1),) if rng.random() < 0.3 else (),
    )
    most = rng.choice((0, 0, 12))
    done = repair(problem, plan, losses=losses, most_moved=most)
    report = check(done.problem, done.plan, previous=done.before, moved_at_most=most)
    assert [(one.h, one.where, one.what % one.facts) for one in report.violations] == []
    assert report.wrong == ()
    assert done.others_moved <= most
