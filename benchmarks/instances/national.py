"""The country: 337 prefectures and municipalities, 3,000 schools, 447 certificates, 1,000 sites, 1,000,000 candidates.

Prefectures are real (``prefectures.csv``: seats of government to a hundredth of a degree); schools, sites, certificates
and sizes are drawn from the seed. Popularity of certificates follows Zipf's law; every (certificate, prefecture with a
pilot school) has a site; the stations of each certificate have 13% more capacity than the country's candidates need.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.instances import figures
from benchmarks.instances.figures import (
    COMPUTER_SEATS,
    FIRST_PRACTICAL_SLOT,
    KIND_PERCENT,
    KINDS,
    LEVELS,
    PAPER_SEATS,
    SLACK,
    STATION_MINUTES,
)
from scheduling.planning.rules.capacity import rounds
from scheduling.planning.rules.problem import (
    FORMAT,
    Approval,
    Certificate,
    Component,
    Form,
    Group,
    Institution,
    Pilot,
    Prefecture,
    Problem,
    Room,
    Rules,
    Scheme,
    Site,
    Slot,
    Workshop,
)

RULES: Final = Rules(paper_fill_percent=50, computer_fill_percent=40, travel_limit_km=6000)
_LOCAL_NOISE: Final = 0.4  # how roughly the capacity of a place follows its demand (sigma of a lognormal factor)
_ROOMS: Final = 1.2  # rooms for so many times the room-sessions of the nominal load
_LED: Final = 0.8  # rooms for at least this share of all whom the stations could take


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the instance is; the defaults are the country."""

    candidates: int = 1_000_000
    institutions: int = 3_000
    certificates: int = 447
    sites: int = 1_000
    groups: int = 19_500
    approvals: int = 10_500
    days: int = 6
    provinces: frozenset[str] | None = None  # names; None: all


NATIONAL: Final = Size()
HUBEI: Final = Size(
    candidates=40_000, institutions=120, certificates=120, sites=45, groups=900, approvals=620,
    provinces=frozenset({"湖北省"}),
)  # fmt: skip


def national(seed: int = 1, size: Size = NATIONAL) -> Problem:
    """Make the problem; the same seed gives the same problem."""
    rng = np.random.default_rng(seed)
    prefectures = [
        one for one, province in figures.prefectures() if size.provinces is None or province in size.provinces
    ]
    slots = figures.slots(size.days)
    certificates = _certificates(rng, size.certificates)
    schools = _schools(rng, prefectures, size.institutions)
    pilots = _pilots(rng, len(schools), size)
    groups = _groups(rng, schools, certificates, pilots, size)
    school_of, certificate_of = _numbers(one.id for one in schools), _numbers(one.id for one in certificates)
    pilots = sorted({(school_of[group.institution], certificate_of[group.certificate]) for group in groups})
    hosts = _hosts(rng, schools, prefectures, size.sites)
    approvals = _approvals(rng, schools, hosts, pilots, groups, certificates, size)
    surplus: dict[int, int] = {}  # stations come whole: what a certificate has too many, its next site has fewer
    sites = [
        _site(rng, number, schools[host], approvals.get(number, {}), certificates, slots, surplus)
        for number, host in enumerate(hosts)
    ]
    return Problem(
        format=FORMAT,
        name=f"national seed {seed}",
        slots=slots,
        prefectures=tuple(prefectures),
        institutions=tuple(schools),
        certificates=tuple(certificates),
        sites=tuple(sites),
        groups=tuple(groups),
        rules=RULES,
        pilots=tuple(
            Pilot(institution=schools[school].id, certificate=certificates[certificate].id)
            for school, certificate in pilots
        ),
    )


def _numbers(ids: Iterable[str]) -> dict[str, int]:
    """Id -> place in the list."""
    return {id: number for number, id in enumerate(ids)}


def _certificates(rng: np.random.Generator, count: int) -> list[Certificate]:
    """Each with one to three components, the same at every level."""
    chosen = rng.choice(len(KINDS), size=count, p=[percent / 100 for percent in KIND_PERCENT])
    # The most popular ones are spread over the kinds as the shares say: otherwise one draw would decide the whole country.
    chosen[: len(KINDS) * 2] = [2, 4, 3, 0, 3, 1, 4, 2, 3, 4][: min(count, len(KINDS) * 2)]
    minutes = rng.choice(STATION_MINUTES, size=count)
    made = []
    for number in range(count):
        components = figures.components(KINDS[chosen[number]], int(minutes[number]))
        made.append(
            Certificate(
                id=f"C{number + 1:03d}",
                name=f"证书{number + 1:03d}（演示）",
                schemes=tuple(Scheme(level=level, components=components) for level in LEVELS),
            )
        )
    return made


def _schools(rng: np.random.Generator, prefectures: list[Prefecture], count: int) -> list[Institution]:
    """At least one in every prefecture, the others where the (drawn) weight of the prefecture lies."""
    weight = rng.lognormal(0, 0.8, len(prefectures))
    weight[[one.id[2:4] in ("01", "00") for one in prefectures]] *= 4  # capitals of provinces and municipalities
    extra = rng.choice(len(prefectures), size=max(0, count - len(prefectures)), p=weight / weight.sum())
    where = np.concatenate([np.arange(len(prefectures)), extra])[:count]
    spread = rng.normal(0, 0.18, (len(where), 2)).clip(-0.45, 0.45)
    return [
        Institution(
            id=f"I{number + 1:04d}",
            name=f"第{number + 1}职业学院（演示）",
            prefecture=prefectures[at].id,
            lat=round(prefectures[at].lat + float(spread[number, 0]), 4),
            lon=round(prefectures[at].lon + float(spread[number, 1]), 4),
        )
        for number, at in enumerate(where)
    ]


def _popularity(count: int) -> np.ndarray:
    """Zipf's law with exponent 1."""
    share = 1 / np.arange(1, count + 1)
    found: np.ndarray = share / share.sum()
    return found


def _pilots(rng: np.random.Generator, schools: int, size: Size) -> list[tuple[int, int]]:
    """Which school pilots which certificate: so many pairs that the groups of two to three levels each add up."""
    share = _popularity(size.certificates)
    wanted = max(schools, round(size.groups / 2.25))
    pairs = {
        (school, int(certificate)) for school, certificate in enumerate(rng.choice(size.certificates, schools, p=share))
    }
    while len(pairs) < wanted:
        some = zip(rng.integers(0, schools, wanted), rng.choice(size.certificates, wanted, p=share), strict=True)
        for school, certificate in some:
            if len(pairs) == wanted:
                break
            pairs.add((int(school), int(certificate)))
    return sorted(pairs)


def _groups(
    rng: np.random.Generator,
    schools: list[Institution],
    certificates: list[Certificate],
    pilots: list[tuple[int, int]],
    size: Size,
) -> list[Group]:
    """Two or three levels for each pair; sizes are lognormal and add up exactly."""
    keys = [(school, certificate, level) for school, certificate in pilots for level in range(3)]
    dropped = set(rng.permutation(len(keys))[: max(0, len(keys) - size.groups)].tolist())
    kept = [key for number, key in enumerate(keys) if number not in dropped]
    raw = rng.lognormal(0, 0.9, len(kept)) * np.array([1.0, 1.4, 0.6])[[level for _, _, level in kept]]
    sizes = np.maximum(1, np.floor(raw / raw.sum() * size.candidates)).astype(int)
    sizes[np.argsort(-raw)[: size.candidates - int(sizes.sum())]] += 1
    return [
        Group(
            id=f"G{number + 1:05d}",
            institution=schools[school].id,
            certificate=certificates[certificate].id,
            level=LEVELS[level],
            components=tuple(part.id for part in certificates[certificate].schemes[level].components),
            count=int(sizes[number]),
        )
        for number, (school, certificate, level) in enumerate(kept)
    ]


def _hosts(
    rng: np.random.Generator, schools: list[Institution], prefectures: list[Prefecture], count: int
) -> list[int]:
    """Schools that host a site: one in every prefecture, the others anywhere."""
    first: dict[str, int] = {}
    for number, school in enumerate(schools):
        first.setdefault(school.prefecture, number)
    others = [number for number in rng.permutation(len(schools)).tolist() if number not in set(first.values())]
    return sorted([*first.values(), *others[: max(0, count - len(first))]])[: max(count, len(first))]


def _approvals(
    rng: np.random.Generator,
    schools: list[Institution],
    hosts: list[int],
    pilots: list[tuple[int, int]],
    groups: list[Group],
    certificates: list[Certificate],
    size: Size,
) -> dict[int, dict[int, int]]:
    """Site -> certificate -> nominal capacity. One site for each (certificate, prefecture), more where the demand is."""
    of_prefecture: dict[str, list[int]] = {}
    for site, host in enumerate(hosts):
        of_prefecture.setdefault(schools[host].prefecture, []).append(site)
    number_of = _numbers(one.id for one in certificates)
    home = {school.id: school.prefecture for school in schools}
    demand: dict[tuple[int, str], int] = {}
    for group in groups:
        key = (number_of[group.certificate], home[group.institution])
        demand[key] = demand.get(key, 0) + group.count
    pairs = sorted({(certificate, schools[school].prefecture) for school, certificate in pilots})
    chosen = {(certificate, int(rng.choice(of_prefecture[prefecture]))) for certificate, prefecture in pairs}
    weight = np.array([demand.get(pair, 1) for pair in pairs], dtype=float)
    tries = 0
    while len(chosen) < size.approvals and tries < 50 * size.approvals:
        certificate, prefecture = pairs[int(rng.choice(len(pairs), p=weight / weight.sum()))]
        chosen.add((certificate, int(rng.choice(of_prefecture[prefecture]))))
        tries += 1
    return _capacities(rng, sorted(chosen), schools, hosts, demand, len(certificates))


def _capacities(
    rng: np.random.Generator,
    chosen: list[tuple[int, int]],
    schools: list[Institution],
    hosts: list[int],
    demand: dict[tuple[int, str], int],
    certificates: int,
) -> dict[int, dict[int, int]]:
    """Each certificate's capacity is 13% above its demand in the country, and lies only roughly where the demand is."""
    by_certificate: dict[int, list[int]] = {}
    for certificate, site in chosen:
        by_certificate.setdefault(certificate, []).append(site)
    found: dict[int, dict[int, int]] = {}
    for certificate in range(certificates):
        sites = by_certificate.get(certificate, [])
        total = sum(count for (one, _), count in demand.items() if one == certificate)
        if not sites or not total:
            continue
        homes = [schools[hosts[site]].prefecture for site in sites]
        near = np.array([demand.get((certificate, home), 1) / homes.count(home) for home in homes], dtype=float)
        share = near * rng.lognormal(0, _LOCAL_NOISE, len(sites))
        for site, part in zip(sites, share / share.sum(), strict=True):
            found.setdefault(site, {})[certificate] = max(1, int(np.ceil(total * SLACK * part)))
    return found


def _site(
    rng: np.random.Generator,
    number: int,
    school: Institution,
    nominal: dict[int, int],
    certificates: list[Certificate],
    slots: tuple[Slot, ...],
    surplus: dict[int, int],
) -> Site:
    """Stations for the capacity; rooms for a fifth more than the nominal load, and for most whom the stations could take."""
    needed = {Form.PAPER: 0.0, Form.COMPUTER: 0.0}  # room-sessions of the nominal load
    led = {Form.PAPER: 0, Form.COMPUTER: 0}  # candidates whom the stations could take at once, and who write before
    workshops = []
    seats = int(rng.choice(COMPUTER_SEATS))
    for index, capacity in sorted(nominal.items()):
        certificate = certificates[index]
        for component in certificate.schemes[0].components:
            if component.form is Form.PRACTICAL:
                wanted = max(1, capacity - surplus.get(index, 0))
                workshop, made = _workshop(rng, certificate.id, component, wanted, slots)
                surplus[index] = surplus.get(index, 0) + made - capacity
                workshops.append(workshop)
            else:
                room = PAPER_SEATS if component.form is Form.PAPER else seats * 0.9
                led[component.form] += capacity * any(
                    part.form is Form.PRACTICAL for part in certificate.schemes[0].components
                )
                needed[component.form] += sum(np.ceil(capacity / SLACK * part / room) for part in (0.33, 0.47, 0.2))
    planned_paper = len(slots) * PAPER_SEATS * RULES.paper_fill_percent / 100
    planned_computer = len(slots) * min(COMPUTER_SEATS) * 0.9 * RULES.computer_fill_percent / 100
    paper = int(np.ceil(max(needed[Form.PAPER] * _ROOMS / len(slots), _LED * led[Form.PAPER] / planned_paper)))
    computer = int(
        np.ceil(max(needed[Form.COMPUTER] * _ROOMS / len(slots), _LED * led[Form.COMPUTER] / planned_computer))
    )
    sizes = rng.choice(COMPUTER_SEATS, size=computer)
    return Site(
        id=f"S{number + 1:04d}",
        name=f"{school.name}考点",
        institution=school.id,
        prefecture=school.prefecture,
        lat=school.lat,
        lon=school.lon,
        approvals=tuple(Approval(certificate=certificates[index].id) for index in sorted(nominal)),
        rooms=(
            *(Room(id=f"P{room + 1:02d}", form=Form.PAPER, seats=PAPER_SEATS) for room in range(paper)),
            *(Room(id=f"M{room + 1:02d}", form=Form.COMPUTER, seats=int(sizes[room])) for room in range(computer)),
        ),
        workshops=tuple(workshops),
    )


def _workshop(
    rng: np.random.Generator, certificate: str, component: Component, capacity: int, slots: tuple[Slot, ...]
) -> tuple[Workshop, int]:
    """As few stations as serve the capacity, open in as many slots as it takes (classes use it in the others); and how many it serves."""
    served = rounds(component.minutes, slots[0], RULES)
    usable = list(range(FIRST_PRACTICAL_SLOT, len(slots)))
    stations = -(-capacity // (served * len(usable)))
    wanted = min(len(usable), -(-capacity // (served * stations)))
    open_ones = set(rng.permutation(usable)[:wanted].tolist())
    workshop = Workshop(
        id=f"W-{certificate}",
        certificate=certificate,
        stations=stations,
        closed=tuple(slot.id for number, slot in enumerate(slots) if number not in open_ones),
    )
    return workshop, stations * served * wanted
