"""Measures as one word and back; extra minutes rounded up; nothing granted is nothing."""

import pytest

from exam.registration.rules.accommodations import (
    ALLOWED_ACCOMMODATION,
    CURRENT,
    OFFERS,
    OPEN,
    AccommodationStatus,
    Measure,
    Measures,
)


@pytest.mark.parametrize(
    ("measures", "key"),
    [
        (Measures(), ""),
        (Measures(25), "extra_time:25"),
        (Measures(50, own_room=True, ground_floor=True), "extra_time:50+own_room+ground_floor"),
        (Measures(ground_floor=True), "ground_floor"),
    ],
)
def test_measures_are_one_word_and_back(measures: Measures, key: str) -> None:
    assert measures.key == key
    assert Measures.parse(key) == measures
    assert bool(measures) == bool(key)


def test_kinds_stand_in_their_order() -> None:
    assert Measures().kinds == ()
    assert Measures(25, True, True).kinds == tuple(Measure)


@pytest.mark.parametrize(("minutes", "percent", "more"), [(90, 25, 23), (60, 25, 15), (60, 0, 0), (1, 50, 1)])
def test_extra_minutes_are_rounded_up(minutes: int, percent: int, more: int) -> None:
    assert Measures(percent).extra_minutes(minutes) == more


def test_the_versions_know_themselves_and_every_status_has_a_way() -> None:
    assert all(version == offer.version for version, offer in OFFERS.items()) and CURRENT in OFFERS.values()
    assert set(ALLOWED_ACCOMMODATION) == set(AccommodationStatus)
    assert {status for status, after in ALLOWED_ACCOMMODATION.items() if after} == OPEN
