"""The reason of an open place: who would be qualified, and why each is out."""

from scheduling.planning.rules.plan import OpenReason, Out
from scheduling.planning.rules.problem import Duty
from scheduling.planning.rules.vacancies import LISTED, SENTENCES, vacancy
from tests.scheduling.planning import small

SKILL = small.session("N1", "W1", component="skill")
SITES = (small.site(), small.site("S3", lat=33.2))


def test_everybody_is_named_with_what_keeps_them_away() -> None:
    people = (
        small.person("E1", institution="X2"),
        small.person("E2", related=("X2",), lat=31.3),
        small.person("E3", available=("2a",), lat=31.4),
        small.person("E4", lat=31.5),
        small.person("E5", lat=31.6),
        small.person("E6", lat=31.7, most_sessions=1),
        small.person("E7", qualifications=()),
        small.person("E8", duties=(Duty.ASSESSOR,)),
    )
    problem = small.problem(staff=people, sites=SITES)
    busy, far, other = small.session("N2"), small.session("N3", slot="1b", site="S3"), small.session("N4", slot="2a")
    found = vacancy(problem, SKILL, Duty.LEAD_ASSESSOR, {"E4": [busy], "E5": [far], "E6": [other]})
    assert found.out == (
        Out(person="E1", reason=OpenReason.CONFLICT, because="X2"),
        Out(person="E2", reason=OpenReason.CONFLICT, because="X2"),
        Out(person="E3", reason=OpenReason.UNAVAILABLE, because="1a"),
        Out(person="E4", reason=OpenReason.BUSY, because="N2"),
        Out(person="E5", reason=OpenReason.TRAVEL, because="N3"),
        Out(person="E6", reason=OpenReason.LIMIT),
    )
    assert found.reason is OpenReason.CONFLICT
    assert found.facts == {
        "certificate": "certificate C1",
        "site": "site S1",
        "slot": "1a",
        "looked": 6,
        "conflict": 2,
        "unavailable": 1,
        "busy": 1,
        "travel": 1,
        "limit": 1,
    }
    assert SENTENCES[found.reason] % found.facts


def test_nobody_has_the_qualification() -> None:
    problem = small.problem(staff=(small.person(qualifications=()),))
    found = vacancy(problem, SKILL, Duty.ASSESSOR, {})
    assert (found.reason, found.out, found.facts["looked"]) == (OpenReason.NOBODY, (), 0)


def test_nobody_at_all() -> None:
    assert vacancy(small.problem(), SKILL, Duty.ASSESSOR, {}).reason is OpenReason.NOBODY


def test_somebody_free_means_the_search_was_ended() -> None:
    found = vacancy(small.problem(staff=(small.person(),)), SKILL, Duty.ASSESSOR, {})
    assert found.reason is OpenReason.STOPPED
    assert set(SENTENCES) == set(OpenReason)


def test_many_are_counted_and_the_nearest_listed() -> None:
    people = tuple(small.person(f"E{number:02}", institution="X2", lat=31.2 + number / 100) for number in range(30))
    found = vacancy(small.problem(staff=people[::-1]), SKILL, Duty.ASSESSOR, {})
    assert found.facts["conflict"] == 30
    assert [one.person for one in found.out] == [f"E{number:02}" for number in range(LISTED)]
