"""The staffing of a pool of sites as arrays: who could take which place of which session, and how far each lives.

A pool is the sites of a prefecture with the people near them. Everything is numbered in sorted order, so that the order of
the input does not matter. A place is one position in a team; the head or lead of a session and the other places differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import Session
from scheduling.planning.rules.problem import Duty, Form, Person, Problem
from scheduling.planning.rules.teams import (
    HEADS,
    MEMBERS,
    candidates_from,
    form_of,
    pause_minutes,
    qualified,
    team_size,
    ties,
)

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Persons x sessions, places, slots, days, sites; all by number."""

    persons: tuple[str, ...]
    sessions: tuple[str, ...]
    sites: tuple[str, ...]
    slots: tuple[str, ...]  # in order of time
    site: list[int]  # of a session
    slot: list[int]  # of a session
    day: list[int]  # of a slot
    kind: list[str]  # of a session: its certificate if it is a practical, else ""
    place_session: list[int]
    place_head: list[bool]
    places: list[list[int]]  # of a session, the head first
    head: Flags  # [person, session]: may take the place of the head, if free
    member: Flags  # [person, session]: may take another place, if free
    present: Flags  # [person, slot]: can come
    km: npt.NDArray[np.float64]  # [person, site]
    most: list[int]  # sessions of a person
    near: (
        Flags  # [slot, slot, site, site] flattened to [slot * slots + slot, site * sites + site]: one day, the way fits
    )

    @cached_property
    def columns(self) -> list[list[int]]:
        """Of each place, the people who may take it, in order."""
        heads = [np.flatnonzero(column).tolist() for column in self.head.T]
        members = [np.flatnonzero(column).tolist() for column in self.member.T]
        return [
            heads[session] if head else members[session]
            for session, head in zip(self.place_session, self.place_head, strict=True)
        ]

    @cached_property
    def slots_of_day(self) -> list[list[int]]:
        """The slots of each day."""
        days: list[list[int]] = [[] for _ in range(max(self.day, default=-1) + 1)]
        for slot, day in enumerate(self.day):
            days[day].append(slot)
        return days

    @cached_property
    def distance(self) -> list[list[float]]:
        """Kilometres of a person to a site, as plain lists."""
        return [[float(one) for one in row] for row in self.km]

    def may(self, person: int, place: int) -> bool:
        """Whether somebody may take a place if they are free."""
        session = self.place_session[place]
        return bool(self.head[person, session] if self.place_head[place] else self.member[person, session])

    def fits(self, slot: int, site: int, other_slot: int, other_site: int) -> bool:
        """Whether one person can serve at both: the same site, or the way fits between the slots."""
        if site == other_site:
            return True
        return bool(self.near[slot * len(self.slots) + other_slot, site * len(self.sites) + other_site])


def tabulate(problem: Problem, sessions: Sequence[Session], persons: Sequence[Person]) -> Table:
    """The table of these sessions and people."""
    persons = sorted(persons, key=lambda one: one.id)
    sessions = sorted(sessions, key=lambda one: (problem.slot_number[one.slot], one.site, one.id))
    sites = sorted({one.site for one in sessions})
    slots = sorted({one.slot for one in sessions}, key=lambda id: (problem.slot[id].starts, id))
    site_number = {id: number for number, id in enumerate(sites)}
    slot_number = {id: number for number, id in enumerate(slots)}
    days = {day: number for number, day in enumerate(sorted({problem.slot[id].day for id in slots}))}
    forms = [form_of(problem, one) for one in sessions]
    place_session = [number for number, one in enumerate(sessions) for _ in range(team_size(problem, one))]
    place_head = [before != after for before, after in pairwise([None, *place_session])]
    places: list[list[int]] = [[] for _ in sessions]
    for place, session in enumerate(place_session):
        places[session].append(place)
    here = _present(slot_number, persons)
    slot = [slot_number[one.slot] for one in sessions]
    possible = here[:, slot] & ~_conflicts(problem, sessions, persons)
    possible &= _qualified(problem, sessions, persons, forms)
    return Table(
        persons=tuple(one.id for one in persons),
        sessions=tuple(one.id for one in sessions),
        sites=tuple(sites),
        slots=tuple(slots),
        site=[site_number[one.site] for one in sessions],
        slot=slot,
        day=[days[problem.slot[id].day] for id in slots],
        kind=[one.certificate if form is Form.PRACTICAL else "" for one, form in zip(sessions, forms, strict=True)],
        place_session=place_session,
        place_head=place_head,
        places=places,
        head=possible & _with_duty(persons, [HEADS[form] for form in forms]),
        member=possible & _with_duty(persons, [MEMBERS[form] for form in forms]),
        present=here,
        km=_distances(problem, sites, persons),
        most=[one.most_sessions for one in persons],
        near=_near(problem, sites, slots),
    )


def _present(slots: Mapping[str, int], persons: Sequence[Person]) -> Flags:
    """[person, slot]: the person can come in it (H11)."""
    here = np.ones((len(persons), len(slots)), dtype=np.bool_)
    for number, person in enumerate(persons):
        if person.available is not None:
            here[number] = False
            here[number, [slots[id] for id in person.available if id in slots]] = True
    return here


def _conflicts(problem: Problem, sessions: Sequence[Session], persons: Sequence[Person]) -> Flags:
    """[person, session]: the person is tied to an institution of its candidates (H12)."""
    senders = [sorted(candidates_from(problem, one)) for one in sessions]
    number = {id: place for place, id in enumerate(sorted({id for each in senders for id in each}))}
    tied = np.zeros((len(persons), len(number)), dtype=np.float32)
    for row, person in enumerate(persons):
        tied[row, [number[id] for id in sorted(ties(person)) if id in number]] = 1
    sends = np.zeros((len(number), len(sessions)), dtype=np.float32)
    for column, each in enumerate(senders):
        sends[[number[id] for id in each], column] = 1
    found: Flags = (tied @ sends) > 0
    return found


def _qualified(
    problem: Problem, sessions: Sequence[Session], persons: Sequence[Person], forms: Sequence[Form]
) -> Flags:
    """[person, session]: not a practical, or the person holds its certificate on its day (H13)."""
    wanted = [
        (one.certificate, problem.slot[one.slot].day) if form is Form.PRACTICAL else None
        for one, form in zip(sessions, forms, strict=True)
    ]
    number = {pair: place for place, pair in enumerate(sorted({pair for pair in wanted if pair}))}
    column = [len(number) if pair is None else number[pair] for pair in wanted]
    held = np.ones((len(persons), len(number) + 1), dtype=np.bool_)
    for row, person in enumerate(persons):
        certificates = {one.certificate for one in person.qualifications}
        for (certificate, day), place in number.items():
            held[row, place] = certificate in certificates and qualified(person, certificate, day)
    chosen: Flags = held[:, column]
    return chosen


def _with_duty(persons: Sequence[Person], wanted: Sequence[Duty]) -> Flags:
    """[person, session]: the person has the duty that a session asks for."""
    duties = list(Duty)
    has = np.array([[duty in one.duties for duty in duties] for one in persons], dtype=np.bool_).reshape(
        len(persons), len(duties)
    )
    chosen: Flags = has[:, [duties.index(duty) for duty in wanted]]
    return chosen


def _distances(problem: Problem, sites: Sequence[str], persons: Sequence[Person]) -> npt.NDArray[np.float64]:
    found = [problem.site[id] for id in sites]
    rows = [[distance_km(person.lat, person.lon, site.lat, site.lon) for site in found] for person in persons]
    return np.array(rows, dtype=np.float64).reshape(len(persons), len(sites))


def _near(problem: Problem, sites: Sequence[str], slots: Sequence[str]) -> Flags:
    """Whether the way between two sites fits between two slots (H11)."""
    found = [problem.site[id] for id in sites]
    apart = [[distance_km(a.lat, a.lon, b.lat, b.lon) for b in found] for a in found]
    minutes = np.array(apart, dtype=np.float64).reshape(-1) / problem.rules.speed_km_per_hour * 60
    windows = [problem.slot[id] for id in slots]
    pause = np.array(
        [[pause_minutes(a, b) if a is not b else -1.0 for b in windows] for a in windows], dtype=np.float64
    )
    near: Flags = (minutes[None, :] <= pause.reshape(-1)[:, None]) & (pause.reshape(-1)[:, None] >= 0)
    return near
