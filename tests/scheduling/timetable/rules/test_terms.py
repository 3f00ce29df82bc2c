"""What is decided for one batch is written, read back, and laid over its problem; nothing decided changes nothing."""

from datetime import UTC, datetime

from msgspec.structs import replace

from scheduling.planning.rules.variants import with_rules
from scheduling.timetable.rules.terms import differing, on_terms, read, written
from tests.scheduling.planning.small import problem

NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)


def test_nothing_decided_changes_nothing() -> None:
    one = problem()
    assert (differing(one, one), written({}, by="", at=NOW), read({})) == ({}, {}, ())
    assert on_terms(one, ()) is one


def test_only_what_differs_is_decided_and_holds_for_every_certificate() -> None:
    one = problem()
    (first, *others) = one.certificates
    one = replace(one, certificates=(replace(first, rules=one.rules), *others))
    wider = with_rules(one, travel_limit_km=900)
    assert differing(one, wider) == {"travel_limit_km": 900}
    (term,) = read(written(differing(one, wider), by="考务", at=NOW))
    assert (term.rule, term.value, term.by, term.at) == ("travel_limit_km", 900, "考务", NOW)
    made = on_terms(one, (term,))
    assert made == wider
    assert made.certificates[0].rules is not None
    assert made.certificates[0].rules.travel_limit_km == 900
