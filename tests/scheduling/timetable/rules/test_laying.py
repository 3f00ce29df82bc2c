"""A plan laid out: its seats and rounds go by what it says, never by the order in which it lists it."""

from msgspec import structs

from scheduling.timetable.rules.laying import Hall, lay_out
from tests.scheduling.planning import small

HALLS = {("S1", "R1"): Hall(seats=42, usable=40, columns=6), ("S1", "W1"): Hall(seats=12, usable=10, columns=6)}


def test_the_order_of_a_plans_lists_changes_no_seat_and_no_round() -> None:
    """Whoever stands around the teams is sent while the search still lists the sessions its own way."""
    halves = (small.group("G1", count=9), small.group("G2", count=9))
    problem = small.problem(groups=halves)
    parts = (small.part("G1", count=9), small.part("G2", count=9))
    sessions = (
        small.session("N1", parts=parts),
        small.session("N2", place="W1", slot="1c", component="skill", parts=parts),
    )
    plan = small.plan(problem, sessions=sessions)
    turned = tuple(structs.replace(one, parts=one.parts[::-1]) for one in sessions[::-1])
    found = lay_out(problem, plan, HALLS)
    assert len(found) > len(sessions)  # the practical has rounds
    assert lay_out(problem, structs.replace(plan, sessions=turned), HALLS) == found
