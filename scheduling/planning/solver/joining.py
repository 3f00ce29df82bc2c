"""Candidates without a place join sessions that stand, at the nearest site that still has a way through: nobody moves.

For those whom their site's sessions could not hold, before publication; and for late registrations after it. A way is a
slot per component with seats left in a session of just this component, in a free room, or at free stations. Sessions
keep their ids, rooms and papers; they only gain candidates, and some are added. Who sits other exams, too, comes between
them, with the time to travel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from scheduling.planning.rules.capacity import stations_used
from scheduling.planning.rules.demand import Need, Numbers, allowed_sites, distances, need_of
from scheduling.planning.rules.pins import held
from scheduling.planning.rules.plan import Assignment, Part, Placement, Session, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Accommodation, Form, Group, Problem
from scheduling.planning.solver.board import Board
from scheduling.planning.solver.papers import Papers
from scheduling.planning.solver.people import exams_of, free_at, here
from scheduling.planning.solver.schedule import Schedule, Use
from scheduling.planning.solver.site import Model, Place, model

Allows = Callable[[str, int], bool]
"""Whether a component may be sat in a slot (by number)."""

AGAIN = frozenset({UnplacedReason.TIME, UnplacedReason.CAPACITY})
"""Reasons that another site may not have."""


@dataclass(frozen=True)
class Joined:
    """Where everybody is now."""

    placements: tuple[Placement, ...]  # of those who have a place
    sessions: tuple[Session, ...]
    unplaced: tuple[Unplaced, ...]  # who is left out even so
    found: tuple[Placement, ...]  # the new ones among the placements


def join(
    problem: Problem,
    placements: Sequence[Placement],
    sessions: Sequence[Session],
    unplaced: Sequence[Unplaced],
    *,
    reasons: Iterable[UnplacedReason] = AGAIN,
    teams: Iterable[Assignment] = (),
) -> Joined:
    """Find places for those who are unplaced for one of the reasons. `placements`: of everybody else.

    Nobody joins a session whose team (`teams`, of a published plan) is related to their institution (H12).
    """
    table = Table(problem, sessions, teams)
    wanted = set(reasons)
    found: list[Placement] = []
    left: list[Unplaced] = []
    for one in sorted(unplaced, key=lambda item: (-item.count, item.group, item.first)):
        group, taken = problem.group[one.group], []
        if group.person is not None and (one.reason in wanted or one.reason is UnplacedReason.CLASH):
            taken = table.place_person(group, group.person, one.first)
        elif one.reason in wanted:
            taken = table.place(group, one.first, one.count)
        found += taken
        seated = sum(placement.count for placement in taken)
        if seated < one.count:
            left.append(msgspec.structs.replace(one, first=one.first + seated, count=one.count - seated))
    return Joined(
        placements=(*placements, *found),
        sessions=table.all(),
        unplaced=tuple(sorted(left, key=lambda item: (item.group, item.first))),
        found=tuple(found),
    )


class Table:
    """The sessions of all sites, and what is still free there.

    `known`: sessions that are not held any more, too; their ids are not given again, and a start keeps its paper.
    """

    def __init__(
        self,
        problem: Problem,
        sessions: Sequence[Session],
        teams: Iterable[Assignment],
        *,
        known: Sequence[Session] = (),
    ) -> None:
        self.problem = problem
        self.barred: dict[str, set[str]] = defaultdict(set)  # session -> institutions
        for place in teams:
            person = problem.person[place.person]
            self.barred[place.session] |= {person.institution, *person.related}
        self.held = held(problem)
        self.order = [one.id for one in sessions]
        self.session = {one.id: one for one in sessions}
        self.at: dict[str, list[str]] = defaultdict(list)
        self.used: dict[tuple[str, str], int] = defaultdict(int)  # stations, per (site, certificate)
        for one in sessions:
            self.at[one.site].append(one.id)
            self.used[one.site, one.certificate] += self.stations(one)
        self.papers = Papers(problem, known or sessions)
        self.emptied = {_spot(one): one.id for one in known}  # held again, they have their id and their team again
        self.km = distances(problem)
        self.home = {one.id: number for number, one in enumerate(problem.institutions)}
        self.allowed: dict[Need, Numbers] = {}

    def all(self) -> tuple[Session, ...]:
        """All sessions: those that stood, in their order, then the new ones."""
        return tuple(self.session[id] for id in self.order)

    def place(
        self, group: Group, first: int, count: int, *, site: str | None = None, allows: Allows | None = None
    ) -> list[Placement]:
        """Seat members of a group at the nearest sites that have a way for them; at `site` first, where one is given."""
        found = []
        pinned = self._pinned(group, first)
        for number in sorted(self._sites(group), key=lambda number: self.problem.sites[number].id != site):
            if pinned and self.problem.sites[number].id not in pinned:
                continue
            if not count:
                break
            at = self.problem.sites[number].id
            seated = self.seat(at, group, first, count, allows)
            if seated:
                found.append(Placement(group=group.id, site=at, first=first, count=seated))
                first, count = first + seated, count - seated
        return found

    def place_person(self, group: Group, person: str, first: int) -> list[Placement]:
        """Seat a person at the nearest site that has a way for them between their other exams."""
        exams = exams_of(self.problem, person, self.session.values())
        for site in self.near(group):
            free = free_at(self.problem, exams, site)
            if self.seat(site, group, first, 1, partial(_is_free, free)):
                return [Placement(group=group.id, site=site, first=first, count=1)]
        return []

    def near(self, group: Group, site: str | None = None) -> list[str]:
        """Sites that may take a group and where pins let it go, `site` first if it is one of them, then the nearest."""
        pinned = self._pinned(group, 0)
        ids = [self.problem.sites[number].id for number in self._sites(group)]
        return sorted((id for id in ids if not pinned or id in pinned), key=lambda id: id != site)

    def _pinned(self, group: Group, first: int) -> Collection[str]:
        """The sites that a pin holds these members at (the first of a group are the pinned ones); none: anywhere."""
        sites = self.held.get(group.id, {})
        return sites if first < sum(sites.values()) else ()

    def _sites(self, group: Group) -> list[int]:
        """Sites that may take a group and have stations left, the nearest first."""
        need = need_of(group)
        if need not in self.allowed:
            self.allowed.update(allowed_sites(self.problem, [need]))
        rules = self.problem.rules_of(group.certificate)
        km = self.km[self.home[group.institution]]
        home = self.problem.prefecture[self.problem.institution[group.institution].prefecture].province
        near = [
            number
            for number in self.allowed[need].tolist()
            if km[number] <= rules.travel_limit_km
            and (rules.other_province or self._province(number) == home)
            and (not self._practical(group) or self._free_stations(number, group.certificate) > 0)
        ]
        return sorted(near, key=lambda number: (float(km[number]), number))

    def _province(self, site: int) -> str:
        return self.problem.prefecture[self.problem.sites[site].prefecture].province

    def _practical(self, group: Group) -> bool:
        return any(part.form is Form.PRACTICAL for part in self.problem.parts_of(group))

    def _free_stations(self, number: int, certificate: str) -> int:
        site = self.problem.sites[number]
        slots = len(self.problem.slots)
        held = sum(
            shop.stations * (slots - len({*site.closed, *shop.closed}))
            for shop in site.workshops
            if shop.certificate == certificate
        )
        return held - self.used[site.id, certificate]

    def stations(self, session: Session) -> int:
        """How many stations a session takes; 0 in a room."""
        part = self.problem.component[session.certificate, session.level, session.component]
        if part.form is not Form.PRACTICAL:
            return 0
        rules = self.problem.rules_of(session.certificate)
        return stations_used(session.count, part, self.problem.slot[session.slot], rules) or 0

    # ---------------------------------------------------------------- one site

    def seat(self, site: str, group: Group, first: int, count: int, allows: Allows | None = None) -> int:
        """How many of the members find a way at a site, in the slots that are allowed; they are seated.

        A `group` with some of its components only is seated for these.
        """
        made = model(self.problem, self.problem.site[site], [(group, first, count)], here(self.problem, group))
        if allows is not None:
            _keep_to(made, allows)
        seated = 0
        for number, cohort in enumerate(made.cohorts):
            at = cohort.members[0].first
            if at != first + seated:
                break  # members stay in one run
            left = cohort.count
            while left:
                board, behind = self._board(made, site, group.institution)
                way = board.path(cohort)
                if way is None:
                    break
                taken = min(left, way[1])
                board.schedule.unplaced[number] = taken
                board.seat(number, way[2], taken)
                self._write(made, site, group, at, board, behind, {*zip(cohort.items, way[2], strict=True)})
                at, left, seated = at + taken, left - taken, seated + taken
            if left:
                break
        return seated

    def _board(self, made: Model, site: str, institution: str) -> tuple[Board, dict[int, str]]:
        """The site as it stands, for the items of the new ones; and the session behind every use."""
        flow = [[[0] * made.slots_count for _ in cohort.items] for cohort in made.cohorts]
        board = Board(made, Schedule(flow, {}, [0] * len(made.cohorts)), {}, {}, set())
        behind: dict[int, str] = {}
        items = {(item.certificate, item.level, item.component.id): at for at, item in enumerate(made.items)}
        for id in self.at[site]:
            one = self.session[id]
            slot = self.problem.slot_number[one.slot]
            form = self.problem.component[one.certificate, one.level, one.component].form
            number = items.get((one.certificate, one.level, one.component))
            alone = any(Accommodation.OWN_ROOM in self.problem.group[part.group].accommodations for part in one.parts)
            if form is Form.PRACTICAL:
                place = _number(made.shops.get(one.certificate, []), one.place)
                size = made.shops[one.certificate][place].size
                key = one.certificate, place, slot
                board.stations[key] = size if alone else board.stations.get(key, 0) + self.stations(one)
                cap = size
            else:
                place = _number(made.rooms[form], one.place)
                board.taken.setdefault((form, slot), set()).add(place)
                cap = made.items[number].seats[place] if number is not None else 0
            barred = alone or institution in self.barred.get(id, ())
            if number is not None and not barred and not made.items[number].own:
                use = Use(place, cap, one.count)
                board.schedule.use.setdefault((number, slot), []).append(use)
                behind[id_of(use)] = id
        return board, behind

    def _write(
        self,
        made: Model,
        site: str,
        group: Group,
        first: int,
        board: Board,
        behind: Mapping[int, str],
        keys: set[tuple[int, int]],
    ) -> None:
        """Put the new ones into the sessions: those that stand, and new ones."""
        for number, slot in sorted(keys):
            at = first
            for use in board.schedule.use[number, slot]:
                id = behind.get(id_of(use))
                more = use.count - (self.session[id].count if id else 0)
                if not more:
                    continue
                part = Part(group=group.id, first=at, count=more)
                at += more
                if id:
                    self.used[site, group.certificate] -= self.stations(self.session[id])
                    self.session[id] = msgspec.structs.replace(self.session[id], parts=(*self.session[id].parts, part))
                else:
                    id = self._open(made, site, number, slot, use, part)
                self.used[site, group.certificate] += self.stations(self.session[id])

    def _open(self, made: Model, site: str, number: int, slot: int, use: Use, part: Part) -> str:
        item = made.items[number]
        form = item.component.form
        places = made.shops[item.certificate] if form is Form.PRACTICAL else made.rooms[form]
        at = self.problem.slots[slot].id
        made_of = site, places[use.place].id, at, item.certificate, str(item.level), item.component.id
        id = self.emptied.get(made_of, "")
        if not id or id in self.session or self.problem.group[part.group].institution in self.barred.get(id, ()):
            id = self.papers.next_id()
        self.session[id] = Session(
            id=id,
            site=site,
            place=places[use.place].id,
            slot=at,
            certificate=item.certificate,
            level=item.level,
            component=item.component.id,
            paper=self.papers.of(item.certificate, item.level, item.component.id, at),
            parts=(part,),
        )
        self.order.append(id)
        self.at[site].append(id)
        return id


def _keep_to(made: Model, allows: Allows) -> None:
    """Close the slots of each component that are not allowed."""
    for cohort in made.cohorts:
        cohort.open = tuple(
            tuple(is_open and allows(made.items[number].component.id, at) for at, is_open in enumerate(slots))
            for number, slots in zip(cohort.items, cohort.open, strict=True)
        )


def _is_free(free: Sequence[bool], component: str, slot: int) -> bool:
    del component
    return free[slot]


def id_of(use: Use) -> int:
    """Which use it is, as long as its board is on the table."""
    return id(use)


def _spot(one: Session) -> tuple[str, str, str, str, str, str]:
    """What makes a session the same one: where, when and what."""
    return one.site, one.place, one.slot, one.certificate, str(one.level), one.component


def _number(places: Sequence[Place], name: str) -> int:
    return next(at for at, place in enumerate(places) if place.id == name)
