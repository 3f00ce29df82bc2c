"""One site as the search for sessions sees it: items to hold, cohorts of candidates to seat, places to hold them in.

An *item* is a component of a (certificate, level) that is examined here; its sessions hold nobody else (H10). A group
whose members must be alone (H16) has items of its own. A *cohort* are candidates who are alike: the same items in the
same sequence, the same slots allowed for each. Components of equal order may be sat in any sequence (H7): their
candidates are dealt out over the sequences. Slots are numbers in the order of the problem.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from scheduling.planning.rules.capacity import rounds, usable_seats
from scheduling.planning.rules.demand import approved_slots, extended_minutes
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.problem import (
    Accommodation,
    Component,
    Form,
    Group,
    Level,
    Problem,
    Room,
    Site,
    Slot,
    Workshop,
)
from scheduling.planning.solver.packing import Load, Packing, crowded_out, least_slots, pack


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Members of a group, counted from 0; `far`: a second day means a night away."""

    group: str
    first: int
    count: int
    far: bool


@dataclass(slots=True)
class Item:
    """A component of a (certificate, level), to be held in rooms or in the workshops of its certificate."""

    certificate: str
    level: Level
    component: Component
    own: str  # the group that sits alone, or ""
    count: int
    open: list[bool]  # per slot: approved and long enough without extra time
    seats: list[int]  # rooms: usable seats of every room of the form
    serves: list[int]  # workshops: candidates per station, per slot
    sessions: int = 0  # the least number of them, if it had its places for itself
    stations: int = 0  # workshops: the least number of stations, summed over the slots
    classes: list[int] | None = None  # rooms: sessions per class of rooms, by the packing


@dataclass(slots=True)
class Cohort:
    """Candidates who are alike for the search."""

    items: tuple[int, ...]  # in the sequence of sitting
    gaps: tuple[bool, ...]  # per item: whether the gap to the one before it must be kept
    open: tuple[tuple[bool, ...], ...]  # per item, per slot
    gap_minutes: int
    ground: bool
    person: str
    members: list[Range]
    count: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A room (size: seats) or a workshop (size: stations)."""

    id: str
    size: int
    ground: bool
    open: tuple[bool, ...]
    certificate: str = ""


@dataclass(slots=True)
class Model:
    """Everything the search at one site looks at."""

    site: str
    slots_count: int
    day: list[int]  # per slot
    items: list[Item]
    cohorts: list[Cohort]
    rooms: dict[Form, list[Place]]  # smallest first
    classes: dict[Form, list[int]]  # seats of the rooms, largest first
    shops: dict[str, list[Place]]  # of a certificate
    before: dict[int, list[int]]  # gap -> per slot: how many slots end early enough for it
    hopeless: list[tuple[Cohort, str]]  # cohorts that fit nowhere, with the component
    shop_slots: dict[str, int]  # of a certificate: the least number of slots that its workshops are used in
    crowded: dict[str, int]  # of a certificate: how many its stations cannot hold, however they are scheduled
    bound: int = 0  # room-sessions: (place, slot) that are used
    bound_rooms: int = 0  # the same, rooms only


Windows = Mapping[tuple[str, int], Sequence[bool]]


Narrow = Mapping[tuple[str, str], Sequence[bool]]
"""(group, component) -> the slots left to it by pins (:mod:`pinning`)."""


def model(
    problem: Problem,
    site: Site,
    members: Iterable[tuple[Group, int, int]],
    windows: Mapping[str, Sequence[bool]],
    narrow: Narrow | None = None,
) -> Model:
    """Make the model of a site; `windows`: the slots left to the groups of people who are also examined elsewhere."""
    rooms, classes, shops = _places(problem, site)
    made = Model(
        site=site.id,
        slots_count=len(problem.slots),
        day=_days(problem),
        items=[],
        cohorts=[],
        rooms=rooms,
        classes=classes,
        shops=shops,
        before={},
        hopeless=[],
        shop_slots={},
        crowded={},
    )
    builder = _Builder(problem, site, made, windows, narrow or {})
    for group, first, count in members:
        builder.add(group, first, count)
    builder.finish()
    _plan_sessions(made)
    return made


def _days(problem: Problem) -> list[int]:
    days = sorted({slot.day for slot in problem.slots})
    return [days.index(slot.day) for slot in problem.slots]


def _places(
    problem: Problem, site: Site
) -> tuple[dict[Form, list[Place]], dict[Form, list[int]], dict[str, list[Place]]]:
    def opened(place: Room | Workshop) -> tuple[bool, ...]:
        closed = {*site.closed, *place.closed}
        return tuple(slot.id not in closed for slot in problem.slots)

    rooms: dict[Form, list[Place]] = {Form.PAPER: [], Form.COMPUTER: []}
    for room in site.rooms:
        rooms[room.form].append(Place(room.id, room.seats, room.floor == 1, opened(room)))
    for places in rooms.values():
        places.sort(key=lambda place: (place.size, place.ground, place.id))
    classes = {form: sorted({place.size for place in places}, reverse=True) for form, places in rooms.items()}
    shops: dict[str, list[Place]] = defaultdict(list)
    for shop in sorted(site.workshops, key=lambda one: one.id):
        shops[shop.certificate].append(Place(shop.id, shop.stations, shop.floor == 1, opened(shop), shop.certificate))
    return rooms, classes, dict(shops)


class _Builder:
    """Sorts members into cohorts and makes the items they need."""

    def __init__(
        self, problem: Problem, site: Site, made: Model, windows: Mapping[str, Sequence[bool]], narrow: Narrow
    ) -> None:
        self.problem, self.site, self.made, self.windows, self.narrow = problem, site, made, windows, narrow
        self.narrowed = {group for group, _ in narrow}
        self.item_number: dict[tuple[str, str, str, str], int] = {}
        self.gathered: dict[tuple[object, ...], list[Range]] = defaultdict(list)
        self.far: dict[tuple[str, int], bool] = {}
        self.given: dict[str, Group] = {}  # as it was given: perhaps with some of its components only

    def add(self, group: Group, first: int, count: int) -> None:
        """Note members of a group; a person or a group that sits alone stays apart."""
        self.given[group.id] = group
        own = group.id if Accommodation.OWN_ROOM in group.accommodations else ""
        alone = own or group.person or group.id in self.windows or group.id in self.narrowed
        special = group.id if alone else ""
        granted = (*sorted(group.accommodations), str(group.extra_time_percent))
        key = (group.certificate, group.level, tuple(sorted(group.components)), granted, special)
        self.gathered[key].append(Range(group.id, first, count, self._is_far(group)))

    def finish(self) -> None:
        """Make items and cohorts, in the order of their names."""
        for key in sorted(self.gathered):
            ranges = sorted(self.gathered[key], key=lambda one: (one.group, one.first))
            group = self.given[ranges[0].group]
            sequences = self._sequences(group)
            for number, dealt in enumerate(_dealt(ranges, len(sequences))):
                if dealt:
                    self._cohort(group, sequences[number], dealt)

    def _sequences(self, group: Group) -> list[tuple[Component, ...]]:
        """The sequences in which a group may sit its components; pins may leave a way through some of them only."""
        parts = self.problem.parts_of(group)
        found = _sequences(parts)
        if group.id not in self.narrowed:
            return found
        narrow = {part.id: self.narrow[group.id, part.id] for part in parts if (group.id, part.id) in self.narrow}
        gap = self.problem.rules_of(group.certificate).gap_minutes
        return [one for one in found if _leads(self.problem, one, narrow, gap)] or found

    def _is_far(self, group: Group) -> bool:
        limit = self.problem.rules_of(group.certificate).overnight_km
        key = group.institution, limit
        if key not in self.far:
            home = self.problem.institution[group.institution]
            self.far[key] = distance_km(home.lat, home.lon, self.site.lat, self.site.lon) > limit
        return self.far[key]

    def _cohort(self, group: Group, parts: Sequence[Component], ranges: list[Range]) -> None:
        rules = self.problem.rules_of(group.certificate)
        own = group.id if Accommodation.OWN_ROOM in group.accommodations else ""
        ground = Accommodation.GROUND_FLOOR in group.accommodations
        count = sum(one.count for one in ranges)
        numbers = tuple(self._item(group, part, own) for part in parts)
        window = self.windows.get(group.id)
        opened, needs_ground = [], False
        hopeless = ""
        for number, part in zip(numbers, parts, strict=True):
            places = self._places_of(part, group.certificate)
            ups = [place for place in places if not place.ground]
            needs_ground = needs_ground or (ground and bool(ups))
            usable = [place for place in places if place.ground or not ground]
            minutes = extended_minutes(part, group, rules) if part.form is not Form.PRACTICAL else 0
            slots = tuple(
                is_open
                and slot.minutes >= minutes
                and any(place.open[at] for place in usable)
                and (window is None or window[at])
                and ((pinned := self.narrow.get((group.id, part.id))) is None or pinned[at])
                for at, (is_open, slot) in enumerate(zip(self.made.items[number].open, self.problem.slots, strict=True))
            )
            hopeless = hopeless or ("" if any(slots) else part.id)
            opened.append(slots)
        gaps = tuple(at > 0 and part.order > parts[at - 1].order for at, part in enumerate(parts))
        cohort = Cohort(
            numbers, gaps, tuple(opened), rules.gap_minutes, needs_ground, group.person or "", ranges, count
        )
        if hopeless:
            self.made.hopeless.append((cohort, hopeless))
            return
        if rules.gap_minutes not in self.made.before:
            self.made.before[rules.gap_minutes] = _before(self.problem, rules.gap_minutes)
        self.made.cohorts.append(cohort)
        for number in numbers:
            self.made.items[number].count += count

    def _places_of(self, part: Component, certificate: str) -> list[Place]:
        return self.made.shops.get(certificate, []) if part.form is Form.PRACTICAL else self.made.rooms[part.form]

    def _item(self, group: Group, part: Component, own: str) -> int:
        key = group.certificate, group.level.value, part.id, own
        if key not in self.item_number:
            self.item_number[key] = len(self.made.items)
            rules = self.problem.rules_of(group.certificate)
            approved = approved_slots(self.problem, self.site, group.certificate, group.level, part.form)
            practical = part.form is Form.PRACTICAL
            serves = [rounds(part.minutes, slot, rules) if practical else 0 for slot in self.problem.slots]
            opened = [
                bool(approved >> at & 1) and (serves[at] > 0 if practical else slot.minutes >= part.minutes)
                for at, slot in enumerate(self.problem.slots)
            ]
            rooms = {room.id: room for room in self.site.rooms}
            seats = [] if practical else [usable_seats(rooms[one.id], rules) for one in self.made.rooms[part.form]]
            self.made.items.append(Item(group.certificate, group.level, part, own, 0, opened, seats, serves))
        return self.item_number[key]


def _before(problem: Problem, gap: int) -> list[int]:
    """Per slot: how many slots end at least `gap` minutes before it starts (they are the first ones)."""
    found = []
    for slot in problem.slots:
        fitting = [one for one in problem.slots if (slot.starts - one.ends).total_seconds() >= gap * 60]
        found.append(len(fitting))
    return found


def _sequences(parts: Sequence[Component]) -> list[tuple[Component, ...]]:
    """The sequences in which components may be sat: those of equal order rotated."""
    blocks = [list(block) for _, block in groupby(parts, key=lambda part: part.order)]
    longest = max((len(block) for block in blocks), default=1)
    return [
        tuple(part for block in blocks for part in (*block[turn % len(block) :], *block[: turn % len(block)]))
        for turn in range(longest)
    ]


def _leads(problem: Problem, parts: Sequence[Component], narrow: Mapping[str, Sequence[bool]], gap: int) -> bool:
    """Whether the slots left by pins allow a sequence: each component in the first slot after the one before."""
    before: tuple[Component, Slot] | None = None
    for part in parts:
        slots = narrow.get(part.id)
        wait = gap * 60 if before is not None and part.order > before[0].order else 0
        able = (
            slot
            for at, slot in enumerate(problem.slots)
            if (slots is None or slots[at])
            and (before is None or (slot.starts - before[1].ends).total_seconds() >= wait)
        )
        reached = next(able, None)
        if reached is None:
            return False
        before = part, reached
    return True


def _dealt(ranges: Sequence[Range], hands: int) -> list[list[Range]]:
    """Ranges cut into so many parts of (nearly) equal size, in order."""
    if hands == 1:
        return [list(ranges)]
    total = sum(one.count for one in ranges)
    found: list[list[Range]] = [[] for _ in range(hands)]
    edges = [total * (hand + 1) // hands for hand in range(hands)]
    at = hand = 0
    for one in ranges:
        first, left = one.first, one.count
        while left:
            while edges[hand] == at:
                hand += 1
            taken = min(left, edges[hand] - at)
            found[hand].append(Range(one.group, first, taken, one.far))
            first, left, at = first + taken, left - taken, at + taken
    return found


def _plan_sessions(made: Model) -> None:
    """Give every item its least number of sessions, and the site its bound (:mod:`packing`)."""
    for form, places in made.rooms.items():
        held = [item for item in made.items if item.component.form is form]
        packing = _pack_form(made, held, places, made.classes[form])
        for item, vector in zip(held, packing.chosen, strict=True):
            item.classes = list(vector)
            item.sessions = sum(vector)
        made.bound_rooms += packing.bound
    made.bound += made.bound_rooms
    for certificate, shops in sorted(made.shops.items()):
        held = [
            item
            for item in made.items
            if item.certificate == certificate and item.component.form is Form.PRACTICAL and item.count
        ]
        sizes = [shop.size for shop in shops for is_open in shop.open if is_open]
        for item in held:
            most = max(served for served, is_open in zip(item.serves, item.open, strict=True) if is_open)
            item.stations = -(-item.count // most)
            item.sessions = least_slots(item.stations, sizes)
        made.shop_slots[certificate] = least_slots(sum(item.stations for item in held), sizes)
        made.crowded[certificate] = _crowded_out(held, shops)
        made.bound += made.shop_slots[certificate]


def _pack_form(made: Model, held: Sequence[Item], places: Sequence[Place], classes: Sequence[int]) -> Packing:
    stock = [sum(sum(place.open) for place in places if place.size == size) for size in classes]
    at = [next(number for number, place in enumerate(places) if place.size == size) for size in classes]
    return pack([Load(item.count, tuple(item.seats[number] for number in at)) for item in held], stock)


def _crowded_out(held: Sequence[Item], shops: Sequence[Place]) -> int:
    """How many candidates of a certificate its stations cannot hold; 0 where slots or levels differ."""
    opened = [(shop, at) for shop in shops for at, is_open in enumerate(shop.open) if is_open]
    served = {item.serves[at] for item in held for _, at in opened}
    if len(served) != 1 or any(item.own for item in held):
        return 0
    return crowded_out([item.count for item in held], served.pop(), sum(shop.size for shop, _ in opened))
