"""Pins with a slot or a room (H17), carved out of a site before it is searched: what is pinned is no longer the search's.

Members of a group are alike, so a pin takes the first that have no other pin of its component and can sit all that they
are pinned to in order. A pin with a slot narrows the slots of its component. A pin with a room as well is a session that
stands: its room is closed to the search in that slot, its component leaves the chain, and the others of the chain keep
before or after it. The stations that a workshop has left in that slot are to the search a workshop of their own. Who is left
out in the end leaves the sessions that stand, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from scheduling.planning.rules import pins
from scheduling.planning.rules.capacity import stations_used, usable_seats
from scheduling.planning.rules.losses import pin_is_lost
from scheduling.planning.rules.plan import Part, Session, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Group, Level, Pin, Problem, Room, Site, Workshop

Narrow = dict[tuple[str, str], tuple[bool, ...]]
"""(group, component) -> the slots left to it."""

Members = list[tuple[str, int, int]]

Exam = tuple[str, Level, str]
"""Certificate, level, component."""

_FULL = frozenset({UnplacedReason.TIME, UnplacedReason.CAPACITY})


@dataclass(frozen=True)
class Carved:
    """A site as the search is to see it."""

    problem: Problem
    members: Members
    windows: dict[str, tuple[bool, ...]]
    narrow: Narrow = field(default_factory=dict)
    fixed: tuple[Session, ...] = ()
    origin: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # stand-in -> its group and first member
    shops: Mapping[str, str] = field(default_factory=dict)  # what is left of a workshop -> the workshop

    @property
    def whole(self) -> bool:
        """Whether nothing was taken out: what stood before may be searched on from."""
        return not self.fixed and not self.origin

    def sessions(self, found: Iterable[Session], gone: Iterable[Unplaced]) -> tuple[Session, ...]:
        """The sessions that stand and those that were found, with the groups' own members."""
        left: dict[str, set[int]] = defaultdict(set)
        for one in gone:
            left[one.group] |= set(range(one.first, one.first + one.count))
        standing = []
        for session in self.fixed:
            parts = [kept for part in session.parts for kept in _without(part, left[part.group])]
            if parts:
                standing.append(replace(session, parts=tuple(parts)))
        mine = (
            replace(one, place=self.shops.get(one.place, one.place), parts=tuple(map(self._own, one.parts)))
            for one in found
        )
        return tuple(_merged((*standing, *mine)))

    def unplaced(self, found: Iterable[Unplaced]) -> tuple[Unplaced, ...]:
        """Who is left out, under the groups' own names; whom a pin holds may not join others where it does not hold."""
        own = []
        for one in found:
            group, first = self.origin.get(one.group, (one.group, 0))
            reason = UnplacedReason.PINNED if one.group in self.origin and one.reason in _FULL else one.reason
            own.append(replace(one, group=group, first=first + one.first, reason=reason))
        return tuple(sorted(own, key=lambda one: (one.group, one.first)))

    def _own(self, part: Part) -> Part:
        group, first = self.origin.get(part.group, (part.group, 0))
        return Part(group=group, first=first + part.first, count=part.count)


def carve(problem: Problem, site: str, members: Members, windows: Mapping[str, tuple[bool, ...]]) -> Carved:
    """Take what is pinned to slots and rooms out of a site; without such pins it is as it was."""
    by_group: dict[str, list[Pin]] = defaultdict(list)
    for pin in pins.in_force(problem):
        if pin.group and pin.site == site and pin.component and pin.slot and not pin_is_lost(problem, pin):
            by_group[pin.group].append(pin)
    here = {group for group, _, _ in members}
    if not here & by_group.keys():
        return Carved(problem, members, dict(windows))
    return _Carver(problem, problem.site[site], members, windows).carve(by_group)


class _Carver:
    """Deals the pins of a site to members, and writes down what stands."""

    def __init__(self, problem: Problem, site: Site, members: Members, windows: Mapping[str, tuple[bool, ...]]) -> None:
        self.problem, self.site, self.members, self.windows = problem, site, members, windows
        self.held: dict[tuple[str, str], dict[Exam, int]] = {}  # (place, slot) -> how many sit what
        self.parts: dict[tuple[str, str, str, str, str], list[Part]] = defaultdict(list)
        self.busy: dict[str, set[str]] = defaultdict(set)  # person -> slots that stand
        self.dealt: dict[str, int] = defaultdict(int)  # pin -> members it has been given

    def carve(self, by_group: Mapping[str, Sequence[Pin]]) -> Carved:
        """Split the pinned groups into stand-ins: alike members with what is left to search for them."""
        groups, left, narrow, windows = list[Group](), Members(), Narrow(), dict(self.windows)
        origin: dict[str, tuple[str, int]] = {}
        for id, first, count in self.members:
            group = self.problem.group[id]
            for at, (begin, some, dealt) in enumerate(self._deal(group, first, count, by_group.get(id, ()))):
                if not dealt:
                    left.append((id, begin, some))
                    continue
                stands = self._stand(group, begin, some, dealt)
                searched = tuple(part for part in group.components if part not in stands)
                if not searched:
                    continue
                name = f"{id}#{first}.{at}"
                groups.append(replace(group, id=name, components=searched, count=some))
                origin[name] = id, begin
                left.append((name, 0, some))
                narrow |= {(name, part): slots for part, slots in self._slots(group, searched, stands, dealt).items()}
                if id in windows:
                    windows[name] = windows[id]
        self._keep_people_apart(left, {one.id: one for one in groups}, narrow)
        closed: dict[str, list[str]] = defaultdict(list)
        for room, slot in sorted(self.held):
            closed[room].append(slot)
        rests = list(self._rests())
        site = replace(
            self.site,
            rooms=tuple(replace(one, closed=(*one.closed, *closed[one.id])) for one in self.site.rooms),
            workshops=(
                *(replace(one, closed=(*one.closed, *closed[one.id])) for one in self.site.workshops),
                *(rest for rest, _ in rests),
            ),
        )
        sites = tuple(site if one.id == site.id else one for one in self.problem.sites)
        lean = replace(self.problem, sites=sites, groups=(*self.problem.groups, *groups))
        shops = {rest.id: shop for rest, shop in rests}
        return Carved(lean, left, windows, narrow, self._sessions(), origin, shops)

    def _deal(
        self, group: Group, first: int, count: int, wanted: Sequence[Pin]
    ) -> list[tuple[int, int, dict[str, Pin]]]:
        """(first, count, component -> pin) of runs of members; those with most pins take the next one, too."""
        dealt: list[dict[str, Pin]] = [{} for _ in range(count)]
        for pin in wanted:
            needed = pins.members_of(self.problem, pin) - self.dealt[pin.id]
            able = [at for at, mine in enumerate(dealt) if self._can(group, mine, pin)]
            for at in sorted(able, key=lambda at: (-len(dealt[at]), at))[: max(0, needed)]:
                dealt[at][pin.component or ""] = pin
                self.dealt[pin.id] += 1
        runs: list[tuple[int, int, dict[str, Pin]]] = []
        for at, mine in enumerate(dealt):
            if runs and runs[-1][2] == mine:
                runs[-1] = runs[-1][0], runs[-1][1] + 1, mine
            else:
                runs.append((first + at, 1, mine))
        return runs

    def _can(self, group: Group, mine: Mapping[str, Pin], pin: Pin) -> bool:
        if pin.component in mine:
            return False
        return all(
            self._in_order(group, pin.component or "", pin.slot or "", id, one.slot or "") for id, one in mine.items()
        )

    def _in_order(self, group: Group, part: str, slot: str, other: str, at: str) -> bool:
        """Whether one member can sit two components in two slots (H7, H8)."""
        one, two = (self.problem.component[group.certificate, group.level, id] for id in (part, other))
        here, there = self.problem.slot[slot], self.problem.slot[at]
        if one.order > two.order or (one.order == two.order and here.starts > there.starts):
            one, two, here, there = two, one, there, here
        gap = self.problem.rules_of(group.certificate).gap_minutes if one.order < two.order else 0
        return (there.starts - here.ends).total_seconds() >= gap * 60

    def _stand(self, group: Group, first: int, count: int, dealt: Mapping[str, Pin]) -> dict[str, str]:
        """Component -> slot of what stands for these members: pinned to a room that still has seats for them."""
        found = {}
        for id, pin in dealt.items():
            place = next((one for one in self.site.places if one.id == pin.room), None)
            slot = pin.slot or ""
            if place is None or not self._holds(place, slot, (group.certificate, group.level, id), count):
                continue
            self.parts[self._key(group, pin)].append(Part(group=group.id, first=first, count=count))
            found[id] = pin.slot or ""
            if group.person:
                self.busy[group.person].add(pin.slot or "")
        return found

    def _holds(self, place: Room | Workshop, slot: str, exam: Exam, count: int) -> bool:
        """Whether so many more may sit an exam there; they are noted."""
        then = dict(self.held.get((place.id, slot), {}))
        then[exam] = then.get(exam, 0) + count
        if isinstance(place, Room):
            holds = len(then) == 1 and then[exam] <= usable_seats(place, self.problem.rules_of(exam[0]))
        else:
            holds = self._stations(then, slot) <= place.stations
        if holds:
            self.held[place.id, slot] = then
        return holds

    def _stations(self, sits: Mapping[Exam, int], slot: str) -> int:
        used = 0
        for (certificate, level, id), count in sits.items():
            part = self.problem.component[certificate, level, id]
            needed = stations_used(count, part, self.problem.slot[slot], self.problem.rules_of(certificate))
            used += 10_000 if needed is None else needed  # the slot is too short for one candidate
        return used

    def _rests(self) -> Iterator[tuple[Workshop, str]]:
        """The stations that a workshop has left in a slot, as a workshop that is open in it only; and whose they are."""
        shops = {shop.id: shop for shop in self.site.workshops}
        for (id, slot), sits in sorted(self.held.items()):
            if id in shops and (left := shops[id].stations - self._stations(sits, slot)) > 0:
                others = tuple(one.id for one in self.problem.slots if one.id != slot)
                yield replace(shops[id], id=f"{id}~{slot}", stations=left, closed=others), id

    def _key(self, group: Group, pin: Pin) -> tuple[str, str, str, str, str]:
        return pin.slot or "", pin.room or "", group.certificate, group.level.value, pin.component or ""

    def _slots(
        self, group: Group, searched: Sequence[str], stands: Mapping[str, str], dealt: Mapping[str, Pin]
    ) -> dict[str, tuple[bool, ...]]:
        """Component -> the slots left to it: the pinned one, and before or after what stands."""
        found = {}
        for part in searched:
            pin = dealt.get(part)
            found[part] = tuple(
                (pin is None or slot.id == pin.slot)
                and all(self._in_order(group, part, slot.id, other, at) for other, at in stands.items())
                for slot in self.problem.slots
            )
        return found

    def _keep_people_apart(self, left: Members, stand_in: Mapping[str, Group], narrow: Narrow) -> None:
        """A person's other exams stay out of the slots in which they are pinned."""
        for id, _, _ in left:
            group = stand_in.get(id) or self.problem.group[id]
            taken = self.busy.get(group.person or "", set())
            for part in group.components if taken else ():
                before = narrow.get((id, part), (True,) * len(self.problem.slots))
                slots = self.problem.slots
                narrow[id, part] = tuple(was and slot.id not in taken for was, slot in zip(before, slots, strict=True))

    def _sessions(self) -> tuple[Session, ...]:
        found = []
        for (slot, room, certificate, level, component), parts in sorted(
            self.parts.items(), key=lambda item: (self.problem.slot_number[item[0][0]], *item[0][1:])
        ):
            group = self.problem.group[parts[0].group]
            found.append(
                Session(
                    id="-", site=self.site.id, place=room, slot=slot, certificate=certificate, level=group.level,
                    component=component, paper="-", parts=tuple(sorted(parts, key=lambda one: (one.group, one.first))),
                )
            )  # fmt: skip
            assert group.level.value == level
        return tuple(found)


def _merged(sessions: Iterable[Session]) -> Iterator[Session]:
    """Sessions of one exam in one place and slot are one."""
    found: dict[tuple[str, str, str, str, str], Session] = {}
    for one in sessions:
        key = one.place, one.slot, one.certificate, one.level.value, one.component
        found[key] = replace(found[key], parts=(*found[key].parts, *one.parts)) if key in found else one
    yield from found.values()


def _without(part: Part, left: set[int]) -> list[Part]:
    """A part without some members, as runs."""
    found: list[Part] = []
    for member in range(part.first, part.first + part.count):
        if member in left:
            continue
        if found and found[-1].first + found[-1].count == member:
            found[-1] = replace(found[-1], count=found[-1].count + 1)
        else:
            found.append(Part(group=part.group, first=member, count=1))
    return found
