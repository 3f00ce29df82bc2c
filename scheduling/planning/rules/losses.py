"""What happens after publication, as data, and the problem as it then stands (H15, H17).

A site or one of its rooms cannot be used (in some slots, or ever), somebody of the staff cannot come, candidates withdraw.
Late candidates are no loss: the problem simply has groups, or members of groups, that the plan does not know. What lies in
slots that are *past* has happened: it is neither closed nor lost.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from msgspec.structs import replace

from exam.kernel.errors import N_, NotFound
from scheduling.planning.rules.demand import allowed_sites, need_of
from scheduling.planning.rules.plan import Part, Placement, Plan, Unplaced
from scheduling.planning.rules.problem import Count, Id, Person, Pin, Positive, Problem, Record, Room, Site, Workshop
from scheduling.planning.rules.ranges import without, without_members

Item = TypeVar("Item", Placement, Part, Unplaced)


class LostSite(Record, frozen=True):
    """Nobody can be examined at a site. No slots: in none of them any more."""

    site: Id
    slots: tuple[Id, ...] = ()


class LostPlace(Record, frozen=True):
    """A room or workshop of a site cannot be used. No slots: in none of them any more."""

    site: Id
    place: Id
    slots: tuple[Id, ...] = ()


class Away(Record, frozen=True):
    """Somebody of the staff cannot come. No slots: in none of them any more."""

    person: Id
    slots: tuple[Id, ...] = ()


class Withdrawn(Record, frozen=True):
    """Members of a group who do not sit any more. No count: all from the first on."""

    group: Id
    first: Count = 0
    count: Positive | None = None


class Losses(Record, frozen=True):
    """Everything that is lost at once."""

    sites: tuple[LostSite, ...] = ()
    places: tuple[LostPlace, ...] = ()
    people: tuple[Away, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()


class NotThere(NotFound):
    """A loss names something that the problem does not have."""

    message = N_("问题中没有 %(what)s，不能当作损失。")
    way_out = N_("请检查编号。")


def require_known(problem: Problem, losses: Losses) -> None:
    """Refuse losses of what is not there.

    :raises NotThere: a site, room, slot, person or group that the problem does not have
    """
    places = {(site.id, one.id) for site in problem.sites for one in site.places}
    named = [
        *((one.site, one.site in problem.site) for one in losses.sites),
        *((f"{one.site}/{one.place}", (one.site, one.place) in places) for one in losses.places),
        *((one.person, one.person in problem.person) for one in losses.people),
        *((one.group, one.group in problem.group) for one in losses.withdrawn),
        *((slot, slot in problem.slot) for one in losses.sites for slot in one.slots),
        *((slot, slot in problem.slot) for one in losses.places for slot in one.slots),
        *((slot, slot in problem.slot) for one in losses.people for slot in one.slots),
    ]
    for what, known in named:
        if not known:
            raise NotThere(what=what)


def as_it_stands(problem: Problem, losses: Losses, *, past: Collection[str] = ()) -> Problem:
    """The problem with what is lost closed, from now on; approvals stay (H1 is about approvals). Who withdrew is still in it."""
    coming = [slot.id for slot in problem.slots if slot.id not in past]
    sites: dict[str, set[str]] = defaultdict(set)
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    people: dict[str, set[str]] = defaultdict(set)
    for site in losses.sites:
        sites[site.site].update(_of(site.slots, coming))
    for place in losses.places:
        places[place.site, place.place].update(_of(place.slots, coming))
    for person in losses.people:
        people[person.person].update(_of(person.slots, coming))
    touched = {*sites, *(site for site, _ in places)}
    return replace(
        problem,
        sites=tuple(_closed(one, sites, places) if one.id in touched else one for one in problem.sites),
        staff=tuple(_away(problem, one, people[one.id]) if one.id in people else one for one in problem.staff),
    )


def without_sites(problem: Problem, lost: Collection[str]) -> Problem:
    """The problem with these sites closed in every slot."""
    return as_it_stands(problem, Losses(sites=tuple(LostSite(site=id) for id in sorted(lost))))


def without_withdrawn(problem: Problem, plan: Plan, withdrawn: Iterable[Withdrawn]) -> tuple[Problem, Plan]:
    """Problem and plan without these members; those behind them in their group move up."""
    gone: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in sorted(withdrawn, key=lambda one: (one.group, one.first)):
        end = problem.group[one.group].count if one.count is None else one.first + one.count
        begin = max([one.first, *(last for _, last in gone[one.group])])
        if begin < end:
            gone[one.group].append((begin, end))
    if not gone:
        return problem, plan
    left = {id: problem.group[id].count - sum(end - first for first, end in ranges) for id, ranges in gone.items()}
    groups = tuple(
        replace(one, count=left[one.id]) if one.id in left else one for one in problem.groups if left.get(one.id, 1)
    )
    members = [
        Placement(group=id, site="-", first=first, count=end - first)
        for id, ranges in sorted(gone.items())
        for first, end in ranges
    ]
    sessions = without_members(plan.sessions, members)
    kept = {one.id for one in sessions}
    after = replace(
        plan,
        placements=tuple(_up(one, gone) for one in without(plan.placements, members)),
        sessions=tuple(replace(one, parts=tuple(_up(part, gone) for part in one.parts)) for one in sessions),
        unplaced=tuple(_up(one, gone) for one in without(plan.unplaced, members)),
        assignments=tuple(one for one in plan.assignments if one.session in kept),
        open_positions=tuple(one for one in plan.open_positions if one.session in kept),
        bound=None,
    )
    pins = [_fewer(pin, plan, after, left[pin.group]) if pin.group in left else pin for pin in problem.pins]
    return replace(problem, groups=groups, pins=tuple(pin for pin in pins if pin is not None)), after


def _fewer(pin: Pin, before: Plan, after: Plan, left: int) -> Pin | None:
    """A pin of a group of which members withdrew: it asks for no more than are left there. None: for nobody any more."""
    if not left:
        return None
    if pin.count is None:
        return pin
    met, rest = (_as_pinned(pin, plan) for plan in (before, after))
    count = min(pin.count, left, rest if met >= pin.count else pin.count)
    return replace(pin, count=count) if count else None


def _as_pinned(pin: Pin, plan: Plan) -> int:
    """How many members of its group sit as a pin wants it, or are listed as unplaced."""
    listed = sum(one.count for one in plan.unplaced if one.group == pin.group)
    if pin.slot is None and pin.room is None and pin.component is None:
        return listed + sum(one.count for one in plan.placements if (one.group, one.site) == (pin.group, pin.site))
    sits: Counter[str] = Counter()
    for one in plan.sessions:
        named = ((pin.site, one.site), (pin.slot, one.slot), (pin.room, one.place), (pin.component, one.component))
        if all(said in (None, meant) for said, meant in named):
            sits[one.component] += sum(part.count for part in one.parts if part.group == pin.group)
    return listed + max(sits.values(), default=0)


def pin_is_lost(problem: Problem, pin: Pin) -> bool:
    """Whether a pin cannot hold any more: its site, room or person is not there in its slot (or in any slot).

    Nor can it where the site has no place left for one of the components of its group.
    """
    site = problem.site.get(pin.site or "")
    if site is None:
        return True
    closed = set(site.closed)
    if pin.room is not None:
        place = next((one for one in site.places if one.id == pin.room), None)
        if place is None:
            return True
        closed |= set(place.closed)
    person = problem.person.get(pin.person or "")
    if pin.person is not None and person is None:
        return True
    if person is not None and person.available is not None:
        closed |= problem.slot_number.keys() - set(person.available)
    wanted = {pin.slot} if pin.slot is not None else set(problem.slot_number)
    if wanted and wanted <= closed:
        return True
    if pin.group is None or pin.group not in problem.group:
        return False
    need = need_of(problem.group[pin.group])
    number = next(number for number, one in enumerate(problem.sites) if one.id == site.id)
    return number not in allowed_sites(problem, [need])[need]


def _of(slots: tuple[str, ...], coming: list[str]) -> list[str]:
    return [slot for slot in coming if not slots or slot in slots]


def _closed(site: Site, sites: Mapping[str, set[str]], places: Mapping[tuple[str, str], set[str]]) -> Site:
    return replace(
        site,
        closed=_with(site.closed, sites.get(site.id, set())),
        rooms=tuple(_place_closed(site, room, places) for room in site.rooms),
        workshops=tuple(_place_closed(site, shop, places) for shop in site.workshops),
    )


Place = TypeVar("Place", Room, Workshop)


def _place_closed(site: Site, place: Place, places: Mapping[tuple[str, str], set[str]]) -> Place:
    more = places.get((site.id, place.id))
    return replace(place, closed=_with(place.closed, more)) if more else place


def _with(closed: tuple[str, ...], more: set[str]) -> tuple[str, ...]:
    return tuple(sorted({*closed, *more})) if more else closed


def _away(problem: Problem, person: Person, slots: set[str]) -> Person:
    can = tuple(slot.id for slot in problem.slots) if person.available is None else person.available
    return replace(person, available=tuple(slot for slot in can if slot not in slots))


def _up(one: Item, gone: Mapping[str, list[tuple[int, int]]]) -> Item:
    """Members with their numbers after others before them in the group have gone."""
    before = sum(end - first for first, end in gone.get(one.group, ()) if end <= one.first)
    return replace(one, first=one.first - before) if before else one
