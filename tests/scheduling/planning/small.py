"""Makes tiny planning problems and plans for tests: everything has a sensible value, every keyword overrides one.

``problem()`` is one certificate (theory on computers, then a practical), one site, one group of 20; ``plan(problem())``
is a valid plan of it. Times are those of China.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from string import ascii_lowercase
from typing import Any

from benchmarks.instances import figures
from scheduling.planning.rules.plan import FORMAT as PLAN_FORMAT
from scheduling.planning.rules.plan import Part, Placement, Plan, Session, Status
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
    Slot,
    Workshop,
)

DAY = date(2026, 11, 28)
STARTS = figures.SHORT_DAY


def slot(id: str = "1a", starts: str = "2026-11-28T08:30", minutes: int = 120) -> Slot:
    """A window, in the time of China."""
    begins = datetime.fromisoformat(f"{starts}:00+08:00")
    return Slot(id=id, starts=begins, ends=begins + timedelta(minutes=minutes))


def slots(days: int = 2, starts: Iterable[tuple[str, int]] = STARTS) -> tuple[Slot, ...]:
    """The same windows on each day: "1a", "1b", "1c" of the first day, "2a" ..."""
    return figures.slots(days, first=DAY, windows=tuple(starts), prefix="", letters=ascii_lowercase)


def prefecture(id: str = "P1", **changes: Any) -> Prefecture:
    values: dict[str, Any] = {"id": id, "name": f"prefecture {id}", "province": "31", "lat": 31.2, "lon": 121.4}
    return Prefecture(**values | changes)


def institution(id: str = "X1", **changes: Any) -> Institution:
    values: dict[str, Any] = {"id": id, "name": f"school {id}", "prefecture": "P1", "lat": 31.3, "lon": 121.4}
    return Institution(**values | changes)


def component(id: str = "theory", form: Form = Form.COMPUTER, minutes: int = 60, order: int = 0) -> Component:
    return Component(id=id, form=form, minutes=minutes, order=order)


THEORY = component()
SKILL = component("skill", Form.PRACTICAL, 60, 1)


def scheme(level: Level = Level.INTERMEDIATE, *components: Component) -> Scheme:
    return Scheme(level=level, components=components or (THEORY, SKILL))


def certificate(id: str = "C1", *schemes: Scheme, **changes: Any) -> Certificate:
    values: dict[str, Any] = {"id": id, "name": f"certificate {id}", "schemes": schemes or (scheme(),)}
    return Certificate(**values | changes)


def approval(certificate: str = "C1", **changes: Any) -> Approval:
    values: dict[str, Any] = {"certificate": certificate}
    return Approval(**values | changes)


def room(id: str = "R1", form: Form = Form.COMPUTER, seats: int = 40, **changes: Any) -> Room:
    values: dict[str, Any] = {"id": id, "form": form, "seats": seats}
    return Room(**values | changes)


def workshop(id: str = "W1", certificate: str = "C1", stations: int = 10, **changes: Any) -> Workshop:
    values: dict[str, Any] = {"id": id, "certificate": certificate, "stations": stations}
    return Workshop(**values | changes)


def site(id: str = "S1", **changes: Any) -> Site:
    """A site of the school X1 in the first prefecture, with one computer room and one workshop."""
    values: dict[str, Any] = {
        "id": id,
        "name": f"site {id}",
        "institution": "X1",
        "prefecture": "P1",
        "lat": 31.2,
        "lon": 121.4,
        "approvals": (approval(),),
        "rooms": (room(),),
        "workshops": (workshop(),),
    }
    return Site(**values | changes)


def group(id: str = "G1", count: int = 20, **changes: Any) -> Group:
    values: dict[str, Any] = {
        "id": id,
        "institution": "X2",
        "certificate": "C1",
        "level": Level.INTERMEDIATE,
        "components": ("theory", "skill"),
        "count": count,
    }
    return Group(**values | changes)


def person(id: str = "E1", **changes: Any) -> Person:
    """Somebody of the school X3 who may do everything for the certificate C1."""
    values: dict[str, Any] = {
        "id": id,
        "name": f"person {id}",
        "institution": "X3",
        "lat": 31.2,
        "lon": 121.4,
        "duties": tuple(Duty),
        "qualifications": (Qualification(certificate="C1"),),
    }
    return Person(**values | changes)


def problem(**changes: Any) -> Problem:
    """A valid problem; schools X1 (hosts), X2 (sends the candidates), X3 (sends the staff)."""
    values: dict[str, Any] = {
        "format": FORMAT,
        "name": "small",
        "slots": slots(),
        "prefectures": (prefecture(),),
        "institutions": (institution("X1"), institution("X2"), institution("X3")),
        "certificates": (certificate(),),
        "sites": (site(),),
        "groups": (group(),),
    }
    return Problem(**values | changes)


def part(group: str = "G1", first: int = 0, count: int = 20) -> Part:
    return Part(group=group, first=first, count=count)


def session(id: str = "N1", place: str = "R1", slot: str = "1a", component: str = "theory", **changes: Any) -> Session:
    values: dict[str, Any] = {
        "id": id,
        "site": "S1",
        "place": place,
        "slot": slot,
        "certificate": "C1",
        "level": Level.INTERMEDIATE,
        "component": component,
        "paper": f"{component}-A",
        "parts": (part(),),
    }
    return Session(**values | changes)


def placement(group: str = "G1", site: str = "S1", first: int = 0, count: int = 20) -> Placement:
    return Placement(group=group, site=site, first=first, count=count)


def plan(problem: Problem | None = None, **changes: Any) -> Plan:
    """A valid plan of ``problem()``: theory in the first window, the practical in the third."""
    values: dict[str, Any] = {
        "format": PLAN_FORMAT,
        "problem_sha256": "",
        "seed": 1,
        "status": Status.FEASIBLE,
        "placements": (placement(),),
        "sessions": (session(), session("N2", "W1", "1c", "skill")),
    }
    return Plan(**values | changes)
