"""What the rooms and workshops of a plan hold, slot by slot: for sentences that name the room and the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from exam.kernel.errors import N_
from scheduling.planning.rules.capacity import open_slots, rounds, usable_seats
from scheduling.planning.rules.demand import KIND
from scheduling.planning.rules.keeping_away import Sentence, places_of
from scheduling.planning.rules.naming import Names
from scheduling.planning.rules.plan import Kind, Plan, Session
from scheduling.planning.rules.problem import Component, Group, Problem, Room, Site, Workshop

ROOMS = 4
"""So many rooms of a site are named."""


class Filling:
    """The sessions of a plan by site, room and slot."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.held: dict[str, dict[tuple[str, str], list[Session]]] = defaultdict(lambda: defaultdict(list))
        for one in plan.sessions:
            self.held[one.site][one.place, one.slot].append(one)

    def taken(self, names: Names, site: Site, kind: Kind, certificate: str | None) -> Iterator[Sentence]:
        """Per room of a resource: on which days every slot is used, and how many seats are."""
        places = [
            place
            for place in site.places
            if (place.certificate == certificate if isinstance(place, Workshop) else KIND[place.form] is kind)
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
                first = next(slot.id for slot in opened if slot.id not in used)
                what = N_(
                    "%(room)s：%(days)s的 %(slots)s 个时段用了 %(used)s 个，共 %(people)s 人；最早空着的是 %(free)s。"
                )
                yield Sentence(what, facts | {"free": names.slot(first)})
        if len(places) > ROOMS:
            yield Sentence(N_("还有 %(count)s 个同类考场。"), {"count": len(places) - ROOMS})

    def free(self, names: Names, site: Site, group: Group) -> Iterator[Sentence]:
        """Per component of a group: the first slot of a site in which a place is free, or that there is none."""
        for part in self.problem.parts_of(group):
            found = self._first_free(site, group, part)
            facts: dict[str, object] = {"component": names.component(group, part.id)}
            if found is None:
                yield Sentence(N_("“%(component)s”：没有空着的考场或工位，只剩已开场次中的零星座位。"), facts)
            else:
                place, slot, seats = found
                facts |= {"room": names.place(site.id, place), "slot": names.slot(slot), "seats": seats}
                yield Sentence(N_("“%(component)s”：%(room)s在 %(slot)s 空着，可坐 %(seats)s 人。"), facts)

    def _first_free(self, site: Site, group: Group, part: Component) -> tuple[str, str, int] | None:
        rules = self.problem.rules_of(group.certificate)
        for slot in self.problem.slots:
            for place in places_of(site, group, part):
                if slot.id in site.closed or slot.id in place.closed or (place.id, slot.id) in self.held[site.id]:
                    continue
                if isinstance(place, Room):
                    seats = usable_seats(place, rules) if slot.minutes >= part.minutes else 0
                else:
                    seats = place.stations * rounds(part.minutes, slot, rules)
                if seats:
                    return place.id, slot.id, seats
        return None
