"""Teams after a repair: who has a place keeps it; the team of a session that was moved goes with it where it can (H17).

Whose places are empty because they cannot come are replaced first (:mod:`replacing`); then the places of new sessions
are filled; who stands by goes on standing by. Nobody is asked who was free, as long as nothing is open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import structs

from scheduling.planning.rules.plan import Assignment, OpenPosition, Plan, Session, Standby
from scheduling.planning.rules.problem import Person, Problem
from scheduling.planning.rules.teams import can_serve_both, candidates_from, obstacle, positions, ties
from scheduling.planning.solver.replacing import replace
from scheduling.planning.solver.staff import assign
from scheduling.planning.solver.staffing_pools import held_by


@dataclass(frozen=True)
class Kept:
    """The teams afterwards."""

    assignments: tuple[Assignment, ...]
    standby: tuple[Standby, ...]
    open: tuple[OpenPosition, ...]


def can_come(now: Problem, plan: Plan, one: Assignment) -> bool:
    """Whether a person can still come in the slot of their published session."""
    person = now.person.get(one.person)
    return person is not None and (person.available is None or plan.session[one.session].slot in person.available)


def keep(now: Problem, plan: Plan, sessions: Sequence[Session], *, past: Collection[str], seed: int) -> Kept:
    """The teams of the sessions as they are now. What is past stays as it was.

    `now` says who cannot come (:func:`losses.as_it_stands`); `plan` is the published one.
    """
    if not now.staff:
        return Kept(plan.assignments, plan.standby, plan.open_positions)
    standing = _standing(now, plan, sessions)
    standby = _waiting(now, sessions, standing, plan.standby, past)
    absent = _absent(now, plan, past)
    slot_of = {one.id: one.slot for one in sessions if one.id in plan.session and one.slot == plan.session[one.id].slot}
    held_at = {one.id: one.slot for one in sessions}
    for person, slots in absent.items():
        theirs = [one for one in plan.assignments if one.person == person and slot_of.get(one.session) in slots]
        more = _more_than_needed(now, sessions, standing)
        replaced = replace(
            _busy(now, {(one.person, held_at[one.session]) for one in more}),
            sessions,
            [*(one for one in standing if one not in more), *_still_needed(now, sessions, standing, theirs)],
            ill=person,
            slots=slots,
            past=past,
            seed=seed,
            standby=standby,
            others_stay=True,
        )
        standing, standby = [*replaced.assignments, *more], list(replaced.standby)
    if not absent and _unchanged(plan, sessions):
        return Kept(_in_order(plan.assignments, standing), tuple(standby), plan.open_positions)
    staffed = assign(_settled(now, sessions, standing), sessions, seed=seed, fixed=standing)
    over = {one.id for one in sessions if one.slot in past}
    filled = [one for one in staffed.assignments if one.session not in over or one in set(standing)]
    filled += _extra(now, sessions, filled, standing)
    waiting = _waiting(now, sessions, filled, standby, past)
    return Kept(
        _in_order(plan.assignments, filled),
        _enough(waiting, _waiting(now, sessions, filled, staffed.standby, past)),
        (
            *(one for one in plan.open_positions if one.session in over),
            *(one for one in staffed.open if one.session not in over),
        ),
    )


def _more_than_needed(now: Problem, sessions: Sequence[Session], standing: Sequence[Assignment]) -> list[Assignment]:
    """Who was published for a team that is smaller now; they serve there all the same."""
    seats = {(held.session.id, held.person) for held in held_by(now, sessions, standing)}
    return [one for one in standing if (one.session, one.person) not in seats]


def _still_needed(
    now: Problem, sessions: Sequence[Session], standing: Iterable[Assignment], gone: Iterable[Assignment]
) -> list[Assignment]:
    """The places of those who cannot come that nobody of the same team can take."""
    session = {one.id: one for one in sessions}
    have = Counter((one.session, one.duty) for one in standing)
    found = []
    for one in gone:
        if positions(now, session[one.session]).count(one.duty) > have[one.session, one.duty]:
            have[one.session, one.duty] += 1
            found.append(one)
    return found


def _busy(now: Problem, taken: Collection[tuple[str, str]]) -> Problem:
    """The problem in which these people cannot be asked in these slots."""
    people = {person for person, _ in taken}

    def busy(person: Person) -> Person:
        can = tuple(now.slot) if person.available is None else person.available
        return structs.replace(person, available=tuple(slot for slot in can if (person.id, slot) not in taken))

    return structs.replace(now, staff=tuple(busy(one) if one.id in people else one for one in now.staff))


def _standing(now: Problem, plan: Plan, sessions: Sequence[Session]) -> list[Assignment]:
    """The places that stay with whom they are: at the same time always, at another where the person can."""
    session = {one.id: one for one in sessions}
    held: dict[str, list[Session]] = defaultdict(list)
    found, moved = [], []
    for one in plan.assignments:
        new = session.get(one.session)
        if new is None or not can_come(now, plan, one) or ties(now.person[one.person]) & candidates_from(now, new):
            continue
        if new.slot == plan.session[one.session].slot:
            found.append(one)
            held[one.person].append(new)
        else:
            moved.append(one)
    for one in moved:
        new, person = session[one.session], now.person[one.person]
        if obstacle(now, person, new, one.duty) is None and all(
            can_serve_both(now, new, other) for other in held[one.person]
        ):
            found.append(one)
            held[one.person].append(new)
    return found


def _settled(now: Problem, sessions: Sequence[Session], standing: Sequence[Assignment]) -> Problem:
    """The problem in which nobody is asked for more on a day on which they serve at two sites already.

    Nor are those asked who are more than a team needs now, while it serves.
    """
    session = {one.id: one for one in sessions}
    sites: dict[tuple[str, date], set[str]] = defaultdict(set)
    slots: dict[tuple[str, date], set[str]] = defaultdict(set)
    for one in standing:
        held = session[one.session]
        day = now.slot[held.slot].day
        sites[one.person, day].add(held.site)
        slots[one.person, day].add(held.slot)
    full = {key for key, visited in sites.items() if len(visited) > 1}
    over = {(one.person, session[one.session].slot) for one in _more_than_needed(now, sessions, standing)}
    people = {person for person, _ in (*full, *over)}

    def settled(person: Person) -> Person:
        can = tuple(now.slot) if person.available is None else person.available
        kept = (
            slot
            for slot in can
            if (person.id, slot) not in over
            and ((key := (person.id, now.slot[slot].day)) not in full or slot in slots[key])
        )
        return structs.replace(person, available=tuple(kept))

    return structs.replace(now, staff=tuple(settled(one) if one.id in people else one for one in now.staff))


def _absent(now: Problem, plan: Plan, past: Collection[str]) -> dict[str, list[str]]:
    """Who cannot come any more -> the slots in which they were to serve, in order."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in plan.assignments:
        slot = plan.session[one.session].slot
        if slot not in past and one.person in now.person and not can_come(now, plan, one):
            found[one.person].add(slot)
    return {person: sorted(found[person]) for person in sorted(found)}


def _unchanged(plan: Plan, sessions: Sequence[Session]) -> bool:
    """Whether every session is held as it was published: nobody has come to it, and none is new."""
    before = plan.session
    return all(
        one.id in before
        and (one.place, one.slot) == (before[one.id].place, before[one.id].slot)
        and one.count <= before[one.id].count
        for one in sessions
    )


def _extra(
    now: Problem, sessions: Sequence[Session], filled: Sequence[Assignment], standing: Iterable[Assignment]
) -> list[Assignment]:
    """Who was published for a team that is smaller now serves there all the same."""
    session = {one.id: one for one in sessions}
    held: dict[str, list[Session]] = defaultdict(list)
    for one in filled:
        held[one.person].append(session[one.session])
    have = set(filled)
    found = []
    for one in standing:
        if one not in have and all(can_serve_both(now, session[one.session], other) for other in held[one.person]):
            found.append(one)
            held[one.person].append(session[one.session])
    return found


def _waiting(
    now: Problem,
    sessions: Sequence[Session],
    assignments: Iterable[Assignment],
    standby: Iterable[Standby],
    past: Collection[str],
) -> list[Standby]:
    """Who can still stand by: there is a session at the site on that day, and they serve nowhere on it."""
    session = {one.id: one for one in sessions}
    serves = {(one.person, now.slot[session[one.session].slot].day) for one in assignments}
    held = {(one.site, now.slot[one.slot].day) for one in sessions}
    over = {now.slot[slot].day for slot in past} - {slot.day for slot in now.slots if slot.id not in past}
    return [
        one
        for one in standby
        if one.day in over
        or ((one.person, one.day) not in serves and (one.site, one.day) in held and _free_on(now, one))
    ]


def _free_on(now: Problem, one: Standby) -> bool:
    person = now.person.get(one.person)
    if person is None:
        return False
    return person.available is None or any(slot.id in person.available for slot in now.slots if slot.day == one.day)


def _enough(waiting: Sequence[Standby], fresh: Iterable[Standby]) -> tuple[Standby, ...]:
    """Those who stand by, and as many more as a site and day needs."""
    found = list(waiting)
    have = Counter((one.site, one.day) for one in waiting)
    busy = {(one.person, one.day) for one in waiting}
    wanted: dict[tuple[str, date], list[Standby]] = defaultdict(list)
    for one in fresh:
        wanted[one.site, one.day].append(one)
    for (site, day), people in wanted.items():
        missing = len(people) - have[site, day]
        for one in people:
            if missing > 0 and (one.person, one.day) not in busy:
                found.append(one)
                busy.add((one.person, one.day))
                missing -= 1
    return tuple(found)


def _in_order(before: Sequence[Assignment], after: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """Those that stood, where they stood; then the new ones."""
    now = set(after)
    stood = [one for one in before if one in now]
    known = set(stood)
    return (*stood, *(one for one in after if one not in known))
