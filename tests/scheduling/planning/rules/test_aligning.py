"""The members of two plans are numbered alike: who can stay stays."""

from msgspec.structs import replace

from scheduling.planning.rules.aligning import aligned, sites_of
from scheduling.planning.rules.checking import check
from scheduling.planning.rules.plan import Unplaced, UnplacedReason
from tests.scheduling.planning.small import part, placement, plan, problem, session, site

SITES = (site("S1"), site("S2", institution="X3"))
BEFORE = plan(
    placements=(placement(count=12), placement(site="S2", first=12, count=8)),
    sessions=(
        session(parts=(part(count=12),)),
        session("N2", "W1", "1c", "skill", parts=(part(count=12),)),
        session("N3", site="S2", parts=(part(first=12, count=8),)),
        session("N4", "W1", "1c", "skill", site="S2", parts=(part(first=12, count=8),)),
    ),
)
# the same people the other way round, and two of them without a place
AFTER = plan(
    placements=(placement(site="S2", count=10), placement(first=10, count=8)),
    unplaced=(Unplaced(group="G1", first=18, count=2, reason=UnplacedReason.CAPACITY),),
    sessions=(
        session(parts=(part(first=10, count=8),)),
        session("N2", "W1", "1c", "skill", parts=(part(first=10, count=8),)),
        session("N3", site="S2", parts=(part(count=10),)),
        session("N4", "W1", "1c", "skill", site="S2", parts=(part(count=10),)),
    ),
)


def test_as_many_as_possible_stay() -> None:
    before, after = sites_of(BEFORE)["G1"], sites_of(aligned(AFTER, BEFORE))["G1"]
    assert after.count("S1") == 8
    assert after.count("S2") == 10
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 4


def test_the_plan_stays_valid_and_a_plan_like_itself_is_left_alone() -> None:
    known = problem(sites=SITES)
    assert check(known, AFTER).violations == ()
    assert check(known, aligned(AFTER, BEFORE)).violations == ()
    assert aligned(BEFORE, BEFORE) is BEFORE


def test_members_in_pieces_keep_their_sessions() -> None:
    pieces = replace(
        BEFORE, placements=tuple(placement(site="S2" if at % 2 else "S1", first=at, count=1) for at in range(20))
    )
    found = aligned(AFTER, pieces)
    (first,) = (one for one in found.sessions if one.id == "N1")
    assert sum(one.count for one in first.parts) == 8
    assert {at for one in first.parts for at in range(one.first, one.first + one.count)} <= set(range(0, 20, 2))


def test_an_empty_plan_has_nobody_to_number() -> None:
    assert sites_of(plan(placements=(), sessions=())) == {}
    assert aligned(plan(placements=(), sessions=()), BEFORE).placements == ()
