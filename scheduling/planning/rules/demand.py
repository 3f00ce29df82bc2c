"""Demand and supply of the placement: which sites a group may sit at, how far they are, and what they can hold in all.

The search and the check of its bound share this one definition. Supply is counted over the whole period: seats of the
rooms of one form, each open slot once; stations of a certificate times the candidates they serve one after the other, in the
slots in which somebody can already come from the components before (H7).
It is a relaxation: who fits here may still not fit slot by slot, so a bound from it holds for every plan. Where the
rules plan with less than every seat (`paper_fill_percent`, `computer_fill_percent`: rooms are not mixed, so the last
room of each certificate and level stays partly empty), it holds for every placement that keeps to that.
Pins split a group into lots: those held at a site and the rest. Everything in the order of the problem's lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
from msgspec import UNSET

from scheduling.planning.rules import pins
from scheduling.planning.rules.capacity import rounds, usable_seats
from scheduling.planning.rules.geometry import EARTH_KM
from scheduling.planning.rules.plan import Kind
from scheduling.planning.rules.problem import (
    Accommodation,
    Approval,
    Component,
    Form,
    Group,
    Level,
    Problem,
    Room,
    Rules,
    Site,
    Workshop,
)

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int32]

KIND = {Form.PAPER: Kind.PAPER, Form.COMPUTER: Kind.COMPUTER, Form.PRACTICAL: Kind.PRACTICAL}
KINDS = (Kind.PAPER, Kind.COMPUTER, Kind.PRACTICAL)


@dataclass(frozen=True, order=True)
class Need:
    """What candidates sit: groups with the same need may sit at the same sites and use up the same there."""

    certificate: str
    level: Level
    components: tuple[str, ...]  # sorted
    accommodations: tuple[Accommodation, ...]  # sorted
    extra_time_percent: int = -1  # -1: as the rules have it


@dataclass(frozen=True)
class Resource:
    """What a site can hold over the whole period: candidates of a form (paper, computer), or of a certificate's practical."""

    site: int  # its place in problem.sites
    kind: Kind
    certificate: str | None  # of a practical
    capacity: int


@dataclass(frozen=True, eq=False)
class Block:
    """All lots of one need against all sites that may take them."""

    need: Need
    lots: Numbers  # [l] places in Demand.group, .count, .pinned
    sites: Numbers  # [s] places in problem.sites
    km: Floats  # [l, s] kilometres; inf: not allowed for this lot (province, travel limit, pinned elsewhere)
    rows: Numbers  # [s, k] places in Demand.resources
    uses: Floats  # [k] what one candidate takes of each


@dataclass(frozen=True, eq=False)
class Demand:
    """Lots, resources and who may go where."""

    group: Numbers  # of a lot: the place of its group in problem.groups
    count: npt.NDArray[np.int64]  # of a lot: candidates
    pinned: Numbers  # of a lot: the place of the site that a pin holds it at, or -1
    resources: tuple[Resource, ...]
    capacity: npt.NDArray[np.int64]  # of a resource
    blocks: tuple[Block, ...]


def demand(problem: Problem) -> Demand:
    """Everything the placement looks at; blocks in the order of their needs."""
    supply = resources(problem)
    row = {(one.site, one.kind, one.certificate): number for number, one in enumerate(supply)}
    lots = _lots(problem)
    group = np.array([lot[0] for lot in lots], dtype=np.int32)
    pinned = np.array([lot[2] for lot in lots], dtype=np.int32)
    by_need: dict[Need, list[int]] = defaultdict(list)
    for number, (of_group, _, _) in enumerate(lots):
        by_need[need_of(problem.groups[of_group])].append(number)
    allowed = allowed_sites(problem, by_need)
    reach = _Reach.of(problem)
    blocks = []
    for need in sorted(by_need):
        numbers = np.array(by_need[need], dtype=np.int32)
        uses = uses_of(problem, need)
        keys = [(kind, need.certificate if kind is Kind.PRACTICAL else None) for kind in uses]
        rows = [[row[site, *key] for key in keys] for site in allowed[need].tolist()]
        blocks.append(
            Block(
                need=need,
                lots=numbers,
                sites=allowed[need],
                km=reach.km(problem.rules_of(need.certificate), group[numbers], pinned[numbers], allowed[need]),
                rows=np.array(rows, dtype=np.int32).reshape(len(rows), len(keys)),
                uses=np.array(list(uses.values()), dtype=np.float64),
            )
        )
    return Demand(
        group=group,
        count=np.array([lot[1] for lot in lots], dtype=np.int64),
        pinned=pinned,
        resources=supply,
        capacity=np.array([one.capacity for one in supply], dtype=np.int64),
        blocks=tuple(blocks),
    )


def need_of(group: Group) -> Need:
    """What the members of a group sit."""
    return Need(
        group.certificate,
        group.level,
        tuple(sorted(group.components)),
        tuple(sorted(group.accommodations)),
        -1 if group.extra_time_percent is UNSET else group.extra_time_percent,
    )


def uses_of(problem: Problem, need: Need) -> Mapping[Kind, float]:
    """What one candidate takes of each kind of resource, in the order of KINDS.

    A seat per paper or computer component. Of a practical: 1 where all practicals of the certificate last equally
    long; one that lasts longer takes as much more as it lets fewer candidates pass (the least over the slots it can lie in).
    """
    found: dict[Kind, float] = {}
    for kind in KINDS:
        parts = [problem.component[need.certificate, need.level, id] for id in need.components]
        weights = [_weight(problem, need.certificate, part) for part in parts if KIND[part.form] is kind]
        if weights:
            found[kind] = sum(weights)
    return found


def resources(problem: Problem) -> tuple[Resource, ...]:
    """What every site can hold, site by site: paper, computer, then practical by certificate; nothing that holds nobody."""
    found = []
    all_rules = _all_rules(problem)
    served = {one.id: _served(problem, one.id) for one in problem.certificates}
    late = {one.id: _late_enough(problem, one.id) for one in problem.certificates}
    for number, site in enumerate(problem.sites):
        held: dict[tuple[int, str], int] = defaultdict(int)
        for room in site.rooms:
            open_count = _mask(problem, site, room).bit_count()
            held[KINDS.index(KIND[room.form]), ""] += _seats(room, all_rules) * open_count
        for workshop in site.workshops:
            mask = _mask(problem, site, workshop)
            mask = mask & late[workshop.certificate] or mask  # open too early only: the search for sessions says so
            passing = sum(count for slot, count in enumerate(served[workshop.certificate]) if mask >> slot & 1)
            held[KINDS.index(Kind.PRACTICAL), workshop.certificate] += workshop.stations * passing
        found += [
            Resource(number, KINDS[kind], certificate or None, planned)
            for (kind, certificate), capacity in sorted(held.items())
            if (planned := capacity * _fill_percent(problem.rules, KINDS[kind]) // 100)
        ]
    return tuple(found)


def allowed_sites(problem: Problem, needs: Iterable[Need] | None = None) -> Mapping[Need, Numbers]:
    """Need -> places of the sites that may take it (all needs of the problem's groups, unless others are given).

    For every component there is an open slot long enough in which the site is approved for certificate, level and
    form and has a room or workshop for it (on the ground floor where that is granted). Travel limit and province
    depend on the group: :class:`Block`.
    """
    approved_at: dict[str, list[int]] = defaultdict(list)
    for number, site in enumerate(problem.sites):
        for certificate in dict.fromkeys(approval.certificate for approval in site.approvals):
            approved_at[certificate].append(number)
    places = _OpenPlaces(problem)
    wanted = dict.fromkeys(need_of(group) for group in problem.groups) if needs is None else needs
    return {
        need: np.array([n for n in approved_at[need.certificate] if places.hold(n, need)], dtype=np.int32)
        for need in wanted
    }


def approves(approval: Approval, level: Level, form: Form) -> bool:
    """Say whether an approval covers a level and a form (an empty list: all)."""
    return (not approval.levels or level in approval.levels) and (not approval.forms or form in approval.forms)


def extended_minutes(component: Component, granted: Group | Need, rules: Rules) -> int:
    """How long a paper or computer component lasts for a candidate, with the extra time that is granted (rounded up).

    A practical is not lengthened: at a station it is a component of its own, with its own minutes.
    """
    if Accommodation.EXTRA_TIME not in granted.accommodations or component.form is Form.PRACTICAL:
        return component.minutes
    own = granted.extra_time_percent
    percent = rules.extra_time_percent if own is UNSET or own < 0 else own
    return -(-component.minutes * (100 + percent) // 100)


def distances(problem: Problem) -> Floats:
    """[institution, site] kilometres, as :func:`geometry.distance_km` has them."""
    lat, lon, site_lat, site_lon = (
        np.array(values, dtype=np.float64)
        for values in (
            [one.lat for one in problem.institutions],
            [one.lon for one in problem.institutions],
            [one.lat for one in problem.sites],
            [one.lon for one in problem.sites],
        )
    )
    return great_circle(lat[:, None], lon[:, None], site_lat[None, :], site_lon[None, :])


def great_circle(lat: Floats, lon: Floats, other_lat: Floats, other_lon: Floats) -> Floats:
    """Kilometres between places in degrees, to the metre: :func:`geometry.distance_km` for arrays."""
    phi, other_phi, turn = np.radians(lat), np.radians(other_lat), np.radians(other_lon - lon)
    half = np.sin((other_phi - phi) / 2) ** 2 + np.cos(phi) * np.cos(other_phi) * np.sin(turn / 2) ** 2
    km: Floats = np.round(2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(1.0, half))), 3)
    return km


class _OpenPlaces:
    """In which slots (bits) a site could examine what; remembers what it has worked out."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rules = _all_rules(problem)
        self.rooms: dict[tuple[int, Form, str, bool], int] = {}
        self.approved: dict[tuple[int, str, Level, Form], int] = {}
        self.long: dict[int, int] = {}

    def hold(self, number: int, need: Need) -> bool:
        """Say whether every component of a need has a slot and a place at a site."""
        rules = self.problem.rules_of(need.certificate)
        ground = Accommodation.GROUND_FLOOR in need.accommodations
        for id in need.components:
            part = self.problem.component[need.certificate, need.level, id]
            slots = self._approved(number, need.certificate, need.level, part.form)
            slots &= self._open(number, part.form, need.certificate, ground)
            if not slots & self._long(extended_minutes(part, need, rules)):
                return False
        return True

    def _open(self, number: int, form: Form, certificate: str, ground: bool) -> int:
        key = number, form, certificate if form is Form.PRACTICAL else "", ground
        if key not in self.rooms:
            site = self.problem.sites[number]
            places: list[Room | Workshop] = (
                [shop for shop in site.workshops if shop.certificate == certificate]
                if form is Form.PRACTICAL
                else [room for room in site.rooms if room.form is form and _seats(room, self.rules)]
            )
            mask = 0
            for place in places:
                if not ground or place.floor == 1:
                    mask |= _mask(self.problem, site, place)
            self.rooms[key] = mask
        return self.rooms[key]

    def _approved(self, number: int, certificate: str, level: Level, form: Form) -> int:
        key = number, certificate, level, form
        if key not in self.approved:
            self.approved[key] = approved_slots(self.problem, self.problem.sites[number], certificate, level, form)
        return self.approved[key]

    def _long(self, minutes: int) -> int:
        if minutes not in self.long:
            fitting = (number for number, slot in enumerate(self.problem.slots) if slot.minutes >= minutes)
            self.long[minutes] = sum(1 << number for number in fitting)
        return self.long[minutes]


def approved_slots(problem: Problem, site: Site, certificate: str, level: Level, form: Form) -> int:
    """The slots (bits) on whose day a site is approved for a certificate, level and form (H3)."""
    mask = 0
    for approval in site.approvals:
        if approval.certificate != certificate or not approves(approval, level, form):
            continue
        if approval.valid_from is None and approval.valid_to is None:
            return (1 << len(problem.slots)) - 1
        for number, slot in enumerate(problem.slots):
            after = approval.valid_from is None or approval.valid_from <= slot.day
            if after and (approval.valid_to is None or slot.day <= approval.valid_to):
                mask |= 1 << number
    return mask


def _lots(problem: Problem) -> list[tuple[int, int, int]]:
    """(group, count, site it is pinned to or -1): those a pin holds at a site, then the rest of the group."""
    held = pins.held(problem)
    site_number = {site.id: number for number, site in enumerate(problem.sites)}
    found = []
    for number, group in enumerate(problem.groups):
        left = group.count
        for site, count in held.get(group.id, {}).items():
            taken = min(left, count)
            if taken:
                found.append((number, taken, site_number[site]))
            left -= taken
        if left:
            found.append((number, left, -1))
    return found


@dataclass(frozen=True, eq=False)
class _Reach:
    """How far every group is from every site, and whether they lie in one province."""

    home: Numbers  # of a group: the place of its institution
    distance: Floats  # [institution, site]
    province: Numbers  # of an institution
    site_province: Numbers

    @staticmethod
    def of(problem: Problem) -> _Reach:
        home = {one.id: number for number, one in enumerate(problem.institutions)}
        names = {name: number for number, name in enumerate(sorted({one.province for one in problem.prefectures}))}
        province = {one.id: names[one.province] for one in problem.prefectures}
        return _Reach(
            home=np.array([home[group.institution] for group in problem.groups], dtype=np.int32),
            distance=distances(problem),
            province=np.array([province[one.prefecture] for one in problem.institutions], dtype=np.int32),
            site_province=np.array([province[one.prefecture] for one in problem.sites], dtype=np.int32),
        )

    def km(self, rules: Rules, groups: Numbers, pinned: Numbers, sites: Numbers) -> Floats:
        """[lot, site] kilometres; inf where H18, the province or a pin forbids it."""
        home = self.home[groups]
        km: Floats = self.distance[np.ix_(home, sites)]
        forbidden = km > rules.travel_limit_km
        if not rules.other_province:
            forbidden |= self.province[home][:, None] != self.site_province[sites][None, :]
        forbidden |= (pinned >= 0)[:, None] & (pinned[:, None] != sites[None, :])
        km[forbidden] = np.inf
        return km


def _all_rules(problem: Problem) -> tuple[Rules, ...]:
    """The rules in use, each once."""
    return tuple(dict.fromkeys([problem.rules, *(one.rules for one in problem.certificates if one.rules)]))


def _seats(room: Room, all_rules: Iterable[Rules]) -> int:
    """The most that any certificate's rules let sit in a room."""
    return max(usable_seats(room, rules) for rules in all_rules)


def _fill_percent(rules: Rules, kind: Kind) -> int:
    """The share of the seats that the placement may count on."""
    return {Kind.PAPER: rules.paper_fill_percent, Kind.COMPUTER: rules.computer_fill_percent}.get(kind, 100)


def _mask(problem: Problem, site: Site, place: Room | Workshop) -> int:
    """The slots (bits) in which neither the site nor the place is closed (H15)."""
    mask = (1 << len(problem.slots)) - 1
    for id in {*site.closed, *place.closed}:
        mask &= ~(1 << problem.slot_number[id])
    return mask


def _practicals(problem: Problem, certificate: str) -> list[Component]:
    schemes = problem.certificate[certificate].schemes
    return [part for scheme in schemes for part in scheme.components if part.form is Form.PRACTICAL]


def _served(problem: Problem, certificate: str) -> list[int]:
    """Per slot: how many candidates one station passes of the certificate's shortest practical."""
    shortest = min((part.minutes for part in _practicals(problem, certificate)), default=0)
    rules = problem.rules_of(certificate)
    return [rounds(shortest, slot, rules) if shortest else 0 for slot in problem.slots]


def _late_enough(problem: Problem, certificate: str) -> int:
    """The slots (bits) that a practical of a certificate can lie in: where all its candidates sit something else before
    (H7), the first slots of the period see none of them."""
    return _after(problem, certificate, problem.sat_before.get(certificate, 0))


def _after(problem: Problem, certificate: str, count: int) -> int:
    """The slots (bits) that can follow after so many sessions with the gap between two."""
    gap = timedelta(minutes=problem.rules_of(certificate).gap_minutes)
    first = 0
    for _ in range(count):
        if first >= len(problem.slots):
            return 0
        ends = min(slot.ends for slot in problem.slots[first:])
        first = next(
            (number for number, slot in enumerate(problem.slots) if number > first and slot.starts >= ends + gap),
            len(problem.slots),
        )
    return (1 << len(problem.slots)) - (1 << first)


def _weight(problem: Problem, certificate: str, part: Component) -> float:
    """What one candidate takes for a component, in the unit of its resource."""
    if part.form is not Form.PRACTICAL:
        return 1.0
    rules = problem.rules_of(certificate)
    shortest = min(one.minutes for one in _practicals(problem, certificate))
    if part.minutes == shortest:
        return 1.0
    late = _late_enough(problem, certificate)
    slots = [slot for number, slot in enumerate(problem.slots) if late >> number & 1] or problem.slots
    pairs = [(rounds(shortest, slot, rules), rounds(part.minutes, slot, rules)) for slot in slots]
    return min((most / served for most, served in pairs if served), default=1.0)
