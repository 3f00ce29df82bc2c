"""Instances for staffing: one city of 1,000 sessions, and the country; with a hidden perfect answer, so that an open place is a fault.

An answer is drawn first: everybody serves on two days at one site each, five or six sessions, in pairs of which one is a senior.
Then everything that bites is drawn around it: only seniors lead; a practical takes a certificate that both of its pair hold, the rarest one;
candidates come from the host and from any institution that the pair is not tied to; people are away in slots in which they do not serve;
some qualifications have expired or begin later. Nothing but the seed is random.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from msgspec.structs import replace

from benchmarks.instances import figures
from benchmarks.instances.figures import SHORT_DAY
from scheduling.planning.rules.plan import Assignment, Part, Session
from scheduling.planning.rules.problem import (
    FORMAT,
    Approval,
    Certificate,
    Component,
    Duty,
    Form,
    Group,
    Institution,
    Level,
    Person,
    Prefecture,
    Problem,
    Qualification,
    Room,
    Scheme,
    Site,
    Workshop,
)

DAYS: Final = 6
FIRST_DAY: Final = date(2026, 11, 23)
SENIORS_PERCENT: Final = 60
AWAY_PERCENT: Final = 20  # of the slots in which somebody does not serve in the hidden answer
SESSIONS_PER_SITE: Final = 60  # of the country
LARGEST_TOWN: Final = 30  # sites of a prefecture
PARTS: Final = (
    Component(id="theory", form=Form.COMPUTER, minutes=90),
    Component(id="essay", form=Form.PAPER, minutes=90),
    Component(id="skill", form=Form.PRACTICAL, minutes=30, order=1),
)


class Case(NamedTuple):
    """A problem, the sessions to staff, and a perfect answer (nobody in conflict, nothing open, loads 5 or 6)."""

    problem: Problem
    sessions: tuple[Session, ...]
    answer: tuple[Assignment, ...]


class _Town(NamedTuple):
    """What is drawn for one prefecture."""

    prefecture: Prefecture
    sites: int
    sessions: int
    people: int
    institutions: int
    certificates: int
    spread_degrees: float


class _Drawn(NamedTuple):
    """What a town adds to the problem."""

    institutions: list[Institution]
    sites: list[Site]
    groups: list[Group]
    staff: list[Person]
    sessions: list[Session]
    answer: list[Assignment]


class _Turn(NamedTuple):
    """Two people at a site on a day, in some of its slots."""

    pair: tuple[int, int]
    day: int
    site: int
    slots: tuple[int, ...]


def city(seed: int = 1) -> Case:
    """1,000 sessions with 2,000 places, 360 people of 14 institutions, 8 sites, 18 slots."""
    rng = Random(f"{seed} staff city")
    prefecture = Prefecture(id="310000", name="上海市", province="上海市", lat=31.23, lon=121.47)
    return _case("staff, one city", seed, [_town(rng, _Town(prefecture, 8, 1000, 360, 14, 24, 0.15))])


def country(seed: int = 1, sites: int = 1000) -> Case:
    """60 sessions a site all over the country; every prefecture has a site, the larger ones many."""
    rng = Random(f"{seed} staff country")
    prefectures = [replace(one, province=province) for one, province in figures.prefectures()]
    chosen = prefectures if sites >= len(prefectures) else prefectures[:sites]
    number = dict.fromkeys((one.id for one in chosen), 1)
    weights = list(accumulate(rng.paretovariate(1.2) for _ in chosen))
    while sum(number.values()) < sites:
        one = rng.choices(chosen, cum_weights=weights)[0]
        number[one.id] = min(LARGEST_TOWN, number[one.id] + 1)
    return _case("staff, the country", seed, [_town(rng, _town_of(one, number[one.id])) for one in chosen])


def _town_of(prefecture: Prefecture, sites: int) -> _Town:
    sessions = sites * SESSIONS_PER_SITE
    people = 2 * round(2 * sessions / 5.55 / 2)
    return _Town(prefecture, sites, sessions, people, max(8, 2 * sites), max(6, min(60, 3 * sites)), 0.3)


SLOTS: Final = figures.slots(DAYS, first=FIRST_DAY, windows=SHORT_DAY, prefix="", letters="abc")


def _case(name: str, seed: int, towns: Sequence[tuple[_Town, _Drawn]]) -> Case:
    most = max(town.certificates for town, _ in towns)
    drawn = [one for _, one in towns]
    problem = Problem(
        format=FORMAT,
        name=f"{name}, seed {seed}",
        slots=SLOTS,
        prefectures=tuple(town.prefecture for town, _ in towns),
        institutions=tuple(one for each in drawn for one in each.institutions),
        certificates=tuple(
            Certificate(
                id=f"C{number:03}", name=f"证书{number}", schemes=(Scheme(level=Level.INTERMEDIATE, components=PARTS),)
            )
            for number in range(most)
        ),
        sites=tuple(one for each in drawn for one in each.sites),
        groups=tuple(one for each in drawn for one in each.groups),
        staff=tuple(one for each in drawn for one in each.staff),
    )
    return Case(
        problem,
        tuple(one for each in drawn for one in each.sessions),
        tuple(one for each in drawn for one in each.answer),
    )


def _town(rng: Random, town: _Town) -> tuple[_Town, _Drawn]:
    institutions = [_institution(rng, town, number) for number in range(town.institutions)]
    turns, seniors = _turns(rng, town)
    home = [number % town.institutions for number in range(town.people)]
    rng.shuffle(home)
    related = [_related(rng, town, home[number]) for number in range(town.people)]
    held = [_held(rng, town) for _ in range(town.people)]
    drawn = _Drawn(institutions, [], [], [], [], [])
    places: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for (site, slot), present in sorted(_present(turns).items()):
        for number, pair in enumerate(_pairs(rng, present, seniors)):
            tied = {home[pair[0]], home[pair[1]], *related[pair[0]], *related[pair[1]]}
            practical = sorted(held[pair[0]] & held[pair[1]])
            certificate, component = _subject(rng, town, practical)
            place = f"W{certificate}" if component.form is Form.PRACTICAL else f"R{number:02}{component.form[0]}"
            places[site].add((place, certificate))
            _add_session(rng, drawn, town, site, slot, place, certificate, component, tied)
            session = drawn.sessions[-1].id
            lead = Duty.LEAD_ASSESSOR if component.form is Form.PRACTICAL else Duty.HEAD_INVIGILATOR
            other = Duty.ASSESSOR if component.form is Form.PRACTICAL else Duty.INVIGILATOR
            drawn.answer.append(Assignment(session=session, person=_person_id(town, pair[0]), duty=lead))
            drawn.answer.append(Assignment(session=session, person=_person_id(town, pair[1]), duty=other))
    drawn.sites.extend(_site(town, institutions, number, places[number]) for number in range(town.sites))
    serving = _serving(turns)
    for number in range(town.people):
        drawn.staff.append(
            _person(
                rng,
                town,
                number,
                institutions,
                home[number],
                related[number],
                held[number],
                number in seniors,
                serving[number],
            )
        )
    return town, drawn


def _institution(rng: Random, town: _Town, number: int) -> Institution:
    at = town.prefecture
    return Institution(
        id=f"X{at.id}-{number:02}",
        name=f"{at.name}第{number + 1}学校",
        prefecture=at.id,
        lat=round(at.lat + rng.uniform(-1, 1) * town.spread_degrees, 4),
        lon=round(at.lon + rng.uniform(-1, 1) * town.spread_degrees, 4),
    )


def _turns(rng: Random, town: _Town) -> tuple[list[_Turn], set[int]]:
    """Two turns for everybody; the shorter ones, of two slots, all among the second."""
    people = list(range(town.people))
    rng.shuffle(people)
    seniors = set(people[: -(-town.people * SENIORS_PERCENT // 100)])
    shorter = 3 * town.people - town.sessions
    used: dict[int, int] = {}
    filled: dict[tuple[int, int], int] = defaultdict(int)
    turns = []
    for turn in range(2):
        for number, pair in enumerate(_pairs(rng, people, seniors)):
            free = [day for day in range(DAYS) if not turn or day not in (used[pair[0]], used[pair[1]])]
            _, _, day, site = min(
                (filled[day, site], rng.random(), day, site) for day in free for site in range(town.sites)
            )
            filled[day, site] += 1
            used[pair[0]] = used[pair[1]] = day
            slots = [3 * day, 3 * day + 1, 3 * day + 2]
            if turn and number < shorter:
                slots.remove(rng.choice(slots))
            turns.append(_Turn(pair, day, site, tuple(slots)))
    return turns, seniors


def _pairs(rng: Random, people: Iterable[int], seniors: set[int]) -> list[tuple[int, int]]:
    """Pairs of which the first is a senior."""
    mixed = list(people)
    rng.shuffle(mixed)
    above = [one for one in mixed if one in seniors]
    below = [one for one in mixed if one not in seniors]
    rest = above[len(below) :]
    pairs = [*zip(above, below, strict=False), *zip(rest[::2], rest[1::2], strict=True)]
    rng.shuffle(pairs)
    return pairs


def _present(turns: Iterable[_Turn]) -> dict[tuple[int, int], list[int]]:
    there: dict[tuple[int, int], list[int]] = defaultdict(list)
    for turn in turns:
        for slot in turn.slots:
            there[turn.site, slot].extend(turn.pair)
    return there


def _serving(turns: Iterable[_Turn]) -> dict[int, set[int]]:
    busy: dict[int, set[int]] = defaultdict(set)
    for turn in turns:
        for one in turn.pair:
            busy[one].update(turn.slots)
    return busy


def _related(rng: Random, town: _Town, home: int) -> set[int]:
    others = [number for number in range(town.institutions) if number != home]
    return set(rng.sample(others, rng.choice((0, 0, 0, 1, 1, 2))))


def _held(rng: Random, town: _Town) -> set[int]:
    """Up to three certificates, by Zipf: of the last ones few hold any."""
    weights = list(accumulate((rank + 1) ** -1.1 for rank in range(town.certificates)))
    return set(rng.choices(range(town.certificates), cum_weights=weights, k=rng.choice((1, 1, 2, 3))))


def _subject(rng: Random, town: _Town, practical: list[int]) -> tuple[str, Component]:
    """A practical of the rarest certificate that both hold, or else something on paper or computers."""
    if practical and rng.random() < 0.9:
        return f"C{practical[-1]:03}", PARTS[2]
    return f"C{rng.randrange(town.certificates):03}", rng.choice((PARTS[0], PARTS[0], PARTS[1]))


def _add_session(
    rng: Random,
    drawn: _Drawn,
    town: _Town,
    site: int,
    slot: int,
    place: str,
    certificate: str,
    component: Component,
    tied: set[int],
) -> None:
    free = [number for number in range(town.institutions) if number not in tied]
    hosts = [site] if site in free and rng.random() < 0.6 else []
    others = rng.sample(
        [number for number in free if number not in hosts], k=rng.choice((1, 1, 2)) if len(free) > 3 else 1
    )
    id = f"N{town.prefecture.id}-{len(drawn.sessions):04}"
    each = 18 if component.form is Form.COMPUTER else 10
    parts = []
    for number in sorted({*hosts, *others}):
        group = Group(
            id=f"G{id}-{number:02}",
            institution=drawn.institutions[number].id,
            certificate=certificate,
            level=Level.INTERMEDIATE,
            components=(component.id,),
            count=rng.randint(each // 2, each),
        )
        drawn.groups.append(group)
        parts.append(Part(group=group.id, first=0, count=group.count))
    drawn.sessions.append(
        Session(
            id=id,
            site=_site_id(town, site),
            place=place,
            slot=SLOTS[slot].id,
            certificate=certificate,
            level=Level.INTERMEDIATE,
            component=component.id,
            paper=f"{component.id}-{SLOTS[slot].id}",
            parts=tuple(parts),
        )
    )


def _site_id(town: _Town, number: int) -> str:
    return f"S{town.prefecture.id}-{number:02}"


def _person_id(town: _Town, number: int) -> str:
    return f"E{town.prefecture.id}-{number:04}"


def _site(town: _Town, institutions: Sequence[Institution], number: int, places: Iterable[tuple[str, str]]) -> Site:
    host = institutions[number]
    used = sorted(places)
    return Site(
        id=_site_id(town, number),
        name=f"{host.name}考核站点",
        institution=host.id,
        prefecture=host.prefecture,
        lat=host.lat,
        lon=host.lon,
        approvals=tuple(Approval(certificate=one) for one in sorted({certificate for _, certificate in used})),
        rooms=tuple(
            Room(
                id=place,
                form=Form.COMPUTER if place.endswith("c") else Form.PAPER,
                seats=60 if place.endswith("c") else 30,
            )
            for place in sorted({place for place, _ in used if place.startswith("R")})
        ),
        workshops=tuple(
            Workshop(id=place, certificate=one, stations=40) for place, one in used if place.startswith("W")
        ),
    )


def _person(
    rng: Random,
    town: _Town,
    number: int,
    institutions: Sequence[Institution],
    home: int,
    related: set[int],
    held: set[int],
    senior: bool,
    serving: set[int],
) -> Person:
    at = institutions[home]
    away = {slot for slot in range(len(SLOTS)) if slot not in serving and rng.random() * 100 < AWAY_PERCENT}
    return Person(
        id=_person_id(town, number),
        name=f"{town.prefecture.name}考务{number + 1}",
        institution=at.id,
        lat=round(at.lat + rng.uniform(-0.05, 0.05), 4),
        lon=round(at.lon + rng.uniform(-0.05, 0.05), 4),
        duties=tuple(Duty) if senior else (Duty.INVIGILATOR, Duty.ASSESSOR),
        qualifications=_qualifications(rng, town, held),
        related=tuple(institutions[one].id for one in sorted(related)),
        available=tuple(slot.id for place, slot in enumerate(SLOTS) if place not in away) if away else None,
    )


def _qualifications(rng: Random, town: _Town, held: set[int]) -> tuple[Qualification, ...]:
    """What is held, and sometimes one that has expired or begins during the last days."""
    made = [Qualification(certificate=f"C{one:03}", valid_from=date(2024, 1, 1)) for one in sorted(held)]
    others = [number for number in range(town.certificates) if number not in held]
    if others and rng.random() < 0.3:
        made.append(Qualification(certificate=f"C{rng.choice(others):03}", valid_to=FIRST_DAY - timedelta(days=1)))
    elif others and rng.random() < 0.3:
        made.append(Qualification(certificate=f"C{rng.choice(others):03}", valid_from=FIRST_DAY + timedelta(days=4)))
    return tuple(made)
