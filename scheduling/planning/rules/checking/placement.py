"""H2: every candidate has one place and sits every component exactly once there, or is listed as unplaced."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from exam.kernel.errors import N_
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.members import Members
from scheduling.planning.rules.plan import Part, Placement, Unplaced

Flags = npt.NDArray[np.bool_]


def placed_once(case: Case) -> Violations:
    """Every member is in exactly one placement or listed as unplaced."""
    members = case.members
    times = members.placed.times(members.start) + members.unplaced.times(members.start)
    for group, first, count in ranges_of(members, times == 0):
        yield _found(
            case, group, None, N_("组 %(group)s 有 %(count)s 名考生既没有站点，也没有列为未安排。"), first, count
        )
    for group, first, count in ranges_of(members, times > 1):
        yield _found(case, group, None, N_("组 %(group)s 有 %(count)s 名考生被安排了不止一次。"), first, count)


def seated_once(case: Case) -> Violations:
    """Every placed member sits every component in exactly one session; one without a place sits none."""
    members = case.members
    placed = members.placed.times(members.start) == 1
    listed = members.unplaced.times(members.start) > 0
    for rank, seated in enumerate(members.seated):
        sits = members.component_count[members.group] > rank
        times = seated.times(members.start)
        for flags, what in (
            (
                sits & placed & ~listed & (times == 0),
                N_("组 %(group)s 有 %(count)s 名考生的科目 %(component)s 没有场次。"),
            ),
            (sits & (times > 1), N_("组 %(group)s 有 %(count)s 名考生的科目 %(component)s 被安排了不止一次。")),
            (
                sits & listed & ~placed & (times == 1),
                N_("组 %(group)s 有 %(count)s 名考生列为未安排，科目 %(component)s 却有场次。"),
            ),
        ):
            for group, first, count in ranges_of(members, flags):
                yield _found(case, group, rank, what, first, count)


def at_own_site(case: Case) -> Violations:
    """Every component is sat at the site of the placement."""
    members = case.members
    if not members.session_site.size:
        return
    for rank in range(members.ranks):
        part = members.part[rank]
        at = np.where(
            part >= 0, members.session_site[members.part_session[part]] if members.part_session.size else -1, -1
        )
        flags = (part >= 0) & (members.site >= 0) & (at != members.site)
        for group, first, count in ranges_of(members, flags):
            what = N_("组 %(group)s 有 %(count)s 名考生在别的站点参加科目 %(component)s。")
            yield _found(case, group, rank, what, first, count)


def parts_fit(case: Case) -> Violations:
    """Parts name a component of their group, and members that the group has; so do placements and unplaced ranges."""
    members, plan = case.members, case.plan
    for number in np.flatnonzero(members.part_rank < 0).tolist():
        session = plan.sessions[members.part_session[number]]
        yield Violation(
            "H2",
            N_("场次 %(session)s 中有组 %(group)s 的考生，但该组不考科目 %(component)s。"),
            session.id,
            {
                "session": session.id,
                "group": case.problem.groups[members.part_group[number]].id,
                "component": session.component,
            },
        )
    ranges: list[Placement | Unplaced | Part] = [*plan.placements, *plan.unplaced]
    ranges += [part for session in plan.sessions for part in session.parts]
    for one in ranges:
        if one.first + one.count > case.problem.group[one.group].count:
            yield Violation(
                "H2",
                N_("组 %(group)s 只有 %(size)s 名考生，计划却写到第 %(last)s 名。"),
                one.group,
                {"group": one.group, "size": case.problem.group[one.group].count, "last": one.first + one.count},
            )


def ranges_of(members: Members, flags: Flags) -> Iterator[tuple[int, int, int]]:
    """(group, first member, members) of the flagged stretches, one per group."""
    chosen = np.flatnonzero(flags)
    groups, where = np.unique(members.group[chosen], return_index=True)
    counts = np.add.reduceat(members.count[chosen], where) if chosen.size else np.zeros(0, dtype=np.int64)
    firsts = members.start[chosen[where]] - members.offset[groups]
    yield from zip(groups.tolist(), firsts.tolist(), counts.tolist(), strict=True)


def _found(case: Case, group: int, rank: int | None, what: str, first: int, count: int) -> Violation:
    id = case.problem.groups[group].id
    facts: dict[str, str | int] = {"group": id, "count": count, "first": first}
    if rank is not None:
        facts["component"] = case.members.components[group][rank].id
    return Violation("H2", what, id if rank is None else f"{id}/{facts['component']}", facts)
