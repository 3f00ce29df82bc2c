"""A problem and a plan with planted faults: one per hard constraint, each at a site and with people of its own."""

from collections.abc import Callable, Collection
from typing import Any

from scheduling.planning.rules.plan import Assignment, Plan, Session
from scheduling.planning.rules.problem import (
    Accommodation,
    Duty,
    Form,
    Group,
    Person,
    Pilot,
    Pin,
    Problem,
    Qualification,
    Rules,
    Site,
)
from tests.scheduling.planning import small

ALL = tuple(range(1, 19))
TEAM = (
    ("a", "T", Duty.HEAD_INVIGILATOR),
    ("b", "T", Duty.INVIGILATOR),
    ("c", "K", Duty.LEAD_ASSESSOR),
    ("d", "K", Duty.ASSESSOR),
)


def problem_and_plan(faults: Collection[int]) -> tuple[Problem, Plan]:
    """Sites S2 to S18, each with a group, its theory, its practical and four people; the faults of these numbers planted."""

    def if_planted(number: int, broken: Any, kept: Any) -> Any:
        return broken if number in faults else kept

    numbers = range(2, 19)
    shared = small.group("G10x", 10, certificate="C2", components=("theory",))  # H10: in the room of the first
    pins = (Pin(id="p17", author="Li", reason="agreed", group="G17", site="S16"),)
    problem = small.problem(
        prefectures=(small.prefecture(), small.prefecture("P2")),
        institutions=(*map(small.institution, ("X1", "X2", "X3")), small.institution("X9", prefecture="P2")),
        certificates=(
            small.certificate("C1"),
            small.certificate("C2"),
            small.certificate("C3", rules=if_planted(18, Rules(travel_limit_km=5), None)),
        ),
        sites=tuple(_site(number, if_planted) for number in numbers),
        groups=(*(_group(number, if_planted) for number in numbers), shared),
        pilots=if_planted(1, (Pilot(institution="X9", certificate="C1"),), ()),
        staff=(*(one for number in numbers for one in _people(number, if_planted)), *_more_people()),
        pins=if_planted(17, pins, ()),
    )
    placements = [small.placement(group.id, _site_of(group), 0, group.count) for group in problem.groups]
    sessions = [one for number in numbers for one in _sessions(number, if_planted)]
    sessions.append(
        small.session(
            "T10x",
            if_planted(10, "R1", "R2"),
            certificate="C2",
            site="S10",
            parts=(small.part("G10x", count=10),),
        )
    )
    duties = [one for number in numbers for one in _duties(number, if_planted)]
    duties.append(Assignment(session="T10x", person="E10e", duty=Duty.HEAD_INVIGILATOR))
    duties.append(Assignment(session="T10x", person="E10f", duty=Duty.INVIGILATOR))
    return problem, small.plan(placements=tuple(placements), sessions=tuple(sessions), assignments=tuple(duties))


Planted = Callable[[int, Any, Any], Any]


def _site_of(group: Group) -> str:
    return "S" + group.id.strip("Gx")


def _site(number: int, if_planted: Planted) -> Site:
    approvals = tuple(map(small.approval, ("C1", "C2", "C3")))
    rooms = {4: small.room(seats=19), 5: small.room(seats=20), 15: small.room(closed=("1a",))}
    shops = {6: small.workshop(stations=9), 16: small.workshop(floor=2)}
    approved = {3: (small.approval(forms=(Form.COMPUTER,)),)}
    first = if_planted(number, rooms.get(number, small.room()), small.room())
    shop = small.workshop(certificate="C3" if number == 18 else "C1")
    return small.site(
        f"S{number}",
        approvals=if_planted(number, approved.get(number, approvals), approvals),
        rooms=(first, small.room("R2")),
        workshops=(if_planted(number, shops.get(number, shop), shop),),
    )


def _group(number: int, if_planted: Planted) -> Group:
    ground = if_planted(16, (Accommodation.GROUND_FLOOR,), ())
    return small.group(
        f"G{number}",
        10 if number == 10 else 20,
        certificate="C3" if number == 18 else "C1",
        accommodations=ground if number == 16 else (),
    )


def _people(number: int, if_planted: Planted) -> list[Person]:
    broken: dict[str, Person] = {
        "E11a": small.person("E11a", available=("1b",)),
        "E12b": small.person("E12b", related=("X2",)),
        "E13d": small.person("E13d", qualifications=()),
    }
    every = tuple(Qualification(certificate=id) for id in ("C1", "C2", "C3"))
    kept = {f"E{number}{letter}": small.person(f"E{number}{letter}", qualifications=every) for letter, _, _ in TEAM}
    return [if_planted(number, broken.get(id, person), person) for id, person in kept.items()]


def _more_people() -> list[Person]:
    return [small.person("E10e"), small.person("E10f")]


def _sessions(number: int, if_planted: Planted) -> list[Session]:
    group = small.part(f"G{number}", count=10 if number == 10 else 20)
    at: dict[str, Any] = {"site": f"S{number}", "certificate": "C3" if number == 18 else "C1"}
    slot = {7: "2a", 8: "1c", 9: "1b"}.get(number, "1a")
    paper = "theory-A" if number == 9 else f"theory-{number}-{slot}" if number in (7, 8) else "theory-A"
    short = small.part(f"G{number}", count=19) if number == 2 else group
    return [
        small.session(
            f"T{number}",
            slot=if_planted(number, slot, "1a"),
            paper=if_planted(number, paper, "theory-A"),
            parts=(group,),
            **at,
        ),
        small.session(f"K{number}", "W1", "1c", "skill", parts=(if_planted(number, short, group),), **at),
    ]


def _duties(number: int, if_planted: Planted) -> list[Assignment]:
    found = []
    for letter, kind, duty in TEAM:
        headless = Duty.INVIGILATOR if number == 14 and duty is Duty.HEAD_INVIGILATOR else duty
        taken = if_planted(number, headless, duty)
        found.append(Assignment(session=f"{kind}{number}", person=f"E{number}{letter}", duty=taken))
    return found
