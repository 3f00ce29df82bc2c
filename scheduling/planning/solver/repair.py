"""After publication: something is lost, late candidates come. Everybody else stays where, when and with whom they are (H17).

Who lost their room, day or site is seated again as near to the old place as can be (:mod:`reseating`). Only where some
still find none, and only as far as the officer allows, are others moved: as few as possible (:mod:`moving`). Late
candidates come last and move nobody. Teams stay; the team of a session that was moved goes with it where it can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from scheduling.planning.rules.changes import changes
from scheduling.planning.rules.changes import lost as sessions_lost
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
    reseated = case.reseat(())
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

    def reseat(self, movers: Sequence[Placement]) -> Reseated:
        """Seat everybody again who has no place; the `movers` give theirs up to them, and then find another."""
        work = Reseating(self.now, self.plan, lost=self.gone, past=self.past, teams=self.teams)
        work.give_up(movers)
        work.relocate()
        work.squeeze(same_slot=True)
        work.shift()
        work.squeeze(same_slot=False)
        work.anew([self.plan.unplaced, _to_place(movers), self.late])
        return work.result()

    def make_room(self, first: Reseated, most_moved: int) -> Reseated:
        """Move the fewest others whose places the rest needs; the first answer where that helps nobody.

        Where more would have to move than may, as many as may are tried, then half of them, and so on.
        """
        homeless = [one for one in without(first.unplaced, self.late) if one.reason is not UnplacedReason.TIME]
        if not homeless:
            return first
        stand = msgspec.structs.replace(
            self.plan, placements=without(first.placements, self.late), unplaced=tuple(homeless)
        )
        fresh = [one for one in move(self.now, stand, ()).fresh if self._may_move(one)]
        movers = without(fresh, [*homeless, *self.plan.unplaced])
        count = min(most_moved, _count(movers))
        found = None
        while count and found is None:
            found = self._better(movers, count, _count(first.unplaced) - 1)
            count //= 2 if found is None else 1
        return self._fewer(movers, count, found) if found is not None else first

    def _better(self, movers: Sequence[Placement], count: int, unplaced: int) -> Reseated | None:
        """The plan when so many of the movers give up their places; None where not so few are left out, or a mover is."""
        some = _first(movers, count)
        tried = self.reseat(some)
        return tried if _count(tried.unplaced) <= unplaced and not shared(tried.unplaced, some) else None

    def _fewer(self, movers: Sequence[Placement], count: int, found: Reseated) -> Reseated:
        """The same with fewer movers, if that will do."""
        low, high = 0, count  # `low` are too few
        while high - low > 1:
            middle = (low + high) // 2
            tried = self._better(movers, middle, _count(found.unplaced))
            if tried is None:
                low = middle
            else:
                found, high = tried, middle
        return found

    def _may_move(self, one: Placement) -> bool:
        """Who has sat a component stays."""
        ways = ways_of(self.plan.placements, self.plan.sessions, {one.group})
        return not any(self.plan.session[id].slot in self.past for way in ways for id in way.at.values())


def _count(members: Iterable[Unplaced | Placement]) -> int:
    return sum(one.count for one in members)


def _to_place(members: Iterable[Placement]) -> list[Unplaced]:
    """These members as people who need another place."""
    return [
        Unplaced(group=one.group, first=one.first, count=one.count, reason=UnplacedReason.CAPACITY) for one in members
    ]


def _first(members: Iterable[Placement], count: int) -> list[Placement]:
    """So many of the members, from the front."""
    found = []
    for one in members:
        some = min(count, one.count)
        if some:
            found.append(msgspec.structs.replace(one, count=some))
            count -= some
    return found
