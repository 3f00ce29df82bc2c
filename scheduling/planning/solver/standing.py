"""Sessions that stand, as a schedule of their site again: so that a search can go on from them.

Who sits what in which slot is counted per cohort. Members are dealt out to the sequences of components of equal order
anew (:mod:`site`), so the counts of such a cohort may not be those of chains any more: then there is no schedule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping

from scheduling.planning.rules.plan import Session
from scheduling.planning.rules.problem import Accommodation, Form, Problem
from scheduling.planning.solver.schedule import Schedule, Use, seated
from scheduling.planning.solver.site import Model, Place

_Key = tuple[str, str, str, str]  # certificate, level, component, group that sits alone


def schedule_of(problem: Problem, model: Model, sessions: Iterable[Session]) -> Schedule | None:
    """The schedule of a site's sessions; None where members sit some items only, or not in order.

    Who sits none is left out in it.
    """
    items = {(one.certificate, one.level.value, one.component.id, one.own): at for at, one in enumerate(model.items)}
    use: dict[tuple[int, int], list[Use]] = {}
    runs: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)  # (group, component) -> ranges, slots
    for one in sessions:
        slot = problem.slot_number[one.slot]
        number = items.get(_key(problem, one))
        if number is None:
            return None
        use.setdefault((number, slot), []).append(_use(model, number, slot, one))
        for part in one.parts:
            runs[part.group, one.component].append((part.first, part.first + part.count, slot))
    for ranges in runs.values():
        ranges.sort()
    flow = [_rows(model, cohort, runs) for cohort in range(len(model.cohorts))]
    sits = all(_alike(rows) and seated(model, number, rows) for number, rows in enumerate(flow))
    left = [cohort.count - sum(rows[0]) for cohort, rows in zip(model.cohorts, flow, strict=True)]
    return Schedule(flow, {key: use[key] for key in sorted(use)}, left) if sits else None


def _alike(rows: list[list[int]]) -> bool:
    """Say whether as many sit every item."""
    return len({sum(row) for row in rows}) == 1


def _key(problem: Problem, session: Session) -> _Key:
    """The item that a session is of."""
    alone = [part.group for part in session.parts if Accommodation.OWN_ROOM in problem.group[part.group].accommodations]
    return session.certificate, session.level.value, session.component, alone[0] if alone else ""


def _use(model: Model, number: int, slot: int, session: Session) -> Use:
    item = model.items[number]
    practical = item.component.form is Form.PRACTICAL
    places: list[Place] = model.shops[item.certificate] if practical else model.rooms[item.component.form]
    place = next(at for at, one in enumerate(places) if one.id == session.place)
    cap = places[place].size * item.serves[slot] if practical else item.seats[place]
    return Use(place, cap, session.count)


def _rows(model: Model, number: int, runs: Mapping[tuple[str, str], list[tuple[int, int, int]]]) -> list[list[int]]:
    """How many of a cohort sit each of its items in each slot."""
    cohort = model.cohorts[number]
    rows = [[0] * model.slots_count for _ in cohort.items]
    for row, item in zip(rows, cohort.items, strict=True):
        component = model.items[item].component.id
        for member in cohort.members:
            ranges = runs.get((member.group, component), [])
            first, last = member.first, member.first + member.count
            at = max(0, bisect_right(ranges, (first, 1 << 60, 0)) - 1)
            while at < len(ranges) and ranges[at][0] < last:
                row[ranges[at][2]] += max(0, min(last, ranges[at][1]) - max(first, ranges[at][0]))
                at += 1
    return rows
