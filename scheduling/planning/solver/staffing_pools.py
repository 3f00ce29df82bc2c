"""Divide the staffing of a problem into pools: the sites of a prefecture, with the people of its institutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import Assignment, Session
from scheduling.planning.rules.problem import Duty, Person, Problem
from scheduling.planning.rules.teams import obstacle, pinned_duty, positions
from scheduling.planning.solver.staffing_pool import Pool
from scheduling.planning.solver.staffing_table import Table, tabulate


@dataclass(frozen=True, kw_only=True)
class Held:
    """A place that somebody has already."""

    session: Session
    place: int  # of the session's team
    person: str


def divide(
    problem: Problem, sessions: Sequence[Session], fixed: Sequence[Held], held: Sequence[Held] = ()
) -> list[Pool]:
    """The pools in the order of their prefectures; `fixed` stays with whom it is, `held` may move."""
    by_prefecture: dict[str, list[Session]] = {}
    for session in sorted(sessions, key=lambda one: one.id):
        by_prefecture.setdefault(problem.site[session.site].prefecture, []).append(session)
    people = _people(problem, by_prefecture)
    taken: dict[str, list[Held]] = {}
    for one in (*fixed, *held):
        taken.setdefault(one.person, []).append(one)
    return [
        _pool(problem, prefecture, each, people[prefecture], taken, {(one.session.id, one.place) for one in fixed})
        for prefecture, each in sorted(by_prefecture.items())
    ]


def held_by(problem: Problem, sessions: Sequence[Session], assignments: Iterable[Assignment]) -> list[Held]:
    """Assignments as places of teams; of a duty that a team does not have any more, none."""
    known = {session.id: session for session in sessions}
    taken: set[tuple[str, int]] = set()
    found = []
    for one in sorted(assignments, key=lambda one: (one.session, one.duty, one.person)):
        session = known.get(one.session)
        if session is not None and one.person in problem.person:
            place = _free_place(problem, session, one.duty, taken)
            if place is not None:
                taken.add((session.id, place))
                found.append(Held(session=session, place=place, person=one.person))
    return found


def pinned(problem: Problem, sessions: Sequence[Session], before: Sequence[Held]) -> list[Held]:
    """The places that pins give to people (H17), beside those `before`; a pin that H11-H14 forbid is left to the check."""
    taken = {(one.session.id, one.place) for one in before}
    busy = {(one.person, one.session.slot) for one in before}
    found = []
    for pin in sorted((pin for pin in problem.pins if pin.person is not None), key=lambda pin: pin.id):
        person = problem.person.get(pin.person or "")
        for session in sorted(sessions, key=lambda one: one.id):
            if person is None or not pinned_duty(problem, pin, session) or (person.id, session.slot) in busy:
                continue
            place = _pinned_place(problem, session, person, pin.duty, taken)
            if place is not None:
                taken.add((session.id, place))
                busy.add((person.id, session.slot))
                found.append(Held(session=session, place=place, person=person.id))
    return found


def _pinned_place(
    problem: Problem, session: Session, person: Person, duty: Duty | None, taken: set[tuple[str, int]]
) -> int | None:
    for wanted in dict.fromkeys(reversed(positions(problem, session))):
        if duty in (None, wanted) and obstacle(problem, person, session, wanted) is None:
            place = _free_place(problem, session, wanted, taken)
            if place is not None:
                return place
    return None


def _free_place(problem: Problem, session: Session, duty: Duty, taken: set[tuple[str, int]]) -> int | None:
    for place, wanted in enumerate(positions(problem, session)):
        if wanted is duty and (session.id, place) not in taken:
            return place
    return None


def _people(problem: Problem, prefectures: dict[str, list[Session]]) -> dict[str, list[Person]]:
    """Everybody belongs to the prefecture of their institution, or, if nothing happens there, to that of the nearest site."""
    sites = sorted({session.site for each in prefectures.values() for session in each})
    found: dict[str, list[Person]] = {prefecture: [] for prefecture in prefectures}
    for person in problem.staff if sites else ():
        home = problem.institution.get(person.institution)
        prefecture = home.prefecture if home is not None else ""
        if prefecture not in found:
            nearest = min(
                (distance_km(person.lat, person.lon, problem.site[id].lat, problem.site[id].lon), id) for id in sites
            )
            prefecture = problem.site[nearest[1]].prefecture
        found[prefecture].append(person)
    return found


def _pool(
    problem: Problem,
    prefecture: str,
    sessions: list[Session],
    people: list[Person],
    taken: dict[str, list[Held]],
    fixed: set[tuple[str, int]],
) -> Pool:
    """A pool; guests only keep the places they have, natives are out on days on which they are held elsewhere."""
    here = {session.id for session in sessions}
    natives = {person.id for person in people}
    guests = [
        problem.person[id]
        for id, each in sorted(taken.items())
        if id not in natives and any(one.session.id in here for one in each)
    ]
    table = tabulate(problem, sessions, [*people, *guests])
    number = {id: row for row, id in enumerate(table.persons)}
    session_number = {id: column for column, id in enumerate(table.sessions)}
    for guest in guests:
        table.head[number[guest.id]] = False
        table.member[number[guest.id]] = False
    stay: list[tuple[int, int]] = []
    may_move: list[tuple[int, int]] = []
    for row, person in enumerate(table.persons):
        for one in taken.get(person, ()):
            if one.session.id in here:
                place = table.places[session_number[one.session.id]][one.place], row
                (stay if (one.session.id, one.place) in fixed or person not in natives else may_move).append(place)
            else:
                _away(problem, table, row, one)
    return Pool(table, tuple(sorted(stay)), tuple(sorted(may_move)))


def _away(problem: Problem, table: Table, row: int, held: Held) -> None:
    """Nothing else on a day on which somebody serves in another prefecture."""
    day = problem.slot[held.session.slot].day
    days = [problem.slot[id].day for id in table.slots]
    columns = [column for column, slot in enumerate(table.slot) if days[slot] == day]
    table.head[row, columns] = False
    table.member[row, columns] = False
    table.most[row] -= 1
