"""A repaired plan as the exam day knows it: who stays keeps room and seat; who comes gets a seat that is free.

A session that stands keeps its room sessions. Newcomers take free seats there, not beside their own institution where that
is possible; at practical stations a free station in a round, else further stations at the time of a round. A session that is
new, or is held in another place or slot, gets room sessions of its own, with seats drawn as those of any plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.planning.rules.capacity import rounds
from scheduling.planning.rules.plan import Plan, Session
from scheduling.planning.rules.problem import Form, Problem
from scheduling.planning.rules.seats import draw
from scheduling.repairs.rules.repair import NoSeatLeft
from scheduling.repairs.rules.standing import Member, Room, Seat, Standing, numbered
from scheduling.timetable.rules.laying import Halls, Held, lengths, room_of, stations_of
from scheduling.timetable.rules.lengthened import component_of


@dataclass(frozen=True, kw_only=True)
class Coming:
    """A candidate who gets another place for a component, or a first one."""

    registration_id: UUID
    component: str  # by its own code
    group: str  # of the planner
    sitting_id: UUID | None  # None: a first one
    before: UUID | None  # room session
    before_seat: int | None
    room_id: UUID
    seat_no: int


@dataclass(frozen=True, kw_only=True)
class Seated:
    """All sessions afterwards, and what changes."""

    held: tuple[Held, ...]
    room_id: Mapping[tuple[str, int], UUID]  # (key, round) -> room session
    fresh: frozenset[UUID]  # room sessions that are new
    closed: tuple[UUID, ...]  # room sessions in which nobody is left
    trimmed: Mapping[UUID, int]  # room session -> how many seats it keeps
    lengthened: Mapping[UUID, datetime]  # room session that stands -> its end with a newcomer's extra time (H16)
    coming: tuple[Coming, ...]
    leaving: tuple[Seat, ...]  # who find no place


@dataclass
class _Table:
    """A room session while it is filled."""

    room: Room
    place: str
    fresh: bool
    taken: dict[int, Member] = field(default_factory=dict)  # seat -> who


def seat(
    problem: Problem,
    plan: Plan,
    members: Mapping[str, Sequence[UUID]],
    standing: Standing,
    halls: Halls,
    *,
    before: Plan,
    past: Collection[str],
    make_id: Callable[[], UUID],
    anew: Collection[UUID] = (),
) -> Seated:
    """Seat a repaired plan. `before`: the plan as it was seated; `past`: slots in which nobody is touched;
    `make_id`: ids of new room sessions; `anew`: registrations whose places do not do what they are granted since (H16).

    :raises NoSeatLeft: the planner sees room where seats were taken by hand
    """
    return _Seating(problem, plan, members, standing, halls, before, past, make_id, anew).seated()


class _Seating:
    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        members: Mapping[str, Sequence[UUID]],
        standing: Standing,
        halls: Halls,
        before: Plan,
        past: Collection[str],
        make_id: Callable[[], UUID],
        anew: Collection[UUID],
    ) -> None:
        self.problem, self.plan, self.members, self.standing = problem, plan, members, standing
        self.halls, self.before, self.make_id, self.anew = halls, before, make_id, anew
        begun = {one.id for one in before.sessions if one.slot in past}
        self.fixed = {one.id for one in standing.rooms.values() if one.key in begun}
        self.number = numbered(problem, members)
        self.own: dict[tuple[UUID, str], Seat] = {(one.registration_id, one.component): one for one in standing.seats}
        self.in_room: dict[UUID, list[Seat]] = defaultdict(list)
        for one in standing.seats:
            self.in_room[one.room_id].append(one)
        self.rooms_of: dict[str, list[Room]] = defaultdict(list)
        for room in sorted(standing.rooms.values(), key=lambda room: (room.key, room.round_no)):
            self.rooms_of[room.key].append(room)
        self.tables: dict[UUID, _Table] = {}
        self.coming: list[Coming] = []
        for room in standing.rooms.values():
            if room.id in self.fixed and self.in_room[room.id]:
                taken = {one.seat_no: self.number[one.registration_id, one.component] for one in self.in_room[room.id]}
                self.tables[room.id] = _Table(room, before.session[room.key].place, fresh=False, taken=taken)

    def seated(self) -> Seated:
        together: dict[tuple[str, str, str], list[Session]] = defaultdict(list)
        for session in sorted(self.plan.sessions, key=lambda one: one.id):
            together[session.site, session.place, session.slot].append(session)
        for _, sessions in sorted(together.items()):
            waiting = [(session, self._stay(session)) for session in sessions]
            for session, comers in waiting:
                if not comers:
                    continue
                if self._form(session) is Form.PRACTICAL:
                    self._at_stations(session, comers)
                else:
                    self._in_room(session, comers)
        return self._result()

    def _form(self, session: Session) -> Form:
        return self.problem.component[session.certificate, session.level, session.component].form

    def _stands(self, session: Session) -> bool:
        old = self.before.session.get(session.id)
        return old is not None and (old.site, old.place, old.slot) == (session.site, session.place, session.slot)

    def _stay(self, session: Session) -> list[Member]:
        """Put those who stay on their seats; who else sits in the session."""
        wanted = [(part.group, part.first + at) for part in session.parts for at in range(part.count)]
        if not self._stands(session):
            return wanted
        left = dict.fromkeys(wanted)
        for room in self.rooms_of[session.id]:
            if room.id in self.fixed:
                here = set(self.tables[room.id].taken.values()) if room.id in self.tables else set()
                left = {member: None for member in left if member not in here}
                continue
            table = self.tables[room.id] = _Table(room, session.place, fresh=False)
            for one in self.in_room[room.id]:
                member = self.number.get((one.registration_id, one.component))
                if member in left and one.registration_id not in self.anew:
                    table.taken[one.seat_no] = member
                    del left[member]
        return list(left)

    # ---------------------------------------------------------------- written

    def _in_room(self, session: Session, comers: Sequence[Member]) -> None:
        hall = self.halls[session.site, room_of(session.place)]
        table = next((one for one in self._tables_of(session) if not one.room.begun), None)
        if table is None:
            starts = self.problem.slot[session.slot].starts
            length, longer = lengths(self.problem, session)
            length += max((more for _, more in longer), default=0)
            table = self._open(session, 1, starts, starts + timedelta(minutes=length), 1, hall.seats)
            schools = [self.problem.group[part.group].institution for part in session.parts]
            for one in draw(session, schools, seed=self.plan.seed, columns=hall.columns, seats=hall.usable):
                self._sit(session, table, (one.group, one.member), one.number)
            return
        for member in comers:
            free = [number for number in range(1, table.room.seats_count + 1) if number not in table.taken]
            if not free:
                raise NoSeatLeft(site=self.problem.site[session.site].name, room=room_of(session.place))
            school = self.problem.group[member[0]].institution

            def unwelcome(number: int, table: _Table = table, school: str = school) -> tuple[bool, bool, int]:
                beside = (table.taken.get(number - 1), table.taken.get(number + 1))
                same = any(one and self.problem.group[one[0]].institution == school for one in beside)
                return number > hall.usable, same, number

            kept = self.own.get((self.members[member[0]][member[1]], component_of(session.component)))
            stays = kept is not None and kept.room_id == table.room.id and kept.seat_no in free
            self._sit(session, table, member, kept.seat_no if kept and stays else min(free, key=unwelcome))

    # ---------------------------------------------------------------- practical

    def _at_stations(self, session: Session, comers: Sequence[Member]) -> None:
        part = self.problem.component[session.certificate, session.level, session.component]
        rules, slot = self.problem.rules_of(session.certificate), self.problem.slot[session.slot]
        hall = self.halls[session.site, room_of(session.place)]
        first, end = stations_of(self.problem, hall, session)
        stations = next(one.stations for one in self.problem.site[session.site].workshops if one.id == session.place)
        step = timedelta(minutes=part.minutes + rules.turnaround_minutes)
        turns = [slot.starts + turn * step for turn in range(rounds(part.minutes, slot, rules))]
        left = list(comers)
        for number in range(first, first + stations):  # free stations of its own rounds, as few more as will do
            for table in self._tables_of(session):
                inside = table.room.first_seat <= number < table.room.first_seat + table.room.seats_count
                if left and inside and number not in table.taken:
                    self._sit(session, table, left.pop(0), number)
        length = timedelta(minutes=part.minutes)
        for last in (min(end, first + stations), end):  # further stations at the time of a round, at last spare ones
            for starts in turns:
                for begin, count in self._free_runs(session, starts, starts + length, first, last):
                    some = min(count, len(left))
                    if not some:
                        return
                    table = self._open(session, self._next_round(session), starts, starts + length, begin, some)
                    for number in range(begin, begin + some):
                        self._sit(session, table, left.pop(0), number)
        if left:
            raise NoSeatLeft(site=self.problem.site[session.site].name, room=room_of(session.place))

    def _free_runs(
        self, session: Session, starts: datetime, ends: datetime, first: int, end: int
    ) -> list[tuple[int, int]]:
        """Stations that no session uses from one time to another: (first, count)."""
        busy: set[int] = set()
        for table in self.tables.values():
            here = (table.room.site, table.room.room) == (session.site, room_of(session.place))
            if here and table.room.starts_at < ends and starts < table.room.ends_at:
                last = max(table.taken, default=table.room.first_seat + table.room.seats_count - 1)
                own = table.room.key == session.id
                last = table.room.first_seat + table.room.seats_count - 1 if own else last
                busy |= set(range(table.room.first_seat, last + 1))
        found: list[tuple[int, int]] = []
        for number in range(first, end):
            if number in busy:
                continue
            if found and sum(found[-1]) == number:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((number, 1))
        return found

    def _next_round(self, session: Session) -> int:
        known = [table.room.round_no for table in self._tables_of(session)]
        return max([*known, 0]) + 1

    # ---------------------------------------------------------------- both

    def _tables_of(self, session: Session) -> list[_Table]:
        found = [table for table in self.tables.values() if table.room.key == session.id]
        return sorted(found, key=lambda table: table.room.round_no)

    def _open(
        self, session: Session, round_no: int, starts: datetime, ends: datetime, first: int, count: int
    ) -> _Table:
        room = Room(
            id=self.make_id(),
            key=session.id,
            round_no=round_no,
            site=session.site,
            room=room_of(session.place),
            starts_at=starts,
            ends_at=ends,
            first_seat=first,
            seats_count=count,
            paper=session.paper or "A",
            begun=False,
        )
        table = self.tables[room.id] = _Table(room, session.place, fresh=True)
        return table

    def _sit(self, session: Session, table: _Table, member: Member, number: int) -> None:
        id = self.members[member[0]][member[1]]
        own = self.own.get((id, component_of(session.component)))
        table.taken[number] = member
        self.coming.append(
            Coming(
                registration_id=id,
                component=component_of(session.component),
                group=member[0],
                sitting_id=own.id if own else None,
                before=own.room_id if own else None,
                before_seat=own.seat_no if own else None,
                room_id=table.room.id,
                seat_no=number,
            )
        )

    def _result(self) -> Seated:
        trimmed = self._trimmed()
        placed = {(one.registration_id, one.component) for one in self.coming}
        staying = {
            (self.members[member[0]][member[1]], table.room.id)
            for table in self.tables.values()
            for member in table.taken.values()
        }
        leaving = tuple(
            one
            for one in self.standing.seats
            if (one.registration_id, one.component) in self.number
            and (one.registration_id, one.component) not in placed
            and (one.registration_id, one.room_id) not in staying
        )
        kept = {id: table for id, table in self.tables.items() if table.taken}
        session = {**self.before.session, **self.plan.session}
        held = {
            id: self._held(
                session[table.room.key],
                replace(table.room, seats_count=trimmed.get(id, table.room.seats_count)),
                table.taken,
            )
            for id, table in kept.items()
        }
        return Seated(
            held=tuple(
                sorted(held.values(), key=lambda one: (one.starts_at, one.site, one.room, one.first_seat, one.key))
            ),
            room_id={(table.room.key, table.room.round_no): id for id, table in kept.items()},
            fresh=frozenset(id for id, table in kept.items() if table.fresh),
            closed=tuple(sorted(id for id in self.standing.rooms if id not in kept and self.in_room[id])),
            trimmed=trimmed,
            lengthened={
                id: one.ends_at
                for id, one in held.items()
                if id in self.standing.rooms and one.ends_at > self.standing.rooms[id].ends_at
            },
            coming=tuple(self.coming),
            leaving=leaving,
        )

    def _trimmed(self) -> dict[UUID, int]:
        """Room sessions that give up stations behind their last candidate to a new one at the same time."""
        found: dict[UUID, int] = {}
        fresh = [table.room for table in self.tables.values() if table.fresh and table.taken]
        for id, table in self.tables.items():
            room = table.room
            for new in fresh:
                same = (new.site, new.room) == (room.site, room.room) and new.id != id and table.taken
                overlaps = same and new.starts_at < room.ends_at and room.starts_at < new.ends_at
                if overlaps and room.first_seat < new.first_seat < room.first_seat + found.get(id, room.seats_count):
                    found[id] = new.first_seat - room.first_seat
        return found

    def _held(self, session: Session, room: Room, taken: Mapping[int, Member]) -> Held:
        minutes, longer = lengths(self.problem, session)
        present = {group for group, _ in taken.values()}
        longer = tuple((group, more) for group, more in longer if group in present)
        last = room.starts_at + timedelta(minutes=minutes + max((more for _, more in longer), default=0))
        return Held(
            key=room.key,
            round_no=room.round_no,
            site=room.site,
            room=room.room,
            certificate=session.certificate,
            level=session.level,
            component=component_of(session.component),
            starts_at=room.starts_at,
            ends_at=max(room.ends_at, last),
            minutes=minutes,
            first_seat=room.first_seat,
            seats_count=room.seats_count,
            paper=room.paper,
            seats=tuple((group, at, number) for number, (group, at) in sorted(taken.items())),
            longer=longer,
        )
