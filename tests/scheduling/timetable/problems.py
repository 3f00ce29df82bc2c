"""Makes timetable problems for tests: small ones by hand, large ones from a seed."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from exam.catalogue.rules import Form, Level
from scheduling.timetable.rules.problem import Candidate, Licence, Part, Place, Problem, SchemeParts, Venue

FIRST_DAY = date(2026, 5, 16)


def part(name: str, seq: int = 1, form: Form = Form.COMPUTER, minutes: int = 90) -> Part:
    return Part(id=name, seq=seq, form=form, duration_minutes=minutes)


def scheme(name: str = "s", *parts: Part, certificate: str = "c", level: Level = Level.ELEMENTARY) -> SchemeParts:
    return SchemeParts(id=name, certificate_id=certificate, level=level, parts=parts or (part(f"{name}1"),))


def place(name: str = "r", site: str = "v", form: Form = Form.COMPUTER, usable: int = 30) -> Place:
    return Place(id=name, site_id=site, code=name, form=form, usable=usable)


def licence(certificate: str = "c", rank: int = 0, days: int = 30, levels: tuple[Level, ...] = tuple(Level)) -> Licence:
    return Licence(
        certificate_id=certificate,
        levels=frozenset(levels),
        rank=rank,
        valid_from=FIRST_DAY,
        valid_to=FIRST_DAY + timedelta(days=days),
    )


def venue(
    name: str = "v", prefecture: str = "p", places: tuple[Place, ...] = (), licences: tuple[Licence, ...] = ()
) -> Venue:
    return Venue(
        id=name,
        code=name,
        prefecture_code=prefecture,
        places=places or (place(f"{name}-r", name),),
        licences=licences or (licence(),),
    )


def candidates(
    count: int, of: SchemeParts, prefecture: str = "p", institution: str | None = "i", prefix: str = ""
) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            id=f"{prefix}{of.id}-{prefecture}-{institution}-{number:04}",
            person_id=f"person-{prefix}{of.id}-{prefecture}-{institution}-{number:04}",
            scheme_id=of.id,
            institution_id=institution,
            prefecture_code=prefecture,
            part_ids=tuple(each.id for each in of.parts),
        )
        for number in range(count)
    )


def problem(
    people: tuple[Candidate, ...], schemes: tuple[SchemeParts, ...], venues: tuple[Venue, ...], days: int = 1
) -> Problem:
    return Problem(first_day=FIRST_DAY, days_count=days, schemes=schemes, venues=venues, candidates=people)


def province(size: int, seed: int, days: int = 4) -> Problem:
    """A province of 17 prefectures and 6 certificates of three levels, with ``size`` candidates."""
    random = Random(seed)
    schemes = tuple(
        scheme(
            f"c{number}-{level}",
            part(f"c{number}-{level}-1", 1, Form.COMPUTER if number % 2 else Form.PAPER, 90),
            part(f"c{number}-{level}-2", 2, Form.PRACTICAL_GENERAL, random.choice((30, 45, 60))),
            certificate=f"c{number}",
            level=level,
        )
        for number in range(6)
        for level in Level
    )
    licences = tuple(licence(f"c{number}") for number in range(6))
    venues = tuple(
        venue(
            f"v{number:02}",
            f"p{number:02}",
            (
                place(f"v{number:02}-a", f"v{number:02}", Form.PAPER, 30),
                place(f"v{number:02}-b", f"v{number:02}", Form.PAPER, 30),
                place(f"v{number:02}-c", f"v{number:02}", Form.COMPUTER, 36),
                place(f"v{number:02}-d", f"v{number:02}", Form.COMPUTER, 45),
                place(f"v{number:02}-e", f"v{number:02}", Form.PRACTICAL_GENERAL, 12),
                place(f"v{number:02}-f", f"v{number:02}", Form.PRACTICAL_GENERAL, 8),
            ),
            licences,
        )
        for number in range(17)
    )
    people: list[Candidate] = []
    for number in range(size):
        chosen = random.choice(schemes)
        where = random.randrange(17)
        institution = None if random.random() < 0.05 else f"i{where:02}-{random.randrange(3)}"
        (person,) = candidates(1, chosen, f"p{where:02}", institution, prefix=f"{number:05}-")
        if number % 40 == 1:  # a second certificate of the person before
            person = replace(person, person_id=people[-1].person_id)
        people.append(person)
    return problem(tuple(people), schemes, venues, days)
