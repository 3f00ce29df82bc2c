"""What stands, read from the places; newcomers on free seats; what is asked; the next ticket numbers."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import pytest
from msgspec import structs

from exam.sittings.rules import Duty
from scheduling.planning.rules.plan import Part, Plan, Session
from scheduling.planning.rules.problem import Problem
from scheduling.repairs.rules.asking import Asked, ill_spans, losses, slots_of, with_late
from scheduling.repairs.rules.repair import ALLOWED, LossIncomplete, NoSeatLeft, RepairStatus, What
from scheduling.repairs.rules.seating import Seated, seat
from scheduling.repairs.rules.standing import (
    AtTwoSites,
    OutsidePlan,
    Room,
    Seat,
    Service,
    Standing,
    as_seated,
    begun_slots,
    runs,
)
from scheduling.repairs.rules.tickets import numbered
from scheduling.timetable.rules.laying import Hall, lay_out
from scheduling.timetable.rules.lifecycle import TicketScheme
from tests.scheduling.planning import small

SPACE = UUID(int=7)
HALLS = {("S1", "R1"): Hall(seats=42, usable=40, columns=6), ("S1", "W1"): Hall(seats=12, usable=10, columns=6),
         ("S1", "R2"): Hall(seats=32, usable=30, columns=6)}  # fmt: skip


def who(group: str, at: int) -> UUID:
    return uuid5(SPACE, f"{group} {at}")


def members(problem: Problem) -> dict[str, tuple[UUID, ...]]:
    return {group.id: tuple(who(group.id, at) for at in range(group.count)) for group in problem.groups}


def standing(problem: Problem, plan: Plan, *, begun: tuple[str, ...] = ()) -> Standing:
    """A plan as the exam day has it."""
    rooms, seats = {}, []
    for held in lay_out(problem, plan, HALLS):
        id = uuid5(SPACE, f"{held.key}/{held.round_no}")
        rooms[id] = Room(
            id=id, key=held.key, round_no=held.round_no, site=held.site, room=held.room, starts_at=held.starts_at,
            ends_at=held.ends_at, first_seat=held.first_seat, seats_count=held.seats_count, paper=held.paper,
            begun=held.key in begun,
        )  # fmt: skip
        seats += [
            Seat(id=uuid5(SPACE, f"{held.component} {group} {at}"), registration_id=who(group, at),
                 component=held.component, room_id=id, seat_no=number, ticket_no=f"{at:04d}", touched=False)
            for group, at, number in held.seats
        ]  # fmt: skip
    services = tuple(
        Service(id=uuid5(SPACE, f"duty {id}"), room_id=id, examiner_id=SPACE, duty=Duty.INVIGILATOR) for id in rooms
    )
    return Standing(rooms=rooms, seats=tuple(seats), services=services)


def seated(problem: Problem, plan: Plan, stands: Standing, before: Plan, *, past: tuple[str, ...] = ()) -> Seated:
    count = iter(range(1, 1000))
    return seat(problem, plan, members(problem), stands, HALLS, before=before, past=past,
                make_id=lambda: uuid5(SPACE, f"new {next(count)}"))  # fmt: skip


def test_the_plan_is_read_back_from_the_places() -> None:
    problem = small.problem()
    plan = small.plan(problem)
    assert as_seated(problem, plan, members(problem), standing(problem, plan)).sessions == plan.sessions
    assert as_seated(problem, plan, members(problem), standing(problem, plan)).placements == plan.placements
    nobody = Standing(rooms={}, seats=(), services=())
    bare = as_seated(problem, plan, members(problem), nobody)
    assert (bare.sessions, bare.placements, sum(one.count for one in bare.unplaced)) == ((), (), 20)
    assert runs([]) == []
    assert runs([3, 1, 2, 7]) == [(1, 3), (7, 1)]


def test_who_was_moved_out_of_the_plan_by_hand_is_refused_by_name() -> None:
    problem = small.problem(sites=(small.site(), small.site("S2")))
    plan = small.plan(problem)
    stands = standing(problem, plan)
    theory = next(room for room in stands.rooms.values() if room.room == "R1")
    away = {**stands.rooms, theory.id: Room(**{**_fields(theory), "site": "S2"})}
    with pytest.raises(AtTwoSites) as refusal:
        as_seated(problem, plan, members(problem), Standing(rooms=away, seats=stands.seats, services=()))
    assert refusal.value.facts["n"] == 20
    less = {id: room for id, room in stands.rooms.items() if id != theory.id}
    with pytest.raises(OutsidePlan):
        as_seated(problem, plan, members(problem), Standing(rooms=less, seats=stands.seats, services=()))


def _fields(room: Room) -> dict[str, Any]:
    return {name: getattr(room, name) for name in Room.__dataclass_fields__}


def test_the_hash_is_of_places_and_duties() -> None:
    problem = small.problem()
    one = standing(problem, small.plan(problem))
    assert one.sha256 == standing(problem, small.plan(problem)).sha256
    less = Standing(rooms=one.rooms, seats=one.seats[1:], services=one.services)
    assert one.sha256 != less.sha256
    assert one.sha256 != Standing(rooms=one.rooms, seats=one.seats, services=()).sha256


def test_what_has_begun_is_past() -> None:
    problem = small.problem()
    plan = small.plan(problem)
    before, during = datetime.fromisoformat("2026-11-27T08:00+08:00"), datetime.fromisoformat("2026-11-28T08:40+08:00")
    assert begun_slots(problem, standing(problem, plan), before) == ()
    assert begun_slots(problem, standing(problem, plan), during) == ("1a",)
    assert begun_slots(problem, standing(problem, plan, begun=("N1",)), before) == ("1a",)


def test_nothing_changed_changes_no_seat() -> None:
    problem = small.problem()
    plan = small.plan(problem)
    found = seated(problem, plan, standing(problem, plan), plan)
    assert (found.coming, found.leaving, found.closed, found.fresh, found.trimmed) == ((), (), (), frozenset(), {})
    assert {one.seats for one in found.held} == {one.seats for one in lay_out(problem, plan, HALLS)}


def test_a_room_that_was_emptied_by_hand_disturbs_nothing() -> None:
    problem = small.problem()
    plan = small.plan(problem)
    stands = standing(problem, plan)
    empty = replace(next(iter(stands.rooms.values())), id=uuid5(SPACE, "empty"), key="N9")
    found = seated(problem, plan, replace(stands, rooms={**stands.rooms, empty.id: empty}), plan, past=("1a",))
    assert (found.coming, found.leaving, found.closed) == ((), (), ())


def test_newcomers_get_free_seats_and_stations_and_nobody_else_moves() -> None:
    """Fifteen sit the practical in two rounds at eight of ten stations; of three who come late two get further stations."""
    problem = small.problem(groups=(small.group(count=18),))
    parts = (Part(group="G1", first=0, count=15),)
    whole = (Part(group="G1", first=0, count=18),)
    plan = small.plan(problem)
    before = small.plan(problem, sessions=tuple(_with(one, parts) for one in plan.sessions))
    after = small.plan(problem, sessions=tuple(_with(one, whole) for one in plan.sessions))
    stands = standing(problem, before)
    found = seated(problem, after, stands, before)
    assert found.leaving == found.closed == ()
    assert {one.registration_id for one in found.coming} == {who("G1", at) for at in (15, 16, 17)}
    taken = {(one.room_id, one.seat_no) for one in stands.seats}
    fresh = {(one.room_id, one.seat_no) for one in found.coming}
    assert (len(fresh), fresh & taken) == (6, set())
    skill = [one for one in found.held if one.component == "skill"]
    used = [(one.starts_at, number) for one in skill for *_, number in one.seats]
    assert (len(used), len(set(used)), max(number for _, number in used)) == (18, 18, 9)


def _with(session: Session, parts: tuple[Part, ...]) -> Session:
    return structs.replace(session, parts=parts)


def test_a_session_in_another_room_gets_a_room_session_of_its_own() -> None:
    problem = small.problem(sites=(small.site(rooms=(small.room(), small.room("R2", seats=32))),))
    before = small.plan(problem)
    moved = small.plan(problem, sessions=(small.session(place="R2"), before.sessions[1]))
    found = seated(problem, moved, standing(problem, before), before)
    (fresh,) = found.fresh
    assert {one.room_id for one in found.coming} == {fresh}
    assert found.closed == (uuid5(SPACE, "N1/1"),)
    assert all(one.sitting_id is not None for one in found.coming)


def test_a_full_room_is_refused_by_name() -> None:
    problem = small.problem(groups=(small.group(count=43),))
    before = small.plan(problem)
    parts = (Part(group="G1", first=0, count=43),)
    after = small.plan(problem, sessions=(_with(before.sessions[0], parts), before.sessions[1]))
    with pytest.raises(NoSeatLeft):
        seated(problem, after, standing(problem, before), before)


def test_what_is_past_keeps_its_seats_whatever_the_plan_says() -> None:
    problem = small.problem()
    before = small.plan(problem)
    gone = small.plan(problem, placements=(), sessions=())
    found = seated(problem, gone, standing(problem, before), before, past=("1a",))
    assert {one.component for one in found.held} == {"theory"}
    assert {one.component for one in found.leaving} == {"skill"}


def test_what_is_asked_becomes_losses() -> None:
    shops = (small.workshop("W1/C1"),)
    problem = small.problem(sites=(small.site(workshops=shops),), staff=(small.person(str(SPACE)),))
    room = losses(problem, Asked(what=What.ROOM, site="S1", room="W1", slots=("1a",)))
    assert [(one.place, one.slots) for one in room.places] == [("W1/C1", ("1a",))]
    day = losses(problem, Asked(what=What.SITE, site="S1", days=(small.DAY,)))
    assert [one.slots for one in day.sites] == [("1a", "1b", "1c")]
    ill = Asked(what=What.STAFF, person=str(SPACE), from_slot="2b")
    assert slots_of(problem, ill) == ("2b", "2c")
    assert (len(losses(problem, ill).people), len(ill_spans(problem, ill)[SPACE])) == (1, 2)
    assert losses(problem, Asked(what=What.LATE)) == losses(problem, Asked(what=What.STAFF, person=str(UUID(int=1))))
    for asked in (Asked(what=What.SITE), Asked(what=What.ROOM, site="S1", room="R9"), Asked(what=What.STAFF),
                  Asked(what=What.SITE, site="S1", slots=("9z",))):  # fmt: skip
        with pytest.raises(LossIncomplete):
            losses(problem, asked)


def test_late_candidates_join_their_group_or_stand_alone() -> None:
    problem = small.problem()
    drafted = small.problem(groups=(small.group(count=22), small.group("G2", 1, institution="X1")))
    own = members(problem)
    new = {"G1": (*own["G1"], who("late", 0), who("late", 1)), "G2": (who("late", 2),)}
    late = [who("late", at) for at in range(3)]
    busy = (problem.slots[0].starts, problem.slots[0].ends)
    found = with_late(problem, own, drafted, new, late, {who("late", 1): [busy]})
    assert found.members["G1"] == (*own["G1"], who("late", 0))
    assert found.problem.group["G1"].count == 21
    alone = [one for one in found.problem.groups if one.id not in problem.group]
    assert sorted((one.count, one.away, one.late) for one in alone) == [(1, (), True), (1, ("1a",), True)]
    nobody = with_late(problem, own, drafted, new, [], {})
    assert (nobody.problem.groups, nobody.members) == (problem.groups, own)


def test_the_next_tickets_are_given_in_order() -> None:
    scheme = TicketScheme()
    first, second = UUID(int=1), UUID(int=2)
    given = numbered(scheme, "26001", ["26001000001000703", "25001000001999903"], {second: ("S1", 4), first: ("S1", 3)})
    assert given == {first: "26001000001000803", second: "26001000001000904"}
    assert numbered(scheme, "26001", [], {}) == {}


def test_what_is_decided_stays_decided() -> None:
    assert not ALLOWED[RepairStatus.ACCEPTED] | ALLOWED[RepairStatus.DISCARDED]
