"""From a placement to sessions that seat everybody: schedule the sites, find others for who is left out, and tidy up.

Seats of the whole period may be there and yet not in an order of slots that fits; then some are left out at their site.
They join what stands at the nearest site that has a way for them (:mod:`joining`). That opens rooms a site would not have
needed, had it known them from the start: so every site that somebody came to is searched again, from what stands there,
and whichever sessions are better are kept: nobody more left out, fewer rooms. Where sessions moved closer, others may
find a way; so this is repeated as long as somebody does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduling.planning.rules.plan import Placement, Session, Unplaced
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.ranges import without
from scheduling.planning.solver.ending import Ending, Stop
from scheduling.planning.solver.joining import Joined, join
from scheduling.planning.solver.papers import named
from scheduling.planning.solver.people import windows
from scheduling.planning.solver.sessions import Progress, Scheduled, SiteResult, run, schedule_sites, tasks_of

_ROUNDS = 3


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
    seconds: float | None = None,
    processes: int = 2,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Settled:
    """Sessions for the placements; who is `unplaced` so far may still join others."""
    ending = Ending.after(seconds, stop)
    scheduled = schedule_sites(
        problem, placements, seed=seed, seconds=seconds, processes=processes, progress=progress, stop=stop
    )
    limited = windows(problem, placements)  # of the whole placement: sessions of people at other sites keep to them
    joined = Joined(
        without(placements, scheduled.unplaced), scheduled.sessions, (*unplaced, *scheduled.unplaced), found=()
    )
    found: list[Placement] = []
    first = {one.site for one in scheduled.sites if one.unplaced}  # whose rooms have waited
    for _ in range(_ROUNDS):
        joined = join(problem, joined.placements, joined.sessions, joined.unplaced)
        found += joined.found
        if not (joined.found or first) or ending.reached():
            break
        changed = {one.site for one in joined.found} | first
        first = set()
        standing = _by_site(joined.sessions)
        tasks = [
            (site, members, limits, tuple(standing[site]))
            for site, members, limits, _ in tasks_of(problem, joined.placements, limited)
            if site in changed
        ]
        results = run(problem, tasks, seed=seed, ending=ending, processes=processes)
        sessions = _better(problem, standing, results)
        joined = Joined(joined.placements, sessions, joined.unplaced, joined.found)
    return Settled(
        scheduled=scheduled,
        joined=Joined(joined.placements, joined.sessions, joined.unplaced, tuple(found)),
        finished=scheduled.finished and not ending.reached(),
    )


def _by_site(sessions: Sequence[Session]) -> dict[str, list[Session]]:
    found: dict[str, list[Session]] = defaultdict(list)
    for one in sessions:
        found[one.site].append(one)
    return found


def _better(
    problem: Problem, standing: Mapping[str, Sequence[Session]], results: Sequence[SiteResult]
) -> tuple[Session, ...]:
    """The sessions of all sites, with the new ones where they seat everybody in fewer rooms, or as many."""
    best = dict(standing)
    for result in results:
        rooms = len({(one.place, one.slot) for one in standing[result.site]})
        if not result.unplaced and result.room_sessions <= rooms:
            best[result.site] = result.sessions
    return named(problem, [one for site in problem.sites for one in best.get(site.id, ())])
