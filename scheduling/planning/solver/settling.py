"""From a placement to sessions that seat everybody: schedule the sites, find others for who is left out, and tidy up.

Seats of the whole period may be there and yet not in an order of slots that fits; then some are left out at their site.
They join what stands at the nearest site that has a way for them (:mod:`joining`). That opens rooms a site would not have
needed, had it known them from the start: so every site that somebody came to is searched again, from what stands there,
and whichever sessions are better are kept: nobody more left out, fewer rooms. Where sessions moved closer, others may
find a way; so this is repeated as long as somebody does. Who finds no way anywhere is a guest of the sites with stations left,
one after the other: the site is searched with them, and room is made where that is possible.

Joining takes people where there is room, however far. So everybody is also placed a second time with what the sites hold
(:mod:`second`), and that plan is made whole in the same way. Up to `_BOTH` candidates both plans are made and the better is
kept: fewer without a place, then less travel, then fewer rooms. Of more only the second is, for the time it takes, and of
more than `_SECOND` only the first: searching the country's sites again takes minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from math import fsum

from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import Placement, Session, Unplaced
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.ranges import without
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.joining import AGAIN, Joined, Table, join
from scheduling.planning.solver.papers import named
from scheduling.planning.solver.people import exams_of, here, kept, windows
from scheduling.planning.solver.second import Second, second
from scheduling.planning.solver.sessions import (
    Reached,
    Scheduled,
    SiteResult,
    Task,
    not_reached,
    run,
    schedule_sites,
    tasks_of,
)

_ROUNDS = 8
_BOTH = 60_000  # candidates
_SECOND = 200_000

Search = Callable[[Sequence[Task]], list[SiteResult]]


@dataclass(frozen=True)
class Standing:
    """The plan at some time: everybody is in it, with sessions or without a place."""

    placements: tuple[Placement, ...]
    sessions: tuple[Session, ...]
    unplaced: tuple[Unplaced, ...]


Told = Callable[[Reached, Callable[[], Standing]], None]
"""How far it is, and what gives the plan by then if it is asked for."""


@dataclass(frozen=True)
class Settled:
    """Where everybody is in the end, and what came of the placement at first."""

    scheduled: Scheduled  # as the placement had it
    joined: Joined  # after who was left out has found other sites
    finished: bool  # False: it was ended before that


def settle(
    problem: Problem,
    placements: Sequence[Placement],
    unplaced: Sequence[Unplaced] = (),
    *,
    seed: int,
    ending: Ending | None = None,
    processes: int = 2,
    told: Told | None = None,
) -> Settled:
    """Sessions for the placements; who is `unplaced` so far may still join others."""
    ending = ending or Ending()
    tell = told or _silent
    first = sum(one.count for one in unplaced)
    scheduled = schedule_sites(
        problem,
        placements,
        seed=seed,
        ending=ending,
        processes=processes,
        told=lambda reached, done: tell(
            replace(reached, unplaced=first + reached.unplaced),
            lambda: standing(problem, placements, unplaced, done),
        ),
    )
    table = _Table(problem, placements, (*unplaced, *scheduled.unplaced), scheduled)
    waiting = {one.site for one in scheduled.sites if one.unplaced and one.begun}  # whose rooms have waited
    search: Search = partial(run, problem, seed=seed, ending=ending, processes=processes)
    made: list[_Table] = []
    people = sum(one.count for one in placements)
    if people <= _BOTH:
        made.append(table.copy())
        _join_on(made[0], waiting, search, ending, tell)
    again = None if ending.reached() or people > _SECOND else table.again(ending)
    if again is not None:
        other = table.copy()
        other.placements, other.sessions, other.unplaced = again.placements, again.sessions, again.unplaced
        rest = other.take(search(other.tasks(waiting | again.sites, again.guests)))
        _join_on(other, rest, search, ending, _silent if made else tell)
        made.append(other)
    if not made:
        made.append(table)
        _join_on(table, waiting, search, ending, tell)
    best = min(made, key=_Table.cost)
    tell(best.reached(), best.standing)
    return Settled(
        scheduled=scheduled,
        joined=best.joined(placements),
        finished=scheduled.finished and not ending.reached(),
    )


def _join_on(table: _Table, waiting: set[str], search: Search, ending: Ending, tell: Told) -> None:
    """Let who has no place join others, and search the sites that somebody came to, as long as somebody finds a way."""
    for _ in range(_ROUNDS):
        if ending.over():
            break
        changed = table.join() | waiting
        tell(table.reached(), table.standing)
        tasks = table.tasks(changed, {} if ending.reached() else table.guests())
        if not tasks or ending.reached():
            break
        waiting = table.take(search(tasks))
        tell(table.reached(), table.standing)


def travel_km(problem: Problem, placements: Sequence[Placement]) -> float:
    """Kilometres of all who have a place."""
    found = []
    for one in placements:
        home, site = problem.institution[problem.group[one.group].institution], problem.site[one.site]
        found.append(one.count * distance_km(home.lat, home.lon, site.lat, site.lon))
    return fsum(found)


def standing(
    problem: Problem, placements: Sequence[Placement], unplaced: Sequence[Unplaced], done: Sequence[SiteResult]
) -> Standing:
    """The plan when these sites are done: whoever the others are to take is not reached yet."""
    sites = {one.site for one in done if one.begun}
    left = [one for result in done if result.begun for one in result.unplaced]
    order = {site.id: number for number, site in enumerate(problem.sites)}
    results = sorted((one for one in done if one.begun), key=lambda one: order[one.site])
    waiting = not_reached(one for one in placements if one.site not in sites)
    return Standing(
        placements=without([one for one in placements if one.site in sites], left),
        sessions=named(problem, [one for result in results for one in result.sessions]),
        unplaced=(*unplaced, *left, *waiting),
    )


class _Table:
    """The plan as it stands: who sits where, who has no place, and what has been tried for them."""

    def __init__(
        self, problem: Problem, placements: Sequence[Placement], unplaced: Sequence[Unplaced], scheduled: Scheduled
    ) -> None:
        self.problem = problem
        self.placements: Sequence[Placement] = without(placements, scheduled.unplaced)
        self.sessions = scheduled.sessions
        self.unplaced: Sequence[Unplaced] = unplaced
        # Of the whole placement: the sessions of people at other sites keep to them.
        away = [here(problem, problem.group[one.group]) for one in unplaced]
        self.limited = {id: mask for one in away for id, mask in one.items()} | dict(windows(problem, placements))
        self.visitors: dict[str, list[Unplaced]] = {}
        self.held: dict[str, list[Session]] = {}  # per site
        self.tried: set[tuple[str, str]] = set()  # (group, site)

    def copy(self) -> _Table:
        """Another one that stands as this does and goes its own way."""
        other = copy(self)
        other.limited, other.tried = dict(self.limited), set(self.tried)
        return other

    def cost(self) -> tuple[int, float, int]:
        """What is better is less: who has no place, then kilometres, then rooms."""
        now = self.reached()
        return now.unplaced, travel_km(self.problem, self.placements), now.room_sessions

    def again(self, ending: Ending) -> Second | None:
        """The second placement."""
        return second(self.problem, self.placements, self.sessions, self.unplaced, ending=ending)

    def join(self) -> set[str]:
        """Let who has no place join what stands; the sites they have come to."""
        joined = join(self.problem, self.placements, self.sessions, self.unplaced)
        self.placements, self.sessions, self.unplaced = joined.placements, joined.sessions, joined.unplaced
        for person in sorted({self.problem.group[one.group].person or "" for one in joined.found} - {""}):
            self.limited |= kept(self.problem, exams_of(self.problem, person, self.sessions))
        return {one.site for one in joined.found}

    def reached(self) -> Reached:
        """How good the plan is now."""
        sites = len({one.site for one in self.placements})
        rooms = len({(one.site, one.place, one.slot) for one in self.sessions})
        return Reached(sites, sites, sum(one.count for one in self.unplaced), rooms)

    def standing(self) -> Standing:
        """The plan as it is now."""
        return Standing(tuple(self.placements), tuple(self.sessions), tuple(self.unplaced))

    def guests(self) -> dict[str, list[Unplaced]]:
        """Who still has none, at the nearest site with stations left at which they have not been guests yet."""
        able = [one for one in self.unplaced if one.reason in AGAIN and self.problem.group[one.group].person is None]
        found: dict[str, list[Unplaced]] = defaultdict(list)
        table = Table(self.problem, self.sessions, ()) if able else None
        for one in able:
            near = table.near(self.problem.group[one.group]) if table else []
            site = next((id for id in near if (one.group, id) not in self.tried), None)
            if site is not None:
                self.tried.add((one.group, site))
                found[site].append(one)
        return found

    def tasks(self, sites: Collection[str], guests: Mapping[str, Sequence[Unplaced]]) -> list[Task]:
        """Search these sites again, from what stands there; with guests for whom room may be made."""
        self.visitors = {site: list(some) for site, some in guests.items()}
        self.held = defaultdict(list)
        for session in self.sessions:
            self.held[session.site].append(session)
        coming = [one for site, some in self.visitors.items() for one in _sent(site, some)]
        return [
            (site, members, limits, tuple(self.held[site]))
            for site, members, limits, _ in tasks_of(self.problem, (*self.placements, *coming), self.limited)
            if site in sites or site in self.visitors
        ]

    def take(self, results: Sequence[SiteResult]) -> set[str]:
        """Keep what is better at a site: fewer left out, then fewer rooms. The sites whose rooms still wait for a search."""
        waiting = set()
        best: dict[str, Sequence[Session]] = dict(self.held)
        coming: list[Placement] = []
        left: list[Unplaced] = []
        for result in results:
            guests = self.visitors.get(result.site, [])
            if not result.begun:
                continue
            before = sum(one.count for one in guests), len({(one.place, one.slot) for one in best.get(result.site, ())})
            if (sum(one.count for one in result.unplaced), result.room_sessions) > before:
                continue
            best[result.site] = result.sessions
            if result.unplaced:
                waiting.add(result.site)
            coming += _sent(result.site, guests)
            left += result.unplaced
        self.placements = without((*self.placements, *coming), left)
        self.unplaced = (*without(self.unplaced, coming), *left)
        self.sessions = named(self.problem, [one for site in self.problem.sites for one in best.get(site.id, ())])
        return waiting

    def joined(self, before: Sequence[Placement]) -> Joined:
        """The plan in the end; `before`: where everybody was to go at first."""
        at: dict[str, list[Placement]] = defaultdict(list)
        for one in before:
            at[one.site].append(one)
        return Joined(
            placements=tuple(self.placements),
            sessions=self.sessions,
            unplaced=tuple(sorted(self.unplaced, key=lambda one: (one.group, one.first))),
            found=tuple(new for one in self.placements for new in without([one], at[one.site])),
        )


def _sent(site: str, guests: Sequence[Unplaced]) -> list[Placement]:
    return [Placement(group=one.group, site=site, first=one.first, count=one.count) for one in guests]


def _silent(reached: Reached, standing: Callable[[], Standing]) -> None:
    """Tell nobody."""
