"""Levels to stations: who of a node goes to which of its sites, so that the stations there suffice slot by slot (H6).

A station serves candidates of one level in a slot. Where a site's stations are full to the last candidate, levels must
come in whole stations' loads; else some are left over although the places over the period suffice. Candidates of a
school who are sent to several sites are equally far from each, whatever their level: so two of different levels swap
their sites, and no kilometre is added. A site that is too full hands its surplus on towards a site with stations to spare.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduling.planning.rules.capacity import rounds
from scheduling.planning.rules.problem import Accommodation, Form, Group, Problem

Dealt = dict[int, dict[int | None, int]]
"""Of a node: lot -> place (None: nowhere) -> how many."""

_Keys = tuple[tuple[str, str], ...]  # (level, practical component)
_TRIES = 40  # moves of a site


@dataclass(slots=True)
class Shop:
    """The stations of a certificate at a site, over the whole period, and who comes to them."""

    stations: int
    served: Mapping[tuple[str, str], int]  # of each practical: candidates per station and slot
    counts: dict[tuple[str, str], int]

    def over(self, gone: _Keys = (), come: _Keys = (), some: int = 0) -> int:
        """How many stations are missing, after so many have gone and so many have come."""
        needed = 0
        for key, served in self.served.items():
            changed = self.counts.get(key, 0) - some * (key in gone) + some * (key in come)
            needed += -(-changed // served)
        return max(0, needed - self.stations)

    def move(self, keys: _Keys, some: int) -> None:
        """So many more (or fewer) come."""
        for key in keys:
            self.counts[key] = self.counts.get(key, 0) + some


@dataclass(frozen=True, slots=True)
class Link:
    """Candidates of a node who go to two sites; the lots of each."""

    dealt: Dealt
    here: int  # places of the node
    there: int
    other: int  # the shop there


@dataclass(slots=True)
class Certificate:
    """All stations of a certificate, and who could swap."""

    shops: dict[int, Shop]  # by resource
    links: dict[int, list[Link]]
    keys: Mapping[int, _Keys]  # of a lot that may be dealt to several sites


def swap_levels(certificate: Certificate) -> None:
    """Swap sites until no stations are missing, or no swap helps."""
    shops = certificate.shops
    depth = _depths(certificate)
    queue = deque(number for number in sorted(shops) if shops[number].over())
    tries: dict[int, int] = defaultdict(int)
    while queue:
        number = queue.popleft()
        while shops[number].over() and tries[number] < _TRIES:
            tries[number] += 1
            best = min(_swaps(certificate, number, depth), default=None)
            if best is None:
                break
            _, _, at, out, back, some = best
            link = certificate.links[number][at]
            _carry(link, certificate, number, out, back, some)
            if shops[link.other].over() and link.other not in queue:
                queue.append(link.other)


def _swaps(
    certificate: Certificate, number: int, depth: Mapping[int, int]
) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(stations missing more or fewer, depth, link, lot that goes, lot that comes, how many) of what helps."""
    shop = certificate.shops[number]
    before = shop.over()
    for at, link in enumerate(certificate.links[number]):
        other = certificate.shops[link.other]
        both = before + other.over()
        mine = [lot for lot in link.dealt if link.dealt[lot].get(link.here) and lot in certificate.keys]
        theirs = [lot for lot in link.dealt if link.dealt[lot].get(link.there) and lot in certificate.keys]
        for out in mine:
            for back in theirs:
                gone, come = certificate.keys[out], certificate.keys[back]
                if gone == come:
                    continue
                most = min(link.dealt[out][link.here], link.dealt[back][link.there], max(shop.served.values()) - 1)
                for some in range(1, most + 1):
                    left = shop.over(gone, come, some)
                    change = left + other.over(come, gone, some) - both
                    nearer = depth.get(link.other, 0) < depth.get(number, 0)
                    if left < before and (change < 0 or (change == 0 and nearer)):
                        yield change, depth.get(link.other, 0), at, out, back, some


def _carry(link: Link, certificate: Certificate, number: int, out: int, back: int, some: int) -> None:
    """Let some of one lot go there, and as many of another come here."""
    for lot, source, target in ((out, link.here, link.there), (back, link.there, link.here)):
        places = link.dealt[lot]
        places[source] -= some
        if not places[source]:
            del places[source]
        places[target] = places.get(target, 0) + some
    shop, other = certificate.shops[number], certificate.shops[link.other]
    gone, come = certificate.keys[out], certificate.keys[back]
    shop.move(gone, -some)
    shop.move(come, some)
    other.move(come, -some)
    other.move(gone, some)


def _depths(certificate: Certificate) -> dict[int, int]:
    """Over how many links every site is from one with a station to spare."""
    spare = [
        number
        for number, shop in sorted(certificate.shops.items())
        if sum(-(-count // shop.served[key]) for key, count in shop.counts.items()) < shop.stations
    ]
    depth = dict.fromkeys(certificate.shops, 1 << 20) | dict.fromkeys(spare, 0)
    queue = deque(spare)
    while queue:
        number = queue.popleft()
        for link in certificate.links.get(number, ()):
            if depth[link.other] > depth[number] + 1:
                depth[link.other] = depth[number] + 1
                queue.append(link.other)
    return depth


def practicals(problem: Problem, group: Group) -> _Keys:
    """The practical components of a group, with its level; none for who sits alone."""
    if Accommodation.OWN_ROOM in group.accommodations:
        return ()
    parts = problem.parts_of(group)
    return tuple((group.level.value, part.id) for part in parts if part.form is Form.PRACTICAL)


def served_of(problem: Problem, certificate: str) -> Mapping[tuple[str, str], int] | None:
    """How many candidates of each practical a station serves in a slot; None where slots differ."""
    rules = problem.rules_of(certificate)
    found: dict[tuple[str, str], int] = {}
    for scheme in problem.certificate[certificate].schemes:
        for part in scheme.components:
            if part.form is not Form.PRACTICAL:
                continue
            passing = {rounds(part.minutes, slot, rules) for slot in problem.slots}
            if len(passing) != 1 or not min(passing):
                return None
            found[scheme.level.value, part.id] = passing.pop()
    return found


def stations_of(problem: Problem, site: int, certificate: str) -> int:
    """Stations of a certificate at a site, each open slot once."""
    one = problem.sites[site]
    return sum(
        shop.stations * (len(problem.slots) - len({*one.closed, *shop.closed}))
        for shop in one.workshops
        if shop.certificate == certificate
    )


def links_of(shop_of: Sequence[int | None], dealt: Dealt) -> Iterator[tuple[int, Link]]:
    """The links of a node whose candidates go to several sites; `shop_of`: of its places."""
    places = sorted({place for places in dealt.values() for place in places if place is not None})
    for here in places:
        for there in places:
            mine, other = shop_of[here], shop_of[there]
            if here != there and mine is not None and other is not None:
                yield mine, Link(dealt, here, there, other)
