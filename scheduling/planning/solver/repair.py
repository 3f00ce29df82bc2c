"""After publication: something is lost, late candidates come. Everybody else stays where, when and with whom they are (H17).

Who lost their room, day or site is seated again as near to the old place as can be (:mod:`reseating`). Only where some
still find none, and only as far as the officer allows, are others moved: as few as possible (:mod:`moving`). Late
candidates come last and move nobody. Teams stay; the team of a session that was moved goes with it where it can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from scheduling.planning.rules.changes import changes
from scheduling.planning.rules.changes import lost as sessions_lost
from scheduling.planning.rules.demand import need_of, uses_of
from scheduling.planning.rules.losses import (
    Losses,
    LostSite,
    as_it_stands,
    pin_is_lost,
    require_known,
    without_withdrawn,
)
from scheduling.planning.rules.members import members_of
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import (
    FORMAT,
    Kind,
    OpenPosition,
    Placement,
    Plan,
    Status,
    Unplaced,
    UnplacedReason,
)
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.ranges import shared, uncovered, without
from scheduling.planning.rules.serial import canonical_plan, problem_sha256
from scheduling.planning.solver.keeping import can_come, keep
from scheduling.planning.solver.moving import move
from scheduling.planning.solver.reseating import Reseated, Reseating, ways_of

_TRIES: Final = 3
_Place = tuple[str, Kind, str]
_HALVINGS: Final = 8
"""How closely the fewest movers of a certificate are looked for."""


@dataclass(frozen=True)
class Repaired:
    """The plan afterwards, and who must be told."""

    problem: Problem  # as it stands now
    before: Plan  # the plan that was repaired, without those who withdrew
    plan: Plan
    to_notify: tuple[Placement, ...]  # where they are now; of everybody whose place or time is new or has changed
    unplaced: tuple[Unplaced, ...]  # who lost their place, or came late, and found none
    others_moved: int  # candidates moved who had lost nothing
    open: tuple[OpenPosition, ...]


def repair(
    problem: Problem,
    plan: Plan,
    *,
    losses: Losses | None = None,
    lost: Collection[str] = (),
    past: Collection[str] = (),
    most_moved: int = 0,
    seed: int | None = None,
) -> Repaired:
    """Repair a published plan after losses; members of the problem that the plan does not know are late.

    `lost`: sites lost wholly, beside the `losses`. `past`: slots that have begun; nobody in them is touched, nobody comes
    into them. At most `most_moved` candidates who lost nothing are moved. The plan belongs to `Repaired.problem`.

    :raises NotThere: a loss names what the problem does not have
    """
    losses = losses or Losses()
    losses = msgspec.structs.replace(losses, sites=(*losses.sites, *(LostSite(site=id) for id in sorted(lost))))
    require_known(problem, losses)
    problem, plan = without_withdrawn(problem, plan, losses.withdrawn)
    now = as_it_stands(problem, losses, past=past)
    case = _Case(now, plan, frozenset(past))
    reseated = case.reseat()
    if reseated.unplaced and most_moved:
        reseated = case.make_room(reseated, most_moved)
    kept = keep(now, plan, reseated.sessions, past=past, seed=plan.seed if seed is None else seed)
    found = Plan(
        format=FORMAT,
        problem_sha256=problem_sha256(now),
        seed=plan.seed,
        status=Status.FEASIBLE,
        placements=reseated.placements,
        sessions=reseated.sessions,
        unplaced=reseated.unplaced,
        assignments=kept.assignments,
        standby=kept.standby,
        open_positions=kept.open,
        published=plan.published,
    )
    found = canonical_plan(msgspec.structs.replace(found, objectives=objectives(now, found, plan)))
    changed = changes(members_of(now, found), plan)
    told = [
        Placement(group=now.groups[group].id, site="-", first=first, count=count)
        for group, first, count in zip(
            changed.group.tolist(), changed.first.tolist(), changed.count.tolist(), strict=True
        )
    ]
    new = shared(found.placements, [*plan.unplaced, *case.late])
    return Repaired(
        problem=now,
        before=plan,
        plan=found,
        to_notify=tuple(sorted([*shared(found.placements, told), *new], key=lambda one: (one.group, one.first))),
        unplaced=found.unplaced,
        others_moved=changed.candidates_who_stood,
        open=kept.open,
    )


class _Case:
    """A plan to repair."""

    def __init__(self, now: Problem, plan: Plan, past: frozenset[str]) -> None:
        self.plan, self.past = plan, past
        # A pin on what is lost holds nobody any more.
        self.now = msgspec.structs.replace(now, pins=tuple(pin for pin in now.pins if not pin_is_lost(now, pin)))
        gone = zip(plan.sessions, sessions_lost(now, plan), strict=True)
        self.gone = {one.id for one, is_lost in gone if is_lost and one.slot not in past}
        self.teams = [one for one in plan.assignments if can_come(now, plan, one)]
        self.late = [
            Unplaced(group=group, first=first, count=count, reason=UnplacedReason.CAPACITY)
            for group, first, count in uncovered(
                {one.id: one.count for one in now.groups}, [*plan.placements, *plan.unplaced]
            )
        ]

    def reseat(self) -> Reseated:
        """Seat everybody again who has lost something; then who had no place; late candidates last."""
        work = Reseating(self.now, self.plan, lost=self.gone, past=self.past, teams=self.teams)
        work.relocate()
        work.squeeze(same_slot=True)
        work.shift()
        work.squeeze(same_slot=False)
        work.anew([[(one, None) for one in each] for each in (self.plan.unplaced, self.late)])
        return work.result()

    def make_room(self, first: Reseated, most_moved: int) -> Reseated:
        """Move the fewest others whose places the rest needs; the first answer where that helps nobody."""
        homeless = [one for one in without(first.unplaced, self.late) if one.reason is not UnplacedReason.TIME]
        if not homeless:
            return first
        stand = msgspec.structs.replace(
            self.plan,
            placements=without(first.placements, self.late),
            sessions=first.sessions,
            unplaced=tuple(homeless),
        )
        fresh = move(self.now, stand, ()).fresh
        wanted = [(one, one.site) for one in shared(fresh, homeless)]
        movers = [one for one in without(fresh, [*homeless, *self._told()]) if self._may_move(one)]
        room = _Room(self, stand, first, wanted)
        chosen: list[Placement] = []
        best = first
        for scarce in (True, False):
            for chain in _linked(self.now, stand, wanted, movers, scarce=scarce):
                own = _first(without(chain, chosen), most_moved - _count(chosen))
                found = room.better(chosen, own, _count(best.unplaced) - 1)
                if found is not None:
                    best, chosen = room.fewer(chosen, found)
        return best

    def _told(self) -> list[Unplaced]:
        """Who has lost something moves anyway: they are none of the others, but have just found a place."""
        return [
            Unplaced(group=part.group, first=part.first, count=part.count, reason=UnplacedReason.CAPACITY)
            for one in self.plan.sessions
            if one.id in self.gone
            for part in one.parts
        ]

    def _may_move(self, one: Placement) -> bool:
        """Who has sat a component stays."""
        ways = ways_of(self.plan.placements, self.plan.sessions, {one.group})
        return not any(self.plan.session[id].slot in self.past for way in ways for id in way.at.values())


def _linked(
    now: Problem, stand: Plan, wanted: Sequence[tuple[Placement, str]], movers: Sequence[Placement], *, scarce: bool
) -> list[list[Placement]]:
    """The movers by chains: who takes the place of whom. Those whose places nobody without one needs are in none.

    `scarce`: of those who need a station only that counts, for seats are had more easily.
    """
    link: dict[_Place, _Place] = {}

    def root(place: _Place) -> _Place:
        while link.setdefault(place, place) != place:
            place = link[place]
        return place

    old: dict[str, list[Placement]] = defaultdict(list)
    for one in stand.placements:
        old[one.group].append(one)
    taken: list[tuple[Placement, list[_Place]]] = []
    for one in movers:
        left = [before.site for before in shared(old[one.group], [one])]
        places = [place for site in [*left, one.site] for place in _places(now, one.group, site, scarce)]
        for place in places:
            link[root(place)] = root(places[0])
        taken.append((one, places))
    needed = {root(place) for one, site in wanted for place in _places(now, one.group, site, scarce)}
    found: dict[_Place, list[Placement]] = defaultdict(list)
    for one, places in taken:
        if root(places[0]) in needed:
            found[root(places[0])].append(one)
    return sorted(found.values(), key=lambda chain: (_count(chain), chain[0].group, chain[0].first))


def _places(now: Problem, group: str, site: str, scarce: bool) -> list[_Place]:
    """What members of a group take of a site."""
    kinds = uses_of(now, need_of(now.group[group]))
    station = (site, Kind.PRACTICAL, now.group[group].certificate)
    if scarce and Kind.PRACTICAL in kinds:
        return [station]
    return [station if kind is Kind.PRACTICAL else (site, kind, "") for kind in kinds]


class _Room:
    """Tries how many others must give up their places for who has none."""

    def __init__(self, case: _Case, stand: Plan, first: Reseated, wanted: Sequence[tuple[Placement, str]]) -> None:
        self.case, self.stand, self.first = case, stand, first
        self.wanted: list[tuple[Unplaced, str | None]] = [(_left(one), site) for one, site in wanted]
        nowhere = without(stand.unplaced, [one for one, _ in wanted])
        self.wanted += [(one, None) for one in nowhere]
        self.late = shared(first.unplaced, case.late)
        self.told = without(first.unplaced, [*stand.unplaced, *case.late])

    def better(
        self, chosen: Sequence[Placement], own: Sequence[Placement], unplaced: int
    ) -> tuple[Reseated, list[Placement], list[Placement]] | None:
        """The plan when its `own` movers give up their places beside those `chosen`; with both of them.

        None where not so few are left out. Movers who would find no other place stay, and it is tried again without them.
        """
        some = list(own)
        for _ in range(_TRIES):
            if not some:
                return None
            tried = self._reseat([*chosen, *some])
            stranded = shared(tried.unplaced, [*chosen, *some])
            if not stranded:
                return (tried, list(chosen), some) if _count(tried.unplaced) <= unplaced else None
            some = list(without(some, stranded))
        return None

    def fewer(
        self, chosen: Sequence[Placement], found: tuple[Reseated, list[Placement], list[Placement]]
    ) -> tuple[Reseated, list[Placement]]:
        """The same with fewer movers of its own, if that will do."""
        best, _, own = found
        low, high = 0, _count(own)  # `low` are too few
        for _ in range(_HALVINGS):
            if high - low <= 1:
                break
            middle = (low + high) // 2
            tried = self.better(chosen, _first(own, middle), _count(best.unplaced))
            if tried is None:
                low = middle
            else:
                best, _, own = tried
                high = _count(own)
        return best, [*chosen, *own]

    def _reseat(self, movers: Sequence[Placement]) -> Reseated:
        case = self.case
        plan = msgspec.structs.replace(self.stand, placements=self.first.placements, unplaced=())
        work = Reseating(case.now, plan, lost=(), past=case.past, teams=case.teams, known=case.plan.sessions)
        work.give_up(movers)
        work.unplaced += self.told
        work.anew([self.wanted, [(_left(one), one.site) for one in movers], [(one, None) for one in self.late]])
        return work.result()


def _left(one: Placement) -> Unplaced:
    """These members as people who need another place."""
    return Unplaced(group=one.group, first=one.first, count=one.count, reason=UnplacedReason.CAPACITY)


def _count(members: Iterable[Unplaced | Placement]) -> int:
    return sum(one.count for one in members)


def _first(members: Iterable[Placement], count: int) -> list[Placement]:
    """So many of the members, from the front."""
    found = []
    for one in members:
        some = min(count, one.count)
        if some:
            found.append(msgspec.structs.replace(one, count=some))
            count -= some
    return found
