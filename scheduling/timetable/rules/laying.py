"""A planner's plan laid out as the exam day knows it: who sits on which seat of which room, from when to when.

A written session is one session of its room, from the start of its slot. A practical one is held in rounds: its stations
serve one candidate after the other with a turnaround between them (H6), and every round is a session of its own. Sessions
that share a workshop in a slot, and certificates that share a room, have stations of their own. Seats are drawn from the
plan's seed (:mod:`scheduling.planning.rules.seats`): the same plan gives the same seats. Who is granted extra time ends
later than the others; the session ends with the last of them (H16).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.planning.rules.capacity import rounds, stations_used
from scheduling.planning.rules.plan import Plan, Session
from scheduling.planning.rules.problem import Form, Level, Problem
from scheduling.planning.rules.seats import draw
from scheduling.planning.rules.serial import canonical_plan
from scheduling.timetable.rules.lengthened import component_of, minutes_of, more_minutes


@dataclass(frozen=True, kw_only=True)
class Hall:
    """A room as it is furnished."""

    seats: int  # or stations, spares included
    usable: int  # without the spares: how long the columns of the seat plan are
    columns: int


Halls = Mapping[tuple[str, str], Hall]
"""(site, room), by their codes."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A session as it is held: of a practical one, a round."""

    key: str  # of the planner's session
    round_no: int  # from 1
    site: str
    room: str
    certificate: str
    level: Level
    component: str
    starts_at: datetime
    ends_at: datetime  # of the last
    minutes: int  # for who has no extra time
    first_seat: int
    seats_count: int  # from the first; somebody may be moved to a spare one
    paper: str
    seats: tuple[tuple[str, int, int], ...]  # (group, member, seat), in the order of the seats
    longer: tuple[tuple[str, int], ...] = ()  # (group, minutes more) of who is granted extra time (H16)

    def more(self, group: str) -> int:
        """How many minutes longer the members of a group have."""
        return dict(self.longer).get(group, 0)

    def end_of(self, group: str) -> datetime:
        """When the members of a group end."""
        return self.starts_at + timedelta(minutes=self.minutes + self.more(group))


def room_of(place: str) -> str:
    """The room of a planner's place: a shared practical room is one workshop for each of its certificates."""
    return place.partition("/")[0]


def lay_out(problem: Problem, plan: Plan, halls: Halls) -> tuple[Held, ...]:
    """All sessions of a plan as they are held, by time, site, room and first seat; in whatever order they are listed."""
    plan = canonical_plan(plan)
    found = [
        held
        for (site, place, slot), sessions in sorted(_together(plan).items())
        for held in _of_place(problem, plan.seed, halls[site, room_of(place)], sessions)
    ]
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.site, one.room, one.first_seat, one.key)))


def _together(plan: Plan) -> dict[tuple[str, str, str], list[Session]]:
    found: dict[tuple[str, str, str], list[Session]] = defaultdict(list)
    for session in plan.sessions:
        found[session.site, session.place, session.slot].append(session)
    return found


def _of_place(problem: Problem, seed: int, hall: Hall, sessions: list[Session]) -> Iterator[Held]:
    first = sessions[0]
    if problem.component[first.certificate, first.level, first.component].form is not Form.PRACTICAL:
        for session in sessions:
            yield _written(problem, seed, hall, session)
        return
    at, end = stations_of(problem, hall, first)
    for session in sessions:
        part = problem.component[session.certificate, session.level, session.component]
        rules = problem.rules_of(session.certificate)
        used = stations_used(session.count, part, problem.slot[session.slot], rules) or session.count
        own = end - at if session is sessions[-1] else used  # the last may use what is left, spare stations among it
        yield from _practical(problem, seed, session, used, at, own)
        at += used


def stations_of(problem: Problem, hall: Hall, session: Session) -> tuple[int, int]:
    """The stations of a workshop in its room: the first, and the one after the last."""
    shops = [one for one in problem.site[session.site].workshops if room_of(one.id) == room_of(session.place)]
    place = next(number for number, one in enumerate(shops) if one.id == session.place)
    first = 1 + sum(one.stations for one in shops[:place])
    last = hall.seats if place == len(shops) - 1 else first + shops[place].stations - 1
    return first, last + 1


def _schools(problem: Problem, session: Session) -> list[str]:
    return [problem.group[part.group].institution for part in session.parts]


def _written(problem: Problem, seed: int, hall: Hall, session: Session) -> Held:
    seats = draw(session, _schools(problem, session), seed=seed, columns=hall.columns, seats=hall.usable)
    starts = problem.slot[session.slot].starts
    length, longer = lengths(problem, session)
    return Held(
        key=session.id,
        round_no=1,
        site=session.site,
        room=room_of(session.place),
        certificate=session.certificate,
        level=session.level,
        component=component_of(session.component),
        starts_at=starts,
        ends_at=starts + timedelta(minutes=length + max((more for _, more in longer), default=0)),
        minutes=length,
        first_seat=1,
        seats_count=hall.seats,
        paper=session.paper,
        seats=tuple((one.group, one.member, one.number) for one in seats),
        longer=longer,
    )


def lengths(problem: Problem, session: Session) -> tuple[int, tuple[tuple[str, int], ...]]:
    """How long a session lasts for most, and by how much longer for the members of which group."""
    part = problem.component[session.certificate, session.level, session.component]
    groups = sorted({one.group for one in session.parts})
    found = ((id, more_minutes(problem, problem.group[id], part)) for id in groups)
    own = minutes_of(problem, session.certificate, session.level, session.component)
    return own, tuple((id, more) for id, more in found if more)


def _practical(problem: Problem, seed: int, session: Session, used: int, first: int, own: int) -> Iterator[Held]:
    part = problem.component[session.certificate, session.level, session.component]
    rules, slot = problem.rules_of(session.certificate), problem.slot[session.slot]
    order = draw(session, _schools(problem, session), seed=seed)
    assert used * rounds(part.minutes, slot, rules) >= len(order)
    length, longer = lengths(problem, session)
    for turn, begin in enumerate(range(0, len(order), used)):
        starts = slot.starts + timedelta(minutes=turn * (part.minutes + rules.turnaround_minutes))
        yield Held(
            key=session.id,
            round_no=turn + 1,
            site=session.site,
            room=room_of(session.place),
            certificate=session.certificate,
            level=session.level,
            component=component_of(session.component),
            starts_at=starts,
            ends_at=starts + timedelta(minutes=part.minutes),
            minutes=length,
            first_seat=first,
            seats_count=own,
            paper=session.paper or "A",  # stations have tasks, not papers
            seats=tuple(
                (one.group, one.member, first + number) for number, one in enumerate(order[begin : begin + used])
            ),
            longer=longer,
        )
