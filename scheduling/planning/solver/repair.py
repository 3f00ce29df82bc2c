"""After publication: a site is lost, late candidates come. Everybody else stays where and when they are (H17).

Who lost their place joins sessions that stand, or empty rooms, at the nearest site that has a way for them. Only where
some still find none, and only as far as the officer allows, are others moved: as few as possible (:mod:`moving`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from scheduling.planning.rules.losses import without_sites
from scheduling.planning.rules.objectives import objectives
from scheduling.planning.rules.plan import (
    FORMAT,
    Assignment,
    OpenPosition,
    Placement,
    Plan,
    Session,
    Status,
    Unplaced,
    UnplacedReason,
)
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.ranges import without, without_members
from scheduling.planning.rules.serial import canonical_plan, problem_sha256
from scheduling.planning.solver.joining import AGAIN, Joined, join
from scheduling.planning.solver.moving import move
from scheduling.planning.solver.staff import assign

_EVERY: Final = AGAIN | {UnplacedReason.NO_SITE}


@dataclass(frozen=True)
class Repaired:
    """The plan afterwards, and who must be told."""

    problem: Problem  # as it stands now
    plan: Plan
    to_notify: tuple[Placement, ...]  # where they go now; of everybody whose place changed
    unplaced: tuple[Unplaced, ...]  # who lost their place and found none
    others_moved: int  # candidates moved who had lost nothing
    open: tuple[OpenPosition, ...]


def repair(
    problem: Problem, plan: Plan, *, lost: Collection[str] = (), most_moved: int = 0, seed: int | None = None
) -> Repaired:
    """Repair a published plan after sites were lost; groups of the problem that the plan does not know are late.

    At most `most_moved` candidates who lost nothing are moved. The plan that comes out belongs to `Repaired.problem`.
    """
    now = without_sites(problem, lost)
    gone = [one for one in plan.placements if one.site in lost]
    homeless = [*_to_place(gone), *_late(problem, plan), *plan.unplaced]
    placements = tuple(one for one in plan.placements if one.site not in lost)
    sessions = tuple(one for one in plan.sessions if one.site not in lost)
    stood = {one.id for one in sessions}
    teams = [one for one in plan.assignments if one.session in stood]
    joined = join(now, placements, sessions, homeless, reasons=_EVERY, teams=teams)
    moved = 0
    if joined.unplaced and most_moved:
        room = _making_room(now, plan, lost, homeless, most_moved, teams)
        if room is not None and _count(room[1].unplaced) < _count(joined.unplaced):
            moved, joined = room
    staffed = assign(
        now,
        joined.sessions,
        seed=plan.seed if seed is None else seed,
        fixed=_standing(now, plan, joined.sessions),
    )
    found = Plan(
        format=FORMAT,
        problem_sha256=problem_sha256(now),
        seed=plan.seed,
        status=Status.FEASIBLE,
        placements=joined.placements,
        sessions=joined.sessions,
        unplaced=joined.unplaced,
        assignments=_in_order(plan.assignments, staffed.assignments),
        standby=staffed.standby,
        open_positions=staffed.open,
        published=plan.published,
    )
    found = canonical_plan(msgspec.structs.replace(found, objectives=objectives(now, found, plan)))
    return Repaired(
        problem=now,
        plan=found,
        to_notify=joined.found,
        unplaced=joined.unplaced,
        others_moved=moved,
        open=staffed.open,
    )


def _standing(now: Problem, plan: Plan, sessions: Sequence[Session]) -> list[Assignment]:
    """The places in teams that stay: the session is the same, and nobody of a related institution has joined it (H12)."""
    before = plan.session
    same = {
        one.id: {now.group[part.group].institution for part in one.parts}
        for one in sessions
        if one.id in before and _where(one) == _where(before[one.id])
    }
    return [
        one
        for one in plan.assignments
        if one.session in same
        and not same[one.session] & {now.person[one.person].institution, *now.person[one.person].related}
    ]


def _where(session: Session) -> tuple[str, str, str, str, str, str]:
    return session.site, session.place, session.slot, session.certificate, session.level, session.component


def _count(unplaced: Sequence[Unplaced]) -> int:
    return sum(one.count for one in unplaced)


def _to_place(members: Iterable[Placement]) -> list[Unplaced]:
    """These members as people who need another place."""
    return [
        Unplaced(group=one.group, first=one.first, count=one.count, reason=UnplacedReason.CAPACITY) for one in members
    ]


def _late(problem: Problem, plan: Plan) -> list[Unplaced]:
    """Groups that registered after the plan was made."""
    known = {one.group for one in plan.placements} | {one.group for one in plan.unplaced}
    return [
        Unplaced(group=group.id, first=0, count=group.count, reason=UnplacedReason.CAPACITY)
        for group in problem.groups
        if group.id not in known
    ]


def _making_room(
    now: Problem,
    plan: Plan,
    lost: Collection[str],
    homeless: Sequence[Unplaced],
    most_moved: int,
    teams: Sequence[Assignment],
) -> tuple[int, Joined] | None:
    """Move the fewest others, who give their places up to the homeless first; None where that is more than allowed."""
    wanted = move(now, plan, lost)
    if not 0 < wanted.others <= most_moved:
        return None
    lost_members = [one for one in plan.placements if one.site in lost]
    movers = without(wanted.fresh, [*lost_members, *plan.unplaced])
    placements = without([one for one in plan.placements if one.site not in lost], movers)
    sessions = without_members([one for one in plan.sessions if one.site not in lost], movers)
    first = join(now, placements, sessions, homeless, reasons=_EVERY, teams=teams)
    rest = [*first.unplaced, *_to_place(movers)]
    then = join(now, first.placements, first.sessions, rest, reasons=_EVERY, teams=teams)
    return wanted.others, replace(then, found=(*first.found, *then.found))


def _in_order(before: Sequence[Assignment], after: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """Those that stood, where they stood; then the new ones."""
    now = set(after)
    stood = [one for one in before if one in now]
    return (*stood, *(one for one in after if one not in set(stood)))
