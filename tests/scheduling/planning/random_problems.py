"""Small random problems with a little of everything: closures, short approvals, accommodations, people with two
certificates, staff with interests, site pins. Made from a seed; some cannot be solved whole, none contradicts itself."""

from datetime import timedelta
from random import Random

from msgspec.structs import replace

from benchmarks.instances.figures import LONG_DAY, SHORT_DAY
from scheduling.planning.rules.contradictions import contradictions
from scheduling.planning.rules.problem import (
    Accommodation,
    Approval,
    Certificate,
    Component,
    Duty,
    Form,
    Group,
    Level,
    Person,
    Pin,
    Problem,
    Qualification,
    Room,
    Rules,
    Scheme,
    Site,
    Slot,
    Workshop,
)
from tests.scheduling.planning import small

DAYS = (SHORT_DAY, LONG_DAY, (("09:00", 90), ("14:00", 240)))


def random_problem(seed: int) -> Problem:
    """The problem of a seed."""
    rng = Random(f"{seed} problem")
    slots = small.slots(rng.randint(1, 4), rng.choice(DAYS))
    certificates = tuple(_certificate(rng, f"C{number}") for number in range(rng.randint(1, 3)))
    problem = small.problem(
        name=f"random {seed}",
        slots=slots,
        prefectures=(small.prefecture(), small.prefecture("P2", province="32", lat=32.0)),
        institutions=tuple(
            small.institution(
                f"X{number}", prefecture=rng.choice(("P1", "P2")), lat=_near(rng, 31), lon=_near(rng, 121)
            )
            for number in range(1, 6)
        ),
        certificates=certificates,
        sites=tuple(_site(rng, f"S{number}", certificates, slots) for number in range(rng.randint(1, 3))),
        groups=(*_groups(rng, certificates), *_people(rng, certificates)),
        staff=tuple(_staff(rng, f"E{number}", certificates, slots) for number in range(rng.choice((0, 8, 20)))),
        rules=Rules(
            mixing=rng.random() < 0.15,
            other_province=rng.random() < 0.7,
            travel_limit_km=rng.choice((3000, 120)),
            gap_minutes=rng.choice((0, 30, 60)),
            overnight_km=rng.choice((100, 30)),
        ),
    )
    pinned = replace(problem, pins=_pins(rng, problem))
    return problem if contradictions(pinned) else pinned


def _near(rng: Random, degrees: int) -> float:
    return round(degrees + 1.5 * rng.random(), 3)


def _certificate(rng: Random, id: str) -> Certificate:
    parts = tuple(
        Component(
            id=f"k{number}",
            form=rng.choice(tuple(Form)),
            minutes=rng.choice((30, 45, 60, 90, 100)),
            order=rng.choice((0, number)),
        )
        for number in range(rng.randint(1, 3))
    )
    schemes = (Scheme(level=Level.ELEMENTARY, components=parts), Scheme(level=Level.ADVANCED, components=parts[:1]))
    own = Rules(gap_minutes=0, candidates_per_assessor=5) if rng.random() < 0.3 else None
    return Certificate(id=id, name=f"certificate {id}", schemes=schemes, rules=own)


def _site(rng: Random, id: str, certificates: tuple[Certificate, ...], slots: tuple[Slot, ...]) -> Site:
    def closed() -> tuple[str, ...]:
        return tuple(slot.id for slot in slots if rng.random() < 0.1)

    approvals = tuple(
        Approval(
            certificate=one.id,
            levels=rng.choice(((), (), (Level.ELEMENTARY,))),
            valid_from=rng.choice((None, None, small.DAY + timedelta(days=1))),
            valid_to=rng.choice((None, None, small.DAY + timedelta(days=2))),
        )
        for one in certificates
        if rng.random() < 0.9
    )
    rooms = tuple(
        Room(
            id=f"R{number}",
            form=rng.choice((Form.PAPER, Form.COMPUTER)),
            seats=rng.choice((5, 12, 20, 30)),
            floor=rng.choice((1, 1, 2)),
            closed=closed(),
        )
        for number in range(rng.randint(2, 5))
    )
    workshops = tuple(
        Workshop(
            id=f"W{one.id}{number}",
            certificate=one.id,
            stations=rng.randint(1, 8),
            floor=rng.choice((1, 2)),
            closed=closed(),
        )
        for one in certificates
        for number in range(rng.choice((0, 1, 1, 2)))
    )
    return small.site(
        id,
        prefecture=rng.choice(("P1", "P2")),
        lat=_near(rng, 31),
        lon=_near(rng, 121),
        approvals=approvals,
        rooms=rooms,
        workshops=workshops,
        closed=closed() if rng.random() < 0.5 else (),
    )


def _groups(rng: Random, certificates: tuple[Certificate, ...]) -> list[Group]:
    found = []
    for number in range(rng.randint(1, 10)):
        certificate = rng.choice(certificates)
        scheme = rng.choice(certificate.schemes)
        ids = sorted(part.id for part in scheme.components)
        granted = tuple(one for one in Accommodation if rng.random() < 0.08)
        found.append(
            Group(
                id=f"G{number}",
                institution=f"X{rng.randint(2, 5)}",
                certificate=certificate.id,
                level=scheme.level,
                components=tuple(sorted(rng.sample(ids, rng.randint(1, len(ids))))),
                count=rng.randint(1, 5 if granted else 40),
                accommodations=granted,
            )
        )
    return found


def _people(rng: Random, certificates: tuple[Certificate, ...]) -> list[Group]:
    """Up to three people with two certificates each."""
    return [
        Group(
            id=f"Q{number}{one.id}",
            institution=f"X{number + 2}",
            certificate=one.id,
            level=Level.ELEMENTARY,
            components=tuple(part.id for part in one.schemes[0].components),
            count=1,
            person=f"Q{number}",
        )
        for number in range(rng.randint(0, 3))
        for one in certificates[:2]
    ]


def _staff(rng: Random, id: str, certificates: tuple[Certificate, ...], slots: tuple[Slot, ...]) -> Person:
    some = tuple(slot.id for slot in slots if rng.random() < 0.7)
    return small.person(
        id,
        institution=rng.choice(("X1", "X2", "X3")),
        lat=_near(rng, 31),
        lon=_near(rng, 121),
        duties=tuple(duty for duty in Duty if rng.random() < 0.8) or (Duty.ASSESSOR,),
        qualifications=tuple(
            Qualification(certificate=one.id, valid_to=rng.choice((None, small.DAY)))
            for one in certificates
            if rng.random() < 0.7
        ),
        related=rng.choice(((), (), ("X4",))),
        available=rng.choice((None, None, some)),
        most_sessions=rng.choice((1000, 3)),
    )


def _pins(rng: Random, problem: Problem) -> tuple[Pin, ...]:
    pins = [
        Pin(
            id=f"p{number}",
            author="Li",
            reason="agreed",
            group=rng.choice(problem.groups).id,
            site=rng.choice(problem.sites).id,
            count=rng.choice((None, 1)),
        )
        for number in range(rng.choice((0, 0, 1, 2)))
    ]
    return tuple(pins)
