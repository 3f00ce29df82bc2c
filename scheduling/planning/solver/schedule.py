"""What the search at a site makes: who sits what in which slot, and in which places; how good it is.

``flow[cohort][at][slot]`` counts the members of a cohort who sit its ``at``-th item in a slot. A chain can be seated
exactly when in every slot as many have sat the item before it, early enough, as sit it up to then (cumulatively).
``use[item, slot]`` lists the places of an item in a slot with their seats and how many sit there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scheduling.planning.rules.problem import Form
from scheduling.planning.solver.site import Model, Place


@dataclass(slots=True)
class Use:
    """A session: a room (of `cap` usable seats), or stations of a workshop."""

    place: int  # in model.rooms[form] or model.shops[certificate]
    cap: int  # rooms: usable seats; workshops: what its stations may serve at most
    count: int


@dataclass(slots=True)
class Schedule:
    """A schedule of a site, complete or not."""

    flow: list[list[list[int]]]
    use: dict[tuple[int, int], list[Use]] = field(default_factory=dict)
    unplaced: list[int] = field(default_factory=list)  # per cohort

    def room_sessions(self, model: Model) -> int:
        """How many (room or workshop, slot) are used; several levels of a workshop in one slot count once."""
        rooms = 0
        shops: set[tuple[str, int, int]] = set()
        for (number, at), uses in self.use.items():
            item = model.items[number]
            if item.component.form is not Form.PRACTICAL:
                rooms += len(uses)
            else:
                shops.update((item.certificate, use.place, at) for use in uses)
        return rooms + len(shops)

    def score(self, model: Model) -> tuple[int, int]:
        """Less is better: candidates left out, then room-sessions."""
        return sum(self.unplaced), self.room_sessions(model)


def seated(model: Model, number: int, rows: list[list[int]]) -> bool:
    """Say whether a cohort's counts are still those of chains."""
    cohort = model.cohorts[number]
    for at in range(1, len(rows)):
        before = model.before[cohort.gap_minutes] if cohort.gaps[at] else None
        first, second = rows[at - 1], rows[at]
        ready = done = reached = 0
        for slot, count in enumerate(second):
            if not count:
                continue
            done += count
            until = before[slot] if before is not None else slot
            while reached < until:
                ready += first[reached]
                reached += 1
            if done > ready:
                return False
    return True


def trim(
    model: Model, flow: list[list[list[int]]], use: dict[tuple[int, int], list[Use]], *, backward: bool = False
) -> Schedule:
    """Take out those who could not sit all their items, and the sessions they leave empty.

    The last ones of every item go, or the first ones when the pass ran backwards: so every chain stays seated.
    """
    unplaced = []
    slots = range(model.slots_count) if backward else range(model.slots_count - 1, -1, -1)
    for cohort, rows in zip(model.cohorts, flow, strict=True):
        placed = min(sum(row) for row in rows)
        unplaced.append(cohort.count - placed)
        for number, row in zip(cohort.items, rows, strict=True):
            surplus = sum(row) - placed
            for at in slots:
                if not surplus:
                    break
                taken = min(surplus, row[at])
                if taken:
                    row[at] -= taken
                    surplus -= taken
                    places = model.rooms.get(model.items[number].component.form)
                    _leave(use[number, at], taken, places if places and not cohort.ground else None)
    kept = {key: [one for one in uses if one.count] for key, uses in use.items()}
    return Schedule(flow, {key: kept[key] for key in sorted(kept) if kept[key]}, unplaced)


def _leave(uses: list[Use], count: int, places: list[Place] | None) -> None:
    """Let so many stand up, from the emptiest session on; rooms on the ground floor last for who need not sit there."""
    for one in sorted(uses, key=lambda use: (bool(places and places[use.place].ground), use.count, use.place)):
        taken = min(count, one.count)
        one.count -= taken
        count -= taken
