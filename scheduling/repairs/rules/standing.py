"""The exam day as it stands: after publication the places are the truth, and the plan is read from them, not from its file.

Who was moved by hand since sits where the hand has put them. A candidate whose components lie at two sites by hand has no
place in the planner's world; that is refused by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from msgspec import structs

from exam.kernel.errors import N_, Conflict
from exam.sittings.rules import Duty
from scheduling.planning.rules.plan import Part, Placement, Plan, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.ranges import shared

Member = tuple[str, int]
"""A group and a number in it."""


class AtTwoSites(Conflict):
    """Moved by hand to another site with one component only."""

    message = N_("准考证 %(ticket)s 等 %(n)s 名考生被手工调到两个考点，无法自动计算调整方案。")
    way_out = N_("请先把每名考生的各科调回同一个考点。")


class OutsidePlan(Conflict):
    """Moved by hand to a room session that the published version does not have."""

    message = N_("有 %(n)s 名考生被手工调到现行安排以外的场次，无法自动计算调整方案。")
    way_out = N_("请先把他们调回现行安排中的场次。")


@dataclass(frozen=True, kw_only=True)
class Room:
    """A room session of the exam day: a written session, or a round of a practical one."""

    id: UUID
    key: str  # of the planner's session
    round_no: int
    site: str  # by code
    room: str  # by code
    starts_at: datetime
    ends_at: datetime
    first_seat: int
    seats_count: int
    paper: str
    begun: bool  # open or closed already


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A sitting: one candidate, one component, one seat."""

    id: UUID
    registration_id: UUID
    component: str  # by code
    room_id: UUID
    seat_no: int
    ticket_no: str
    touched: bool  # somebody has checked in, or was marked absent


@dataclass(frozen=True, kw_only=True)
class Service:
    """A duty of the exam day."""

    id: UUID
    room_id: UUID
    examiner_id: UUID
    duty: Duty


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Everything that is published of a batch."""

    rooms: Mapping[UUID, Room]
    seats: tuple[Seat, ...]
    services: tuple[Service, ...]

    @property
    def sha256(self) -> str:
        """Of every place and duty: two repairs of one state have the same. What happens at the door does not change it."""
        lines = [f"{one.id} {one.room_id} {one.seat_no}" for one in self.seats]
        lines += [f"{one.id} {one.room_id} {one.examiner_id} {one.duty}" for one in self.services]
        return sha256("\n".join(sorted(lines)).encode()).hexdigest()


def begun_slots(problem: Problem, standing: Standing, now: datetime) -> tuple[str, ...]:
    """The slots in which anything has begun: nobody in them is touched, nobody comes into them."""
    open_at = {(room.starts_at, room.ends_at) for room in standing.rooms.values() if room.begun}
    at = {room.id: room for room in standing.rooms.values()}
    open_at |= {
        (at[one.room_id].starts_at, at[one.room_id].ends_at)
        for one in standing.seats
        if one.touched and one.room_id in at
    }
    return tuple(
        slot.id
        for slot in problem.slots
        if slot.starts <= now or any(slot.starts <= starts < slot.ends for starts, _ in open_at)
    )


def as_seated(problem: Problem, plan: Plan, members: Mapping[str, Sequence[UUID]], standing: Standing) -> Plan:
    """The plan with everybody where they are seated.

    :raises AtTwoSites: somebody's components lie at two sites
    :raises OutsidePlan: somebody sits where the published version has no session
    """
    outside = sum(one.room_id not in standing.rooms for one in standing.seats)
    if outside:
        raise OutsidePlan(n=outside)
    number = numbered(problem, members)
    sits: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))  # key -> group -> members
    sites: dict[Member, set[str]] = defaultdict(set)
    ticket = {one.registration_id: one.ticket_no for one in standing.seats}
    for one in standing.seats:
        if (one.registration_id, one.component) in number:
            group, at = number[one.registration_id, one.component]
            room = standing.rooms[one.room_id]
            sits[room.key][group].add(at)
            sites[group, at].add(room.site)
    torn = sorted(members[group][at] for (group, at), found in sites.items() if len(found) > 1)
    if torn:
        raise AtTwoSites(ticket=ticket[torn[0]], n=len(torn))
    at_site: dict[tuple[str, str], set[int]] = defaultdict(set)
    left: dict[str, set[int]] = defaultdict(set)
    for group, ids in members.items():
        for at in range(len(ids)):
            if (group, at) in sites:
                (site,) = sites[group, at]
                at_site[group, site].add(at)
            else:
                left[group].add(at)
    sessions = tuple(
        structs.replace(
            one,
            parts=tuple(
                Part(group=group, first=first, count=count)
                for group, found in sorted(sits[one.id].items())
                for first, count in runs(found)
            ),
        )
        for one in plan.sessions
        if one.id in sits
    )
    kept = {one.id for one in sessions}
    return structs.replace(
        plan,
        placements=tuple(
            Placement(group=group, site=site, first=first, count=count)
            for (group, site), found in sorted(at_site.items())
            for first, count in runs(found)
        ),
        sessions=sessions,
        unplaced=_left(plan, left),
        assignments=tuple(one for one in plan.assignments if one.session in kept),
        open_positions=tuple(one for one in plan.open_positions if one.session in kept),
        bound=None,
        objectives=None,
        published=True,
    )


def numbered(problem: Problem, members: Mapping[str, Sequence[UUID]]) -> dict[tuple[UUID, str], Member]:
    """(registration, component) -> group and number: who has lost a part after another was sat is in two groups."""
    return {
        (id, component): (group, at)
        for group, ids in members.items()
        if group in problem.group
        for at, id in enumerate(ids)
        for component in problem.group[group].components
    }


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as ranges: (first, count), in order."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and sum(found[-1]) == number:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((number, 1))
    return found


def _left(plan: Plan, left: Mapping[str, set[int]]) -> tuple[Unplaced, ...]:
    """Who has no place, with the reason that the plan gives where it does."""
    everybody = [
        Unplaced(group=group, first=first, count=count, reason=UnplacedReason.CAPACITY)
        for group, found in sorted(left.items())
        for first, count in runs(found)
    ]
    told = shared(plan.unplaced, everybody)
    known: dict[str, set[int]] = defaultdict(set)
    for one in told:
        known[one.group] |= set(range(one.first, one.first + one.count))
    rest = [
        Unplaced(group=group, first=first, count=count, reason=UnplacedReason.CAPACITY)
        for group, found in sorted(left.items())
        for first, count in runs(found - known[group])
    ]
    return (*told, *rest)
