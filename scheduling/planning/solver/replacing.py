"""Somebody falls ill: their places from a slot on are filled, and nobody else moves if that is possible, else as few as possible.

First come those who stand by at that site on that day, then people who are there anyway, then the least busy and the nearest.
Where nobody is free, a chain of moves in the same slot is taken, the shortest; then somebody's whole day; then help from elsewhere.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import structs

from scheduling.planning.rules.plan import Assignment, OpenPosition, Session, Standby
from scheduling.planning.rules.problem import Duty, Problem
from scheduling.planning.rules.teams import positions, serving
from scheduling.planning.solver.staff import assignments_of, open_positions, teams_of
from scheduling.planning.solver.staffing_loans import Teams, lend
from scheduling.planning.solver.staffing_polish import make_room
from scheduling.planning.solver.staffing_pool import Pool, state_of
from scheduling.planning.solver.staffing_pools import Held, divide, held_by, pinned
from scheduling.planning.solver.staffing_roll import Roll
from scheduling.planning.solver.staffing_state import State, Wish, fill


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """A place that has changed hands."""

    session: str
    duty: Duty
    before: str
    after: str | None  # None: open


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """The teams after somebody fell ill."""

    assignments: tuple[Assignment, ...]
    standby: tuple[Standby, ...]  # who still stands by: neither who is ill nor who now serves on that day
    changes: tuple[Replacement, ...]
    moved: tuple[str, ...]  # people who served before and now serve elsewhere at some time, beside the one who is ill
    open: tuple[OpenPosition, ...]  # of all places


def replace(
    problem: Problem,
    sessions: Sequence[Session],
    assignments: Iterable[Assignment],
    *,
    ill: str,
    from_slot: str | None = None,
    slots: Iterable[str] = (),
    past: Container[str] = (),
    seed: int,
    standby: Iterable[Standby] = (),
    others_stay: bool = False,
) -> Replaced:
    """Fill the places of somebody who is ill from a slot on, or in some slots; every other place stays, if possible.

    Nothing is drawn, so that `seed` changes nothing. Places that were open before stay open. What lies before the slot, or
    in a `past` one, has happened. `others_stay`: rather leave a place open than ask somebody to serve elsewhere.

    :raises KeyError: nobody has the id `ill`, or no slot one of the ids
    """
    away = {problem.slot[id].id for id in slots}
    if from_slot is not None:
        away |= {slot.id for slot in problem.slots if slot.starts >= problem.slot[from_slot].starts}
    late = {id for id in away if id not in past}
    before = held_by(problem, sessions, assignments)
    problem = _without(problem, ill, late)
    lost = [one for one in before if one.person == ill and one.session.slot in late]
    kept = [one for one in before if one.person != ill or one.session.slot not in late]
    teams: Teams = {session.id: [None] * len(positions(problem, session)) for session in sessions}
    for one in kept:
        teams[one.session.id][one.place] = one.person
    waiting = {(one.person, one.day): one.site for one in standby}
    for pool in _pools(problem, sessions, kept, lost, () if others_stay else late):
        teams |= _repaired(problem, pool, lost, waiting)
    roll = Roll(problem)
    lend(problem, sessions, teams, roll, only={(one.session.id, one.place) for one in lost})
    return Replaced(
        assignments=(after := assignments_of(problem, sessions, teams)),
        standby=_still_waiting(problem, sessions, after, standby, ill, late),
        changes=_changes(problem, before, teams),
        moved=_moved(before, teams, ill),
        open=open_positions(problem, sessions, teams, roll),
    )


def _without(problem: Problem, ill: str, late: Container[str]) -> Problem:
    """The problem in which somebody cannot come in some slots."""
    person = problem.person[ill]
    slots = tuple(slot.id for slot in problem.slots) if person.available is None else person.available
    away = structs.replace(person, available=tuple(slot for slot in slots if slot not in late))
    return structs.replace(problem, staff=tuple(away if one.id == ill else one for one in problem.staff))


def _pools(
    problem: Problem, sessions: Sequence[Session], kept: Sequence[Held], lost: Sequence[Held], late: Container[str]
) -> list[Pool]:
    """The prefectures in which places were lost; of the others' places those in the slots `late` may change, but for pins."""
    prefectures = {problem.site[one.session.site].prefecture for one in lost}
    affected = [session for session in sessions if problem.site[session.site].prefecture in prefectures]
    pins = {(one.session.id, one.person) for one in pinned(problem, affected, ())}
    stays: list[Held] = []
    may_move: list[Held] = []
    for one in kept:
        pinned_here = one.session.slot not in late or (one.session.id, one.person) in pins
        (stays if pinned_here else may_move).append(one)
    return divide(problem, affected, stays, may_move)


def _repaired(problem: Problem, pool: Pool, lost: Sequence[Held], waiting: Mapping[tuple[str, date], str]) -> Teams:
    """The teams of a pool, with the lost places filled as far as its people can."""
    state = state_of(pool)
    table = pool.table
    number = {id: session for session, id in enumerate(table.sessions)}
    places = sorted(table.places[number[one.session.id]][one.place] for one in lost if one.session.id in number)
    wish = _by_nearness(problem, state, waiting)
    for place in places:
        if not fill(state, place, wish) and not make_room(state, place):
            fill(state, place, wish, two_sites=True)
    return teams_of(table, state.holder)


def _by_nearness(problem: Problem, state: State, waiting: Mapping[tuple[str, date], str]) -> Wish:
    """Who stands by at the site, then who is there anyway, then everybody else; last, who stands by elsewhere."""
    table = state.table
    days = [problem.slot[id].day for id in table.slots]

    def wish(person: int, place: int) -> tuple[float, ...] | None:
        if state.load[person] >= table.most[person]:
            return None
        waits = waiting.get((table.persons[person], days[state.slot(place)]))
        km = state.extra_km(person, place)
        if waits is not None:
            rank = 0 if waits == table.sites[state.site(place)] else 3
        else:
            rank = 1 if state.others_of_day(person, state.slot(place)) else 2
        return (rank, state.load[person], km, person)

    return wish


def _still_waiting(
    problem: Problem,
    sessions: Sequence[Session],
    assignments: Iterable[Assignment],
    standby: Iterable[Standby],
    ill: str,
    late: Container[str],
) -> tuple[Standby, ...]:
    """Who stands by still: not who is ill on that day, nor who serves on it."""
    serves = {
        (person, problem.slot[session.slot].day)
        for person, held in serving(sessions, assignments).items()
        for session in held
    }
    ill_days = {slot.day for slot in problem.slots if slot.id in late}
    return tuple(
        one
        for one in standby
        if (one.person, one.day) not in serves and not (one.person == ill and one.day in ill_days)
    )


def _changes(problem: Problem, before: Iterable[Held], teams: Teams) -> tuple[Replacement, ...]:
    return tuple(
        Replacement(
            session=one.session.id,
            duty=positions(problem, one.session)[one.place],
            before=one.person,
            after=teams[one.session.id][one.place],
        )
        for one in sorted(before, key=lambda one: (one.session.id, one.place))
        if teams[one.session.id][one.place] != one.person
    )


def _moved(before: Iterable[Held], teams: Teams, ill: str) -> tuple[str, ...]:
    """Those who have lost a place that they had, beside the one who is ill."""
    return tuple(
        sorted({one.person for one in before if one.person != ill and teams[one.session.id][one.place] != one.person})
    )
