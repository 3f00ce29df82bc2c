"""What the rooms and workshops of a plan hold, slot by slot: what is still free, for sentences that name room and day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from exam.kernel.errors import N_
from scheduling.planning.rules.capacity import open_slots, rounds, stations_used, usable_seats
from scheduling.planning.rules.demand import KIND, approved_slots, extended_minutes
from scheduling.planning.rules.keeping_away import Sentence, places_of
from scheduling.planning.rules.naming import Names
from scheduling.planning.rules.plan import Kind, Plan, Session
from scheduling.planning.rules.problem import Component, Form, Group, Problem, Room, Site, Slot, Workshop

ROOMS = 4
"""So many rooms of a site are named."""

Free = tuple[Component, str, Slot, int]
"""A component, the place and slot in which it could still be sat, and by how many."""


class Filling:
    """The sessions of a plan by site, room and slot."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.held: dict[str, dict[tuple[str, str], list[Session]]] = defaultdict(lambda: defaultdict(list))
        for one in plan.sessions:
            self.held[one.site][one.place, one.slot].append(one)

    def way(self, site: Site, group: Group) -> tuple[tuple[Free, ...], Component | None]:
        """The first free place for each component in turn, and the component for which none is left after the others."""
        found: list[Free] = []
        gap = timedelta(minutes=self.problem.rules_of(group.certificate).gap_minutes)
        after: datetime | None = None
        parts = self.problem.parts_of(group)
        for at, part in enumerate(parts):
            free = self._first(site, group, part, after)
            if free is None:
                return tuple(found), part
            found.append((part, *free))
            later = at + 1 < len(parts) and parts[at + 1].order > part.order
            after = free[1].ends + (gap if later else timedelta())
        return tuple(found), None

    def told(self, names: Names, site: Site, group: Group) -> Iterator[Sentence]:
        """What :meth:`way` found, component by component; of the one that is stuck, its rooms."""
        free, stuck = self.way(site, group)
        for part, place, slot, seats in free:
            facts: dict[str, object] = {
                "component": names.component(group, part.id),
                "room": names.place(site.id, place),
                "slot": names.slot(slot.id),
                "seats": seats,
            }
            yield Sentence(N_("“%(component)s”：%(room)s最早空在 %(slot)s，可坐 %(seats)s 人。"), facts)
        if stuck is not None:
            yield from self.taken(names, site, KIND[stuck.form], group.certificate)

    def taken(self, names: Names, site: Site, kind: Kind, certificate: str | None) -> Iterator[Sentence]:
        """Per room of a resource: on which days every slot is used, and by how many."""
        places = [
            place
            for place in site.places
            if (
                kind is Kind.PRACTICAL and place.certificate == certificate
                if isinstance(place, Workshop)
                else KIND[place.form] is kind
            )
        ]
        for place in places[:ROOMS]:
            opened = open_slots(site, place, self.problem.slots)
            used = tuple(slot.id for slot in opened if (place.id, slot.id) in self.held[site.id])
            facts: dict[str, object] = {
                "room": names.place(site.id, place.id),
                "days": names.days(tuple(slot.id for slot in opened)),
                "slots": len(opened),
                "used": len(used),
                "people": sum(one.count for slot in used for one in self.held[site.id][place.id, slot]),
            }
            if not opened:
                yield Sentence(N_("%(room)s：考期内关闭。"), facts)
            elif len(used) == len(opened):
                yield Sentence(N_("%(room)s：%(days)s的 %(slots)s 个时段全部排满，共 %(people)s 人。"), facts)
            else:
                empty = tuple(slot.id for slot in opened if slot.id not in used)
                what = N_(
                    "%(room)s：%(days)s的 %(slots)s 个时段用了 %(used)s 个，共 %(people)s 人；空着的最早是 %(free)s。"
                )
                yield Sentence(what, facts | {"free": names.slot(empty[0])})
        if len(places) > ROOMS:
            yield Sentence(N_("还有 %(count)s 个同类考场。"), {"count": len(places) - ROOMS})

    def _first(self, site: Site, group: Group, part: Component, after: datetime | None) -> tuple[str, Slot, int] | None:
        mask = approved_slots(self.problem, site, group.certificate, group.level, part.form)
        for number, slot in enumerate(self.problem.slots):
            if not mask >> number & 1 or slot.id in site.closed or (after is not None and slot.starts < after):
                continue
            for place in places_of(site, group, part):
                if slot.id not in place.closed and (seats := self._seats(site, place, slot, group, part)) > 0:
                    return place.id, slot, seats
        return None

    def _seats(self, site: Site, place: Room | Workshop, slot: Slot, group: Group, part: Component) -> int:
        """How many of a group could still sit a component there: beside others of the same exam only (H10)."""
        rules = self.problem.rules_of(group.certificate)
        held = self.held[site.id].get((place.id, slot.id), [])
        if isinstance(place, Workshop):
            used = sum(self._stations(one) for one in held)
            return max(0, place.stations - used) * rounds(part.minutes, slot, rules)
        if slot.minutes < extended_minutes(part, group, rules):
            return 0
        exam = group.certificate, group.level, part.id
        if any((one.certificate, one.level, one.component) != exam for one in held):
            return 0
        return usable_seats(place, rules) - sum(one.count for one in held)

    def _stations(self, session: Session) -> int:
        part = self.problem.component[session.certificate, session.level, session.component]
        assert part.form is Form.PRACTICAL
        rules = self.problem.rules_of(session.certificate)
        return stations_used(session.count, part, self.problem.slot[session.slot], rules) or 0
