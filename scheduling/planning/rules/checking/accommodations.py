"""H16: what is granted to candidates with a disability: extra time, a room of their own, the ground floor.

Extra time lengthens a paper or computer component, by the percent of the group or of the rules. A practical is measured by
candidate and station and is not lengthened: who has longer at a station sits a component of their own, with its own minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exam.kernel.errors import N_
from scheduling.planning.rules.checking.case import Case, Held
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.demand import extended_minutes
from scheduling.planning.rules.problem import Accommodation, Group


def granted(case: Case) -> Violations:
    """Every accommodation of every group holds in every session that its members sit."""
    for held, group in _accommodated(case):
        if not held.practical and not long_enough(held, group):
            yield _found(held, group, N_("时段 %(slot)s 不够组 %(group)s 的加时。"))
        if Accommodation.OWN_ROOM in group.accommodations and not alone(case, held, group):
            yield _found(held, group, N_("组 %(group)s 应单独使用 %(place)s，时段 %(slot)s 却有别人。"))
        if Accommodation.GROUND_FLOOR in group.accommodations and held.place.floor != 1:
            yield _found(held, group, N_("组 %(group)s 应在一层，%(place)s 不在一层。"))


def long_enough(held: Held, group: Group) -> bool:
    """Whether the component fits the slot with the extra time; one that is too long without it is for H15 to name."""
    minutes = extended_minutes(held.component, group, held.rules)
    return minutes <= held.slot.minutes or held.component.minutes > held.slot.minutes


def alone(case: Case, held: Held, group: Group) -> bool:
    """Whether nobody but the group is in the place in that slot."""
    together = case.by_spot[held.site.id, held.place.id, held.slot.id]
    return {part.group for one in together for part in one.session.parts} == {group.id}


def _accommodated(case: Case) -> Iterator[tuple[Held, Group]]:
    """The sessions with members of groups that are granted something, each pair once."""
    members = case.members
    special = np.array([bool(group.accommodations) for group in case.problem.groups], dtype=np.bool_)
    if not members.part_group.size:
        return
    chosen = np.flatnonzero(special[members.part_group])
    pairs = {(int(members.part_session[one]), int(members.part_group[one])) for one in chosen.tolist()}
    for session, group in sorted(pairs):
        yield case.held[session], case.problem.groups[group]


def _found(held: Held, group: Group, what: str) -> Violation:
    facts: dict[str, str | int] = {
        "group": group.id,
        "site": held.site.name,
        "place": held.place.id,
        "slot": held.slot.id,
        "session": held.session.id,
    }
    return Violation("H16", what, held.where, facts)
