"""The same content gives the same bytes and the same hash, whatever the order of the lists."""

import random
from typing import Any

import msgspec
from msgspec.structs import fields, replace

from scheduling.planning.rules import serial
from scheduling.planning.rules.plan import (
    Bound,
    Kind,
    OpenPosition,
    OpenReason,
    Price,
    Standby,
    Unplaced,
    UnplacedReason,
)
from scheduling.planning.rules.problem import Accommodation, Duty, Pilot, Problem, Record, Waiver
from scheduling.planning.rules.reading import read_problem
from tests.scheduling.planning import small
from tests.scheduling.planning.rules import planted

KEPT_IN_ORDER = {"slots"}


def shuffled(record: Any, rng: random.Random) -> Any:
    """A record with every list in it shuffled, but those whose order is time."""
    if not isinstance(record, Record):
        return record
    changes: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, tuple):
            items = [shuffled(item, rng) for item in value]
            if field.name not in KEPT_IN_ORDER:
                rng.shuffle(items)
            changes[field.name] = tuple(items)
        else:
            changes[field.name] = shuffled(value, rng)
    return replace(record, **changes)


def rich_problem() -> Problem:
    problem, _ = planted.problem_and_plan(planted.ALL)
    both = (Accommodation.OWN_ROOM, Accommodation.EXTRA_TIME)
    person = small.person("E99", related=("X3", "X1"), available=("2a", "1a"))
    site = small.site("S99", closed=("2c", "1a"), rooms=(small.room("R3", closed=("1b", "1a")), small.room("R2")))
    return replace(
        problem,
        groups=(*problem.groups, small.group("G99", accommodations=both)),
        staff=(*problem.staff, person),
        sites=(*problem.sites, site),
        pilots=(Pilot(institution="X1", certificate="C2"), Pilot(institution="X1", certificate="C1")),
        waivers=(
            Waiver(certificate="C2", prefecture="P1", reason="b"),
            Waiver(certificate="C1", prefecture="P1", reason="a"),
        ),
    )


def test_a_shuffled_problem_has_the_same_bytes_and_hash() -> None:
    problem, rng = rich_problem(), random.Random("shuffle")
    other = shuffled(problem, rng)
    assert other != problem
    assert serial.problem_bytes(other) == serial.problem_bytes(problem)
    assert serial.problem_sha256(other) == serial.problem_sha256(problem)
    assert read_problem(msgspec.json.encode(replace(other, pins=()))) == serial.canonical_problem(
        replace(problem, pins=())
    )


def test_a_shuffled_plan_has_the_same_bytes() -> None:
    _, plan = planted.problem_and_plan(planted.ALL)
    first, second = plan.sessions[:2]
    plan = replace(
        plan,
        sessions=(replace(first, parts=(*first.parts, small.part("G3"), small.part("G2"))), *plan.sessions[1:]),
        unplaced=tuple(Unplaced(group="G2", first=n, count=1, reason=UnplacedReason.TIME) for n in (1, 0)),
        standby=tuple(Standby(site=f"S{n}", day=small.DAY, person="E2a") for n in (3, 2)),
        open_positions=tuple(
            OpenPosition(session=one.id, duty=Duty.ASSESSOR, reason=OpenReason.NOBODY) for one in (second, first)
        ),
        bound=Bound(
            value=1.0,
            unplaced_km=2.0,
            prices=tuple(
                Price(site=f"S{n}", kind=Kind.PRACTICAL, certificate=c, price=0.1) for n in (3, 2) for c in "ba"
            ),
        ),
    )
    other = shuffled(plan, random.Random("shuffle"))
    assert other != plan
    assert serial.plan_bytes(other) == serial.plan_bytes(plan)
    assert serial.plan_sha256(other) == serial.plan_sha256(plan)


def test_any_change_changes_the_hash() -> None:
    problem = small.problem()
    assert serial.problem_sha256(problem) != serial.problem_sha256(replace(problem, name="other"))
    assert serial.problem_sha256(problem) != serial.problem_sha256(replace(problem, groups=(small.group(count=21),)))


def test_whole_numbers_of_kilometres_and_degrees_are_written_one_way() -> None:
    site = small.site(lat=31, lon=121)
    data = serial.problem_bytes(small.problem(sites=(site,)))
    assert read_problem(data) == read_problem(data.replace(b'"lat":31.0,', b'"lat":31,'))
    assert serial.problem_bytes(read_problem(data)) == data
    assert b'"lat":31.0,' in data
