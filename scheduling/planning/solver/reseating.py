"""Who lost a room, a day or a site gets another place, as near to the old one as can be; everybody else stays.

Four steps, each for those whom the one before could not help: (1) the whole session in another room of the site in the
same slot; (2) its members in the free seats there, in the same slot; (3) the session, or its members, in another slot of
the site, while their other components stay where and when they are; (4) all their components anew, at their site
first, then at the nearest. So most of a flooded room travel nowhere, come at the same time and write the same paper.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from msgspec import structs

from scheduling.planning.rules.capacity import open_slots, rounds, usable_seats
from scheduling.planning.rules.demand import approved_slots, extended_minutes
from scheduling.planning.rules.plan import Assignment, Part, Placement, Plan, Session, Unplaced, UnplacedReason
from scheduling.planning.rules.problem import Accommodation, Form, Group, Problem, Room, Slot, Workshop
from scheduling.planning.rules.ranges import without, without_members
from scheduling.planning.rules.teams import pause_minutes, travel_minutes
from scheduling.planning.solver.joining import Table


@dataclass(frozen=True)
class Stretch:
    """Members of a group who share their whole way: in which session they sit each component."""

    group: str
    first: int
    count: int
    site: str
    at: Mapping[str, str]  # component -> session

    def member(self) -> Placement:
        """These members where they are placed."""
        return Placement(group=self.group, site=self.site, first=self.first, count=self.count)


@dataclass(frozen=True)
class Reseated:
    """The plan without anything lost."""

    placements: tuple[Placement, ...]
    sessions: tuple[Session, ...]
    unplaced: tuple[Unplaced, ...]  # who lost their place and found none, or had none before


class Reseating:
    """A published plan on the table, without its lost sessions."""

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        *,
        lost: Collection[str],
        past: Collection[str],
        teams: Sequence[Assignment],
        known: Sequence[Session] = (),
    ) -> None:
        self.problem = problem
        self.placements = list(plan.placements)
        self.lost = [one for one in plan.sessions if one.id in lost]
        self.past = {problem.slot_number[slot] for slot in past}
        self.teams = teams
        self.known = [*known, *plan.sessions]  # also those that are not held any more
        self.unplaced: list[Unplaced] = []
        self.persons: dict[str, list[str]] = defaultdict(list)  # person -> their groups
        for group in problem.groups:
            if group.person is not None:
                self.persons[group.person].append(group.id)
        self.table = Table(problem, [one for one in plan.sessions if one.id not in lost], teams, known=self.known)
        self.by_group: dict[str, set[str]] = defaultdict(set)  # group -> sessions; of people only
        for one in plan.sessions:
            for part in one.parts:
                if problem.group[part.group].person is not None:
                    self.by_group[part.group].add(one.id)

    def give_up(self, movers: Sequence[Placement]) -> None:
        """Let these members stand up; they are placed again among the others."""
        if not movers:
            return
        self.lost = list(without_members(self.lost, movers))
        self._remove(movers)

    # ---------------------------------------------------------------- (1) the session, same slot

    def relocate(self) -> None:
        """Hold lost sessions in other rooms of their site in the same slot, the largest first."""
        rest = []
        for one in sorted(self.lost, key=lambda one: (not self._ground(one), -one.count, one.id)):
            place = self._place_for(one, one.slot)
            if place is None:
                rest.append(one)
            else:
                self._hold(structs.replace(one, place=place.id))
        self.lost = rest

    def _place_for(self, session: Session, slot: str) -> Room | Workshop | None:
        """The smallest free room or workshop of the site that holds the whole session in a slot."""
        site, at = self.problem.site[session.site], self.problem.slot_number[slot]
        part = self.problem.component[session.certificate, session.level, session.component]
        rules = self.problem.rules_of(session.certificate)
        approved = approved_slots(self.problem, site, session.certificate, session.level, part.form)
        if at in self.past or not approved >> at & 1:
            return None
        here = [self.table.session[id] for id in self.table.at[site.id] if self.table.session[id].slot == slot]
        taken: dict[str, int] = defaultdict(int)
        for one in here:
            taken[one.place] += self.table.stations(one) or 1
        ground = self._ground(session)
        fitting: list[tuple[bool, int, str, Room | Workshop]] = []
        for place in site.rooms if part.form is not Form.PRACTICAL else site.workshops:
            if (ground and place.floor != 1) or not open_slots(site, place, (self.problem.slot[slot],)):
                continue
            if isinstance(place, Workshop):
                served = rounds(part.minutes, self.problem.slot[slot], rules)
                free = place.stations - taken[place.id]
                needed = -(-session.count // served) if served else place.stations + 1
                needed = max(needed, place.stations) if self._alone(session) else needed
                if place.certificate == session.certificate and needed <= free and not self._shut(here, place.id):
                    fitting.append((place.floor == 1, free, place.id, place))
            elif place.form is part.form and not taken[place.id] and usable_seats(place, rules) >= session.count:
                fitting.append((place.floor == 1, place.seats, place.id, place))
        return min(fitting, key=lambda one: one[:3])[3] if fitting else None

    def _shut(self, here: Iterable[Session], place: str) -> bool:
        """Whether somebody has a workshop for themselves."""
        return any(one.place == place and self._alone(one) for one in here)

    def _ground(self, session: Session) -> bool:
        return any(Accommodation.GROUND_FLOOR in self._group(part).accommodations for part in session.parts)

    def _alone(self, session: Session) -> bool:
        return any(Accommodation.OWN_ROOM in self._group(part).accommodations for part in session.parts)

    def _group(self, part: Part) -> Group:
        return self.problem.group[part.group]

    def _hold(self, session: Session) -> None:
        table = self.table
        table.session[session.id] = session
        table.order.append(session.id)
        table.at[session.site].append(session.id)
        table.used[session.site, session.certificate] += table.stations(session)

    # ---------------------------------------------------------------- (2), (3) at the site, the rest stays

    def squeeze(self, *, same_slot: bool) -> None:
        """Seat the members of lost sessions in other sessions of their site; what else they sit stays as it is."""
        for one in self._stretches():
            lost = {component: id for component, id in sorted(one.at.items()) if id not in self.table.session}
            if not lost or any(self._is_past(id) for id in lost.values()):
                continue
            slots = {component: self._slot_of(id) for component, id in lost.items()}
            group = self.problem.group[one.group]
            some = structs.replace(group, components=tuple(sorted(lost)))
            kept = {component: self.table.session[id] for component, id in one.at.items() if component not in lost}

            def allows(
                component: str,
                at: int,
                slots: Mapping[str, int] = slots,
                kept: Mapping[str, Session] = kept,
                group: Group = group,
                site: str = one.site,
            ) -> bool:
                if at in self.past or (same_slot and at != slots[component]):
                    return False
                return self._fits(group, site, component, at, kept)

            seated = self.table.seat(one.site, some, one.first, one.count, allows)
            if seated:
                self._take(Placement(group=one.group, site=one.site, first=one.first, count=seated), lost.values())

    def shift(self) -> None:
        """Hold whole lost sessions in another slot of their site, the nearest in time, where nobody's day forbids it."""
        ways = list(self._stretches())
        rest = []
        for session in sorted(self.lost, key=lambda one: (-one.count, one.id)):
            inside = [way for way in ways if session.id in way.at.values()]
            alone = all(id in self.table.session or id == session.id for way in inside for id in way.at.values())
            shifted = self._shifted(session, inside) if alone and session.parts else None
            if shifted is None:
                rest.append(session)
            else:
                self._hold(shifted)
        self.lost = rest

    def _shifted(self, session: Session, inside: Sequence[Stretch]) -> Session | None:
        old = self.problem.slot[session.slot]
        near = sorted(self.problem.slots, key=lambda slot: (abs(slot.day - old.day), abs(slot.starts - old.starts)))
        for slot in near:
            if slot.id == old.id or not self._long_enough(session, slot):
                continue
            place = self._place_for(session, slot.id)
            if place is not None and all(self._way_allows(way, session, slot) for way in inside):
                paper = self.table.papers.of(session.certificate, session.level, session.component, slot.id)
                return structs.replace(session, place=place.id, slot=slot.id, paper=paper)
        return None

    def _long_enough(self, session: Session, slot: Slot) -> bool:
        part = self.problem.component[session.certificate, session.level, session.component]
        rules = self.problem.rules_of(session.certificate)
        if part.form is Form.PRACTICAL:
            return rounds(part.minutes, slot, rules) > 0
        return all(extended_minutes(part, self._group(one), rules) <= slot.minutes for one in session.parts)

    def _way_allows(self, way: Stretch, session: Session, slot: Slot) -> bool:
        kept = {component: self.table.session[id] for component, id in way.at.items() if id != session.id}
        group = self.problem.group[way.group]
        at = self.problem.slot_number[slot.id]
        return slot.id not in group.away and self._fits(group, way.site, session.component, at, kept)

    def _fits(self, group: Group, site: str, component: str, at: int, kept: Mapping[str, Session]) -> bool:
        """Whether a component may be sat in a slot, beside those that stay (H7) and the person's other groups (H8)."""
        parts = {part.id: part for part in self.problem.parts_of(group)}
        slot = self.problem.slots[at]
        gap = timedelta(minutes=self.problem.rules_of(group.certificate).gap_minutes)
        for other, session in kept.items():
            there = self.problem.slot[session.slot]
            if there.id == slot.id:
                return False
            if parts[other].order < parts[component].order and slot.starts - there.ends < gap:
                return False
            if parts[other].order > parts[component].order and there.starts - slot.ends < gap:
                return False
        return self._person_can(group, site, slot)

    def _person_can(self, group: Group, site: str, slot: Slot) -> bool:
        for other in self.persons.get(group.person or "", ()):
            if other == group.id:
                continue
            for id in sorted(self.by_group[other]):
                session = self.table.session.get(id)
                if session is None:
                    continue
                there = self.problem.slot[session.slot]
                if there.id == slot.id:
                    return False
                way = travel_minutes(self.problem, site, session.site)
                if there.day == slot.day and way > pause_minutes(there, slot):
                    return False
        return True

    def _take(self, members: Placement, sessions: Iterable[str]) -> None:
        """These members have another place now: they are not in the lost sessions any more."""
        gone = set(sessions)
        self.lost = [
            kept for one in self.lost for kept in (without_members([one], [members]) if one.id in gone else (one,))
        ]
        self._note(members.group)

    def _note(self, group: str) -> None:
        """Remember the sessions of somebody who is in several groups."""
        if self.problem.group[group].person is None:
            return
        self.by_group[group] = {
            id for id, one in self.table.session.items() if any(part.group == group for part in one.parts)
        }

    # ---------------------------------------------------------------- (4) anew

    def anew(self, homeless: Sequence[Sequence[tuple[Unplaced, str | None]]]) -> None:
        """Place those who still sit in a lost session, then the `homeless`, list by list, with all their components.

        A site beside them is tried first.
        """
        begun: list[Unplaced] = []
        wanted: list[tuple[Unplaced, str | None]] = []
        for one in self._stretches():
            if all(id in self.table.session for id in one.at.values()):
                continue
            left = Unplaced(group=one.group, first=one.first, count=one.count, reason=UnplacedReason.CAPACITY)
            if any(self._is_past(id) for id in one.at.values()):
                facts: dict[str, str | int] = {"site": one.site}
                begun.append(structs.replace(left, reason=UnplacedReason.TIME, facts=facts))
            else:
                wanted.append((left, one.site))
        gone = [*begun, *(one for one, _ in wanted)]
        self._remove(gone)
        self.lost = []
        self.unplaced += begun
        for member, site in sorted(wanted, key=_largest):
            self._place(member, site)
        for each in homeless:
            for member, site in sorted(each, key=_largest):
                self._place(member, site)

    def _remove(self, members: Sequence[Unplaced] | Sequence[Placement]) -> None:
        """Take members out of every placement and every session that stands."""
        if not members:
            return
        self.placements = list(without(self.placements, members))
        standing = self.table.all()
        have = {(one.id, one.slot) for one in self.known}
        self.known += [one for one in standing if (one.id, one.slot) not in have]
        self.table = Table(self.problem, without_members(standing, members), self.teams, known=self.known)
        for group in sorted({one.group for one in members}):
            self._note(group)

    def _place(self, one: Unplaced, site: str | None) -> None:
        group = self.problem.group[one.group]
        others = self.persons.get(group.person or "", ())

        def allows(component: str, at: int) -> bool:
            return at not in self.past

        if len(others) > 1:
            found = self._place_person(group, site)
        else:
            found = self.table.place(group, one.first, one.count, site=site, allows=allows)
        self.placements += found
        seated = sum(placement.count for placement in found)
        self._note(one.group)
        if seated < one.count:
            self.unplaced.append(structs.replace(one, first=one.first + seated, count=one.count - seated))

    def _place_person(self, group: Group, home: str | None) -> list[Placement]:
        """Somebody with several exams: site by site, since the way between two sites takes its time (H8)."""
        for site in self.table.near(group, home):

            def allows(component: str, at: int, site: str = site) -> bool:
                return at not in self.past and self._person_can(group, site, self.problem.slots[at])

            if self.table.seat(site, group, 0, group.count, allows):
                return [Placement(group=group.id, site=site, first=0, count=group.count)]
        return []

    # ---------------------------------------------------------------- reading the table

    def result(self) -> Reseated:
        """The plan as it is now; nothing must be lost any more."""
        assert not self.lost
        unplaced = sorted(self.unplaced, key=lambda one: (one.group, one.first))
        return Reseated(tuple(self.placements), self.table.all(), tuple(unplaced))

    def _is_past(self, session: str) -> bool:
        return self._slot_of(session) in self.past

    def _slot_of(self, session: str) -> int:
        known = self.table.session.get(session) or next(one for one in self.lost if one.id == session)
        return self.problem.slot_number[known.slot]

    def _stretches(self) -> Iterator[Stretch]:
        """The ways of everybody in a lost session, in the order of their groups."""
        groups = {part.group for one in self.lost for part in one.parts}
        yield from ways_of(self.placements, [*self.table.all(), *self.lost], groups)


def ways_of(placements: Iterable[Placement], sessions: Iterable[Session], groups: Collection[str]) -> list[Stretch]:
    """The ways of the members of some groups: those alike in one stretch, in the order of groups and members."""
    parts: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    cuts: dict[str, set[int]] = defaultdict(set)
    for session in sessions:
        for part in session.parts:
            if part.group in groups:
                end = part.first + part.count
                parts[part.group].append((part.first, end, session.component, session.id))
                cuts[part.group] |= {part.first, end}
    found = []
    for one in sorted(placements, key=lambda one: (one.group, one.first)):
        if one.group not in groups:
            continue
        begin, end = one.first, one.first + one.count
        edges = sorted({begin, end, *(cut for cut in cuts[one.group] if begin < cut < end)})
        for first, last in pairwise(edges):
            at = {
                component: id
                for begins, ends, component, id in sorted(parts[one.group])
                if begins <= first and last <= ends
            }
            found.append(Stretch(one.group, first, last - first, one.site, at))
    return found


def _largest(one: tuple[Unplaced, str | None]) -> tuple[int, str, int]:
    return -one[0].count, one[0].group, one[0].first
