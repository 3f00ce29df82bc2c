"""Sessions: in which room and slot every placed candidate sits each component, site by site, in parallel.

Sites do not depend on each other once people who are examined at several have their days shared out (:mod:`people`):
each is searched with a generator of its own, drawn from the seed and the site's name, and results are put in the order
of the sites. So the same problem and seed give the same sessions whatever the number of processes; only an end before
that may change them: then sites get their first schedule only, and when the patience is over none (`NOT_REACHED`).
The largest sites begin, so that no process waits long for the other at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import msgspec

from scheduling.planning.rules.plan import Part, Placement, Session, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Form, Problem
from scheduling.planning.solver.ending import Ending
from scheduling.planning.solver.improving import best_schedule
from scheduling.planning.solver.papers import named
from scheduling.planning.solver.people import Windows, windows
from scheduling.planning.solver.pinning import carve
from scheduling.planning.solver.schedule import Schedule
from scheduling.planning.solver.seating import Left, Seat, seat
from scheduling.planning.solver.site import Cohort, Model, model
from scheduling.planning.solver.standing import schedule_of
from scheduling.planning.solver.stays import fewer_stays
from scheduling.planning.solver.workers import spread

Task = tuple[str, list[tuple[str, int, int]], Windows, tuple[Session, ...]]
"""A site, the members placed there, the slots left to people who are also examined elsewhere, and what stands already."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the sessions are, and how good the plan so far is."""

    done: int  # sites
    total: int
    unplaced: int  # candidates left out
    room_sessions: int


class SiteResult(msgspec.Struct, frozen=True):
    """What came out at a site."""

    site: str
    sessions: tuple[Session, ...]  # numbered and named by paper afterwards
    unplaced: tuple[Unplaced, ...]
    room_sessions: int
    bound: int
    stays: int
    stays_first: int  # of the constructive plan with the same sessions
    two_in_row: int
    begun: bool = True  # False: it was ended before

    @property
    def over_percent(self) -> float:
        """Room-sessions over the bound, in percent of it; 0 where nobody sits."""
        return max(0.0, (self.room_sessions / self.bound - 1) * 100) if self.bound else 0.0


Told = Callable[[Reached, Sequence[SiteResult]], None]
"""How far it is, with the results so far."""


@dataclass(frozen=True)
class Scheduled:
    """All sessions, who is left out and why, and how good it is."""

    sessions: tuple[Session, ...]
    unplaced: tuple[Unplaced, ...]
    room_sessions: int  # (room or workshop, slot) that are used
    room_bound: int  # no plan that seats everybody has fewer
    stays: int  # nights away
    worst_site: float  # percent over its bound
    stays_first: int = 0  # nights away in the same rooms, first come, first served
    two_in_row: int = 0
    finished: bool = True  # False: time ran out, some sites have their first schedule only
    sites: tuple[SiteResult, ...] = ()


def schedule_sites(
    problem: Problem,
    placements: Sequence[Placement],
    *,
    seed: int,
    ending: Ending | None = None,
    processes: int = 2,
    told: Told | None = None,
) -> Scheduled:
    """Make the sessions of all sites; `told` after each."""
    ending = ending or Ending()
    tasks = tasks_of(problem, placements, windows(problem, placements))
    done: list[SiteResult] = []

    def tell(result: SiteResult) -> None:
        done.append(result)
        if told:
            unplaced = sum(left.count for one in done for left in one.unplaced)
            told(Reached(len(done), len(tasks), unplaced, sum(one.room_sessions for one in done)), done)

    results = run(problem, tasks, seed=seed, ending=ending, processes=processes, tell=tell)
    return gathered(problem, results, finished=not ending.reached())


def gathered(problem: Problem, results: Sequence[SiteResult], *, finished: bool = True) -> Scheduled:
    """What came out at the sites, taken together; the sessions get their numbers and papers."""
    return Scheduled(
        sessions=named(problem, [one for result in results for one in result.sessions]),
        unplaced=tuple(one for result in results for one in result.unplaced),
        room_sessions=sum(result.room_sessions for result in results),
        room_bound=sum(result.bound for result in results),
        stays=sum(result.stays for result in results),
        worst_site=max((result.over_percent for result in results), default=0.0),
        stays_first=sum(result.stays_first for result in results),
        two_in_row=sum(result.two_in_row for result in results),
        finished=finished,
        sites=tuple(results),
    )


def room_bounds(problem: Problem, placements: Sequence[Placement]) -> dict[str, int]:
    """Site -> the least number of room-sessions with which everybody placed there can sit (:mod:`packing`)."""
    group = problem.group
    return {
        site: model(problem, problem.site[site], [(group[id], first, count) for id, first, count in members], {}).bound
        for site, members, _, _ in tasks_of(problem, placements, {})
    }


def tasks_of(problem: Problem, placements: Sequence[Placement], limited: Windows) -> list[Task]:
    """One per site with candidates, in the order of the problem's sites; `limited`: of people examined at several."""
    members: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for one in sorted(placements, key=lambda placement: (placement.site, placement.group, placement.first)):
        members[one.site].append((one.group, one.first, one.count))
    return [
        (site.id, members[site.id], {group: limited[group] for group, _, _ in members[site.id] if group in limited}, ())
        for site in problem.sites
        if site.id in members
    ]


# -------------------------------------------------------------------- processes

_MANY = 4  # fewer sites than this are not worth a second process,
_CROWD = 20_000  # nor fewer candidates: it takes seconds to begin one


def run(
    problem: Problem,
    tasks: Sequence[Task],
    *,
    seed: int,
    ending: Ending,
    processes: int = 2,
    tell: Callable[[SiteResult], None] | None = None,
) -> list[SiteResult]:
    """The results of all tasks, in their order; `tell`: of each as soon as it is there."""
    found: dict[int, SiteResult] = {}
    for number, result in _results(problem, tasks, seed, ending, processes):
        found[number] = result
        if tell:
            tell(result)
    return [found[number] if number in found else _not_begun(task) for number, task in enumerate(tasks)]


def _results(
    problem: Problem, tasks: Sequence[Task], seed: int, ending: Ending, processes: int
) -> Iterator[tuple[int, SiteResult]]:
    work = [(number, task, seed) for number, task in enumerate(tasks)]
    work.sort(key=lambda one: (-sum(count for _, _, count in one[1][1]), one[0]))
    crowd = sum(count for _, task, _ in work for _, _, count in task[1])
    answered = set()
    if processes > 1 and len(work) >= _MANY and crowd >= _CROWD:
        lean = msgspec.msgpack.encode(msgspec.structs.replace(problem, staff=(), waivers=(), pilots=()))
        given = [(number, (task, seed)) for number, task, seed in work]
        for number, found in spread(_problem_of, lean, _one, given, processes=processes, ending=ending):
            answered.add(number)
            yield number, msgspec.msgpack.decode(found, type=SiteResult)
    for number, task, _ in work:  # all of them, or those whose worker has died
        if number not in answered and not ending.over():
            yield number, schedule_site(problem, task, seed, ending)


def _problem_of(data: bytes) -> Problem:
    return msgspec.msgpack.decode(data, type=Problem)


def _one(problem: Problem, work: tuple[Task, int], ending: Ending) -> bytes:
    task, seed = work
    return msgspec.msgpack.encode(schedule_site(problem, task, seed, ending))


def _not_begun(task: Task) -> SiteResult:
    site, members, _, _ = task
    left = not_reached(Placement(group=group, site=site, first=first, count=count) for group, first, count in members)
    return SiteResult(site, (), left, room_sessions=0, bound=0, stays=0, stays_first=0, two_in_row=0, begun=False)


def not_reached(placements: Iterable[Placement]) -> tuple[Unplaced, ...]:
    """Who has a site and no sessions yet, as those without a place."""
    reason = UnplacedReason.NOT_REACHED
    return tuple(
        Unplaced(group=one.group, first=one.first, count=one.count, reason=reason, facts={"site": one.site})
        for one in placements
    )


# -------------------------------------------------------------------- one site


def schedule_site(problem: Problem, task: Task, seed: int, ending: Ending) -> SiteResult:
    """Make the sessions of one site, or better those that stand; papers and final ids come later, over all sites."""
    site, placed, limited, standing = task
    carved = carve(problem, site, placed, limited)
    problem, members = carved.problem, carved.members
    made = model(
        problem,
        problem.site[site],
        [(problem.group[id], first, count) for id, first, count in members],
        carved.windows,
        carved.narrow,
    )
    start = schedule_of(problem, made, standing) if standing and carved.whole else None
    schedule = best_schedule(made, Random(f"{seed} sessions {site}"), ending=ending, start=start)
    school = {id: problem.group[id].institution for id, _, _ in members}
    plain = seat(made, schedule, school, comfort=False)
    fewer_stays(made, schedule, Random(f"{seed} stays {site}"), ending)
    seating = seat(made, schedule, school)
    left = carved.unplaced(_unplaced(problem, made, schedule, seating.left))
    return SiteResult(
        site=site,
        sessions=carved.sessions(_sessions(problem, made, seating.seats), left),
        unplaced=left,
        room_sessions=schedule.room_sessions(made) + len(carved.fixed),
        bound=made.bound + len(carved.fixed),
        stays=seating.stays,
        stays_first=plain.stays,
        two_in_row=seating.rows,
    )


def _sessions(problem: Problem, made: Model, seats: Sequence[Seat]) -> tuple[Session, ...]:
    parts: dict[tuple[int, int, int], list[Part]] = defaultdict(list)
    for one in seats:
        held = parts[one.slot, one.item, one.place]
        if held and held[-1].group == one.group and held[-1].first + held[-1].count == one.first:
            held[-1] = Part(group=one.group, first=held[-1].first, count=held[-1].count + one.count)
        else:
            held.append(Part(group=one.group, first=one.first, count=one.count))
    found = []
    for (slot, number, place), held in sorted(parts.items()):
        item = made.items[number]
        places = made.shops.get(item.certificate, []) if item.component.form is Form.PRACTICAL else None
        held_at = (places if places is not None else made.rooms[item.component.form])[place]
        found.append(
            Session(
                id="-",
                site=made.site,
                place=held_at.id,
                slot=problem.slots[slot].id,
                certificate=item.certificate,
                level=item.level,
                component=item.component.id,
                paper="-",
                parts=tuple(held),
            )
        )
    return tuple(found)


# -------------------------------------------------------------------- who is left out


def _unplaced(problem: Problem, made: Model, schedule: Schedule, left: Sequence[Left]) -> tuple[Unplaced, ...]:
    found = [_left_out(problem, made, made.cohorts[one.cohort], one.group, one.first, one.count, "") for one in left]
    for cohort, component in made.hopeless:
        found += [
            _left_out(problem, made, cohort, one.group, one.first, one.count, component) for one in cohort.members
        ]
    return tuple(sorted(found, key=lambda one: (one.group, one.first)))


def _left_out(
    problem: Problem, made: Model, cohort: Cohort, group: str, first: int, count: int, hopeless: str
) -> Unplaced:
    reason, facts = _why(problem, made, cohort, group, hopeless)
    return Unplaced(group=group, first=first, count=count, reason=reason, facts={"site": made.site, **facts})


def _why(
    problem: Problem, made: Model, cohort: Cohort, group: str, hopeless: str
) -> tuple[UnplacedReason, dict[str, str | int]]:
    """The reason, and the resource that binds: a form of rooms, or the stations of a certificate."""
    one = problem.group[group]
    if one.person and sum(other.person == one.person for other in problem.groups) > 1:
        return UnplacedReason.CLASH, {"person": one.person}
    if one.away:
        return UnplacedReason.CLASH, {}
    if hopeless:
        reason = UnplacedReason.ACCOMMODATION if one.accommodations else UnplacedReason.TIME
        return reason, {"certificate": one.certificate, "component": hopeless}
    for number in cohort.items:
        short, facts = _short(made, number)
        if short > 0:
            return UnplacedReason.CAPACITY, {**facts, "short": short}
    if one.accommodations:
        return UnplacedReason.ACCOMMODATION, {"certificate": one.certificate}
    return UnplacedReason.TIME, _fullest(made, cohort)


def _short(made: Model, number: int) -> tuple[int, dict[str, str | int]]:
    """How many sessions or stations the places of an item lack over the whole period, and which places they are."""
    item = made.items[number]
    form = item.component.form
    alike = [one for one in made.items if one.component.form is form]
    if form is Form.PRACTICAL:
        shops = made.shops[item.certificate]
        stock = sum(shop.size * sum(shop.open) for shop in shops)
        needed = sum(one.stations for one in alike if one.certificate == item.certificate)
        return needed - stock, {"kind": str(form), "certificate": item.certificate, "capacity": stock}
    stock = sum(sum(place.open) for place in made.rooms[form])
    return sum(one.sessions for one in alike) - stock, {"kind": str(form), "capacity": stock}


def _fullest(made: Model, cohort: Cohort) -> dict[str, str | int]:
    """The kind of places that has the least to spare."""
    tightest = max(cohort.items, key=lambda number: (_short(made, number)[0], -number))
    return _short(made, tightest)[1]
